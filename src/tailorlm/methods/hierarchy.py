"""Everybody's taste, that of people alike, and the user's own, each weighed by what it foresaw.

Three levels predict every ranking before it is learned: a global one (all users pooled), a persona
(groups of users, found by `fit`, of which the user is a mixture) and the user's own posterior, as
of `bayes_tags`, which starts from what the other two expect. Weight moves between them by the
fixed-share rule of `tailorlm.choice.levels`, so that a new user is answered as others are, and a
known one as the user alone tells.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from tailorlm.choice import plackett_luce
from tailorlm.choice.levels import FixedShare, posterior_weights
from tailorlm.errors import InputError, StateError
from tailorlm.methods._shared_tastes import Shared, Tastes
from tailorlm.methods._tag_plans import FloatArray, compared, tag_plan
from tailorlm.methods.base import Method, MethodConfig, Parts, Plans, check_accepts
from tailorlm.methods.bayes_tags import BayesTags, BayesTagsConfig, BayesTagsState
from tailorlm.types import Belief, Context, Event, Plan, Profile, Turn, User

LEVELS = ("global", "persona", "user")
_HEAD = struct.Struct("<4s12sHI")
_MAGIC = b"THIE"
_ALONE = np.array([0.0, 0.0, 1.0])
"""Weights of the levels where there is no population."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HierarchyConfig(MethodConfig):
    """Settings of `hierarchy`.

    Attributes:
        tags_per_answer: Tags and styles that one answer draws on.
        groups: Most groups of users that `fit` looks for; there are at least two users for each.
        own: Weight of the user's own level at the start; the other two share the rest evenly.
        share: Part of all weight that is spread evenly over the levels after each comparison.
    """

    tags_per_answer: int = 3
    groups: int = 4
    own: float = 1 / 3
    share: float = 0.05

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 1 <= self.tags_per_answer <= 16:
            raise InputError(f"tags_per_answer is 1 to 16, but got {self.tags_per_answer}.")
        if not 1 <= self.groups <= 100:
            raise InputError(f"groups is 1 to 100, but got {self.groups}.")
        if not (0 <= self.own <= 1 and 0 <= self.share <= 1):
            raise InputError(f"own and share are from 0 to 1, but got {self.own} and {self.share}.")


@dataclass(frozen=True, eq=False)
class HierarchyState:
    """What is known of one user, and what was known of others when the user came.

    Attributes:
        own: The user's own level.
        shared: The other two; None before `fit` has run.
        levels: Shape (3,): weight of each of `LEVELS`, summing to 1.
        groups: Shape (groups,): probability that the user is like each, summing to 1.
    """

    own: BayesTagsState
    shared: Shared | None
    levels: FloatArray
    groups: FloatArray


