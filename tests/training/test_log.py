"""Training logs: written, read back, compared and drawn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tailorlm.errors import InputError
from tailorlm.training import TrainingLog, read_log
from tailorlm.training.compare import compare_logs
from tailorlm.training.curve import draw, smoothed
from tailorlm.training.log import Check, Step

NAN = float("nan")


def log(losses: list[float], task: str = "rules", **changes: Any) -> TrainingLog:
    """A log of two steps per epoch; the odd steps have three tokens and the even ones one."""
    steps = [
        Step(number, (number + 1) // 2, loss, 3 if number % 2 else 1, 9, 0.5)
        for number, loss in enumerate(losses, start=1)
    ]
    values: dict[str, Any] = {
        "task": task,
        "base": "tiny",
        "settings": {"rank": 4, "seed": 0},
        "pairs": 2,
        "held_out": 1,
        "target_tokens": 8,
        "cut": 0,
        "left_out": 0,
        "parameters": 10,
        "device": "cpu",
        "steps": steps,
        "checks": [Check(0, 4.0), Check(2, 2.0), Check(4, 3.0)],
        "best_step": 2,
        "stopped": "finished",
    }
    return TrainingLog(**values | changes)


def test_a_log_is_read_back_from_its_file_or_folder(tmp_path: Path) -> None:
    written = log([4.0, 2.0, 1.5, 1.0])
    (tmp_path / "training_log.json").write_text(written.as_json(), "utf-8")
    assert read_log(tmp_path) == read_log(tmp_path / "training_log.json") == written
    broken = log([4.0, NAN])
    (tmp_path / "training_log.json").write_text(broken.as_json(), "utf-8")
    again = read_log(tmp_path)
    assert again.steps[0] == broken.steps[0]
    assert again.steps[1].loss != again.steps[1].loss


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[]", "is no training log"),
        ("{}", "is no training log"),
        ('{"format": 9}', "newer tailorlm"),
        ('{"format": 1}', "damaged"),
        ('{"format": 1, "steps": [{}], "checks": []}', "damaged"),
        ("{", "not JSON"),
    ],
)
def test_what_is_no_log(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "training_log.json"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=problem):
        read_log(path)


def test_an_epochs_loss_weighs_steps_by_their_tokens() -> None:
    made = log([4.0, 2.0, 1.5, 1.0])
    assert made.epochs == [1, 2]
    assert made.epoch_loss(1) == pytest.approx((3 * 4 + 2) / 4)
    with pytest.raises(InputError, match="epoch 3"):
        made.epoch_loss(3)


def test_two_runs_side_by_side() -> None:
    rules, text = log([4.0, 4.0, 1.0, 1.0]), log([3.0, 3.0, 2.4, 2.4], "text", target_tokens=20)
    comparison = compare_logs([rules, text])
    first, second = comparison.rows()
    assert (first["name"], second["name"]) == ("rules", "text")
    assert first["fall"] == pytest.approx(0.75)
    assert second["fall"] == pytest.approx(0.2)
    assert first["held_out_fall"] == pytest.approx(0.5)
    assert (first["tokens_per_pair"], second["tokens_per_pair"]) == (4, 10)
    assert second["nats_per_pair"] == pytest.approx(24)
    assert first["curve"] == [[1, 4.0], [2, 4.0], [3, 1.0], [4, 1.0]]
    assert json.dumps(comparison.rows())
    assert comparison.differences == ()
    console = Console(width=100, record=True, file=None)
    with console.capture() as capture:
        console.print(comparison)
    assert "compare how far each falls" in " ".join(capture.get().split())
    assert "Not the same" not in capture.get()


def test_a_run_that_diverged_is_compared_up_to_there() -> None:
    broken = log([4.0, 2.0, NAN], "text", checks=[])
    row = compare_logs([log([4.0]), broken]).rows()[1]
    assert row["curve"] == [[1, 4.0], [2, 2.0]]
    assert row["last_epoch"] == row["first_epoch"] == pytest.approx(3.5)
    assert row["steps"] == 3
    with pytest.raises(InputError, match="without steps"):
        compare_logs([log([1.0]), log([NAN])])


def test_what_else_differs_is_said() -> None:
    other = log([1.0], base="other", pairs=3, settings={"rank": 8, "seed": 0}, checks=[])
    comparison = compare_logs([log([4.0]), other])
    assert comparison.differences == ("rank (4, 8)", "the base model", "the number of pairs")
    assert comparison.names == ("rules (1)", "rules (2)")
    assert comparison.rows()[1]["held_out_best"] is None


def test_nothing_to_compare() -> None:
    with pytest.raises(InputError, match="two training logs"):
        compare_logs([log([1.0])])
    with pytest.raises(InputError, match="without steps"):
        compare_logs([log([1.0]), log([])])


def test_a_curve_is_the_mean_of_what_came_before() -> None:
    points = [(1, 4.0), (2, NAN), (3, 2.0), (4, 3.0)]
    assert smoothed(points, 2) == [(1, 4.0), (3, 3.0), (4, 2.5)]


def test_curves_go_from_the_upper_left_to_where_they_end() -> None:
    text = draw(
        {"a": [(1, 2.0), (5, 0.0)], "b": [(1, 1.0)]},
        x_label="step",
        y_label="loss",
        width=11,
        height=5,
    )
    assert text.splitlines() == [
        "loss",
        "  2.00 |*",
        "       |",
        "       |o",
        "  0.50 |",
        "  0.00 |          *",
        "       +-----------",
        "        1         5",
        "        step   * a   o b",
    ]
    assert draw({}, x_label="x", y_label="y")
    assert draw({"a": [(1, 0.0)]}, x_label="x", y_label="y")
