"""One taste for everybody: tags by what several users' feedback says they are worth on average.

`fit` pools the rankings of all users, as if one user had given them, and learns the worth of each
tag with the Gaussian posterior of `tailorlm.choice` (Plackett-Luce rankings, every tag expected to
matter a bit). Every user is then answered from that population; a user's own rankings change
nothing until `fit` runs again, and what a user says is followed at once. The paper trains its own
selector, PREMIUM-Embed, on such feedback; this is the same baseline with the learner of this
package.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.choice import Gaussian
from tailorlm.errors import StateError
from tailorlm.methods._said import SAID, Said
from tailorlm.methods._tag_plans import (
    FloatArray,
    TagsConfig,
    best_tags,
    compared,
    known_tags,
    tag_plan,
)
from tailorlm.methods.base import Method, MethodConfig, Parts, Plans, check_accepts
from tailorlm.types import Belief, Context, Event, Plan, Profile, User

_HEAD = struct.Struct("<4s12sIIf")
_MAGIC = b"TPOP"


@dataclass(frozen=True, eq=False)
class PopulationTagsState:
    """What is believed of everybody, and what one user said.

    Attributes:
        comparisons: Rankings, picks and edits that were pooled.
        relevance: Expected weight of an answer's relevance to the query.
        table: Shape (5, n): expected worth of each tag and style, lower and upper end of its 95%
            interval, probability that it is worth something, comparisons that bear on it.
        said: What the user said.
    """

    comparisons: int
    relevance: float
    table: npt.NDArray[np.float32]
    said: Said = field(default_factory=Said)


class PopulationTags(Method[PopulationTagsState]):
    """Answers everybody by what several users' feedback says on average."""

    name = "population_tags"
    paper = (
        "Population-based alignment (PREMIUM, section 6). Learner: Gaussian posterior of "
        "Plackett-Luce worths, pooled over users."
    )
    accepts: ClassVar[frozenset[type]] = SAID
    Config = TagsConfig
    config: TagsConfig
    state_version = 2

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        self.known = known_tags(parts.library, self.config)

    @cached_property
    def vectors(self) -> npt.NDArray[np.float32]:
        """Encoded tags and styles, shape (n, dim)."""
        return self.parts.encoder.encode([self.parts.library.text(tag) for tag in self.known])

    @cached_property
    def learner(self) -> Gaussian:
        """The statistics behind the method; similar tags inform each other as far as that helps."""
        return Gaussian(kernel=(self.vectors @ self.vectors.T).astype(np.float64))

    def fingerprint(self) -> str:
        """Also changes with the tag library and with the encoder's vectors."""
        encoder = self.parts.encoder
        library = self.parts.library.fingerprint
        return f"{super().fingerprint()}:{library}:{encoder.name}-{encoder.version}"

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes:
        """Pool the comparisons of all users, in an order that mixes the users at random.

        The order matters little, and no user should be the last to be heard.
        """
        events = [event for user in sorted(logs) for event in logs[user]]
        telling = [event for event in events if len(compared(event)) > 1]
        posterior = self.learner.initial(len(self.known))
        evidence = np.zeros(len(self.known))
        for place in rng.permutation(len(telling)):
            event = telling[place]
            if event.turn is None:
                continue
            groups = compared(event)
            sets = [self._positions(candidate.plan) for candidate in event.turn.candidates]
            relevance = self._relevance(event.turn.query)
            near = [relevance[tags].mean() if len(tags) else 0.0 for tags in sets]
            posterior = self.learner.observe(posterior, sets, groups, near)
            evidence[np.unique(np.concatenate([sets[i] for g in groups for i in g]))] += 1
        low, high = self.learner.interval(posterior)
        mean = self.learner.mean(posterior)
        rows = [mean, low, high, self.learner.probability(posterior), evidence]
        relevance_weight = float(np.float32(self.learner.relevance_weight(posterior)))
        table = np.array(rows, dtype=np.float32)
        return self._population(PopulationTagsState(posterior.events, relevance_weight, table))

    def initial(self, user: User, population: bytes | None = None) -> PopulationTagsState:
        """The population; without one for this tag library, every tag is as good as any other."""
        if population is not None:
            try:
                return self._of_population(population)
            except StateError:
                pass  # it was fitted to another library; the profile says that nothing is learned
        table = np.zeros((5, len(self.known)), dtype=np.float32)
        table[3] = 0.5
        return PopulationTagsState(0, 0.0, table)

    def observe(self, state: PopulationTagsState, event: Event) -> PopulationTagsState:
        """Note what was said; what a user prefers counts when `fit` runs again."""
        check_accepts(type(self), event)
        return replace(state, said=state.said.observe(event))

    def propose(
        self, state: PopulationTagsState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The tags that are worth most on average, then sets drawn by worth as by a softmax.

        Worths are in Gumbel units, so Gumbel noise on them draws without replacement in proportion
        to their softmax. An answer shown alone before `fit` has run is generic.
        """
        if n == 1 and not state.comparisons:
            return [self.unlearned_plan(state, context)]
        worth = self._worth(state, context.query)
        scores = [worth] + [worth + rng.gumbel(size=len(worth)) for _ in range(n - 1)]
        return [
            tag_plan(
                self,
                context,
                best_tags(values, self.parts.library, self.config),
                "explore" if place else "best",
                state.said,
            )
            for place, values in enumerate(scores)
        ]

    def unlearned_plan(self, state: PopulationTagsState, context: Context) -> Plan:
        """The query with what the user said, and no tags."""
        return tag_plan(self, context, (), "generic", state.said)

    def utility(
        self, state: PopulationTagsState, context: Context, plans: Sequence[Plan]
    ) -> FloatArray | None:
        """Expected utility of each plan's tags to an average user; None before `fit` has run."""
        if not state.comparisons:
            return None
        near = self._relevance(context.query)
        values = []
        for plan in plans:
            tags = self._positions(plan)
            relevance = near[tags].mean() if len(tags) else 0.0
            values.append(float(state.table[0, tags].sum() + state.relevance * relevance))
        return np.array(values)

    def explain(self, state: PopulationTagsState, user: str) -> Profile:
        """What is believed of everybody, by probability, effects in Gumbel units."""
        mean, low, high, chance, evidence = state.table.astype(np.float64)
        low, high = np.minimum(low, mean), np.maximum(high, mean)
        n_tags = len(self.parts.library.tags)
        beliefs = tuple(
            Belief(
                kind="tag" if i < n_tags else "style",
                name=self.known[i],
                probability=float(np.clip(chance[i], 0.0, 1.0)),
                effect=float(mean[i]),
                low=float(low[i]),
                high=float(high[i]),
                evidence=int(evidence[i]),
            )
            for i in np.lexsort((-mean, -chance))
        )
        pooled = f"{state.comparisons} comparison{'s' if state.comparisons != 1 else ''}"
        says = f"{user} is answered like everybody, by {pooled} of all users."
        if not state.comparisons:
            says = f"Nothing is learned yet, about {user} or anybody: run fit on recorded feedback."
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(beliefs),
            certainty=1.0,
            summary=says + state.said.note(),
        )

    def dump(self, state: PopulationTagsState) -> bytes:
        """The population, as `fit` gives it, and what the user said."""
        return self._population(state) + state.said.to_bytes()

    def load(self, data: bytes) -> PopulationTagsState:
        """The state of `dump`.

        Raises:
            StateError: If the bytes are damaged or of another tag library.
        """
        end = _HEAD.size + 5 * 4 * len(self.known)
        state = self._of_population(data[:end])
        return replace(state, said=Said.from_bytes(data[end:]))

    def _population(self, state: PopulationTagsState) -> bytes:
        library = self.parts.library.fingerprint.encode()
        n = state.table.shape[1]
        head = _HEAD.pack(_MAGIC, library, n, state.comparisons, state.relevance)
        return head + state.table.astype("<f4").tobytes()

    def _of_population(self, data: bytes) -> PopulationTagsState:
        """The population that `fit` gave; raises StateError if it is damaged or of other tags."""
        if len(data) < _HEAD.size or data[:4] != _MAGIC:
            raise StateError("These bytes are no population of tags. Fit it again.")
        _, library, n, comparisons, relevance = _HEAD.unpack_from(data)
        if library != self.parts.library.fingerprint.encode() or n != len(self.known):
            raise StateError("The population was fitted to another tag library. Fit it again.")
        if len(data) != _HEAD.size + 5 * 4 * n:
            raise StateError("The population is damaged. Fit it again.")
        table = np.frombuffer(data, "<f4", offset=_HEAD.size).reshape(5, n).astype(np.float32)
        if not np.isfinite(table).all():
            raise StateError("The population holds values that are no numbers. Fit it again.")
        return PopulationTagsState(comparisons, relevance, table)

    def _worth(self, state: PopulationTagsState, query: str) -> FloatArray:
        """What each tag adds to an answer of k tags, shape (n,)."""
        near = self._relevance(query)
        worth: FloatArray = state.table[0].astype(np.float64)
        worth += near * (state.relevance / self.config.tags_per_answer)
        return worth

    def _relevance(self, query: str) -> FloatArray:
        """Cosine similarity of each tag and the query, shape (n,); styles suit every query."""
        asked = self.parts.encoder.encode([query])[0]
        cosines: FloatArray = (self.vectors @ asked).astype(np.float64)
        cosines[len(self.parts.library.tags) :] = 0.0
        return cosines

    def _positions(self, plan: Plan) -> npt.NDArray[np.intp]:
        places = {tag: i for i, tag in enumerate(self.known)}
        return np.array([places[tag] for tag in plan.tags if tag in places], dtype=np.intp)
