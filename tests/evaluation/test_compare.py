"""`compare`: numbers worked out by hand, what is left out, and every form it can be read in."""

from __future__ import annotations

import io
import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from tailorlm.errors import InputError
from tailorlm.evaluation.compare import Comparison, Result, compare
from tailorlm.evaluation.compare_tables import notes
from tailorlm.evaluation.comparison import matrix
from tailorlm.evaluation.metrics.comparisons import Wins
from tailorlm.evaluation.metrics.scored import Unscored

QUICK = {"resamples": 200, "permutations": 200}
BLANK = Unscored("too short")
SCORES: dict[str, dict[str, list[float | Unscored]]] = {
    "mine": {"u": [0.5, 0.7], "v": [0.9], "w": [0.4, 0.4, BLANK]},
    "none": {"u": [0.5, 0.1], "v": [0.3], "w": [0.6, 0.4, 0.9]},
    "pooled": {"u": [0.1, 0.1], "v": [0.2], "w": [0.1, 0.1, 0.1]},
}


def results(scores: dict[str, dict[str, list[float | Unscored]]] = SCORES) -> list[Result]:
    return [
        Result(method, user, str(item), value)
        for method, users in scores.items()
        for user, items in users.items()
        for item, value in enumerate(items)
    ]


def found(**words: object) -> Comparison:
    return compare(results(), metric="rouge_l", **(QUICK | words))  # type: ignore[arg-type]


def test_by_hand() -> None:
    comparison = found()
    assert [score.method for score in comparison.methods] == ["none", "pooled", "mine"]
    assert [score.role for score in comparison.methods] == ["generic", "pooled", ""]
    assert comparison.missing == ("in-context",)
    assert comparison.baseline == "none"
    mine = comparison.score("mine")
    assert mine.mean.value == pytest.approx(2.9 / 5)
    assert (mine.mean.users, mine.items, mine.n_unscored) == (3, 5, 1)
    assert dict(mine.unscored) == {"too short": 1}
    pair = comparison.between("mine", "none")
    # Over the five items that both have: 0, 0.6, 0.6, -0.2, 0.
    assert pair.difference.value == pytest.approx(1.0 / 5)
    assert pair.items == Wins(wins=2, ties=2, losses=1)
    assert pair.items.rate == 0.6
    assert pair.users == Wins(wins=2, ties=0, losses=1)
    # Sums of users are 0.6, 0.6 and -0.2: signed, twice 1.0, twice 1.4 and four times 0.2.
    assert pair.p == 4 / 8
    # The others have 2/8 each. The smallest is multiplied by three, and none falls below it then.
    assert [pair.corrected for pair in comparison.pairs] == [0.75, 0.75, 0.75]
    assert comparison.between("mine", "pooled").p == 2 / 8


def test_turning_a_pair() -> None:
    comparison = found()
    pair, turned = comparison.between("mine", "none"), comparison.between("none", "mine")
    assert turned.turned() == pair
    assert turned.difference.value == pytest.approx(-0.2)
    assert turned.difference.low == -(pair.difference.high or 0.0)
    assert turned.items == Wins(1, 2, 2)
    with pytest.raises(KeyError):
        comparison.between("mine", "nobody")
    with pytest.raises(KeyError):
        comparison.score("nobody")


def test_lower_can_be_better() -> None:
    pair = found(better="lower").between("mine", "none")
    assert pair.difference.value == pytest.approx(0.2)
    assert pair.items == Wins(wins=1, ties=2, losses=2)


def test_items_can_be_taken_for_independent() -> None:
    pair = found(by="item").between("mine", "none")
    assert pair.difference.users == 5
    assert pair.users == pair.items


def test_what_has_no_result_is_left_out_and_counted() -> None:
    rows = [row for row in results() if (row.method, row.user) != ("pooled", "u")]
    comparison = compare(rows, **QUICK)  # type: ignore[arg-type]
    assert dict(comparison.score("pooled").unscored) == {"no result": 2}
    assert comparison.between("pooled", "none").difference.users == 2
    nothing = [Result("a", "u", "1", 1.0), Result("b", "u", "1", BLANK)]
    pair = compare(nothing).between("a", "b")
    assert (pair.difference.value, pair.p, pair.users_needed) == (None, None, None)
    assert pair.items == Wins(0, 0, 0)


def test_same_seed_same_numbers_in_any_order() -> None:
    rows = results()
    random.Random(1).shuffle(rows)
    one, other = found(seed=3), compare(rows, metric="rouge_l", seed=3, **QUICK)  # type: ignore[arg-type]
    assert one.between("mine", "none") == other.between("mine", "none")
    assert one.score("mine") == other.score("mine")


