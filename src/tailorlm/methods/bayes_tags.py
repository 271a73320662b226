"""A posterior over how much each tag raises a user's utility, learned from any comparison.

The tags of an answer add up to its utility, rankings follow Plackett-Luce, and the posterior says
how sure it is; candidates are chosen to be informative while one of them is the current best. The
statistics are in `tailorlm.choice`; this module turns events into rankings of tag sets and what is
believed into prompts.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from tailorlm.choice import Gaussian, GaussianState, Sparse, SparseState, propose
from tailorlm.encoders.base import encode_query
from tailorlm.errors import InputError, StateError
from tailorlm.methods._said import SAID, Said
from tailorlm.methods._tag_plans import Unsettled, settled_tags, tag_plan
from tailorlm.methods.base import (
    Method,
    MethodConfig,
    Plans,
    check_accepts,
)
from tailorlm.types import (
    Belief,
    Context,
    Correction,
    Edit,
    Event,
    Pick,
    Plan,
    Profile,
    Purpose,
    Ranking,
    Rating,
    User,
    belief_key,
)

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.intp]
Groups = tuple[tuple[int, ...], ...]

_EFFORT = 0.5
"""What ranking costs a user, in the Gumbel units of one ranking's noise."""
_RATING_STEP = 0.5
"""How far a score must lie from the user's usual one to say something."""
_STATED = 1.0
"""Worth of a tag that the user locked or set, in Gumbel units: that of a liked tag, about."""
_LEAST_CHANCE = 0.02
"""No tag is taken to be surer than this by what others like."""
_MOST_EVIDENCE = 65535
_DAY = 86400
_HEAD = struct.Struct("<IIIf")


@dataclass(frozen=True, slots=True, kw_only=True)
class BayesTagsConfig(MethodConfig):
    """Settings of `bayes_tags`.

    Attributes:
        tags_per_answer: Tags that one answer draws on.
        prior: "sparse" expects few tags to matter; "gaussian" expects every tag to matter a bit.
        share: Whether evidence for a tag may inform similar tags, as far as it proves right.
        confident: Least probability of a tag that an answer shown alone may draw on.
    """

    tags_per_answer: int = 3
    prior: Literal["sparse", "gaussian"] = "sparse"
    share: bool = True
    confident: float = 0.5

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 1 <= self.tags_per_answer <= 16:
            raise InputError(f"tags_per_answer is 1 to 16, but got {self.tags_per_answer}.")
        if self.prior not in ("sparse", "gaussian"):
            raise InputError(f"prior is 'sparse' or 'gaussian', but got {self.prior!r}.")
        if not 0 <= self.confident <= 1:
            raise InputError(f"confident is a probability, but got {self.confident}.")


@dataclass(frozen=True)
class BayesTagsState:
    """What is known of one user.

    Attributes:
        posterior: Of the learner.
        evidence: Shape (n,): rankings that bear on each tag or style.
        last_day: Shape (n,): day of the newest of them, counted from 1970-01-01; 0 for never.
        usual_score: The user's usual rating.
        n_ratings: Ratings behind it.
        said: What the user said.
    """

    posterior: Any
    evidence: npt.NDArray[np.uint16]
    last_day: npt.NDArray[np.uint16]
    usual_score: float
    n_ratings: int
    said: Said


