"""The exact limit as a method, so that the same sessions measure it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.premium.exact import SetPosterior
from tailorlm.evaluation.premium.exact_design import most_telling
from tailorlm.methods.base import Method, MethodConfig, Parts, Plans, check_accepts, with_context
from tailorlm.simulation import TagAnnotator
from tailorlm.types import Belief, Context, Event, Pick, Plan, Profile, Ranking, User

FloatArray = npt.NDArray[np.float64]
Groups = Sequence[Sequence[int]]
Sets = Sequence[npt.NDArray[np.intp]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExactTagsConfig(MethodConfig):
    """What the exact limit is told.

    Attributes:
        annotator: The user's worth, noise, weight of relevance and bias; the tags are not read.
        likes: Tags that the user likes (k).
        changes: By the number of rankings after which it happens: whether all tags but one
            change, and how many styles do.
        hazard: Chance per ranking that all liked tags but one change; for a limit that is not
            told when they do.
    """

    annotator: TagAnnotator = field(default_factory=lambda: TagAnnotator(tags=(), noise=1.0))
    likes: int = 3
    changes: Mapping[int, tuple[bool, int]] = field(default_factory=lambda: MappingProxyType({}))
    hazard: float = 0.0

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 0 <= self.hazard < 1:
            raise InputError(f"hazard is a probability below 1, but got {self.hazard}.")


class ExactTags(Method[SetPosterior]):
    """The exact limit, as a method, so that the same sessions measure it."""

    name = "exact_tags"
    paper = "Bayes' rule over all sets, under Plackett-Luce (Luce 1959, Plackett 1975)."
    accepts: ClassVar[frozenset[type]] = frozenset({Ranking, Pick})
    Config = ExactTagsConfig
    config: ExactTagsConfig

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        self.known = (*parts.library.tags, *parts.library.styles)

    @cached_property
    def vectors(self) -> npt.NDArray[np.float32]:
        """Encoded tags and styles, shape (n, dim)."""
        return self.parts.encoder.encode([self.parts.library.text(tag) for tag in self.known])

    def fingerprint(self) -> str:
        """The same for every library: `load` takes in the tags that joined."""
        return self.name

    def initial(self, user: User, population: bytes | None = None) -> SetPosterior:
        """Every set as likely as any other."""
        library = self.parts.library
        return SetPosterior.even(len(library.tags), self.config.likes, len(library.pairs))

    def observe(self, state: SetPosterior, event: Event) -> SetPosterior:
        """Bayes' rule, with what is known of the user and of a change."""
        check_accepts(type(self), event)
        payload, turn = event.payload, event.turn
        if turn is None or not isinstance(payload, Ranking | Pick):
            return state
        if isinstance(payload, Ranking):
            groups: Groups = payload.groups
        else:
            others = [i for i in range(len(turn.candidates)) if i != payload.candidate]
            groups = [[payload.candidate], others]
        sets = [self._positions(candidate.plan) for candidate in turn.candidates]
        state = self._changed(state)
        told = self.config.annotator
        nobody = replace(told, tags=(), disliked=())
        offsets = nobody.utilities(sets, self._relevance(turn.query, sets))
        state = state.learn(sets, groups, noise=told.noise, worth=told.worth, offsets=offsets)
        return state.maybe_changed(self.config.hazard) if self.config.hazard else state

    def propose(
        self, state: SetPosterior, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The sets whose ranking tells most; a single answer has the most probable tags."""
        state = self._changed(state)
        size, told = self.config.likes, self.config.annotator
        if n == 1:
            sets = [self._best(state)]
        else:
            sets = most_telling(state, n, size, rng, noise=told.noise, worth=told.worth)
        return [
            Plan(
                messages=with_context(context),
                method=self.name,
                purpose="explore" if place else "best",
                tags=tuple(self.known[i] for i in members),
            )
            for place, members in enumerate(sets)
        ]

    def explain(self, state: SetPosterior, user: str) -> Profile:
        """Tags and styles by probability."""
        chance = state.marginals()
        n_tags = len(self.parts.library.tags)
        beliefs = tuple(
            Belief(
                kind="tag" if i < n_tags else "style",
                name=self.known[i],
                probability=float(chance[i].clip(0.0, 1.0)),
            )
            for i in np.argsort(-chance, kind="stable")
        )
        said = f"What {state.rankings} rankings say about {user}, to one who is told the rest."
        return Profile(user=user, method=self.name, beliefs=beliefs, certainty=1.0, summary=said)

    def dump(self, state: SetPosterior) -> bytes:
        """The arrays, as numpy writes them."""
        stream = io.BytesIO()
        np.savez(stream, members=state.members, log=state.log, counts=[state.n, state.rankings])
        return stream.getvalue()

    def load(self, data: bytes) -> SetPosterior:
        """The state of `dump`; where the library has grown since, one new tag is liked too."""
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            n, rankings = arrays["counts"].tolist()
            state = SetPosterior(n, arrays["members"], arrays["log"], rankings)
        known = len(self.parts.library.tags)
        return state.grown(known) if known > n else state

    def _best(self, state: SetPosterior) -> npt.NDArray[np.intp]:
        """The most probable tags, and the more probable style of each pair."""
        chance = state.marginals()
        tags = np.argsort(-chance[: state.n], kind="stable")[: self.config.likes]
        styles = [
            state.n + 2 * pair + int(chance[state.n + 2 * pair + 1] > 0.5)
            for pair in range(state.pairs)
        ]
        return np.array([*tags, *styles], dtype=np.intp)

    def _changed(self, state: SetPosterior) -> SetPosterior:
        """The state before the next ranking: with a change that comes just before it."""
        change = self.config.changes.get(state.rankings)
        return state.changed(*change) if change else state

    def _positions(self, plan: Plan) -> npt.NDArray[np.intp]:
        index = self.parts.library.index
        return np.array([index[tag] for tag in plan.tags if tag in index], dtype=np.intp)

    def _relevance(self, query: str, sets: Sets) -> FloatArray | None:
        """Shape (len(sets),): mean similarity of each set's tags and the query."""
        if not self.config.annotator.relevance:
            return None
        (asked,) = self.parts.encoder.encode([query])
        cosines = self.vectors @ asked
        return np.array([float(cosines[tags].mean()) if len(tags) else 0.0 for tags in sets])
