"""Prompts of four sets, made up in the published forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.datasets.published import write_csv, write_json, write_lines

from tailorlm.datasets.published_prompts import (
    load_ifeval,
    load_koala,
    load_self_instruct,
    load_writing_prompts,
)
from tailorlm.datasets.tager_plan import Prompt
from tailorlm.errors import InputError


def test_each_set_becomes_prompts(tmp_path: Path) -> None:
    ifeval = [
        {"prompt": "Name it.", "instruction_id_list": ["punctuation:no_comma"]},
        {"prompt": "Name it.", "instruction_id_list": []},
    ]
    assert load_ifeval(write_lines(tmp_path / "i.jsonl", ifeval)) == [
        Prompt("Name it.", "punctuation")
    ]
    assert load_koala(write_json(tmp_path / "k.json", [{"id": "0", "prompt": "Tell me."}])) == [
        Prompt("Tell me.")
    ]
    tasks = [
        {"motivation_app": "Mail", "instruction": "Shorten.", "instances": [{"input": "A long."}]},
        {"motivation_app": "Mail", "instruction": "Greet.", "instances": [{"input": ""}]},
    ]
    assert load_self_instruct(write_lines(tmp_path / "s.jsonl", tasks)) == [
        Prompt("Shorten.\n\nA long.", "Mail"),
        Prompt("Greet.", "Mail"),
    ]
    stories = [{"Prompt": "A bear.", "Story": "x"}, {"Prompt": "A bear.", "Story": "y"}]
    assert load_writing_prompts(write_csv(tmp_path / "h.csv", stories)) == [
        Prompt("A bear.", "story")
    ]


def test_errors_name_the_row(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="row 1: there is no field 'instruction_id_list'"):
        load_ifeval(write_lines(tmp_path / "i.jsonl", [{"prompt": "x"}]))
    with pytest.raises(InputError, match="row 2: 'prompt' is empty"):
        load_koala(write_json(tmp_path / "k.json", [{"prompt": "x"}, {"prompt": " "}]))
    with pytest.raises(InputError, match="row 1: 'instances' must be a list"):
        load_self_instruct(
            write_lines(tmp_path / "s.jsonl", [{"instruction": "x", "instances": None}])
        )
