"""What methods of tags share: plans for tags; and for baselines sets by score and no state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError, StateError
from tailorlm.methods._said import Said
from tailorlm.methods.base import (
    Method,
    MethodConfig,
    Parts,
    check_accepts,
    count_tokens,
    with_context,
)
from tailorlm.tags import TagLibrary
from tailorlm.tags.prompt import personal_prompt
from tailorlm.types import Context, Event, Message, Plan, Purpose, User

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsConfig(MethodConfig):
    """Settings of a method that gives each answer some tags.

    Attributes:
        tags_per_answer: Ordinary tags of a candidate (k).
        pairs: Whether a candidate has one style of each pair of the library.
    """

    tags_per_answer: int = 3
    pairs: bool = True

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 1 <= self.tags_per_answer <= 16:
            raise InputError(f"tags_per_answer is 1 to 16, but got {self.tags_per_answer}.")


class Unlearned(Method[None]):
    """A method that plans without learning; its state is nothing."""

    accepts: ClassVar[frozenset[type]] = frozenset()
    Config = TagsConfig
    config: TagsConfig

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        self.known = known_tags(parts.library, self.config)

    def initial(self, user: User, population: bytes | None = None) -> None:
        """There is nothing to start from."""

    def observe(self, state: None, event: Event) -> None:
        """Nothing is learned, from whatever event."""
        check_accepts(type(self), event)

    def dump(self, state: None) -> bytes:
        """No bytes."""
        return b""

    def load(self, data: bytes) -> None:
        """Raise `StateError` unless there are no bytes."""
        if data:
            raise StateError(f"Method {self.name!r} has no state, but some was stored. Rebuild it.")


def known_tags(library: TagLibrary, config: TagsConfig) -> tuple[str, ...]:
    """What a candidate is composed of: the tags, then the styles if it has any."""
    return (*library.tags, *library.styles) if config.pairs else library.tags


def best_tags(scores: FloatArray, library: TagLibrary, config: TagsConfig) -> list[str]:
    """The k tags of highest score, best first, and the higher style of each pair.

    Args:
        scores: Shape (n,), in the order of `known_tags`; ties go to the earlier tag.
        library: Tags and styles.
        config: How many, and whether with styles.
    """
    n_tags = len(library.tags)
    best = np.argsort(-scores[:n_tags], kind="stable")[: config.tags_per_answer]
    chosen = [library.tags[i] for i in best]
    styles = scores[n_tags:].reshape(-1, 2)
    for pair, (first, second) in zip(library.pairs, styles, strict=False):
        chosen.append(pair.second if second > first else pair.first)
    return chosen


def tag_plan(
    method: Method[Any],
    context: Context,
    tags: Sequence[str],
    purpose: Purpose,
    said: Said | None = None,
) -> Plan:
    """A plan for an answer under these tags, styles and what was said, as far as the budget allows.

    Its purpose is "generic" if no tag or style is left in it.
    """
    styles = set(method.parts.library.styles)
    statements = said.in_force() if said is not None else ()
    write = partial(
        personal_prompt,
        [tag for tag in tags if tag not in styles],
        [tag for tag in tags if tag in styles],
        statements,
        budget=method.config.budget,
        count=count_tokens,
    )
    prompt = write()
    if said is not None and len(prompt.statements) < len(statements):
        prompt = write(claims=said.claim_order(context.query, method.parts.encoder))
    if not prompt.text:
        return replace(method.generic_plan(context), left_out=prompt.left_out)
    return Plan(
        messages=with_context(context, Message("system", prompt.text)),
        method=method.name,
        purpose=purpose if prompt.tags else "generic",
        tags=prompt.tags,
        rules=prompt.statements,
        left_out=prompt.left_out,
    )
