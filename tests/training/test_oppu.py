"""An adapter for each user: whose each folder is, and what is done already."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llms.tiny_llm import needs_peft, write_tiny_llm
from tests.training.personal_models import QUICK, StoppedError, disagreeing

from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError
from tailorlm.training.oppu import OppuSettings, folder_name, train_oppu
from tailorlm.training.preferences import Preferences

SETTINGS = OppuSettings(**QUICK | {"user_tokens": 0, "epochs": 1})


@given(st.text(min_size=1, max_size=200))
def test_every_id_has_a_folder_name_of_its_own(user: str) -> None:
    name = folder_name(user)
    assert name == folder_name(user)
    assert not set(name) & set('/\\:*?"<>|\0')
    assert 0 < len(name) <= 120
    assert not name.startswith(".")


def test_names_that_a_system_could_take_for_one_another() -> None:
    names = {folder_name(user) for user in ("ana", "Ana", "ANA", "..", ".", "a/b", "a%2Fb", "ä")}
    assert len({name.lower() for name in names}) == 8
    assert folder_name("ana@example.org") == "ana@example.org"


@needs_peft
def test_a_stopped_run_goes_on_with_who_is_not_finished(tmp_path: Path) -> None:
    base, out = str(write_tiny_llm(tmp_path / "base")), tmp_path / "out"
    seen: list[tuple[str, int, int]] = []

    def on_user(user: str, number: int, total: int) -> None:
        seen.append((user, number, total))
        if number == 2 and len(seen) == 2:
            raise StoppedError

    given = (disagreeing(3), base, out, SETTINGS)
    with pytest.raises(StoppedError):
        train_oppu(*given, device="cpu", on_user=on_user)
    first = (out / "ana" / "adapter_model.safetensors").stat().st_mtime_ns
    logs = train_oppu(*given, device="cpu", on_user=on_user)
    assert seen == [("ana", 1, 2), ("bo", 2, 2)] * 2
    assert (out / "ana" / "adapter_model.safetensors").stat().st_mtime_ns == first
    assert {user: log.pairs for user, log in logs.items()} == {"ana": 2, "bo": 2}
    assert json.loads((out / "users.json").read_text("utf-8"))["users"] == {
        "ana": "ana",
        "bo": "bo",
    }
    with pytest.raises(InputError, match="holds adapters already"):
        train_oppu(*given, device="cpu")
    nobody = Preferences.of([Comparison.of_prompt("", "Hi", "a", "b")])
    with pytest.raises(InputError, match="No comparison names a user"):
        train_oppu(nobody, base, tmp_path / "o", device="cpu")
