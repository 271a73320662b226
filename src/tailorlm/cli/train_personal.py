"""`tailorlm train sft`, `pdpo`, `pipo`, `prm`, `oppu` and `users`: models that know their users."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailorlm.cli import show
from tailorlm.cli.options import JsonOption, Setup, StoreOption, open_log
from tailorlm.cli.train import BaseOption, DeviceOption, ForceOption, training_progress
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from tailorlm.training.log import TrainingLog
    from tailorlm.training.preferences import Preferences

_USERS_PANEL = "Its user model"
_HOW_PANEL = "How it is trained"

PairsOption = Annotated[
    Path,
    typer.Option(
        "--pairs",
        metavar="FILE",
        help="Comparisons, JSON Lines, as `tailorlm data pairs` writes them.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the model.", show_default=False)
]


@dataclass(frozen=True, slots=True)
class Setting:
    """A hyper-parameter as an option of the command line."""

    kind: Any
    default: Any
    flag: str
    text: str
    panel: str = _HOW_PANEL
    metavar: str | None = "N"

    @property
    def option(self) -> Any:
        """The annotation that typer reads."""
        return Annotated[
            self.kind,
            typer.Option(
                self.flag,
                help=self.text,
                metavar=self.metavar,
                rich_help_panel=self.panel,
                show_default=self.default is not None,
            ),
        ]


SETTINGS: dict[str, Setting] = {
    "user_model": Setting(
        str, "individual", "--user-model", "individual, cluster or uniform.", _USERS_PANEL, "KIND"
    ),
    "user_tokens": Setting(int, 10, "--user-tokens", "Length of a user's prefix.", _USERS_PANEL),
    "clusters": Setting(
        int | None, None, "--clusters", "Centres K of a cluster model.", _USERS_PANEL
    ),
    "generic": Setting(
        bool,
        True,
        "--generic/--no-generic",
        "A part that all users share, which new ones begin with.",
        _USERS_PANEL,
        None,
    ),
    "alpha": Setting(float, 0.5, "--alpha", "Weight of the user's loss, 0 to 1.", metavar="X"),
    "beta": Setting(float, 0.1, "--beta", "How closely it is held to the base.", metavar="X"),
    "linear": Setting(
        bool, False, "--linear", "Users' embeddings are the reward heads.", metavar=None
    ),
    "full": Setting(bool, False, "--full", "Train all weights, no adapter.", metavar=None),
    "lora_rank": Setting(int, 8, "--lora-rank", "Rank of the adapter."),
    "lora_alpha": Setting(float, 32, "--lora-alpha", "Scale of its update.", metavar="X"),
    "lora_dropout": Setting(float, 0.1, "--lora-dropout", "Its inputs dropped.", metavar="X"),
    "learning_rate": Setting(float, 5e-5, "--learning-rate", "At its highest.", metavar="X"),
    "user_learning_rate": Setting(
        float | None,
        None,
        "--user-learning-rate",
        "Of the user model. \\[default: the same]",
        metavar="X",
    ),
    "warmup_steps": Setting(int, 150, "--warmup-steps", "In which the rate grows; at most 1/5."),
    "batch_size": Setting(int, 32, "--batch-size", "Comparisons per step."),
    "epochs": Setting(int, 2, "--epochs", "Passes over the comparisons."),
    "max_tokens": Setting(int, 800, "--max-tokens", "Of text, prompt and answer together."),
    "micro_batch": Setting(int, 16, "--micro-batch", "Comparisons in memory at once."),
    "bf16": Setting(
        bool | None,
        None,
        "--bf16/--no-bf16",
        "Arithmetic in bfloat16. \\[default: on a GPU]",
        metavar=None,
    ),
    "held_out": Setting(float, 0.1, "--held-out", "Share to choose the best step by.", metavar="X"),
    "patience": Setting(int, 3, "--patience", "Checks without a better loss to stop after."),
    "check_every": Setting(
        int | None, None, "--check-every", "Steps between checks. \\[default: an epoch]"
    ),
    "checkpoint_every": Setting(int, 100, "--checkpoint-every", "Steps between checkpoints."),
    "seed": Setting(int, 0, "--seed", "Seed of all choices."),
}
"""Hyper-parameters by their name in the settings of the trainers, with the same defaults."""

_FIXED: dict[str, tuple[Any, Any]] = {
    "base": (BaseOption, inspect.Parameter.empty),
    "pairs": (PairsOption, inspect.Parameter.empty),
    "out": (OutOption, inspect.Parameter.empty),
    "device": (DeviceOption, None),
    "force": (ForceOption, False),
    "json": (JsonOption, False),
}

Trained = Callable[["Preferences", dict[str, Any], dict[str, Any]], "dict[str, TrainingLog]"]
"""Trains on preferences, given where and with which settings; gives logs by what they are of."""


def command(
    name: str, text: str, train: Trained, *, without: tuple[str, ...] = (), **defaults: Any
) -> Callable[..., None]:
    """A command that takes the settings of a trainer as options.

    Args:
        name: The command's and the trainer's.
        text: Its help.
        train: Does it.
        without: Settings that the trainer has not.
        defaults: Settings whose default is another one.
    """
    names = [one for one in SETTINGS if one not in without]
    options = dict(_FIXED)
    for one in names:
        options[one] = (SETTINGS[one].option, defaults.get(one, SETTINGS[one].default))

    def run(**given: Any) -> None:
        from tailorlm.training.preferences import read_preferences

        settings = {one: given[one] for one in names}
        where = {
            "base": given["base"],
            "out": given["out"],
            "device": given["device"],
            "replace_old": given["force"],
        }
        preferences = read_preferences(given["pairs"])
        logs = train(preferences, where, settings)
        if os.environ.get("RANK", "0") != "0":
            return  # of several processes that trained together, one tells
        rows = {of: _summary(log, given["out"]) for of, log in logs.items()}
        if given["json"]:
            show.as_json(rows[name] if list(rows) == [name] else rows)
            return
        _tell(name, logs, given["out"])

    run.__name__ = name
    run.__doc__ = text
    run.__annotations__ = {one: kind for one, (kind, _) in options.items()}
    parameters = [
        inspect.Parameter(one, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for one, (kind, default) in options.items()
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _sft(preferences: Preferences, where: dict[str, Any], given: dict[str, Any]) -> Any:
    from tailorlm.training.settings import SftSettings
    from tailorlm.training.sft import train_sft

    settings = SftSettings(**given)
    with training_progress() as on_step:
        return {"sft": train_sft(preferences, **where, settings=settings, on_step=on_step)}


def _pdpo(preferences: Preferences, where: dict[str, Any], given: dict[str, Any]) -> Any:
    from tailorlm.training.pdpo import train_pdpo
    from tailorlm.training.settings import PdpoSettings

    settings = PdpoSettings(**given)
    with training_progress() as on_step:
        return {"pdpo": train_pdpo(preferences, **where, settings=settings, on_step=on_step)}


def _pipo(preferences: Preferences, where: dict[str, Any], given: dict[str, Any]) -> Any:
    from tailorlm.training.pipo import train_pipo
    from tailorlm.training.settings import PipoSettings

    settings = PipoSettings(**given)
    with training_progress() as on_step:
        return {"pipo": train_pipo(preferences, **where, settings=settings, on_step=on_step)}


def _prm(preferences: Preferences, where: dict[str, Any], given: dict[str, Any]) -> Any:
    from tailorlm.training.prm import train_prm
    from tailorlm.training.settings import PrmSettings

    if given["linear"] and given["user_tokens"] == SETTINGS["user_tokens"].default:
        given = given | {"user_tokens": 1}
    settings = PrmSettings(**given)
    with training_progress() as on_step:
        return {"prm": train_prm(preferences, **where, settings=settings, on_step=on_step)}


def _oppu(preferences: Preferences, where: dict[str, Any], given: dict[str, Any]) -> Any:
    from tailorlm.training.oppu import OppuSettings, train_oppu

    settings = OppuSettings(**given)
    with training_progress() as on_step:
        return train_oppu(preferences, **where, settings=settings, on_step=on_step)


_NO_PREFERENCE = ("alpha", "beta", "linear")
sft = command(
    "sft",
    "Train a model on preferred answers, which preference training then starts from.\n\n"
    "Writes an adapter, which `--llm local/DIR` uses, or with --full the whole model, in "
    "DIR/model. A run that was interrupted goes on when it is started again.",
    _sft,
    without=_NO_PREFERENCE,
    user_model="uniform",
    user_tokens=0,
)
pdpo = command(
    "pdpo",
    "Train a model that answers each user as they prefer (P-DPO).\n\n"
    "Writes a model, which `--llm soft_prompt/DIR` uses. A run that was interrupted goes on when "
    "it is started again with the same options. With --user-model uniform and --user-tokens 0 it "
    "is ordinary DPO.",
    _pdpo,
    without=("linear",),
)
pipo = command(
    "pipo",
    "As pdpo, with a loss that does not push sure preferences without end (P-IPO).",
    _pipo,
    without=("linear",),
)
prm = command(
    "prm",
    "Train a personal reward model (P-RM), which says what an answer is worth to a user.",
    _prm,
    without=("beta",),
)
oppu = command(
    "oppu",
    "Train an adapter for each user on their preferred answers (OPPU).\n\n"
    "Writes a folder for each user, which `--llm local/DIR/USER` uses, and users.json.",
    _oppu,
    without=("user_model", "user_tokens", "clusters", "generic", "full", *_NO_PREFERENCE),
    batch_size=4,
    epochs=3,
    learning_rate=2e-4,
)


def users(
    model: Annotated[
        Path,
        typer.Option(
            "--model", metavar="DIR", help="The model's folder; it is added to.", show_default=False
        ),
    ],
    pairs: Annotated[
        Path | None,
        typer.Option("--pairs", metavar="FILE", help="Comparisons. \\[default: those of the log]"),
    ] = None,
    passes: Annotated[
        int, typer.Option("--passes", metavar="N", help="Passes over the comparisons.")
    ] = 10,
    learning_rate: Annotated[
        float,
        typer.Option(
            "--learning-rate", metavar="X", help="As a share of the prefixes' standard deviation."
        ),
    ] = 0.5,
    micro_batch: Annotated[
        int, typer.Option("--micro-batch", metavar="N", help="Comparisons in memory at once.")
    ] = 16,
    device: DeviceOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Add users to a trained model from a few comparisons, without training it again."""
    from dataclasses import asdict

    from tailorlm.training.new_users import NewUserSettings, add_users
    from tailorlm.training.preferences import read_preferences

    settings = NewUserSettings(passes=passes, learning_rate=learning_rate, micro_batch=micro_batch)
    if pairs is not None and store is not None:
        raise InputError("Give --pairs or --store, not both.")
    preferences = _logged(store) if pairs is None else read_preferences(pairs)
    with show.working("Fitting…"):
        found = add_users(preferences, model, settings, device=device)
    if json:
        show.as_json({"model": str(model), **asdict(found)})
        return
    show.line(
        f"Added {show.counted(len(found.users), 'user')} to {model} from "
        f"{show.counted(found.comparisons, 'comparison')} ({found.seconds:.1f} s): "
        f"{', '.join(found.users)}."
    )
    show.line(f"Loss per comparison: {found.before:.3f} before, {found.after:.3f} after.")


