"""What methods of tags share: plans for tags; and for baselines sets by score and no state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.choice.design import Posterior, Prospect
from tailorlm.encoders.base import encode_query
from tailorlm.errors import InputError, StateError
from tailorlm.methods._corrected import Corrected
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
from tailorlm.types import (
    Context,
    Edit,
    Event,
    Message,
    Pick,
    Plan,
    Purpose,
    Ranking,
    User,
    belief_key,
)

FloatArray = npt.NDArray[np.float64]
_NEVER = -1e6
"""Worth at which a tag is designed for last of all."""


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


def compared(event: Event) -> tuple[tuple[int, ...], ...]:
    """What an event says about the order of its turn's candidates, best first.

    An edit counts as a pick. Fewer than two groups compare nothing.
    """
    payload, turn = event.payload, event.turn
    if isinstance(payload, Ranking):
        return payload.groups
    if isinstance(payload, Pick | Edit) and turn is not None:
        others = tuple(i for i in range(len(turn.candidates)) if i != payload.candidate)
        return ((payload.candidate,), others) if others else ()
    return ()


@dataclass(frozen=True)
class Unsettled:
    """A posterior for designing answers that leaves the tags alone which the user corrected.

    Attributes:
        posterior: Of the learner.
        settled: Positions of those tags, shape (m,).
    """

    posterior: Posterior[Any]
    settled: npt.NDArray[np.intp]

    def mean(self, state: Any) -> FloatArray:
        """See `Posterior`; no other tag is worth less than a settled one."""
        mean = self.posterior.mean(state).copy()
        mean[self.settled] = _NEVER
        return mean

    def sd(self, state: Any) -> FloatArray:
        """See `Posterior`."""
        return self.posterior.sd(state).copy()

    def probability(self, state: Any) -> FloatArray:
        """See `Posterior`; none of the settled tags is liked."""
        chance = self.posterior.probability(state).copy()
        chance[self.settled] = 0.0
        return chance

    def relevance_weight(self, state: Any) -> float:
        """See `Posterior`."""
        return self.posterior.relevance_weight(state)

    def search(self, state: Any, places: int) -> float:
        """See `Posterior`."""
        return self.posterior.search(state, places)

    def prospect(
        self,
        state: Any,
        tags: npt.NDArray[np.intp],
        n_sets: int,
        size: int,
        rng: np.random.Generator,
    ) -> Prospect:
        """See `Posterior`."""
        return self.posterior.prospect(state, tags, n_sets, size, rng)


def corrected_tags(
    method: Method[Any], context: Context, tags: Sequence[str], corrected: Corrected
) -> list[str]:
    """Tags of an answer as the user's corrections leave them, no more than there were.

    Of the ordinary tags that the user locked or set, those closest to the query come first, as many
    as an answer has tags.
    """
    settled = settled_tags(method, context, corrected)
    ordinary = frozenset(method.parts.library.tags)
    pairs = [(pair.first, pair.second) for pair in method.parts.library.pairs]
    opposite = {**dict(pairs), **{second: first for first, second in pairs}}
    against = {opposite[tag] for tag in settled if tag in opposite}
    free = [
        tag
        for tag in tags
        if tag not in settled and tag not in against and not corrected.bars("tag", tag)
    ]
    room = max(sum(tag in ordinary for tag in tags) - sum(tag in ordinary for tag in settled), 0)
    kept = [tag for tag in free if tag in ordinary][:room]
    return [*settled, *kept, *(tag for tag in free if tag not in ordinary)]


def settled_tags(method: Method[Any], context: Context, corrected: Corrected) -> list[str]:
    """The tags and styles that every answer to a query has, since the user locked or set them.

    Ordinary tags that are too many for an answer go by how close they are to the query.
    """
    library, encoder = method.parts.library, method.parts.encoder
    known = {belief_key(tag): tag for tag in (*library.tags, *library.styles)}
    named = [known.get(belief_key(mark.name)) for mark in corrected.followed("tag")]
    liked = list(dict.fromkeys(tag for tag in named if tag is not None))
    styles = [tag for tag in liked if tag in library.styles]
    tags = [tag for tag in liked if tag not in library.styles]
    most = int(getattr(method.config, "tags_per_answer", len(tags)))
    if len(tags) > most:
        near = encoder.encode([library.text(tag) for tag in tags])
        order = np.argsort(-(near @ encode_query(encoder, context.query)), kind="stable")
        tags = [tags[i] for i in order[:most]]
    return [*tags, *styles]


def tag_plan(
    method: Method[Any],
    context: Context,
    tags: Sequence[str],
    purpose: Purpose,
    said: Said | None = None,
) -> Plan:
    """A plan for an answer under these tags, styles and what was said, as far as the budget allows.

    Its purpose is "generic" if no tag or style is left in it. Tags that the user locked or set come
    first, and those that the user forgot or dislikes are left out. A tag that is in no library is
    put in words.
    """
    if said is not None and said.corrected.marks:
        library = method.parts.library
        known = {belief_key(tag) for tag in (*library.tags, *library.styles)}
        said = said.with_tags_in_words(known)
        tags = corrected_tags(method, context, tags, said.corrected)
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
