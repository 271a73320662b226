"""A personal reward model chooses among answers that the LLM wrote.

While it plans, the method has the LLM answer the query several times, with nothing personal in the
prompt but what the user said. Each answer is scored by the user's own linear reward (P-RLHF,
appendix F.2: the linear head, and best-of-N as a strategy) on how it is written and what it is
about, and the best is shown as it is. So it works with any LLM, one behind an API too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_design import most_informative
from tailorlm.choice.reward_head import RewardHead
from tailorlm.choice.reward_population import PopulationSettings, fit_population
from tailorlm.errors import InputError
from tailorlm.llms.base import Completion, Request
from tailorlm.methods._memories import memory_fingerprint
from tailorlm.methods._personal import personal_plan
from tailorlm.methods._reward_state import RewardPrior, RewardState
from tailorlm.methods._said import SAID
from tailorlm.methods.base import (
    Asking,
    Method,
    MethodConfig,
    Plans,
    check_accepts,
    count_tokens,
)
from tailorlm.types import (
    Belief,
    Context,
    Draft,
    Edit,
    Event,
    Pick,
    Plan,
    Profile,
    Ranking,
    Rating,
    User,
)
from tailorlm.writing.answer_features import AnswerFeatures

FloatArray = npt.NDArray[np.float64]

_STATED = 1.0
"""Least weight of a style that the user locked or set, in Gumbel units."""
_RATING_STEP = 0.5
"""How far a score must lie from the user's usual one to say something."""
_EFFORT = 0.5
"""What ranking costs a user, in the Gumbel units of one ranking's noise."""
_DRAWS = 128
_RECENT = 12
"""Answers that are kept to tell what answers are usually like."""
_SHARED = 16
"""Directions in which users may differ that a population keeps."""
_UNRELATED = 4.0
"""Answers with unrelated features that the profile assumes beside those that were shown."""
_INTERVAL = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class BestOfNConfig(MethodConfig):
    """Settings of `best_of_n`.

    Attributes:
        candidates: Answers that the LLM is asked for on each turn (N).
        temperature: Of these answers; a client's own temperature comes before it.
        style_scale: How much a style of writing is expected to matter to a user before anything is
            known: the standard deviation of its weight in Gumbel units.
        topic_scale: The same of what an answer is about.
        rank: Directions of which something is remembered; more take more room.
        forget: Part of what is known that is lost with each judgement.
        user_model: What is learned across users: "individual", "cluster" or "uniform".
        clusters: Centres of "cluster".
    """

    candidates: int = 8
    temperature: float = 1.0
    style_scale: float = 0.7
    topic_scale: float = 3.0
    rank: int = 24
    forget: float = 0.002
    user_model: Literal["uniform", "individual", "cluster"] = "individual"
    clusters: int = 10

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 2 <= self.candidates <= 64:
            raise InputError(f"candidates is 2 to 64, but got {self.candidates}.")
        if not 0 <= self.temperature <= 2:
            raise InputError(f"temperature is 0 to 2, but got {self.temperature}.")
        if not (self.style_scale > 0 and self.topic_scale > 0):
            raise InputError("style_scale and topic_scale are above 0.")
        if not 1 <= self.rank <= 256 or not 0 <= self.forget < 1:
            raise InputError("rank is 1 to 256, and forget from 0 to below 1.")
        PopulationSettings(model=self.user_model, clusters=self.clusters)