def _logged(store: str | None) -> Preferences:
    """The comparisons of the log."""
    from contextlib import closing

    from tailorlm.training.logged import logged_comparisons
    from tailorlm.training.preferences import Preferences

    with closing(open_log(Setup(store=store))) as opened:
        names = [found.user for found in opened.users()]
        return Preferences.of(
            one for name in names for one in logged_comparisons(list(opened.events(name)))
        )


def _summary(log: TrainingLog, out: Path) -> dict[str, Any]:
    return {
        "out": str(out),
        "task": log.task,
        "pairs": log.pairs,
        "held_out": log.held_out,
        "counts": dict(log.counts),
        "steps": len(log.steps),
        "last_loss": log.steps[-1].loss if log.steps else None,
        "last_accuracy": log.steps[-1].accuracy if log.steps else None,
        "checks": [[check.step, check.loss, check.accuracy] for check in log.checks],
        "best_step": log.best_step,
        "stopped": log.stopped,
        "parameters": log.parameters,
        "seconds": sum(step.seconds for step in log.steps),
    }


def _tell(name: str, logs: dict[str, TrainingLog], out: Path) -> None:
    """What came of it, in a few lines."""
    for of, log in logs.items():
        seconds = sum(step.seconds for step in log.steps)
        who = "" if of == name else f"{of}: "
        show.line(
            f"{who}Learned from {show.counted(log.pairs, 'comparison')} in "
            f"{show.counted(len(log.steps), 'step')} ({seconds:.0f} s, {log.parameters:,} weights, "
            f"on {log.device})."
        )
        best = next((check for check in log.checks if check.step == log.best_step), None)
        if best is not None:
            right = "" if best.accuracy is None else f", {best.accuracy:.0%} of pairs right"
            show.line(
                f"On {log.held_out} held out: loss {log.checks[0].loss:.3f} before, "
                f"{best.loss:.3f} at step {log.best_step}, which is kept{right}."
            )
        for reason, text in _REASONS.items():
            if log.counts.get(reason):
                show.notice(f"{text}: {log.counts[reason]:,}.")
    use = {"prm": "", "oppu": f"--llm local/{out}/USER"}.get(name, f"--llm soft_prompt/{out}")
    if use:
        show.line(f"Use it as: {use}")


_REASONS = {
    "left_out": "Comparisons left out, without two different answers",
    "empty": "Answers left out, empty",
    "equal": "Answers left out, there already",
    "prompts_cut": "Prompts cut at their beginning to fit --max-tokens",
    "answers_cut": "Answers cut at their end to fit --max-tokens",
    "texts_cut": "Users' texts cut to fit --max-tokens",
}
