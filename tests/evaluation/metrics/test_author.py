"""The author classifier: it learns, is calibrated, repeats itself, and its gradient is right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, sparse
from tests.evaluation.metrics.writers import brief, formal, mails

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import AuthorClassifier
from tailorlm.evaluation.metrics._softmax import Rows, fit_softmax, penalised_loss, train_softmax
from tailorlm.evaluation.metrics.features import without_content

FORMAL, BRIEF = mails(20, seed=3)
AUTHORS = ["fran"] * 20 + ["bea"] * 20


def classifier(*, masked: bool = False) -> AuthorClassifier:
    return AuthorClassifier.fit(FORMAL + BRIEF, AUTHORS, np.random.default_rng(0), masked=masked)


@pytest.mark.parametrize("masked", [False, True])
def test_new_texts_go_to_their_author(masked: bool) -> None:
    learned = classifier(masked=masked)
    assert learned.authors == ("bea", "fran")
    assert learned.held_out.accuracy == 1.0
    assert learned.held_out.loss < 0.2
    rng = np.random.default_rng(9)
    for _ in range(10):
        chances = learned.probability(formal(rng))
        assert sum(chances.values()) == pytest.approx(1.0)
        assert chances["fran"] > 0.8
        assert learned.probability(brief(rng))["bea"] > 0.8


def test_the_same_seed_gives_the_same_classifier() -> None:
    assert classifier().probability("let's see.") == classifier().probability("let's see.")


def test_authors_count_the_same_however_many_texts_there_are() -> None:
    texts = FORMAL + BRIEF[:4]
    learned = AuthorClassifier.fit(texts, AUTHORS[:24], np.random.default_rng(0))
    rng = np.random.default_rng(4)
    assert all(learned.probability(brief(rng))["bea"] > 0.5 for _ in range(10))


def test_texts_that_say_nothing_leave_all_authors_about_as_likely() -> None:
    rng = np.random.default_rng(5)
    texts = [formal(rng) for _ in range(60)]
    authors = [("a", "b", "c")[i % 3] for i in range(60)]
    learned = AuthorClassifier.fit(texts, authors, rng)
    assert learned.held_out.loss == pytest.approx(math.log(3), abs=0.1)
    assert all(0.1 < p < 0.6 for p in learned.probability(formal(rng)).values())


def test_few_texts_never_make_it_certain() -> None:
    learned = AuthorClassifier.fit(
        FORMAL[:4] + BRIEF[:4], ["fran"] * 4 + ["bea"] * 4, np.random.default_rng(0)
    )
    assert learned.held_out.accuracy == 1.0
    assert 0.6 < learned.probability(FORMAL[10])["fran"] < 0.95


def test_masking_leaves_function_words_marks_and_shapes() -> None:
    assert without_content("The OLD cat didn't eat 12 figs!") == "The XXX xxx didn't xxx 00 xxxx!"


def test_topics_do_not_tell_masked_authors_apart() -> None:
    rng = np.random.default_rng(6)
    texts = [formal(rng) for _ in range(40)]
    topics = ["Gardening", "Zeppelins"] * 20
    about = [text.replace("you", topic) for text, topic in zip(texts, topics, strict=True)]
    seen = AuthorClassifier.fit(about, topics, np.random.default_rng(0))
    same = [text.replace("Zeppelins", "Gardening") for text in about]
    blind = AuthorClassifier.fit(same, topics, np.random.default_rng(0), masked=True)
    assert seen.held_out.loss < 0.1
    assert blind.held_out.loss > 0.5


def random_rows(rng: np.random.Generator) -> tuple[Rows, np.ndarray]:
    left = sparse.csr_array(rng.normal(size=(30, 4)) * (rng.random((30, 4)) < 0.4))
    return Rows(left, rng.normal(size=(30, 3))), rng.permutation(np.arange(30) % 3)


def test_the_gradient_is_right() -> None:
    rng = np.random.default_rng(7)
    rows, labels = random_rows(rng)
    shape = (8, 3)

    def value(flat: np.ndarray) -> float:
        return penalised_loss(flat.reshape(shape), rows, labels, 0.1)[0]

    def gradient(flat: np.ndarray) -> np.ndarray:
        return penalised_loss(flat.reshape(shape), rows, labels, 0.1)[1].ravel()

    for _ in range(5):
        assert optimize.check_grad(value, gradient, rng.normal(size=24)) < 1e-5


def test_training_ends_where_the_gradient_does() -> None:
    rows, labels = random_rows(np.random.default_rng(8))
    weights = train_softmax(rows, labels, 0.05, np.zeros((8, 3)))
    _, gradient = penalised_loss(weights, rows, labels, 0.05)
    assert np.abs(gradient).max() < 1e-4


def test_temperature_makes_probabilities_right() -> None:
    rng = np.random.default_rng(9)
    dense = rng.normal(size=(3000, 2))
    chance = 1 / (1 + np.exp(-2 * dense[:, 0]))
    labels = (rng.random(3000) < chance).astype(np.intp)
    rows = Rows(sparse.csr_array((3000, 1)), dense)
    weights, held_out = fit_softmax(rows, labels, rng)
    logits = rows.logits(weights) / held_out.temperature
    found = 1 / (1 + np.exp(logits[:, 0] - logits[:, 1]))
    assert np.abs(found - chance).mean() < 0.03


def test_what_is_refused() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="equally long"):
        AuthorClassifier.fit(FORMAL, AUTHORS, rng)
    with pytest.raises(InputError, match="two authors with two texts each at least, but got 1"):
        AuthorClassifier.fit(FORMAL, AUTHORS[:20], rng)
    with pytest.raises(InputError, match="but got 2, one with only 1"):
        AuthorClassifier.fit(FORMAL[:3], ["a", "a", "b"], rng)
    with pytest.raises(InputError, match="but got 0, one with only 0"):
        AuthorClassifier.fit([], [], rng)
    with pytest.raises(InputError, match="The text is empty"):
        AuthorClassifier.fit([*FORMAL, " "], [*AUTHORS[:20], "bea"], rng)
    with pytest.raises(InputError, match="The text is empty"):
        classifier().probability("")
