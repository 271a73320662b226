"""New users in a trained folder: fitted from a few comparisons, while nothing else changes."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.llms.tiny_llm import needs_peft, write_tiny_llm
from tests.training.personal_models import LONG, QUICK, SHORT, disagreeing, files

from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError, TrainingError
from tailorlm.training.new_users import NewUserSettings, add_users
from tailorlm.training.pdpo import train_pdpo
from tailorlm.training.personal import PersonalModel
from tailorlm.training.preferences import Preferences
from tailorlm.training.prm import train_prm
from tailorlm.training.settings import PdpoSettings, PrmSettings

LEARNING: dict[str, Any] = QUICK | {
    "epochs": 20,
    "alpha": 0.5,
    "held_out": 0.0,
    "user_learning_rate": 0.05,
    "learning_rate": 3e-3,
}


def likes(user: str, better: str, worse: str, count: int = 4) -> Preferences:
    return Preferences.of(Comparison.of_prompt(user, f"R{n}?", better, worse) for n in range(count))


@pytest.mark.parametrize(
    "bad",
    [
        {"passes": 0},
        {"enough": -1.0},
        {"micro_batch": 0},
        {"learning_rate": 0.0},
        {"max_norm": math.inf},
    ],
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        NewUserSettings(**bad)


@needs_peft
@pytest.mark.parametrize("trainer", ["individual", "cluster", "alone", "linear"])
def test_a_new_user_is_learned_and_the_others_stay(tmp_path: Path, trainer: str) -> None:
    base, out = str(write_tiny_llm(tmp_path / "base")), tmp_path / "out"
    if trainer == "linear":
        settings = PrmSettings(**LEARNING | {"user_tokens": 1}, linear=True)
        train_prm(disagreeing(), base, out, settings, device="cpu")
    else:
        kind = {"user_model": "individual", "generic": trainer != "alone"}
        if trainer == "cluster":
            kind = {"user_model": "cluster", "clusters": 2}
        train_pdpo(disagreeing(), base, out, PdpoSettings(**LEARNING, **kind), device="cpu")
    old = disagreeing(2).comparisons
    before = PersonalModel(out, device="cpu").rewards(old)
    new = Preferences(
        (*likes("cy", SHORT, LONG).comparisons, *likes("di", LONG, SHORT).comparisons, old[0])
    )
    told: list[tuple[int, int]] = []
    found = add_users(
        new,
        out,
        NewUserSettings(passes=40, learning_rate=0.3, enough=0.0),
        device="cpu",
        on_pass=lambda number, total: told.append((number, total)),
    )
    assert (found.users, found.comparisons, found.known) == (("cy", "di"), 8, 1)
    assert told == [(number, 40) for number in range(1, 41)]
    assert found.after < found.before
    model = PersonalModel(out, device="cpu")
    assert model.users == ("ana", "bo", "cy", "di")
    unseen = [
        Comparison.of_prompt("cy", "Q3?", SHORT, LONG),
        Comparison.of_prompt("di", "Q3?", LONG, SHORT),
    ]
    assert model.accuracy(unseen) == 1
    assert model.rewards(old) == before


@needs_peft
def test_fitting_ends_when_it_is_enough(tmp_path: Path) -> None:
    base, out = str(write_tiny_llm(tmp_path / "base")), tmp_path / "out"
    train_pdpo(disagreeing(2), base, out, PdpoSettings(**QUICK), device="cpu")
    told: list[int] = []
    settings = NewUserSettings(passes=5, enough=9.0)
    new = likes("cy", SHORT, LONG)
    found = add_users(new, out, settings, device="cpu", on_pass=lambda n, _: told.append(n))
    assert told == []
    assert found.before == found.after < 9
    assert PersonalModel(out, device="cpu").users == ("ana", "bo", "cy")


@needs_peft
def test_a_folder_is_whole_at_every_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, out = str(write_tiny_llm(tmp_path / "base")), tmp_path / "out"
    train_pdpo(disagreeing(2), base, out, PdpoSettings(**QUICK), device="cpu")
    real = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if Path(target).name == "soft_prompt.json":
            raise OSError("the disk is full")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="disk is full"):
        add_users(likes("cy", SHORT, LONG), out, NewUserSettings(passes=1), device="cpu")
    monkeypatch.undo()
    assert PersonalModel(out, device="cpu").users == ("ana", "bo")
    add_users(likes("di", SHORT, LONG), out, NewUserSettings(passes=1), device="cpu")
    assert PersonalModel(out, device="cpu").users == ("ana", "bo", "di")


@needs_peft
def test_who_cannot_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tailorlm.training import new_users

    base, out = str(write_tiny_llm(tmp_path / "base")), tmp_path / "out"
    settings = PdpoSettings(**QUICK)
    train_pdpo(disagreeing(2), base, out, settings, device="cpu")
    with pytest.raises(InputError, match="nobody to add"):
        add_users(disagreeing(2), out, device="cpu")
    with pytest.raises(InputError, match="no file"):
        add_users(likes("cy", SHORT, LONG), tmp_path / "none", device="cpu")
    before = files(out)
    real = new_users._Fit._pass
    monkeypatch.setattr(new_users._Fit, "_pass", lambda self, **given: self._summed([math.nan]))
    with pytest.raises(TrainingError, match="nobody was added"):
        add_users(likes("cy", SHORT, LONG), out, device="cpu")
    monkeypatch.setattr(new_users._Fit, "_pass", real)
    assert files(out) == before
    uniform = replace(settings, user_model="uniform")
    train_pdpo(disagreeing(2), base, tmp_path / "uniform", uniform, device="cpu")
    with pytest.raises(InputError, match="nothing belongs to single users"):
        add_users(likes("cy", SHORT, LONG), tmp_path / "uniform", device="cpu")
    facts = json.loads((out / "soft_prompt.json").read_text("utf-8"))
    facts["base_identity"] = "other"
    (out / "soft_prompt.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(InputError, match="trained on another model"):
        add_users(likes("cy", SHORT, LONG), out, device="cpu")