class BayesTags(Method[BayesTagsState]):
    """Learns which tags a user likes, from rankings, picks, edits and ratings."""

    name = "bayes_tags"
    paper = (
        "Goal and tags: PREMIUM (sections 2 and 4). Likelihood: Plackett-Luce (Luce 1959, Plackett "
        "1975). Posterior: assumed-density filtering (Minka 2001) under Bayesian model averaging "
        "(Hoeting et al. 1999). Candidates: expected information gain (Lindley 1956)."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Rating}) | SAID
    Config = BayesTagsConfig
    config: BayesTagsConfig
    state_version = 2

    @cached_property
    def _known(self) -> tuple[str, ...]:
        """Tags, then styles, in the order of the posterior."""
        return (*self.parts.library.tags, *self.parts.library.styles)

    @cached_property
    def vectors(self) -> npt.NDArray[np.float32]:
        """Encoded tags and styles, shape (n, dim)."""
        texts = [self.parts.library.text(tag) for tag in self._known]
        return self.parts.encoder.encode(texts)

    @cached_property
    def learner(self) -> Sparse | Gaussian:
        """The statistics behind the method."""
        kernel = None
        if self.config.share:
            kernel = (self.vectors @ self.vectors.T).astype(np.float64)
        return Sparse(kernel=kernel) if self.config.prior == "sparse" else Gaussian(kernel=kernel)

    def fingerprint(self) -> str:
        """Also changes with the tag library and with the encoder's vectors."""
        encoder = self.parts.encoder
        return (
            f"{super().fingerprint()}:{self.parts.library.fingerprint}:"
            f"{encoder.name}-{encoder.version}"
        )

    def initial(self, user: User, population: bytes | None = None) -> BayesTagsState:
        """Nothing known: every tag as likely as any other."""
        n = len(self._known)
        return BayesTagsState(
            posterior=self.learner.initial(n),
            evidence=np.zeros(n, dtype=np.uint16),
            last_day=np.zeros(n, dtype=np.uint16),
            usual_score=(Rating.LOW + Rating.HIGH) / 2,
            n_ratings=1,
            said=Said(),
        )

    def leaning(self, state: BayesTagsState, chances: npt.ArrayLike) -> BayesTagsState:
        """The state of a user who is expected to be like others; of no effect if not "sparse".

        Args:
            state: Of a user of whom nothing is known.
            chances: Shape (n,): probability that each tag or style is worth something to others;
                one half where they tell nothing.
        """
        if not isinstance(self.learner, Sparse):
            return state
        bounded = np.clip(np.asarray(chances, dtype=np.float64), _LEAST_CHANCE, 1 - _LEAST_CHANCE)
        shift = np.log(bounded / (1.0 - bounded))
        return replace(state, posterior=self.learner.leaning(state.posterior, shift))

    def observe(self, state: BayesTagsState, event: Event) -> BayesTagsState:
        """Learn from a comparison, a rating or a statement.

        An edit counts as a pick: the user chose that candidate to work on. A rating compares its
        candidate with a generic answer: above the user's usual score it won, below it lost.
        """
        check_accepts(type(self), event)
        payload, turn = event.payload, event.turn
        state = replace(state, said=state.said.observe(event))
        if turn is None:
            return state
        sets = [self._positions(candidate.plan) for candidate in turn.candidates]
        if isinstance(payload, Rating):
            surprise = payload.score - state.usual_score
            state = _with_score(state, payload.score)
            if abs(surprise) < _RATING_STEP:
                return state
            sets = [sets[payload.candidate], np.zeros(0, dtype=np.intp)]
            groups: Groups = ((0,), (1,)) if surprise > 0 else ((1,), (0,))
        else:
            groups = _groups(payload, len(sets))
        if len(groups) < 2:
            return state
        return self._learn(state, turn.query, sets, groups, event.time)

    def propose(
        self, state: BayesTagsState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The current best answer and `n - 1` informative ones.

        A single answer draws only on tags that are probably liked; with none it is generic. Tags
        that the user corrected are not designed for: those liked take their places in every answer.
        """
        settled = self._corrected(state)
        held = len(settled_tags(self, context, state.said.corrected)) if len(settled) else 0
        sets = propose(
            Unsettled(self.learner, settled),
            state.posterior,
            n,
            max(self.config.tags_per_answer - held, 0),
            rng,
            relevance=self._relevance(context.query),
        )
        if n == 1:
            liked = self.learner.probability(state.posterior) >= self.config.confident
            sets = [tags[liked[tags]] for tags in sets]
        if held:
            places = [self.parts.library.index[t] for t in
                      settled_tags(self, context, state.said.corrected)]  # fmt: skip
            sets = [np.array([*places, *tags], dtype=np.intp) for tags in sets]
        return [
            self._plan(state, context, self._without_opposites(tags), _purpose(place))
            for place, tags in enumerate(sets)
        ]

    def unlearned_plan(self, state: BayesTagsState, context: Context) -> Plan:
        """The query with what the user said, and no tags but those that the user locked or set."""
        return self._plan(state, context, np.zeros(0, dtype=np.intp), "generic")

    def utility(self, state: BayesTagsState, context: Context, plans: Sequence[Plan]) -> FloatArray:
        """Expected utility of each plan's tags and of their relevance, in Gumbel units."""
        sets = [self._positions(plan) for plan in plans]
        mean = self.learner.mean(state.posterior).copy()
        for i in self._corrected(state):
            mean[i] = self._stated(state, i)
        weight = self.learner.relevance_weight(state.posterior)
        worth = np.array([mean[tags].sum() for tags in sets])
        return worth + weight * self._set_relevance(context.query, sets)

    def certainty(self, state: BayesTagsState, context: Context, rng: np.random.Generator) -> float:
        """Share of the best possible answer's utility that the current best one reaches.

        Averaged over users drawn from the posterior; what ranking costs a user counts as reached.
        """
        worth = self.learner.draw(state.posterior, 64, rng).weights.copy()
        for i in self._corrected(state):
            worth[:, i] = self._stated(state, i)
        k = min(self.config.tags_per_answer, worth.shape[1])
        best = np.argsort(-worth.mean(axis=0), kind="stable")[:k]
        reached = worth[:, best].sum(axis=1).mean()
        possible = np.partition(worth, -k, axis=1)[:, -k:].sum(axis=1).mean()
        return float(np.clip((reached + _EFFORT) / (possible + _EFFORT), 0.0, 1.0))

    def explain(self, state: BayesTagsState, user: str) -> Profile:
        """Tags and styles by probability, effects in Gumbel units; then what the user said."""
        probability = self.learner.probability(state.posterior)
        mean = self.learner.mean(state.posterior)
        low, high = self.learner.interval(state.posterior)
        # The mean of a skewed belief, such as "2% liked", may lie outside its interval.
        low, high = np.minimum(low, mean), np.maximum(high, mean)
        order = np.argsort(-probability, kind="stable")
        columns = (probability, mean, low, high, state.evidence, state.last_day)
        known, n_tags = self._known, len(self.parts.library.tags)
        beliefs = [
            Belief(
                kind="tag" if i < n_tags else "style",
                name=known[i],
                probability=liked,
                effect=effect,
                low=least,
                high=most,
                evidence=evidence,
                last_seen=float(day * _DAY) if day else None,
            )
            for i, liked, effect, least, most, evidence, day in zip(
                order.tolist(), *(column[order].tolist() for column in columns), strict=True
            )
        ]
        # A fixed seed: the same state is always explained alike.
        certainty = self.certainty(state, Context(""), np.random.default_rng(0))
        found = state.said.beliefs(beliefs)
        ours = [belief for belief in found if belief.kind in Correction.TAGS]
        return Profile(
            user=user,
            method=self.name,
            beliefs=found,
            certainty=certainty,
            summary=_summary(user, ours, state.posterior.events, certainty) + state.said.note(),
        )

    def dump(self, state: BayesTagsState) -> bytes:
        """Lengths, the usual score, what was said, evidence and the posterior's bytes."""
        said = state.said.to_bytes()
        head = _HEAD.pack(len(said), len(state.evidence), state.n_ratings, state.usual_score)
        evidence = state.evidence.astype("<u2").tobytes() + state.last_day.astype("<u2").tobytes()
        return head + said + evidence + bytes(state.posterior.to_bytes())

    def load(self, data: bytes) -> BayesTagsState:
        """The state of `dump`.

        Raises:
            StateError: If the bytes are damaged or of another tag library.
        """
        try:
            n_said, n, n_ratings, usual_score = _HEAD.unpack_from(data)
            evidence_at = _HEAD.size + n_said
            said = Said.from_bytes(data[_HEAD.size : evidence_at])
            evidence = np.frombuffer(data, "<u2", n, evidence_at).astype(np.uint16)
            last_day = np.frombuffer(data, "<u2", n, evidence_at + 2 * n).astype(np.uint16)
        except (struct.error, ValueError) as error:
            raise StateError(f"The bayes_tags state is damaged ({error}). Rebuild it.") from None
        if n != len(self._known):
            raise StateError(
                f"The state knows {n} tags, the tag library {len(self._known)}. Rebuild it."
            )
        kind = SparseState if self.config.prior == "sparse" else GaussianState
        posterior = kind.from_bytes(data[evidence_at + 4 * n :])
        return BayesTagsState(posterior, evidence, last_day, usual_score, n_ratings, said)

    def _learn(
        self,
        state: BayesTagsState,
        query: str,
        sets: list[IndexArray],
        groups: Groups,
        time: float,
    ) -> BayesTagsState:
        """The state after one comparison of tag sets."""
        relevance = self._set_relevance(query, sets)
        posterior = self.learner.observe(state.posterior, sets, groups, relevance)
        judged = np.unique(np.concatenate([sets[i] for group in groups for i in group]))
        evidence, last_day = state.evidence.copy(), state.last_day.copy()
        evidence[judged] = np.minimum(evidence[judged].astype(np.int64) + 1, _MOST_EVIDENCE)
        last_day[judged] = int(time // _DAY)
        return replace(state, posterior=posterior, evidence=evidence, last_day=last_day)

    def _corrected(self, state: BayesTagsState) -> IndexArray:
        """Positions of the tags and styles that the user corrected."""
        marks = state.said.corrected.marks
        names = {belief_key(mark.name) for mark in marks if mark.family == "tag"}
        if not names:
            return np.zeros(0, dtype=np.intp)
        places = [i for i, tag in enumerate(self._known) if belief_key(tag) in names]
        return np.array(places, dtype=np.intp)

    def _stated(self, state: BayesTagsState, position: int) -> float:
        """What a corrected tag is worth: as much as a liked one, nothing if it is forgotten."""
        mark = state.said.corrected.of("tag", self._known[position])
        if mark is None or mark.word == "forgotten":
            return 0.0
        return _STATED if mark.liked else -_STATED

    def _positions(self, plan: Plan) -> IndexArray:
        """Positions of a plan's tags; tags that are in no library any more are passed over."""
        index = self.parts.library.index
        return np.array([index[tag] for tag in plan.tags if tag in index], dtype=np.intp)

    def _relevance(self, query: str) -> FloatArray:
        """Cosine similarity of each tag and the query, shape (n,); styles suit every query."""
        vector = encode_query(self.parts.encoder, query)
        cosines: FloatArray = (self.vectors @ vector).astype(np.float64)
        cosines[len(self.parts.library.tags) :] = 0.0
        return cosines

    def _set_relevance(self, query: str, sets: Sequence[IndexArray]) -> FloatArray:
        """Mean relevance of each set's tags, shape (len(sets),); 0 for a generic answer."""
        tags = self._relevance(query)
        return np.array([tags[members].mean() if len(members) else 0.0 for members in sets])

    def _without_opposites(self, members: IndexArray) -> IndexArray:
        """The set without styles whose opposite comes before them in it."""
        first_style = len(self.parts.library.tags)
        seen: set[int] = set()
        kept = []
        for i in members.tolist():
            pair = (i - first_style) // 2 if i >= first_style else None
            if pair is None or pair not in seen:
                kept.append(i)
            if pair is not None:
                seen.add(pair)
        return np.array(kept, dtype=np.intp)

    def _plan(
        self, state: BayesTagsState, context: Context, members: IndexArray, purpose: Purpose
    ) -> Plan:
        tags = [self._known[i] for i in members]
        return tag_plan(self, context, tags, purpose, state.said)


def _purpose(place: int) -> Purpose:
    return "explore" if place else "best"


def _groups(payload: object, n_candidates: int) -> Groups:
    """What a ranking, a pick or an edit says about the order of candidates."""
    if isinstance(payload, Ranking):
        return payload.groups
    if isinstance(payload, Pick | Edit) and n_candidates > 1:
        others = tuple(i for i in range(n_candidates) if i != payload.candidate)
        return ((payload.candidate,), others)
    return ()


def _with_score(state: BayesTagsState, score: float) -> BayesTagsState:
    """The running mean of ratings, in the precision that is stored."""
    count = state.n_ratings + 1
    usual = float(np.float32(state.usual_score + (score - state.usual_score) / count))
    return replace(state, usual_score=usual, n_ratings=count)


def _summary(user: str, beliefs: Sequence[Belief], events: int, certainty: float) -> str:
    likes = [f"{b.name} ({b.probability:.0%})" for b in beliefs if b.probability >= 0.5][:5]
    stated = [b.name for b in beliefs if b.correction in ("locked", "set") and not b.probability]
    avoids = [*stated, *(b.name for b in reversed(beliefs) if b.high < 0)]
    avoids = list(dict.fromkeys(avoids))[:5]
    parts = [f"After {events} comparison{'s' if events != 1 else ''}, {user}"]
    parts.append(f"likes {', '.join(likes)}" if likes else "has no clear favourites yet")
    if avoids:
        parts.append(f"and dislikes {', '.join(avoids)}")
    return " ".join(parts) + f"; the best answer is {certainty:.0%} certain."
