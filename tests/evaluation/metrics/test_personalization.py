"""EGISES and PerSEval by hand and against their definitions written as loops."""

from __future__ import annotations

from collections import Counter
from math import exp
from random import Random
from statistics import mean

import pytest
from scipy.spatial.distance import jensenshannon
from tests.evaluation.metrics.random_cases import text

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import (
    Personalization,
    PersonalTexts,
    Unscored,
    egises,
    perseval,
    word_divergence,
)
from tailorlm.evaluation.metrics.personalization import PenaltyShape

DOCUMENT = "the council voted on the budget the roof and the school"
WANTED = {"ana": "the budget is voted", "ben": "the roof leaks", "eva": "a new school"}


def scored(found: Personalization | Unscored) -> Personalization:
    assert isinstance(found, Personalization)
    return found


def test_what_is_written_as_wanted_is_fully_personal() -> None:
    found = scored(perseval([PersonalTexts(DOCUMENT, WANTED, WANTED)]))
    assert found.degress == pytest.approx(1)
    assert found.egises == pytest.approx(0)
    # Both penalties are 1 / (1 + 10 ** 4), so the factor is nearly 1.
    factor = 1 - 1 / (1 + 1e3 * exp(-10 * 2 / (1 + 1e4))) + 1e-7
    assert found.penalty_factor == pytest.approx(factor)
    assert found.perseval == pytest.approx(factor)


def test_the_same_for_everybody_is_insensitive() -> None:
    same = dict.fromkeys(WANTED, "the budget is voted")
    assert egises([PersonalTexts(DOCUMENT, WANTED, same)]) > 0.999


def test_variety_that_is_wrong_is_responsive_and_penalised() -> None:
    turned = {"ana": WANTED["ben"], "ben": WANTED["eva"], "eva": WANTED["ana"]}
    found = scored(perseval([PersonalTexts(DOCUMENT, WANTED, turned)]))
    right = scored(perseval([PersonalTexts(DOCUMENT, WANTED, WANTED)]))
    assert found.degress > 0.5
    assert found.perseval < 0.01 < right.perseval


def test_word_divergence_agrees_with_scipy() -> None:
    rng = Random(1)
    for _ in range(1000):
        one, other = text(rng), text(rng)
        if not one.split() or not other.split():
            continue
        counts = Counter(one.split()), Counter(other.split())
        known = sorted(set(counts[0]) | set(counts[1]))
        theirs = jensenshannon(*([count[w] for w in known] for count in counts), base=2) ** 2
        assert word_divergence(one, other) == pytest.approx(theirs, abs=1e-9)
    assert word_divergence("a b", "b a") == 0
    assert word_divergence("a b", "c d") == 1


def by_loops(cases: list[PersonalTexts], shape: PenaltyShape) -> tuple[float, float]:
    """EGISES and PerSEval, straight from the formulas."""

    def deviations(texts: dict[str, str], document: str, person: str) -> dict[str, float]:
        own = texts[person]
        far = {other: word_divergence(own, texts[other]) for other in texts if other != person}
        to_document = word_divergence(own, document)
        raised = {o: exp(d / to_document) if to_document else 1.0 for o, d in far.items()}
        return {other: far[other] * raised[other] / sum(raised.values()) for other in far}

    def curve(at: float, steep: float, rise: float) -> float:
        return 1 / (1 + 10**steep * exp(-(10**rise) * at))

    degrees, products = [], []
    for case in cases:
        errors = {p: word_divergence(case.written[p], case.wanted[p]) for p in case.wanted}
        least, middle = min(errors.values()), mean(errors.values())
        degree, product = [], []
        for person in case.wanted:
            due = deviations(dict(case.wanted), case.document, person)
            done = deviations(dict(case.written), case.document, person)
            alike = [(min(due[o], done[o]) + 1e-5) / (max(due[o], done[o]) + 1e-5) for o in due]
            drop = curve(least / (1 - least + 1e-7), *shape.drop)
            unequal = (errors[person] - least) / (middle - least + 1e-7)
            penalty = drop + curve(unequal, *shape.inconsistency)
            degree.append(mean(alike))
            product.append(mean(alike) * (1 - curve(penalty, *shape.effective) + 1e-7))
        degrees.append(mean(degree))
        products.append(mean(product))
    return 1 - mean(degrees), mean(products)


@pytest.mark.whole
def test_agrees_with_the_definitions_as_loops() -> None:
    rng = Random(2)
    for case in range(1000):
        cases = []
        for _ in range(rng.randint(1, 3)):
            people = [f"p{n}" for n in range(rng.randint(2, 4))]
            wanted, written = ({p: "so " + text(rng) for p in people} for _ in range(2))
            document = "so " + text(rng) if case % 5 else wanted["p0"]
            cases.append(PersonalTexts(document, wanted, written))
        shape = PenaltyShape() if case % 2 else PenaltyShape((2, 0.5), (1, 0.3), (2, 0.7))
        found = scored(perseval(cases, penalty=shape))
        assert (found.egises, found.perseval) == pytest.approx(by_loops(cases, shape), abs=1e-9)
        assert found.documents == len(cases)


def test_a_distance_of_ones_own_gives_the_same() -> None:
    written = {"ana": "the budget", "ben": "the roof leaks", "eva": "the budget"}
    cases = [PersonalTexts(DOCUMENT, WANTED, written)]
    ours, theirs = scored(perseval(cases, distance=word_divergence)), scored(perseval(cases))
    assert ours.perseval == pytest.approx(theirs.perseval)
    # Everybody wanted another text than everybody else, and ana and eva got the same one.
    found = egises(cases, distance=lambda one, other: float(one != other))
    halves = 1e-5 / (1 / 2 + 1e-5), (1 / 2 + 1e-5) / (exp(1) / (1 + exp(1)) + 1e-5)
    assert found == pytest.approx(1 - mean([mean(halves), 1, mean(halves)]))


def test_one_person_alone_is_unscored() -> None:
    alone = PersonalTexts(DOCUMENT, {"ana": "a"}, {"ana": "b"})
    assert perseval([alone]) == Unscored("no document has texts of two people")
    assert egises([alone]) == perseval([alone])
    both = scored(perseval([alone, PersonalTexts(DOCUMENT, WANTED, WANTED)]))
    assert both.documents == 1


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="one document at least"):
        perseval([])
    with pytest.raises(InputError, match=r"one only: \['eva'\]"):
        PersonalTexts(DOCUMENT, WANTED, {"ana": "x", "ben": "y"})
    with pytest.raises(InputError, match="text of a person is empty"):
        PersonalTexts(DOCUMENT, {"ana": "x"}, {"ana": " "})
    with pytest.raises(InputError, match="document is empty"):
        PersonalTexts("", WANTED, WANTED)
    with pytest.raises(InputError, match="lies between 0 and 1"):
        egises([PersonalTexts(DOCUMENT, WANTED, WANTED)], distance=lambda one, other: 2.0)
