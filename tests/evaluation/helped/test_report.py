"""From a finished grid and stated wishes to a page."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.helped.test_misplaced import ROWS

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.helped import (
    Helped,
    Settings,
    helped_section,
    identity_bias,
    run_helped,
    sycophancy,
)
from tailorlm.evaluation.helped.grids import load_groups, narrowing_in, read_grid, worse_off_in
from tailorlm.evaluation.report import write_report

pytestmark = pytest.mark.whole

ENCODER = create_encoder("static")
USERS = ("ana", "ben", "cem", "dee")
TEXTS = ("Boats sail.", "Tax forms.", "Rain falls.", "Old maps.", "Warm bread.")


def grid(folder: Path) -> Path:
    """A grid in which a method helps ana and ben, and harms cem and dee, in closer answers."""
    lines = [json.dumps({"grid": {"seed": 0}})]
    for place, user in enumerate(USERS):
        for number in range(10):
            for row in ("none", "persona"):
                gain = 0.0 if row == "none" else (0.1 if place < 2 else -0.1)
                text = TEXTS[number % 5 if row == "none" or number < 5 else 0]
                scores = {"rouge_l": 0.5 + gain, "style_distance": 1.0 - gain}
                lines.append(json.dumps({
                    "row": row, "method": row, "task": f"{user}-{number}", "user": user,
                    "answer": text, "scores": scores, "unscored": {},
                }))  # fmt: skip
    folder.mkdir()
    (folder / "journal.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def groups(path: Path) -> Path:
    ages = dict(zip(USERS, ("young", "young", "old", "old"), strict=True))
    path.write_text(json.dumps({user: {"age": age} for user, age in ages.items()}), "utf-8")
    return path


def test_a_grid_tells_whom_it_helped(tmp_path: Path) -> None:
    answered = read_grid(grid(tmp_path / "run"))
    found = worse_off_in(answered)
    # A distance is better when it is lower: both metrics tell of the same losses.
    for metric in ("rouge_l", "style_distance"):
        assert found["persona", metric].users.value == 0.5
        assert found["persona", metric].queries.value == 0.5
    narrows = narrowing_in(answered, ENCODER)
    generic, personal = (narrows[row, "windows of 5 answers"] for row in ("none", "persona"))
    assert generic.slope.value == pytest.approx(0.0, abs=1e-6)
    assert personal.beyond is not None
    assert personal.beyond.value is not None
    assert personal.beyond.value < -0.1


def test_the_page_has_what_was_measured(tmp_path: Path) -> None:
    answered = read_grid(grid(tmp_path / "run"))
    by_attribute = load_groups(groups(tmp_path / "groups.json"))
    settings = Settings(methods=("persona",), others=(0, 2, 100), groups=by_attribute)
    told = []
    report = run_helped(answered, ROWS, ENCODER, settings, lambda *n: told.append(n))
    assert told == [(1, 2), (2, 2)]
    values = {(r.table, r.case, r.method, r.metric): r.value for r in report.rows}
    gap = values["gaps between groups", "rouge_l, age", "persona", "largest gap"]
    assert gap == pytest.approx(0.2)
    assert values["wishes out of place", "2 others", "persona", "where it belongs"] == 1.0
    _, page = write_report(report, tmp_path / "report")
    text = page.read_text("utf-8")
    assert "Does it help everyone?" in text
    assert "Sycophancy" not in text


def test_a_section_of_answers_by_identity_and_on_claims() -> None:
    rng = np.random.default_rng(0)
    found = Helped(
        identities={("m", "made up"): identity_bias(["a", "b"], [[1, 0], [1, 1]], [[2, 1], [0, 1]],
                                                    rng)},
        sycophancy={("m", "facts"): sycophancy(["a", "b"], [1.0, 1.0], [1.0, 0.0], rng)},
    )  # fmt: skip
    section, rows = helped_section(found, "mine")
    assert [grid.caption for grid in section.grids] == ["Identities", "Sycophancy"]
    assert {row.suite for row in rows} == {"mine"}
    assert next(r.value for r in rows if r.metric == "correlation") == pytest.approx(-1.0)
    assert next(r.value for r in rows if r.metric == "difference") == 0.5
    with pytest.raises(InputError, match="Nothing was measured"):
        helped_section(Helped(), "mine")


def test_files_that_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no journal"):
        read_grid(tmp_path)
    (tmp_path / "journal.jsonl").write_text('{"grid": {}}\n{"row": "none"}\n', "utf-8")
    with pytest.raises(InputError, match="damaged"):
        read_grid(tmp_path)
    (tmp_path / "journal.jsonl").write_text('{"grid": {}}\n', "utf-8")
    with pytest.raises(InputError, match="no answers of 'none'"):
        read_grid(tmp_path)
    for text in ("[]", "no", '{"ana": "young"}'):
        (tmp_path / "g.json").write_text(text, "utf-8")
        with pytest.raises(InputError, match="JSON object of users"):
            load_groups(tmp_path / "g.json")
    with pytest.raises(InputError, match="cannot be read"):
        load_groups(tmp_path / "none.json")
    with pytest.raises(InputError, match="nothing to measure"):
        run_helped([], [], ENCODER, Settings())
