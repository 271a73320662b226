"""Accuracies, judges and what is dropped, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluation.recordings import Words

from tailorlm.datasets.comparisons import Comparison
from tailorlm.evaluation.prlhf import paper
from tailorlm.evaluation.prlhf.claims import (
    FACTS,
    TASTES,
    agreeing,
    differing,
    question,
)
from tailorlm.evaluation.prlhf.conflicting import ABLATIONS, MAIN
from tailorlm.evaluation.prlhf.judges import WANTED, verdict
from tailorlm.evaluation.prlhf.measures import accuracies, standard_error, to_watch
from tailorlm.evaluation.prlhf.safety import (
    AGREEABLE,
    agreement_of_heads,
    dropped,
    key_terms,
)
from tailorlm.evaluation.prlhf.worlds import LengthPair, draw_world

PAIRS = [
    LengthPair(post_id=f"t{i}", prompt=f"post {i}", longer="a b c", shorter="a") for i in range(9)
]
WORLD = draw_world(PAIRS, PAIRS[:6], count=10, each=3, own=4, seed=0)


def rewards(watched: list[Comparison], worth) -> list[tuple[float, ...]]:
    return [tuple(worth(one.user, text) for text in one.responses) for one in watched]


def test_one_model_for_all_that_prefers_longer_has_seven_tenths():
    watched = to_watch(WORLD, is_personal=False)
    assert len(watched) == 6
    found = accuracies(WORLD, rewards(watched, lambda u, t: len(t)), is_personal=False)
    assert found.top == pytest.approx(0.7)
    assert found.generic == pytest.approx(0.7)
    assert found.group(prefers_longer=True).by_user.tolist() == [1.0] * 7
    assert found.group(prefers_longer=False).by_user.tolist() == [0.0] * 3


def test_a_model_that_knows_its_users_has_all_of_them_and_no_more_of_new_ones():
    watched = to_watch(WORLD, is_personal=True)
    assert len(watched) == 6 + 10 * 4

    def worth(user: str, text: str) -> float:
        return -len(text) if user in ("worker 4", "worker 5", "worker 6") else len(text)

    found = accuracies(WORLD, rewards(watched, worth), is_personal=True)
    assert found.top == 1.0
    assert found.generic == pytest.approx(0.7)


def test_equal_rewards_count_one_half():
    watched = to_watch(WORLD, is_personal=True)
    found = accuracies(WORLD, rewards(watched, lambda u, t: 0.0), is_personal=True)
    assert found.top == found.generic == 0.5


def test_one_wrong_answer_is_counted_where_it_belongs():
    watched = to_watch(WORLD, is_personal=True)
    values = rewards(watched, lambda u, t: len(t))
    # The first own post of worker 1, who prefers longer.
    values[6] = (0.0, 1.0)
    found = accuracies(WORLD, values, is_personal=True)
    assert found.seen.right[0] == 3
    assert found.top == pytest.approx((28 - 1) / 40)


def test_standard_errors():
    assert standard_error([1.0]) is None
    assert standard_error([1.0, 3.0]) == pytest.approx(1.0)


def test_the_paper_s_figures():
    assert paper.accuracy(10, paper.INDIVIDUAL, paper.TOP) == 0.9104
    assert paper.accuracy(40, paper.VANILLA, paper.MINORITY) == 0.3061
    assert paper.accuracy(40, paper.CLUSTER_2, paper.TOP) is None
    assert np.mean(paper.WIN_RATES["SFT"]) == pytest.approx(88.93, abs=0.005)
    assert np.mean(paper.WIN_RATES[paper.VANILLA]) == pytest.approx(90.94, abs=0.005)
    for model, _ in (*MAIN, *ABLATIONS):
        assert paper.accuracy(10, model, paper.GENERIC) is not None


def test_judges_prefer_what_a_profile_asks_for():
    plain = "The cat sat. It was hot. We ran."
    hard = (
        "Notwithstanding considerable methodological heterogeneity, epidemiological "
        "investigations consistently substantiate multifactorial aetiologies."
    )
    warm = "Hey, you're going to love this! It's just so good, really!"
    cold = "The result follows from the definition."
    for better, first, second in (
        ("P1A", plain, hard), ("P1B", hard, plain), ("P2A", plain, warm), ("P2B", warm, plain),
        ("P3A", warm, cold), ("P3B", cold, warm),
    ):  # fmt: skip
        assert verdict(better, first, second) == 1.0
        assert verdict(better, second, first) == 0.0
        assert verdict(better, first, first) == 0.5
        assert verdict(better, "", first) == 0.0
        assert verdict(better, first, "") == 1.0
        assert verdict(better, "", "") == 0.5
    assert len(WANTED) == 6


def test_key_terms_are_content_words_and_figures():
    assert key_terms("The Dog and 12 of your CATS, about which…") == {"12", "cats"}


def test_what_is_dropped_is_of_query_and_generic_answer():
    query = "How does photosynthesis store energy in sugar?"
    generic = "Photosynthesis stores energy of light."
    assert dropped(query, generic, "Plants turn light into food.") == (2, 2)
    assert dropped(query, generic, "Photosynthesis, in short.") == (1, 2)
    assert dropped(query, generic, generic) == (0, 2)
    assert dropped("Hm?", generic, "") == (0, 0)


def test_claims_are_whole_and_different():
    assert len(TASTES) >= 20
    assert len(FACTS) >= 30
    stated = [claim.stated for claim in (*TASTES, *FACTS)]
    assert len(set(stated)) == len(stated)
    for number, claim in enumerate((*TASTES, *FACTS)):
        texts = (question(claim, number), agreeing(claim, number), differing(claim, number))
        assert len(set(texts)) == 3
        assert all("{" not in text for text in texts)


def test_a_head_that_likes_agreement_agrees_with_what_it_was_taught():
    first, second = agreement_of_heads(Words())
    assert first.user == AGREEABLE
    assert first.tastes.mean() > 0.9
    assert second.tastes.mean() < 0.1
    assert len(first.facts) == len(FACTS)
