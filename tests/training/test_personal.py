"""Trainers of personal models on tiny bases: what they learn, write, refuse and take up again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.llms.tiny_llm import needs_peft, write_tiny_llm
from tests.training.personal_models import (
    LONG,
    QUICK,
    SHORT,
    StoppedError,
    disagreeing,
    files,
    losses,
    stop_at,
    write_base,
)

from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError, MissingExtraError, TrainingError
from tailorlm.llms.soft_prompt import SoftPrompt
from tailorlm.training.log import read_log
from tailorlm.training.pdpo import train_pdpo
from tailorlm.training.personal import PersonalModel
from tailorlm.training.pipo import in_pairs, train_pipo
from tailorlm.training.preferences import Preferences
from tailorlm.training.prm import train_prm
from tailorlm.training.settings import (
    PdpoSettings,
    PipoSettings,
    PrmSettings,
    SftSettings,
    TrainerSettings,
)
from tailorlm.training.sft import train_sft

# What needs no model.


def test_the_papers_figures_are_the_defaults() -> None:
    settings = PdpoSettings()
    assert (settings.beta, settings.batch_size, settings.learning_rate) == (0.1, 32, 5e-5)  # D.2
    assert (settings.warmup_steps, settings.epochs) == (150, 2)
    assert (settings.lora_rank, settings.lora_alpha, settings.lora_dropout) == (8, 32, 0.1)
    assert (settings.alpha, settings.user_tokens, settings.user_model) == (0.5, 10, "individual")
    assert settings.max_tokens == 800  # E.1
    assert settings.held_out == 0.1  # D.1
    assert (SftSettings().user_model, SftSettings().user_tokens) == ("uniform", 0)


def test_the_rate_grows_and_falls() -> None:
    settings = TrainerSettings()
    rates = [settings.rate(number, 1000) for number in range(1, 1001)]
    assert rates[0] == pytest.approx(1 / 151)
    assert max(rates) == rates[150] == 1
    assert rates[575] == pytest.approx(0.5)
    assert 0 < rates[-1] < 1e-4
    short = [settings.rate(number, 10) for number in range(1, 11)]
    assert short[:3] == pytest.approx([1 / 3, 2 / 3, 1])
    assert settings.rate(1, 1) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"batch_size": 0},
        {"micro_batch": 0},
        {"held_out": 1.0},
        {"lora_dropout": -0.1},
        {"learning_rate": math.nan},
        {"user_learning_rate": 0.0},
        {"check_every": 0},
        {"max_tokens": 7},
        {"clusters": 2},
        {"user_model": "cluster"},
        {"alpha": 1.1},
        {"beta": 0.0},
    ],
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="clusters" if "user_model" in bad else next(iter(bad))):
        PdpoSettings(**bad)


def test_a_linear_head_is_one_token() -> None:
    with pytest.raises(InputError, match="user_tokens is 10"):
        PrmSettings(linear=True)


def test_without_the_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tailorlm.llms._local_load.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[train\]'"):
        train_pdpo(disagreeing(), "any", tmp_path)


def test_rankings_as_pairs() -> None:
    ranked = Preferences.of([Comparison.of_prompt("ana", "Hi", "a", "b", "c")])
    found = [comparison.responses for comparison in in_pairs(ranked).comparisons]
    assert found == [("a", "b"), ("a", "c"), ("b", "c")]


# With a tiny model.


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_llm(tmp_path_factory.mktemp("models") / "tiny"))


@needs_peft
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("kind", ["individual", "cluster"])
def test_users_who_disagree_are_both_learned(
    base: str, tmp_path: Path, kind: str, full: bool
) -> None:
    preferences = disagreeing(6)
    settings = PdpoSettings(
        **QUICK
        | {
            "user_model": kind,
            "clusters": 2 if kind == "cluster" else None,
            "full": full,
            "alpha": 1.0,
            "epochs": 30,
            "patience": 30,
            "user_learning_rate": 0.05,
            "learning_rate": 3e-3,
            "check_every": 20,
            "lora_dropout": 0.0,
        }
    )
    told: list[tuple[int, list[tuple[float, ...]]]] = []
    log = train_pdpo(
        preferences,
        base,
        tmp_path,
        settings,
        watch=preferences.comparisons[:2],
        device="cpu",
        on_check=lambda number, rewards: told.append((number, rewards)),
    )
    assert [number for number, _ in told] == [0, 20, 40, 60, 80, 90]
    assert log.steps[-1].accuracy == 1
    assert log == read_log(tmp_path)
    assert (log.task, log.pairs, log.held_out) == ("pdpo", 11, 1)
    model = PersonalModel(tmp_path, device="cpu")
    assert model.users == ("ana", "bo")
    assert model.accuracy(preferences.comparisons) == 1
    last = dict(told)[log.best_step]
    for found, expected in zip(model.rewards(preferences.comparisons[:2]), last, strict=True):
        assert found == pytest.approx(expected, abs=1e-3)
    written = model.write("ana", ["Q1?"], max_tokens=3)
    assert len(written) == 1
    name = "model" if full else "adapter_model.safetensors"
    assert (tmp_path / name).exists()


@needs_peft
def test_vanilla_cannot_learn_both_and_the_generic_user_is_in_between(
    base: str, tmp_path: Path
) -> None:
    preferences = disagreeing(6, ("ana", "bo", "cy"))  # two like it long, one short
    settings = PdpoSettings(
        **QUICK | {"user_model": "uniform", "user_tokens": 0, "epochs": 12, "held_out": 0.0}
    )
    train_pdpo(preferences, base, tmp_path, settings, device="cpu")
    model = PersonalModel(tmp_path, device="cpu")
    rewards = model.rewards([Comparison.of_prompt(u, "Q1?", LONG, SHORT) for u in ("ana", "zoe")])
    assert rewards[0] == rewards[1]
    assert rewards[0][0] > rewards[0][1]
    assert model.accuracy(preferences.comparisons) == pytest.approx(2 / 3)


@needs_peft
@pytest.mark.parametrize("trainer", ["pdpo", "full", "pipo", "prm", "linear", "sft"])
@pytest.mark.parametrize("stopped_at", [1, 4, 5])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    base: str, tmp_path: Path, trainer: str, stopped_at: int
) -> None:
    quick = QUICK | {"checkpoint_every": 2, "check_every": 3}
    train, settings = {
        "pdpo": (train_pdpo, PdpoSettings(**quick)),
        "full": (train_pdpo, PdpoSettings(**quick, full=True, user_model="cluster", clusters=2)),
        "pipo": (train_pipo, PipoSettings(**quick)),
        "prm": (train_prm, PrmSettings(**quick)),
        "linear": (train_prm, PrmSettings(**quick | {"user_tokens": 1}, linear=True)),
        "sft": (train_sft, SftSettings(**quick | {"user_tokens": 0})),
    }[trainer]
    given: Any = (disagreeing(6), base)
    whole = train(*given, tmp_path / "whole", settings, device="cpu")  # type: ignore[operator]
    with pytest.raises(StoppedError):
        train(  # type: ignore[operator]
            *given, tmp_path / "parts", settings, device="cpu", on_step=stop_at(stopped_at)
        )
    log = train(*given, tmp_path / "parts", settings, device="cpu")  # type: ignore[operator]
    assert losses(log) == losses(whole)
    assert log.checks == whole.checks
    assert files(tmp_path / "whole") == files(tmp_path / "parts")


@needs_peft
def test_what_is_there_is_not_replaced_unless_told(base: str, tmp_path: Path) -> None:
    settings = PdpoSettings(**QUICK)
    given = (disagreeing(3), base, tmp_path)
    train_pdpo(*given, settings, device="cpu")
    before = files(tmp_path)
    with pytest.raises(InputError, match=r"holds a model already\. Use --force"):
        train_pdpo(*given, settings, device="cpu")
    assert files(tmp_path) == before
    train_pdpo(*given, replace(settings, seed=1), device="cpu", replace_old=True)
    assert files(tmp_path) != before


@needs_peft
def test_a_run_of_another_base_or_other_preferences_is_refused(tmp_path: Path) -> None:
    base, out = tmp_path / "base", tmp_path / "out"
    write_tiny_llm(base)
    settings = PdpoSettings(**QUICK | {"checkpoint_every": 1})
    with pytest.raises(StoppedError):
        train_pdpo(disagreeing(), str(base), out, settings, device="cpu", on_step=stop_at(2))
    with pytest.raises(InputError, match="other preferences or settings"):
        train_pdpo(disagreeing(4), str(base), out, settings, device="cpu")
    write_tiny_llm(base, seed=1)
    with pytest.raises(InputError, match="begun on another model"):
        train_pdpo(disagreeing(), str(base), out, settings, device="cpu")


@needs_peft
def test_a_loss_that_is_no_number_ends_the_run_with_the_last_good_step(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailorlm.training import _soft_trainee

    wild = PdpoSettings(**QUICK | {"learning_rate": 1e30, "checkpoint_every": 1})
    with pytest.raises(TrainingError, match="before a checkpoint was kept"):
        train_pdpo(disagreeing(), base, tmp_path / "wild", wild, device="cpu")
    assert not (tmp_path / "wild" / "soft_prompt.json").exists()

    real = _soft_trainee.SoftTrainee.step
    monkeypatch.setattr(
        _soft_trainee.SoftTrainee,
        "step",
        lambda self, places, number: (
            replace(real(self, places, number), loss=math.nan)
            if number == 5
            else real(self, places, number)
        ),
    )
    settings = PdpoSettings(**QUICK | {"checkpoint_every": 2})
    with pytest.raises(TrainingError, match=r"at step 5\. The model of step 4 is kept"):
        train_pdpo(disagreeing(), base, tmp_path / "late", settings, device="cpu")
    log = read_log(tmp_path / "late")
    assert (log.stopped, log.best_step, len(log.steps)) == ("diverged", 4, 5)
    assert PersonalModel(tmp_path / "late", device="cpu").users == ("ana", "bo")


@needs_peft
@pytest.mark.parametrize("kind", ["gpt2", "qwen2"])
def test_a_base_without_a_token_for_padding_and_without_a_template(
    tmp_path: Path, kind: str
) -> None:
    base = write_base(tmp_path / "base", kind)
    train_pdpo(disagreeing(3), str(base), tmp_path / "out", PdpoSettings(**QUICK), device="cpu")
    model = PersonalModel(tmp_path / "out", device="cpu")
    assert all(math.isfinite(r) for row in model.rewards(disagreeing(2).comparisons) for r in row)


@needs_peft
def test_odd_preferences(base: str, tmp_path: Path) -> None:
    odd = Preferences.of(
        [
            Comparison.of_prompt("once", "Q?", "a", "b"),
            Comparison.of_prompt("", "Q?", "a", "b", "c"),
            Comparison.of_prompt("ana", "x" * 200, "a", "", "a", "y" * 99, user_text="Age: 9"),
            Comparison.of_prompt("ana", "Q?", "same", "same"),
            Comparison.of_prompt("ana", "Q?", "b", "a"),
        ]
    )
    log = train_pdpo(odd, base, tmp_path, PdpoSettings(**QUICK), device="cpu")
    assert (log.pairs, log.held_out, log.left_out) == (3, 1, 1)
    assert dict(log.counts) == {
        "answers_cut": 1,
        "empty": 1,
        "equal": 2,
        "left_out": 1,
        "prompts_cut": 1,
    }
    facts = json.loads((tmp_path / "soft_prompt.json").read_text("utf-8"))
    assert facts["users"] == ["ana", "once"]
    with pytest.raises(InputError, match="no comparisons"):
        train_pdpo(Preferences(()), base, tmp_path, PdpoSettings(**QUICK), device="cpu")


@needs_peft
def test_parts_and_packing_change_nothing_but_rounding(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailorlm.training import _soft_trainee

    settings = PdpoSettings(**QUICK | {"lora_dropout": 0.0})
    whole = losses(train_pdpo(disagreeing(), base, tmp_path / "a", settings, device="cpu"))
    small = replace(settings, micro_batch=1)
    parts = losses(train_pdpo(disagreeing(), base, tmp_path / "b", small, device="cpu"))
    monkeypatch.setattr(_soft_trainee, "reads_packed", lambda model, examples: False)
    alone = losses(train_pdpo(disagreeing(), base, tmp_path / "c", settings, device="cpu"))
    assert parts == pytest.approx(whole, rel=1e-3)
    assert alone == pytest.approx(whole, rel=1e-3)


@needs_peft
def test_a_whole_model_is_the_base_of_the_next_training(base: str, tmp_path: Path) -> None:
    quick = QUICK | {"user_tokens": 0, "epochs": 8}
    log = train_sft(
        disagreeing(6, ("ana",)), base, tmp_path / "sft", SftSettings(**quick, full=True)
    )
    assert log.steps[-1].loss < 0.7 * log.steps[0].loss
    whole = str(tmp_path / "sft" / "model")
    train_pdpo(disagreeing(3), whole, tmp_path / "out", PdpoSettings(**QUICK), device="cpu")
    train_sft(disagreeing(3), base, tmp_path / "adapter", SftSettings(**quick), device="cpu")
    with pytest.raises(InputError, match=r"is an adapter\. Train on a whole model"):
        train_pdpo(disagreeing(3), str(tmp_path / "adapter"), tmp_path / "o", device="cpu")


@needs_peft
@pytest.mark.parametrize("linear", [False, True])
def test_a_reward_model_learns_who_likes_what(base: str, tmp_path: Path, linear: bool) -> None:
    settings = PrmSettings(
        **QUICK
        | {
            "user_tokens": 1,
            "alpha": 1.0,
            "epochs": 25,
            "patience": 25,
            "user_learning_rate": 0.05,
            "held_out": 0.0,
            "linear": linear,
        }
    )
    told: list[list[tuple[float, ...]]] = []
    preferences = disagreeing(6)
    train_prm(
        preferences,
        base,
        tmp_path,
        settings,
        device="cpu",
        watch=preferences.comparisons,
        on_check=lambda number, rewards: told.append(rewards),
    )
    model = PersonalModel(tmp_path, device="cpu")
    assert model.accuracy(preferences.comparisons) == 1
    for found, expected in zip(model.rewards(preferences.comparisons), told[-1], strict=True):
        assert found == pytest.approx(expected, abs=1e-3)
    with pytest.raises(InputError, match="reward model"):
        SoftPrompt(str(tmp_path), device="cpu")
