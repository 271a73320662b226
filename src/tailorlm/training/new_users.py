"""New users for a trained personal model, from a few comparisons and without retraining.

Everything is frozen but what belongs to the user alone: the offset o_i of an individual user model,
or the weights w_i of a cluster model (Li et al., 2024, section 4.3).
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tailorlm.errors import InputError, TrainingError
from tailorlm.training._personal import needs_training_packages
from tailorlm.training.log import TrainingLog, read_log
from tailorlm.training.preferences import Encoded, Preferences, encode

if TYPE_CHECKING:
    from tailorlm.training._objectives import Objective
    from tailorlm.training.personal import Parts
    from tailorlm.training.user_models import UserModel

OnPass = Callable[[int, int], None]
"""Told each pass over the comparisons, and how many there will be at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUserSettings:
    """How new users are fitted; the paper leaves them with the generic prefix, so all is ours.

    Attributes:
        passes: Steps at most, each over all comparisons, from 1.
        enough: Loss per comparison, from 0, at which fitting ends, so that a few comparisons are
            not learned by heart.
        learning_rate: Of Adam, as a share of the standard deviation of the prefixes (of the
            weights, for a cluster model) that are there.
        max_norm: Longest gradient.
        micro_batch: Comparisons in memory at once.
    """

    passes: int = 10
    enough: float = 0.1
    learning_rate: float = 0.5
    max_norm: float = 1.0
    micro_batch: int = 16

    def __post_init__(self) -> None:
        if self.passes < 1 or self.micro_batch < 1:
            raise InputError(
                "passes and micro_batch are whole numbers from 1, but got "
                f"{self.passes} and {self.micro_batch}."
            )
        if not self.enough >= 0:
            raise InputError(f"enough is a loss from 0, but got {self.enough}.")
        for name in ("learning_rate", "max_norm"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is a number above 0, but got {value}.")


@dataclass(frozen=True, slots=True)
class NewUsers:
    """What fitting came to.

    Attributes:
        users: Who was added, in the order of their rows.
        comparisons: What was learned from.
        known: Comparisons left out because the folder knows their users, or nobody is named.
        before: Loss per comparison with the generic prefix.
        after: Loss per comparison after fitting.
        seconds: How long it took, without loading.
    """

    users: tuple[str, ...]
    comparisons: int
    known: int
    before: float
    after: float
    seconds: float


def add_users(
    preferences: Preferences,
    folder: str | Path,
    settings: NewUserSettings | None = None,
    *,
    device: str | None = None,
    on_pass: OnPass | None = None,
) -> NewUsers:
    """Fit the users that a folder does not know yet, and add them to it.

    The folder is whole at every moment: it has all new users, or none. Nothing of the others
    changes, but that without a shared part the generic prefix is the mean over all users.

    Args:
        preferences: Comparisons; those of users whom the folder knows are left out.
        folder: What `tailorlm train pdpo`, `pipo` or `prm` wrote.
        settings: How to fit; None for the defaults.
        device: As torch names it; None takes a CUDA device if there is one.
        on_pass: Told each pass.

    Raises:
        InputError: If there is no new user, or nothing in the folder belongs to single users.
        TrainingError: If a loss is no number; nothing is written.
        TailorError: As `tailorlm.training.personal.PersonalModel`, for a folder without a model.
    """
    needs_training_packages("Adding users")
    from tailorlm.training._objectives import objective_of
    from tailorlm.training.personal import load_parts
    from tailorlm.training.user_models import write_user_model

    settings = settings or NewUserSettings()
    folder = Path(folder).expanduser()
    log = read_log(folder)
    parts = load_parts(folder, log, device)
    known = set(parts.facts.users) | {""}
    fresh = [one for one in preferences.comparisons if one.user not in known]
    names = tuple(sorted({one.user for one in fresh}))
    if not names:
        raise InputError(f"{folder} knows everybody who gave comparisons. There is nobody to add.")
    longest = int(log.settings["max_tokens"])
    examples = encode(parts.base.tokenizer, fresh, longest, Counter())
    users = parts.model.users.with_users(names)
    if not users.own_parameters():
        raise InputError(
            f"{folder} has the user model {users.kind!r}, in which nothing belongs to single users."
        )
    begun = time.perf_counter()
    fit = _Fit(parts, users, len(names), examples, objective_of(log), log, settings)
    before, after = fit.run(on_pass)
    seconds = time.perf_counter() - begun
    facts = users.facts(
        parts.facts.base,
        parts.facts.base_identity,
        adapter=parts.facts.adapter,
        user_texts=parts.facts.user_texts,
        rewards=parts.facts.rewards,
    )
    write_user_model(folder, users.to("cpu"), facts)
    left_out = len(preferences.comparisons) - len(fresh)
    return NewUsers(names, len(fresh), left_out, before, after, seconds)


class _Fit:
    """The prefixes of new users being fitted to their comparisons."""

    def __init__(
        self,
        parts: Parts,
        users: UserModel,
        count: int,
        examples: list[Encoded],
        objective: Objective,
        log: TrainingLog,
        settings: NewUserSettings,
    ) -> None:
        import torch

        from tailorlm.training._soft_scores import reads_packed
        from tailorlm.training.personal import scorer_of

        self._settings = settings
        self._examples = examples
        self._objective = objective
        parts.model.users = users
        users.requires_grad_(False).to(parts.model.base.device)
        (self._own,) = users.own_parameters()
        spread = float(users(torch.arange(len(users.users) + 1)).std())
        if users.kind == "cluster":
            spread = float(self._own.std()) or 1 / math.sqrt(self._own.shape[1])
        packs = reads_packed(parts.model, examples)
        self._own.requires_grad_(True)
        # The rows of users who were there before have no gradient, and so stay as they are.
        is_new = torch.zeros_like(self._own)
        is_new[-count:] = 1.0
        self._own.register_hook(lambda gradient: gradient * is_new)
        self._scorer = scorer_of(parts, log, settings.micro_batch, packs=packs)
        self._optimizer = torch.optim.Adam([self._own], lr=settings.learning_rate * spread)
        has_reference = objective.has_reference
        self._reference = parts.reference(self._scorer, examples) if has_reference else None

    def run(self, on_pass: OnPass | None) -> tuple[float, float]:
        """Take the passes; gives the losses per comparison before and after."""
        import torch

        first = math.nan
        passes = self._settings.passes
        for number in range(1, passes + 1):
            self._optimizer.zero_grad(set_to_none=True)
            loss = self._pass()
            first = loss if number == 1 else first
            if loss <= self._settings.enough:
                return first, loss
            torch.nn.utils.clip_grad_norm_([self._own], self._settings.max_norm)
            self._optimizer.step()
            if on_pass is not None:
                on_pass(number, passes)
        with torch.no_grad():
            return first, self._pass(learns=False)

    def _pass(self, *, learns: bool = True) -> float:
        """The mean loss over all comparisons, and its gradient."""
        import torch

        from tailorlm.training._objectives import Scores
        from tailorlm.training.packed import parts_of

        found: list[float] = []
        lengths = [one.length for one in self._examples]
        for part in parts_of(lengths, self._settings.micro_batch):
            chosen = [self._examples[place] for place in part]
            scores, _, mask = self._scorer.forward(chosen)
            reference = None
            if self._reference is not None:
                reference = torch.zeros_like(scores)
                for row, place in enumerate(part):
                    known = self._reference[place]
                    reference[row, : len(known)] = torch.tensor(known)
            losses = self._objective.loss(Scores(scores, None, reference, mask))
            if learns:
                (losses.sum() / len(self._examples)).backward()
            found.append(float(losses.sum().detach()))
        return self._summed(found)

    def _summed(self, losses: Sequence[float]) -> float:
        total = sum(losses)
        if not math.isfinite(total):
            raise TrainingError(
                "The loss of the new users is no number, so nobody was added. Lower "
                f"--learning-rate (now {self._settings.learning_rate:g})."
            )
        return total / len(self._examples)
