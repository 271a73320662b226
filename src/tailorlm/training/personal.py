"""A trained personal model: what answers are worth to its users, and answers written for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError
from tailorlm.training._personal import needs_training_packages
from tailorlm.training.log import TrainingLog, read_log
from tailorlm.training.preferences import Encoded, encode
from tailorlm.training.settings import TrainerSettings
from tailorlm.types import Message, Plan

if TYPE_CHECKING:
    from tailorlm.llms._soft_prefixes import SoftPromptFacts
    from tailorlm.llms.soft_prompt import SoftPrompt
    from tailorlm.training._soft_base import SoftBase
    from tailorlm.training._soft_model import SoftModel
    from tailorlm.training._soft_scores import Scorer


class PersonalModel:
    """A folder that `tailorlm train` wrote, to score and to write with.

    Args:
        folder: The folder of `pdpo`, `pipo`, `prm` or `sft`.
        device: As torch names it; None takes a CUDA device if there is one.
        part: Comparisons in memory at once.

    Attributes:
        users: Ids of the users it knows; anybody else is the generic user.
        log: How it was trained.

    Raises:
        InputError: If the folder holds no personal model, or its base is another one.
        MissingExtraError: If what training needs is not installed.
        LLMError: If the base cannot be loaded.
    """

    def __init__(self, folder: str | Path, *, device: str | None = None, part: int = 16) -> None:
        needs_training_packages("A personal model")
        self._folder = Path(folder).expanduser()
        self._device = device
        self._part = part
        self.log = read_log(self._folder)
        self._parts = load_parts(self._folder, self.log, device)
        self.users = self._parts.facts.users
        self._scorer = scorer_of(self._parts, self.log, part)
        self._writer: SoftPrompt | None = None

    def scores(self, comparisons: Sequence[Comparison]) -> list[tuple[float, ...]]:
        """Log-probabilities of the answers for their users, or a reward model's rewards.

        In the order of each comparison's responses.
        """
        return self._scorer.scores(self._encoded(comparisons)) if comparisons else []

    def rewards(self, comparisons: Sequence[Comparison]) -> list[tuple[float, ...]]:
        """What the answers are worth to their users by what was learned.

        A reward model's rewards; else the implicit ones, beta log(pi / pi_ref) (equation 4), where
        beta is 1 for a model that was not trained with one.
        """
        scores = self.scores(comparisons)
        if self._parts.is_reward_model or not comparisons:
            return scores
        beta = float(self.log.settings.get("beta", 1.0))
        references = self._parts.reference(self._scorer, self._encoded(comparisons))
        return [
            tuple(beta * (one - other) for one, other in zip(row, reference, strict=True))
            for row, reference in zip(scores, references, strict=True)
        ]

    def accuracy(self, comparisons: Sequence[Comparison]) -> float:
        """Share of the pairs whose better answer has the higher reward.

        Raises:
            InputError: If there is no pair.
        """
        right = count = 0
        for rewards in self.rewards(comparisons):
            for place, better in enumerate(rewards):
                right += sum(better > worse for worse in rewards[place + 1 :])
                count += len(rewards) - place - 1
        if not count:
            raise InputError("There is no pair to measure an accuracy on.")
        return right / count

    def write(
        self,
        user: str,
        prompts: Sequence[str | Sequence[Message]],
        *,
        max_tokens: int = 256,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> list[str]:
        """Answers written for a user; an empty one is "".

        Args:
            user: Whose prefix is read; a user who is not known has the generic one.
            prompts: Texts or conversations to answer.
            max_tokens: Longest answer.
            temperature: 0 takes the most likely token each time.
            seed: Of what is drawn.
        """
        from tailorlm.llms.base import Request
        from tailorlm.llms.soft_prompt import SoftPrompt

        if self._writer is None:
            self._writer = SoftPrompt(str(self._folder), device=self._device, batch_size=self._part)
        requests = []
        for number, prompt in enumerate(prompts):
            asked = (Message("user", prompt),) if isinstance(prompt, str) else tuple(prompt)
            requests.append(
                Request(
                    messages=asked,
                    max_tokens=max_tokens,
                    temperature=temperature,
                    seed=seed + number,
                    plan=Plan(messages=asked, method="none", soft_prompt=user),
                )
            )
        return [completion.text for completion in self._writer.complete_many(requests)]

    def _encoded(self, comparisons: Sequence[Comparison]) -> list[Encoded]:
        longest = int(self.log.settings["max_tokens"])
        return encode(self._parts.base.tokenizer, comparisons, longest, Counter())


@dataclass(frozen=True, slots=True)
class Parts:
    """What a folder of a personal model holds, loaded.

    Attributes:
        folder: Where it is.
        log: How it was trained.
        facts: What it says of itself.
        base: The base with its adapter.
        model: The base under its user model.
        is_reward_model: Whether it gives rewards, not log-probabilities.
    """

    folder: Path
    log: TrainingLog
    facts: SoftPromptFacts
    base: SoftBase
    model: SoftModel
    is_reward_model: bool

    def reference(self, scorer: Scorer, examples: Sequence[Encoded]) -> list[tuple[float, ...]]:
        """Scores by the base that training began with, loaded anew where all of it was trained."""
        from tailorlm.llms._soft_prefixes import MODEL_FOLDER

        if not (self.folder / MODEL_FOLDER).is_dir():
            return scorer.reference(examples)
        device = str(self.model.base.device)
        before = load_parts(self.folder, self.log, device, before=True)
        return scorer_of(before, self.log, 16).reference(examples)


def load_parts(
    folder: Path, log: TrainingLog, device: str | None, *, before: bool = False
) -> Parts:
    """Load a folder, with nothing in it to be trained.

    Args:
        folder: The folder.
        log: Its training log.
        device: As torch names it, or None.
        before: Whether the base is the one that training began with.
    """
    import torch
    from safetensors.torch import load_file

    from tailorlm.llms._local_load import load, parse_source
    from tailorlm.llms._soft_prefixes import check_base, read_prefixes
    from tailorlm.training._soft_base import frozen_base
    from tailorlm.training._soft_model import SoftModel
    from tailorlm.training._soft_trainee import HEAD_FILE
    from tailorlm.training.user_models import read_user_model

    users, facts = read_user_model(folder)
    prefixes = read_prefixes(folder)
    loaded = load(parse_source(facts.base) if before else prefixes.source, device)
    if not before:
        check_base(loaded.model, prefixes)
    base = frozen_base(facts, loaded, is_adapted=facts.adapter and not before)
    head = None
    if (folder / HEAD_FILE).exists():
        head = torch.nn.Linear(facts.width, 1, bias=False)
        head.load_state_dict(load_file(folder / HEAD_FILE))
    is_linear = bool(log.settings.get("linear", False))
    model = SoftModel(base.model, users, head, linear=is_linear)
    model.requires_grad_(False).to(loaded.device)
    return Parts(folder, log, facts, base, model, head is not None or is_linear)


def scorer_of(parts: Parts, log: TrainingLog, part: int, *, packs: bool = False) -> Scorer:
    """What scores with a loaded folder; unless told, each answer by itself, as any model can."""
    from tailorlm.training._soft_scores import Scorer

    settings = settings_of(log)
    device = parts.model.base.get_input_embeddings().weight.device
    return Scorer(
        parts.model,
        is_adapted=parts.base.is_adapted,
        bf16=settings.uses_bf16(device),
        part=part,
        packs=packs,
    )


def settings_of(log: TrainingLog) -> TrainerSettings:
    """What all trainers' settings have in common, as a log has them."""
    known: dict[str, Any] = {
        one.name: log.settings[one.name]
        for one in fields(TrainerSettings)
        if one.name in log.settings
    }
    return TrainerSettings(**known)
