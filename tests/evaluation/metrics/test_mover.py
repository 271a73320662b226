"""Word Mover's Distance by hand, and against linear programming."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from random import Random

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import linprog
from scipy.sparse import block_diag, eye_array, kron, vstack

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import (
    Unscored,
    relaxed_word_movers_distance,
    word_movers_distance,
)

ANGLES = {"north": 0.0, "east": 90.0, "south": 180.0, "west": 270.0}
VOCABULARY = [f"w{number}" for number in range(40)]


class Compass:
    """An encoder of directions on the circle and of forty words in space."""

    name = "compass"
    version = "1"
    dim = 3

    def __init__(self) -> None:
        self.known = {
            word: [math.cos(math.radians(angle)), math.sin(math.radians(angle)), 0.0]
            for word, angle in ANGLES.items()
        }
        for word, vector in zip(
            VOCABULARY, np.random.default_rng(1).normal(size=(40, 3)), strict=True
        ):
            self.known[word] = (vector / np.linalg.norm(vector)).tolist()

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.array([self.known.get(text, [0.0, 0.0, 0.0]) for text in texts], np.float32)


ENCODER = Compass()


def by_linear_programming(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """All words of both texts, nothing taken out, for all pairs in one program."""
    distances, sums, shares = [], [], []
    for one, other in pairs:
        counts = Counter(one.split()), Counter(other.split())
        vectors = [np.asarray(ENCODER.encode(list(count)), np.float64) for count in counts]
        far = np.linalg.norm(vectors[0][:, None] - vectors[1], axis=2)
        n, m = far.shape
        distances.append(far.ravel())
        sums.append(
            vstack([kron(eye_array(n), np.ones((1, m))), kron(np.ones((1, n)), eye_array(m))])
        )
        shares += [np.array([*count.values()]) / count.total() for count in counts]
    found = linprog(
        np.concatenate(distances),
        A_eq=block_diag(sums, format="csc"),
        b_eq=np.concatenate(shares),
    )
    ends = np.cumsum([far.size for far in distances])[:-1]
    return [
        float(far @ moved) for far, moved in zip(distances, np.split(found.x, ends), strict=True)
    ]


def test_by_hand() -> None:
    (found,) = word_movers_distance(["north north east"], ["north east east"], ENCODER)
    assert found == pytest.approx(math.sqrt(2) / 3)
    found, same = word_movers_distance(["north", "east"], ["south", "East!"], ENCODER)
    assert (found, same) == (pytest.approx(2), 0)


def test_agrees_with_linear_programming() -> None:
    rng = Random(2)
    pairs = []
    for case in range(1000):
        few = rng.sample(VOCABULARY, rng.randint(2, 12))
        sizes = rng.choices(range(1, 9 if case % 20 else 30), k=2)
        one, other = (" ".join(rng.choices(few, k=size)) for size in sizes)
        pairs.append((one, other))
    candidates, references = zip(*pairs, strict=True)
    exact = word_movers_distance(candidates, references, ENCODER)
    bounds = relaxed_word_movers_distance(candidates, references, ENCODER)
    oracle = [
        value
        for start in range(0, 1000, 50)
        for value in by_linear_programming(pairs[start : start + 50])
    ]
    for theirs, ours, bound in zip(oracle, exact, bounds, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-7)
        assert isinstance(ours, float)
        assert isinstance(bound, float)
        assert bound <= ours + 1e-12


def test_both_ways_it_is_the_same() -> None:
    one, other = ["w1 w2 w3 w3 w4", "w5"], ["w2 w6 w7", "w5 w5 w8"]
    there, back = (word_movers_distance(*pair, ENCODER) for pair in ((one, other), (other, one)))
    assert there == pytest.approx(back)


def test_on_a_real_encoder_the_nearer_text_is_nearer() -> None:
    encoder = create_encoder("static")
    true = "The committee approved the budget for next year."
    near, far = word_movers_distance(
        ["The board accepted next year's budget.", "Lunch is at noon."], [true, true], encoder
    )
    assert 0 < near < far < 2


def test_unknown_words_do_not_count() -> None:
    found, other = word_movers_distance(["north foo", "foo"], ["north", "north"], ENCODER)
    assert found == 0
    assert other == Unscored("a text has no word that the encoder knows")
    assert relaxed_word_movers_distance(["foo"], ["north"], ENCODER) == [other]


def test_what_is_refused() -> None:
    for metric in (word_movers_distance, relaxed_word_movers_distance):
        with pytest.raises(InputError, match="but got 0 and 0"):
            metric([], [], ENCODER)
        with pytest.raises(InputError, match="but got 1 and 2"):
            metric(["x"], ["x", "y"], ENCODER)
        with pytest.raises(InputError, match="was given one text"):
            metric("x", ["x"], ENCODER)
        with pytest.raises(InputError, match="is empty"):
            metric([" "], ["x"], ENCODER)