def test_a_pair_does_not_depend_on_what_else_is_compared() -> None:
    two = compare([row for row in results() if row.method != "pooled"], **QUICK)  # type: ignore[arg-type]
    pair, same = found().between("mine", "none"), two.between("mine", "none")
    assert (pair.p, pair.difference) == (same.p, same.difference)


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.floats(-1, 1), st.floats(-1, 1)),
        min_size=1,
        max_size=12,
    )
)
def test_properties(items: list[tuple[str, float, float]]) -> None:
    rows = [
        Result(method, user, str(place), score)
        for place, (user, one, other) in enumerate(items)
        for method, score in (("one", one), ("other", other))
    ]
    comparison = compare(rows, **QUICK)  # type: ignore[arg-type]
    (pair,) = comparison.pairs
    assert pair.p is not None
    assert 0 < pair.p <= (pair.corrected or 0.0) <= 1
    assert pair.items.total == len(items)
    assert pair.users.total == pair.difference.users == len({user for user, _, _ in items})
    means = [score.mean.value or 0.0 for score in comparison.methods]
    assert pair.difference.value == pytest.approx(means[0] - means[1], abs=1e-9)
    assert json.loads(json.dumps(comparison.as_dict(), allow_nan=False))


def test_it_prints() -> None:
    stream = io.StringIO()
    Console(file=stream, width=120).print(found())
    for text in (stream.getvalue(), str(found())):
        assert "none (generic)" in text
        assert "There is no row for: in-context." in text
        assert "mine: 1 unscored, left out (too short)." in text
        assert "2/2/1" in text


def test_many_methods_still_print() -> None:
    rows = [Result(f"m{n}", "u", "1", n / 10) for n in range(9)]
    text = str(compare(rows, **QUICK))  # type: ignore[arg-type]
    assert "m8" in text
    assert "Wins" not in text
    assert "With 1 user and 36 pairs no corrected p can be below 1.00" in text


def test_latex() -> None:
    rows = [Result("a_b", "u&v", "1", 0.5), Result("100%", "u&v", "1", 0.25)]
    text = compare(rows, **QUICK).latex(digits=2)  # type: ignore[arg-type]
    assert text.startswith("% \\usepackage{booktabs}\n\\begin{tabular}{lrrrr}")
    assert "a\\_b & $0.50$ & -- & -- & 1 \\\\" in text
    assert "100\\% & $0.25$ & $-0.25$ & 1.00 & 1 \\\\" in text
    assert text.count("{") == text.count("}")


def test_rows_and_frame() -> None:
    rows = found().rows()
    assert rows[0]["method"] == "none"
    assert rows[0]["difference"] is None
    assert rows[2]["wins"] == 2
    pandas = pytest.importorskip("pandas")
    frame = found().frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.loc["mine", "mean"] == pytest.approx(0.58)


def test_as_dict_has_everything() -> None:
    data = found().as_dict()
    assert data["settings"]["permutations"] == 200
    assert data["methods"][2]["unscored"] == {"too short": 1}
    assert {(pair["one"], pair["other"]) for pair in data["pairs"]} == {
        ("none", "pooled"),
        ("none", "mine"),
        ("pooled", "mine"),
    }


def test_matrix_is_its_own_mirror() -> None:
    lines = dict(matrix(found()))
    assert lines["mine"] == [Wins(2, 2, 1), Wins(5, 0, 0), None]
    assert lines["none"][2] == Wins(1, 2, 2)


def test_bad_input() -> None:
    one = Result("a", "u", "1", 0.5)
    with pytest.raises(InputError, match="two methods"):
        compare([one])
    with pytest.raises(InputError, match="two results for item '1' of user 'u'"):
        compare([one, one])
    with pytest.raises(InputError, match="is nan"):
        compare([one, Result("b", "u", "1", math.nan)])
    with pytest.raises(InputError, match="'user' or 'item'"):
        compare(results(), by="group")  # type: ignore[arg-type]


def test_reasons_that_differ_in_numbers_alone_are_one() -> None:
    scores = [Unscored("512 of 1,024 tokens"), Unscored("7 of 1,024 tokens"), Unscored("gone"), 0.5]
    found = compare(
        [Result(method, "ana", str(n), score) for method in ("none", "m")
         for n, score in enumerate(scores if method == "m" else [0.5] * 4)]
    )  # fmt: skip
    said = [line for line in notes(found) if "unscored" in line]
    assert said == [
        "m: 2 unscored, left out (512 of 1,024 tokens).",
        "m: 1 unscored, left out (gone).",
    ]
