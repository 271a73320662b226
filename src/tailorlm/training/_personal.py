"""What the trainers of personal models share: from comparisons and a base to a written folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError
from tailorlm.llms._local_load import check_installed
from tailorlm.training._run import Course, OnStep, Place, Run, identity_of, where_is
from tailorlm.training.log import TrainingLog
from tailorlm.training.preferences import Encoded, Preferences, encode, hold_out_comparisons
from tailorlm.training.settings import TrainerSettings

if TYPE_CHECKING:
    from tailorlm.training._objectives import Objective
    from tailorlm.training._processes import Processes
    from tailorlm.training._soft_base import SoftBase
    from tailorlm.training._soft_model import SoftModel
    from tailorlm.training._soft_trainee import Lessons

OnCheck = Callable[[int, list[tuple[float, ...]]], None]
"""Told after each check, and before the first step (0): the step, and for each comparison to watch
what its answers are worth to its user, best answer first."""


@dataclass(frozen=True, slots=True)
class Trainer:
    """A trainer by its name.

    Attributes:
        name: The command's.
        objective: What is made small.
        settings: How.
        head: "" for none, "soft" for a reward head on prefixed text, "linear" for users' embeddings
            as heads.
    """

    name: str
    objective: Objective
    settings: TrainerSettings
    head: str = ""


def needs_training_packages(what: str) -> None:
    """Raise `MissingExtraError` unless what training needs is installed."""
    check_installed(what, "train", "torch", "transformers", "peft", "accelerate", "safetensors")


def train_personal(
    trainer: Trainer,
    preferences: Preferences,
    base: str,
    out: str | Path,
    *,
    watch: Sequence[Comparison] = (),
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
    on_check: OnCheck | None = None,
) -> TrainingLog:
    """Train, and write the folder; see `tailorlm.training.pdpo.train_pdpo` for the arguments."""
    from tailorlm.llms._soft_prefixes import FACTS_FILE
    from tailorlm.training._processes import Processes, launched

    if not preferences.comparisons:
        raise InputError("There are no comparisons to learn from.")
    settings = trainer.settings
    base = where_is(base)
    rows = [comparison.as_row() for comparison in preferences.comparisons]
    identity = identity_of(trainer.name, asdict(settings), base, rows, launched())
    place = Place(Path(out), FACTS_FILE, what="model", data="preferences")
    saved = place.claim(identity, replace_old=replace_old)
    processes = Processes(device)
    trained = _prepared(trainer, preferences, base, watch, processes)
    _check_same_base(saved, trained.base, place)
    run = Run(
        trained.trainee,
        place,
        trained.course,
        trained.log,
        identity=identity,
        hint=f"Lower --learning-rate (now {settings.learning_rate:g})",
        saved=saved,
    )

    def tell(number: int) -> None:
        rewards = trained.trainee.watched_rewards()
        if on_check is not None and processes.is_main:
            on_check(number, rewards)

    log = run.train(on_step, None if on_check is None else tell)
    processes.wait()
    return log


@dataclass(frozen=True, slots=True)
class _Prepared:
    base: SoftBase
    trainee: Any
    course: Course
    log: TrainingLog


def _prepared(
    trainer: Trainer,
    preferences: Preferences,
    base_name: str,
    watch: Sequence[Comparison],
    processes: Processes,
) -> _Prepared:
    """Everything that a run takes, loaded and in tokens."""
    from tailorlm.training._soft_base import load_base
    from tailorlm.training._soft_trainee import SoftTrainee

    settings = trainer.settings
    base = load_base(base_name, settings, processes.device)
    counts: Counter[str] = Counter(preferences.counts)
    lessons = _lessons(trainer, preferences, watch, base.tokenizer, counts)
    course = Course(
        examples=len(lessons.learned),
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        patience=settings.patience,
        checkpoint_every=settings.checkpoint_every,
        check_every=settings.check_every,
        seed=settings.seed,
    )
    model = soft_model(base, preferences.users, trainer)
    trainee = SoftTrainee(
        base, model, lessons, trainer.objective, settings, course.total, processes
    )
    log = TrainingLog(
        task=trainer.name,
        base=base_name,
        settings=asdict(settings),
        pairs=len(lessons.learned),
        held_out=len(lessons.held),
        target_tokens=sum(one.targets for one in lessons.learned),
        cut=counts["prompts_cut"] + counts["answers_cut"] + counts["texts_cut"],
        left_out=counts["left_out"],
        parameters=trainee.parameters,
        device=str(processes.device),
        counts={name: counts[name] for name in sorted(counts) if counts[name]},
    )
    return _Prepared(base, trainee, course, log)


def _lessons(
    trainer: Trainer,
    preferences: Preferences,
    watch: Sequence[Comparison],
    tokenizer: Any,
    counts: Counter[str],
) -> Lessons:
    from tailorlm.training._soft_trainee import Lessons

    settings = trainer.settings
    encoded = encode(tokenizer, preferences.comparisons, settings.max_tokens, counts)
    if not trainer.objective.compares:
        encoded = [Encoded(one.user, one.text, one.prompt, one.answers[:1]) for one in encoded]
    users = [one.user for one in encoded]
    learned, held = hold_out_comparisons(users, settings.held_out, settings.seed)
    return Lessons(
        [encoded[at] for at in learned],
        [encoded[at] for at in held],
        encode(tokenizer, watch, settings.max_tokens, Counter()),
    )


def soft_model(base: SoftBase, users: Sequence[str], trainer: Trainer) -> SoftModel:
    """A base under a new user model, with a reward head if the trainer has one."""
    import torch

    from tailorlm.training._soft_model import SoftModel
    from tailorlm.training.user_models import embedding_scale, make_user_model

    settings = trainer.settings
    model = make_user_model(
        settings.user_model,
        users,
        tokens=settings.user_tokens,
        width=base.width,
        clusters=settings.clusters,
        generic=settings.generic,
        scale=embedding_scale(base.model.get_input_embeddings().weight),
        seed=settings.seed,
    )
    head = None
    if trainer.head == "soft":
        head = torch.nn.Linear(base.width, 1, bias=False)
        torch.nn.init.zeros_(head.weight)
    return SoftModel(base.model, model, head, linear=trainer.head == "linear")


def _check_same_base(saved: dict[str, Any] | None, base: SoftBase, place: Place) -> None:
    if saved is not None and saved["base"] != base.identity:
        raise InputError(
            f"{place.out} holds a run that was begun on another model than {base.name!r} is now. "
            "Put that model back, or use --force to begin anew."
        )
