"""LaMP 1 to 7 on made-up questions in the published form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.datasets.films import write_lamp

from tailorlm.datasets.lamp_tasks import TASKS, UserSample, load_lamp_task
from tailorlm.errors import InputError


def split(
    folder: Path, number: int, output: object = "A title", **item: object
) -> tuple[Path, Path]:
    profile = [{"id": "p1"} | {name: f"my {name}" for name in TASKS[number].fields} | item]
    questions = [
        {"id": "10", "input": "What now?", "profile": profile},
        {"id": "11", "input": "And now?", "profile": profile},
        {"id": "12", "input": "And then?", "profile": []},
    ]
    golds = [{"id": str(i), "output": output} for i in (12, 10, 11)]
    return write_lamp(folder, questions, golds, f"LaMP_{number}")


@pytest.mark.parametrize("number", TASKS)
def test_each_task_has_its_fields(tmp_path: Path, number: int) -> None:
    output = TASKS[number].outputs[0] if TASKS[number].outputs else "A title"
    found = list(load_lamp_task(*split(tmp_path, number, output), number))
    profile = {name: f"my {name}" for name in TASKS[number].fields}
    assert found[0] == UserSample(
        id="10", user="10", input="What now?", output=output, profile=(profile,)
    )
    assert [sample.user for sample in found] == ["10", "10", "12"]
    assert found[2].profile == ()


def test_the_date_of_the_time_based_files_is_kept_and_numbers_are_texts(tmp_path: Path) -> None:
    files = split(tmp_path, 3, 5, score=4, date="2015-03-01")
    first = next(load_lamp_task(*files, 3))
    assert first.output == "5"
    assert first.profile[0] == {"text": "my text", "score": "4", "date": "2015-03-01"}


@pytest.mark.parametrize(
    ("number", "output", "item", "message"),
    [
        (1, "[3]", {}, r"row 2: 'output' is '[3]', but must be one of [1], [2]."),
        (3, "6", {}, "row 2: 'output' is '6', but must be one of 1, 2, 3, 4, 5."),
        (4, None, {}, "row 2: 'output' must be a text or a whole number or a number, but is null."),
        (5, "x", {"abstract": None}, "row 1: profile item 0: 'abstract' must be a text"),
    ],
)
def test_errors_name_the_row(
    tmp_path: Path, number: int, output: Any, item: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        list(load_lamp_task(*split(tmp_path, number, output, **item), number))
    assert message in str(caught.value)


def test_another_task_and_a_task_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds answers to 'LaMP_4', but LaMP_5 is needed"):
        list(load_lamp_task(*split(tmp_path, 4), 5))
    with pytest.raises(InputError, match="tasks 1 to 7, but got 8"):
        list(load_lamp_task(tmp_path, tmp_path, 8))