class BestOfN(Method[RewardState]):
    """Shows the best of several answers of the LLM, as a personal reward model ranks them."""

    name = "best_of_n"
    paper = (
        "P-RLHF (Li et al. 2024, appendix F.2): personalized reward model with a linear head, "
        "best-of-N. Likelihood: Plackett-Luce. Posterior: Laplace, assumed-density filtering."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Rating}) | SAID
    Config = BestOfNConfig
    config: BestOfNConfig

    @cached_property
    def features(self) -> AnswerFeatures:
        """What the reward sees of an answer."""
        return AnswerFeatures(self.parts.encoder, self.config.style_scale, self.config.topic_scale)

    def fingerprint(self) -> str:
        """Also changes with the encoder's vectors."""
        return f"{super().fingerprint()}:{memory_fingerprint(self.parts)}"

    def initial(self, user: User, population: bytes | None = None) -> RewardState:
        """The population's user, or one of whom nothing is expected."""
        prior = (
            RewardPrior.alone(self.features.scales)
            if population is None
            else RewardPrior.from_bytes(population)
        )
        if len(prior.mean) != self.features.width:
            prior = RewardPrior.alone(self.features.scales)
        head = RewardHead(prior.head).initial()
        return RewardState(prior, head, np.zeros((0, self.features.width)))

    def observe(self, state: RewardState, event: Event) -> RewardState:
        """Learn from the order of the texts that were shown, and note what was said.

        An edited text is put before what was shown. A rating compares its answer with the mean of
        those shown lately: above the user's usual score it won, below it lost.
        """
        check_accepts(type(self), event)
        state = replace(state, said=state.said.observe(event))
        if event.turn is None:
            return state
        texts = [candidate.text for candidate in event.turn.candidates]
        rows = self.features.of(event.turn.query, texts)
        recent = np.concatenate([state.recent, rows])[-_RECENT:]
        comparisons = self._comparisons(state, event, rows)
        state = _with_rating(replace(state, recent=recent), event)
        if len(comparisons):
            head = self._head(state).observe(state.head, comparisons)
            state = replace(state, head=head, evidence=state.evidence + 1, last_seen=event.time)
        return state.rounded()

    def propose(
        self, state: RewardState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans | Asking:
        """The best of N answers, then those of the others whose order would tell the most.

        A single answer is asked for as ever while nothing is known to choose by.
        """
        if n == 1 and not self._knows(state):
            return [self.unlearned_plan(state, context)]
        return self._asking(state, context, n, rng)

    def unlearned_plan(self, state: RewardState, context: Context) -> Plan:
        """The query with what the user said; no answer is written yet."""
        return personal_plan(self, context, state.said)

    def utility(
        self, state: RewardState, context: Context, plans: Sequence[Plan]
    ) -> FloatArray | None:
        """Expected reward of each plan's draft; None if one has none."""
        drafts = [plan.draft for plan in plans if plan.draft is not None]
        if len(drafts) < len(plans):
            return None
        rows = self.features.of(context.query, [draft.text for draft in drafts])
        return rows @ self._weights(state)

    def certainty(self, state: RewardState, context: Context, rng: np.random.Generator) -> float:
        """Share of the best answer's advantage over the usual one that the chosen answer has.

        Over the answers shown last and users drawn from the posterior; what ranking costs a user
        counts as reached.
        """
        if len(state.recent) < 2 or not self._knows(state):
            return 0.0
        rows = state.recent - state.recent.mean(axis=0)
        expected = rows @ self._weights(state)
        covariance = self._head(state).covariance(state.head, rows)
        noise = rng.multivariate_normal(np.zeros(len(rows)), covariance, size=_DRAWS, method="eigh")
        worth = expected + noise
        reached = worth[:, expected.argmax()].mean() + _EFFORT
        return float(np.clip(reached / (worth.max(axis=1).mean() + _EFFORT), 0.0, 1.0))

    def explain(self, state: RewardState, user: str) -> Profile:
        """Styles of writing by how probably they raise the user's reward, most liked first.

        An effect is what one step more of a style is worth in Gumbel units, together with what
        goes along with it in the answers shown lately: long answers tend to have long sentences,
        and rankings of such answers cannot tell the two apart.
        """
        head, along = self._head(state), self._goes_with(state)
        effects, sd = head.weights(state.head) @ along.T, head.spread(state.head, along)
        chance = ndtr(effects / np.maximum(sd, 1e-9))
        beliefs = [
            Belief(
                kind="style",
                name=self.features.named[i],
                probability=float(chance[i]),
                effect=float(effects[i]),
                low=float(effects[i] - _INTERVAL * sd[i]),
                high=float(effects[i] + _INTERVAL * sd[i]),
                evidence=state.evidence,
                last_seen=state.last_seen or None,
            )
            for i in np.argsort(-chance, kind="stable").tolist()
        ]
        certainty = self.certainty(state, Context(""), np.random.default_rng(0))
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(beliefs),
            certainty=certainty,
            summary=_summary(state, user, beliefs) + state.said.note(),
        )

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes | None:
        """The mean and the spread of users' weights; None with fewer than two who compared."""
        users = []
        for own in logs.values():
            found = [self._of_event(event) for event in own]
            found = [comparisons for comparisons in found if len(comparisons)]
            if found:
                users.append(Comparisons.joined(found))
        if len(users) < 2:
            return None
        settings = PopulationSettings(model=self.config.user_model, clusters=self.config.clusters)
        scales = self.features.scales
        compact = fit_population(users, scales, settings, rng=rng).compact(scales, _SHARED)
        p = self.features.width
        alone = np.diag(compact.basis[:, :p]).copy()
        return RewardPrior(compact.mean, alone, compact.basis[:, p:]).to_bytes()

    def dump(self, state: RewardState) -> bytes:
        """Numbers as float16, counts as JSON, and what was said."""
        return state.to_bytes()

    def load(self, data: bytes) -> RewardState:
        """The state of `dump`.

        Raises:
            StateError: If the bytes are damaged or of another encoder.
        """
        return RewardState.from_bytes(data, self.features.width)

    def _asking(
        self, state: RewardState, context: Context, n: int, rng: np.random.Generator
    ) -> Asking:
        base = self.unlearned_plan(state, context)
        seeds = rng.integers(2**31 - 1, size=max(self.config.candidates, n))
        answers = yield tuple(
            Request(
                messages=base.messages,
                plan=base,
                temperature=self.config.temperature,
                seed=int(seed),
            )
            for seed in seeds
        )
        written = list({answer.text: answer for answer in answers if answer.text.strip()}.values())
        if not written:
            return [base] * n
        rows = self.features.of(context.query, [answer.text for answer in written])
        best = int((rows @ self._weights(state)).argmax())
        chosen = most_informative(self._head(state), state.head, rows, best, n)
        chosen += [best] * (n - len(chosen))  # an LLM that repeats itself has nothing else to show
        knows = self._knows(state)
        plans = [
            replace(
                base,
                purpose=("explore" if place else "best") if knows else "generic",
                draft=Draft(written[i].text, written[i].llm),
            )
            for place, i in enumerate(chosen)
        ]
        plans[0] = replace(plans[0], notes=(*base.notes, *_notes(base, answers)))
        return plans

    def _goes_with(self, state: RewardState) -> FloatArray:
        """How all features differ, on average, between answers that differ by one in a named one.

        Returns:
            Shape (named, p): regression slopes on each named feature, from the answers shown
            lately and as many as `_UNRELATED` in which features vary independently.
        """
        n, dim = len(self.features.named), self.parts.encoder.dim
        alone = np.concatenate([np.ones(n), np.full(dim, 1.0 / max(dim, 1))])
        scatter = np.diag(_UNRELATED * alone)
        if len(state.recent):
            off = state.recent - state.recent.mean(axis=0)
            scatter += off.T @ off
        slopes: FloatArray = scatter[:n] / np.diag(scatter)[:n, None]
        return slopes

    def _head(self, state: RewardState) -> RewardHead:
        return RewardHead(state.prior.head, self.config.rank, self.config.forget)

    def _knows(self, state: RewardState) -> bool:
        """Whether there is anything to choose by: judgements, a population, or stated styles."""
        return bool(state.evidence or state.prior.mean.any() or self._stated(state))

    def _stated(self, state: RewardState) -> dict[int, float | None]:
        """What the user corrected: a weight's sign, or None for a style that does not count."""
        found: dict[int, float | None] = {}
        for place, name in enumerate(self.features.named):
            mark = state.said.corrected.of("tag", name)
            if mark is not None:
                found[place] = None if mark.word == "forgotten" else 1.0 if mark.liked else -1.0
        return found

    def _weights(self, state: RewardState) -> FloatArray:
        """Expected weights, as the user's corrections leave them."""
        weights = self._head(state).weights(state.head).copy()
        for place, sign in self._stated(state).items():
            weights[place] = 0.0 if sign is None else sign * max(sign * weights[place], _STATED)
        return weights

    def _comparisons(self, state: RewardState, event: Event, rows: FloatArray) -> Comparisons:
        """What an event says of the texts shown, and of their usual ones."""
        payload = event.payload
        if isinstance(payload, Rating):
            surprise = payload.score - state.usual_score
            if abs(surprise) < _RATING_STEP:
                return Comparisons.none(rows.shape[1])
            others = np.concatenate([state.recent, np.delete(rows, payload.candidate, axis=0)])
            if not len(others):
                return Comparisons.none(rows.shape[1])
            pair = np.array([rows[payload.candidate], others.mean(axis=0)])
            return Comparisons.ranking(pair, ((0,), (1,)) if surprise > 0 else ((1,), (0,)))
        return self._order(event, rows)

    def _of_event(self, event: Event) -> Comparisons:
        """The choices of a ranking, pick or edit, for learning across users."""
        if event.turn is None or not isinstance(event.payload, Ranking | Pick | Edit):
            return Comparisons.none(self.features.width)
        texts = [candidate.text for candidate in event.turn.candidates]
        return self._order(event, self.features.of(event.turn.query, texts))

    def _order(self, event: Event, rows: FloatArray) -> Comparisons:
        """The order of the texts shown, an edited text before all of them."""
        match event.payload:
            case Ranking(groups=groups):
                return Comparisons.ranking(rows, groups)
            case Pick(candidate=candidate):
                others = tuple(i for i in range(len(rows)) if i != candidate)
                return Comparisons.ranking(rows, ((candidate,), others))
            case Edit(text=text) if event.turn is not None:
                own = self.features.of(event.turn.query, [text])
                below = tuple(range(1, len(rows) + 1))
                return Comparisons.ranking(np.concatenate([own, rows]), ((0,), below))
            case _:
                return Comparisons.none(rows.shape[1])