class Hierarchy(Method[HierarchyState]):
    """Answers a new user as others like it, and a known one by the user's own taste."""

    name = "hierarchy"
    paper = (
        "Levels of personalization: user, persona and global (Zhang et al. 2024, Personalization "
        "of Large Language Models: A Survey, section 4). Weights: fixed share (Herbster and "
        "Warmuth 1998). Groups: Ward's clustering (1963)."
    )
    accepts: ClassVar[frozenset[type]] = BayesTags.accepts
    Config = HierarchyConfig
    config: HierarchyConfig

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        own = BayesTagsConfig(
            budget=self.config.budget, tags_per_answer=self.config.tags_per_answer
        )
        self.own_level = BayesTags(parts, own)
        self.tastes = Tastes(parts, self.config.groups)
        self.mix = FixedShare(_start(self.config.own), self.config.share)

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Tags, then styles, in the order of all arrays."""
        return (*self.parts.library.tags, *self.parts.library.styles)

    def fingerprint(self) -> str:
        """Also changes with what the levels depend on."""
        levels = (self.own_level.fingerprint(), self.tastes.pool.fingerprint())
        return ":".join((super().fingerprint(), *levels))

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes:
        """Learn the taste of all users and those of groups; see `Tastes.learn`."""
        shared = self.tastes.learn(logs, rng)
        return self._head(shared) + (b"" if shared is None else shared.to_bytes())

    def initial(self, user: User, population: bytes | None = None) -> HierarchyState:
        """The population's levels lead; without one for this tag library the user is alone."""
        own = self.own_level.initial(user)
        if population is not None:
            try:
                shared, rest = self._read(population)
            except StateError:
                shared, rest = None, b""  # it was fitted to another library
            if shared is not None and not rest:
                own = self.own_level.leaning(own, _expected(shared))
                return HierarchyState(own, shared, self.mix.initial(), shared.shares)
        return HierarchyState(own, None, _ALONE, np.zeros(0))

    def observe(self, state: HierarchyState, event: Event) -> HierarchyState:
        """Weigh the levels by what each foresaw of a comparison; then the user's own learns it."""
        check_accepts(type(self), event)
        groups = compared(event)
        if state.shared is not None and event.turn is not None and len(groups) > 1:
            state = self._weighed(state, state.shared, event.turn, groups)
        return replace(state, own=self.own_level.observe(state.own, event))

    def propose(
        self, state: HierarchyState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The tags that are worth most to all levels together, then answers to learn the user's."""
        proposed = [
            replace(plan, method=self.name)
            for plan in self.own_level.propose(state.own, context, n, rng)
        ]
        if state.shared is None:
            return proposed
        single = [Plan(messages=(), method=self.name, tags=(tag,)) for tag in self.known]
        tags = self._best(self._utility(state, state.shared, context, single))
        return [tag_plan(self, context, tags, "best", state.own.said), *proposed[1:]]

    def unlearned_plan(self, state: HierarchyState, context: Context) -> Plan:
        """The query with what the user said, and no tags but those that the user locked or set."""
        return replace(self.own_level.unlearned_plan(state.own, context), method=self.name)

    def utility(self, state: HierarchyState, context: Context, plans: Sequence[Plan]) -> FloatArray:
        """Expected utility at each level, averaged by the levels' weights."""
        if state.shared is None:
            return self.own_level.utility(state.own, context, plans)
        return self._utility(state, state.shared, context, plans)

    def certainty(self, state: HierarchyState, context: Context, rng: np.random.Generator) -> float:
        """How sure the user's own level is; the others are not known to fit this user."""
        return self.own_level.certainty(state.own, context, rng)

    def explain(self, state: HierarchyState, user: str) -> Profile:
        """Tags as all levels together believe them; the summary says how much each one counts."""
        profile = self.own_level.explain(state.own, user)
        beliefs = profile.beliefs
        if state.shared is not None:
            beliefs = self._mixed(state, state.shared, beliefs)
        return replace(
            profile,
            method=self.name,
            beliefs=beliefs,
            summary=f"{_weights_in_words(state, user)} {profile.summary}",
        )

    def dump(self, state: HierarchyState) -> bytes:
        """The shared levels, the weights, and the user's own level."""
        shared = b"" if state.shared is None else state.shared.to_bytes()
        weights = np.concatenate([state.levels, state.groups]).astype("<f8").tobytes()
        return self._head(state.shared) + shared + weights + self.own_level.dump(state.own)

    def load(self, data: bytes) -> HierarchyState:
        """The state of `dump`.

        Raises:
            StateError: If the bytes are damaged or of another tag library.
        """
        shared, rest = self._read(data)
        count = len(LEVELS) + (0 if shared is None else len(shared.sizes))
        try:
            weights = np.frombuffer(rest, "<f8", count).astype(np.float64)
        except ValueError as error:
            raise StateError(f"The hierarchy state is damaged ({error}). Rebuild it.") from None
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise StateError("The hierarchy state holds weights that are none. Rebuild it.")
        own = self.own_level.load(rest[weights.nbytes :])
        return HierarchyState(own, shared, weights[: len(LEVELS)], weights[len(LEVELS) :])

    def _weighed(
        self,
        state: HierarchyState,
        shared: Shared,
        turn: Turn,
        groups: tuple[tuple[int, ...], ...],
    ) -> HierarchyState:
        """The state with weights that follow what each level and each group foresaw."""
        plans = [candidate.plan for candidate in turn.candidates]
        others = self.tastes.utility(shared, turn.context, plans)
        own = self.own_level.utility(state.own, turn.context, plans)
        told = plackett_luce.log_likelihood(np.vstack([others, own]), groups)
        of_groups = told[1:-1]
        persona = logsumexp(of_groups, b=state.groups)
        return replace(
            state,
            levels=self.mix.observe(state.levels, [told[0], persona, told[-1]]),
            groups=posterior_weights(state.groups, of_groups),
        )

    def _utility(
        self, state: HierarchyState, shared: Shared, context: Context, plans: Sequence[Plan]
    ) -> FloatArray:
        others = self.tastes.utility(shared, context, plans)
        own = self.own_level.utility(state.own, context, plans)
        by_level = np.vstack([others[0], state.groups @ others[1:], own])
        mixed: FloatArray = state.levels @ by_level
        return mixed

    def _best(self, worth: FloatArray) -> list[str]:
        """The tags of highest worth above 0, at most k, without styles opposite to a better one."""
        opposite: dict[str, str] = {}
        for pair in self.parts.library.pairs:
            opposite |= {pair.first: pair.second, pair.second: pair.first}
        chosen: list[str] = []
        for place in np.argsort(-worth, kind="stable"):
            tag = self.known[place]
            if worth[place] <= 0 or len(chosen) == self.config.tags_per_answer:
                break
            if opposite.get(tag) not in chosen:
                chosen.append(tag)
        return chosen

    def _mixed(
        self, state: HierarchyState, shared: Shared, beliefs: Sequence[Belief]
    ) -> tuple[Belief, ...]:
        """Beliefs in tags as all levels have them; what the user said or corrected is as it was."""
        by_level = np.concatenate([[state.levels[0]], state.levels[1] * state.groups])
        worth = by_level @ shared.worths.astype(np.float64)
        chance = by_level @ shared.chances.astype(np.float64)
        place = {tag: i for i, tag in enumerate(self.known)}
        learned, stated = [], []
        for belief in beliefs:
            i = place.get(belief.name)
            if belief.kind not in ("tag", "style") or belief.correction or i is None:
                stated.append(belief)
                continue
            own = state.levels[2]
            effect = float(worth[i] + own * belief.effect)
            probability = float(np.clip(chance[i] + own * belief.probability, 0.0, 1.0))
            low, high = min(belief.low, effect), max(belief.high, effect)
            learned.append(
                replace(belief, probability=probability, effect=effect, low=low, high=high)
            )
        learned.sort(key=lambda belief: -belief.probability)
        said = [b for b in stated if b.probability > 0]
        return (*said, *learned, *(b for b in stated if b.probability <= 0))

    def _head(self, shared: Shared | None) -> bytes:
        library = self.parts.library.fingerprint.encode()
        groups = 0 if shared is None else len(shared.sizes)
        return _HEAD.pack(_MAGIC, library, groups, len(self.known))

    def _read(self, data: bytes) -> tuple[Shared | None, bytes]:
        """The shared levels at the start of some bytes, and what follows them."""
        if len(data) < _HEAD.size or data[:4] != _MAGIC:
            raise StateError("These bytes are no state of hierarchy. Rebuild it.")
        _, library, groups, n = _HEAD.unpack_from(data)
        if library != self.parts.library.fingerprint.encode() or n != len(self.known):
            raise StateError("The state is of another tag library. Rebuild it.")
        rest = data[_HEAD.size :]
        if not groups:
            return None, rest
        try:
            return Shared.from_bytes(rest, groups, n)
        except ValueError as error:
            raise StateError(f"The hierarchy state is damaged ({error}). Rebuild it.") from None


def _start(own: float) -> tuple[float, float, float]:
    return ((1.0 - own) / 2.0, (1.0 - own) / 2.0, own)


def _expected(shared: Shared) -> FloatArray:
    """Probability that each tag is worth something to a new user: everybody's and the groups'."""
    chances = shared.chances.astype(np.float64)
    expected: FloatArray = (chances[0] + shared.shares @ chances[1:]) / 2.0
    return expected


def _weights_in_words(state: HierarchyState, user: str) -> str:
    if state.shared is None:
        return f"No population is fitted, so {user}'s own taste counts alone."
    everybody, persona, own = state.levels
    group = int(np.argmax(state.groups))
    return (
        f"Everybody's taste counts {everybody:.0%}, that of people alike {persona:.0%} (most like "
        f"group {group + 1} of {len(state.groups)}, {state.groups[group]:.0%}), and {user}'s own "
        f"{own:.0%}."
    )