def _with_rating(state: RewardState, event: Event) -> RewardState:
    """The user's usual score with one more; the middle of the scale counts as one rating."""
    if not isinstance(event.payload, Rating):
        return state
    count = state.ratings + 1
    usual = state.usual_score + (event.payload.score - state.usual_score) / (count + 1)
    return replace(state, usual_score=usual, ratings=count)


def _notes(base: Plan, answers: Sequence[Completion]) -> tuple[tuple[str, float], ...]:
    """What drafting took: requests, different answers and tokens."""
    prompt = sum(count_tokens(message.content) for message in base.messages)
    read = sum(answer.usage.prompt or prompt for answer in answers)
    written = sum(answer.usage.completion or count_tokens(answer.text) for answer in answers)
    return (
        ("draft_completion_tokens", written),
        ("draft_distinct", len({answer.text for answer in answers})),
        ("draft_prompt_tokens", read),
        ("draft_requests", len(answers)),
    )


def _summary(state: RewardState, user: str, beliefs: Sequence[Belief]) -> str:
    """One sentence on what is surest."""
    if not state.evidence:
        start = "as users on average like them" if state.prior.mean.any() else "generic"
        return f"No answer has been judged by {user} yet: answers are {start}."
    liked = [belief.name for belief in beliefs if belief.probability >= 0.9][:3]
    disliked = [belief.name for belief in beliefs[::-1] if belief.probability <= 0.1][:3]
    parts = [f"likes {', '.join(liked)}"] if liked else []
    parts += [f"does not like {', '.join(disliked)}"] if disliked else []
    many = f"{state.evidence} judgement{'' if state.evidence == 1 else 's'}"
    if not parts:
        return f"After {many}, no style of writing is sure to matter to {user} yet."
    return f"After {many}, {user} {' and '.join(parts)}."
