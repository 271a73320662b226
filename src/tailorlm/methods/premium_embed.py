"""PREMIUM-Embed: a query encoder and a tag encoder, trained on what a user ranks.

The probability of a tag is a softmax over ``e_q . e_t``. Candidates are drawn from it, some at
random; rankings become pairs, and the newest of them, in a replay buffer, train the encoders in
epochs. The losses are in `_premium_loss`, the two forms of the encoders in `_premium_heads` and
`_premium_full`, settings and state in `_premium_state`; this module is the method around them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy.special import softmax

from tailorlm.methods._premium_full import Encoders
from tailorlm.methods._premium_heads import Heads, Weights
from tailorlm.methods._premium_loss import (
    Comparison,
    FloatArray,
    IndexArray,
    Options,
    batches,
    compare,
    single_pass,
)
from tailorlm.methods._premium_state import (
    PremiumEmbedConfig,
    PremiumEmbedState,
    state_from_bytes,
    state_to_bytes,
)
from tailorlm.methods._said import SAID, Said
from tailorlm.methods._tag_plans import tag_plan
from tailorlm.methods.base import (
    Method,
    MethodConfig,
    Parts,
    Plans,
    check_accepts,
)
from tailorlm.types import (
    Belief,
    Context,
    Edit,
    Event,
    Pick,
    Plan,
    Profile,
    Purpose,
    Ranking,
    User,
)

__all__ = ["PremiumEmbed", "PremiumEmbedConfig", "PremiumEmbedState"]

_DAY = 86400


class PremiumEmbed(Method[PremiumEmbedState]):
    """Trains a query and a tag encoder per user, so that preferred tags come up more often."""

    name = "premium_embed"
    paper = (
        "PREMIUM-Embed of PREMIUM (section 4, appendix F): preference loss (equation 1), negative "
        "entropy (equation 2), replay buffer. Optimizer: AdamW (Loshchilov and Hutter 2019)."
    )
    accepts: ClassVar[frozenset[type]] = SAID
    Config = PremiumEmbedConfig
    config: PremiumEmbedConfig
    state_version = 2

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        if self.config.form == "full":
            # A missing extra or model shows at once, not at the first turn.
            _ = self.selector

    @cached_property
    def options(self) -> Options:
        """The tags and pairs that a candidate is composed of."""
        n_pairs = len(self.parts.library.pairs) if self.config.pairs else 0
        return Options(len(self.parts.library.tags), n_pairs)

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Tags, then styles, in the order of the logits."""
        library = self.parts.library
        return (*library.tags, *library.styles)[: self.options.n]

    @cached_property
    def selector(self) -> Heads | Encoders:
        """The encoders of the chosen form."""
        texts = [self.parts.library.text(tag) for tag in self.known]
        if self.config.form == "full":
            return Encoders(self.config.model, texts, self.options, scale=self.config.factor)
        return Heads(
            self.parts.encoder,
            texts,
            self.options,
            rank=self.config.rank,
            scale=self.config.factor,
        )

    def fingerprint(self) -> str:
        """Changes with the encoder's vectors, and not with the tag library.

        The encoders learn of texts, so what they have learned stays valid when tags join or leave.
        """
        selector = self.selector
        if isinstance(selector, Encoders):
            return f"{super().fingerprint()}:{selector.version}"
        return f"{super().fingerprint()}:{self.parts.encoder.name}-{self.parts.encoder.version}"

    def initial(self, user: User, population: bytes | None = None) -> PremiumEmbedState:
        """The untrained encoders."""
        return PremiumEmbedState()

    def observe(self, state: PremiumEmbedState, event: Event) -> PremiumEmbedState:
        """Count a comparison, which is learned from in the next epoch, or note what was said."""
        check_accepts(type(self), event)
        state = replace(state, said=state.said.observe(event))
        if self._comparison(event) is None or event.turn is None:
            return state
        judged = {tag for candidate in event.turn.candidates for tag in candidate.plan.tags}
        evidence = dict(state.evidence)
        for tag in sorted(judged & set(self.known)):
            evidence[tag] = (evidence.get(tag, (0, 0))[0] + 1, int(event.time // _DAY))
        return replace(state, fresh=state.fresh + 1, evidence=evidence)

    def due(self, state: PremiumEmbedState) -> bool:
        """Whether the turns of an epoch have come in."""
        return state.fresh >= (self.config.new_turns if state.epochs else self.config.first)

    def train(
        self, state: PremiumEmbedState, events: Sequence[Event], rng: np.random.Generator
    ) -> PremiumEmbedState:
        """One epoch: batches from the newest comparisons, a step of AdamW for each."""
        config = self.config
        kinds = tuple(self.accepts)
        found = (self._comparison(e) for e in reversed(events) if isinstance(e.payload, kinds))
        newest: list[Comparison] = []
        for comparison in found:
            if len(newest) == (config.buffer if config.replay else state.fresh):
                break
            if comparison is not None:
                newest.append(comparison)
        if not newest:
            return replace(state, fresh=0)
        if config.replay:
            chosen = batches(newest[::-1], config.steps, config.batch_turns, rng)
        else:
            chosen = single_pass(newest[::-1], config.batch_turns, rng)
        weights = self.selector.train(
            state.weights, chosen, rate=config.rate, entropy=config.entropy
        )
        queries = list(dict.fromkeys(comparison.query for comparison in newest))
        mean = self._probabilities(weights, queries).mean(axis=0)
        chances = {tag: float(np.float32(p)) for tag, p in zip(self.known, mean, strict=True)}
        return replace(state, weights=weights, epochs=state.epochs + 1, fresh=0, chances=chances)

    def propose(
        self, state: PremiumEmbedState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The most probable tags, then sets drawn from the probabilities, then uniform ones.

        An answer shown alone before the first epoch is generic: nothing personal is known.
        """
        if n == 1 and not state.epochs:
            return [self.unlearned_plan(state, context)]
        weights = state.weights if self.config.online or n == 1 else None
        logits = self.selector.logits(weights, [context.query])[0]
        n_random = min(self.config.random, n - 1)
        sets = [self._best(logits)]
        # Gumbel noise on logits draws without replacement in proportion to their softmax.
        sets += [self._best(logits + rng.gumbel(size=len(logits))) for _ in range(n - n_random - 1)]
        sets += [self._best(rng.random(len(logits))) for _ in range(n_random)]
        return [
            self._plan(state.said, context, members, "explore" if place else "best")
            for place, members in enumerate(sets)
        ]

    def unlearned_plan(self, state: PremiumEmbedState, context: Context) -> Plan:
        """The query with what the user said, and no tags."""
        return tag_plan(self, context, (), "generic", state.said)

    def selection(self, state: PremiumEmbedState, queries: Sequence[str]) -> FloatArray:
        """Probability of each tag, then of each style within its pair, for each query.

        Returns:
            Shape (len(queries), n), in the order of `known`.
        """
        return self._probabilities(state.weights, queries)

    def utility(
        self, state: PremiumEmbedState, context: Context, plans: Sequence[Plan]
    ) -> FloatArray:
        """The sum of the dot products of each plan's tags, as equation 1 compares them."""
        logits = self.selector.logits(state.weights, [context.query])[0]
        sets = [self._positions(plan) for plan in plans]
        most = max((int((members < self.options.tags).sum()) for members in sets), default=0)
        return np.array([self.options.carried(members, most) @ logits for members in sets])

    def certainty(
        self, state: PremiumEmbedState, context: Context, rng: np.random.Generator
    ) -> float:
        """How much of the probability lies on the tags of the best answer; 0 when untrained."""
        if not state.epochs:
            return 0.0
        chances = self._probabilities(state.weights, [context.query])[0, : self.options.tags]
        return _mass(chances, self.config.tags_per_answer)

    def explain(self, state: PremiumEmbedState, user: str) -> Profile:
        """Tags and styles by the probability that an answer draws on them.

        That is the chance of being among the `tags_per_answer` drawn, over the queries of the
        last epoch. The method has no posterior, so there are no effects and no intervals.
        """
        n, n_tags = len(self.known), self.options.tags
        even = [1.0 / n_tags if i < n_tags else 0.5 for i in range(n)]
        chances = np.array(
            [state.chances.get(tag, p) for tag, p in zip(self.known, even, strict=True)]
        )
        drawn = 1.0 - (1.0 - chances.clip(0.0, 1.0)) ** self.config.tags_per_answer
        drawn[n_tags:] = chances[n_tags:].clip(0.0, 1.0)
        beliefs = []
        for i in np.argsort(-drawn, kind="stable"):
            count, day = state.evidence.get(self.known[i], (0, 0))
            beliefs.append(
                Belief(
                    kind="tag" if i < n_tags else "style",
                    name=self.known[i],
                    probability=float(drawn[i]),
                    evidence=count,
                    last_seen=float(day) * _DAY if count else None,
                )
            )
        certainty = _mass(chances[:n_tags], self.config.tags_per_answer) if state.epochs else 0.0
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(beliefs),
            certainty=certainty,
            summary=self._summary(state, user, beliefs) + state.said.note(),
        )

    def dump(self, state: PremiumEmbedState) -> bytes:
        """Counts and what was said as JSON, weights as float16; nothing else of the user's text."""
        return state_to_bytes(state)

    def load(self, data: bytes) -> PremiumEmbedState:
        """The state of `dump`, whatever tags the library has by now.

        Raises:
            StateError: If the bytes are damaged or of other encoders.
        """
        return state_from_bytes(data, self.selector.size)

    def _comparison(self, event: Event) -> Comparison | None:
        """The pairs of a ranking, pick or edit; None if it tells of no difference in tags."""
        payload, turn = event.payload, event.turn
        if turn is None:
            return None
        if isinstance(payload, Ranking):
            groups = payload.groups
        elif isinstance(payload, Pick | Edit):
            others = tuple(i for i in range(len(turn.candidates)) if i != payload.candidate)
            groups = ((payload.candidate,), others)
        else:
            return None
        sets = [self._positions(candidate.plan) for candidate in turn.candidates]
        return compare(turn.query, sets, groups, self.options)

    def _positions(self, plan: Plan) -> IndexArray:
        """Positions of a plan's tags; tags that are in no library any more are passed over."""
        index = self.parts.library.index
        found = [index[tag] for tag in plan.tags if index.get(tag, self.options.n) < self.options.n]
        return np.array(found, dtype=np.intp)

    def _probabilities(self, weights: Weights | None, queries: Sequence[str]) -> FloatArray:
        """Each row a softmax over ordinary tags, and one over each pair."""
        logits = self.selector.logits(weights, queries)
        for columns in self.options.groups():
            logits[:, columns] = softmax(logits[:, columns], axis=1)
        return logits

    def _best(self, scores: FloatArray) -> IndexArray:
        """The k highest tags, and the higher style of each pair."""
        n_tags = self.options.tags
        tags = np.argsort(-scores[:n_tags], kind="stable")[: self.config.tags_per_answer]
        pairs = scores[n_tags:].reshape(-1, 2)
        styles = n_tags + 2 * np.arange(len(pairs)) + (pairs[:, 1] > pairs[:, 0])
        return np.concatenate([tags, styles]).astype(np.intp)

    def _plan(self, said: Said, context: Context, members: IndexArray, purpose: Purpose) -> Plan:
        tags = [self.known[i] for i in members]
        return tag_plan(self, context, tags, purpose, said)

    def _summary(self, state: PremiumEmbedState, user: str, beliefs: Sequence[Belief]) -> str:
        if not state.epochs:
            waiting = max(self.config.first - state.fresh, 0)
            return f"Nothing is learned about {user} yet: {waiting} comparisons to the first epoch."
        tags = [b.name for b in beliefs if b.kind == "tag"][: self.config.tags_per_answer]
        styles = [b.name for b in beliefs if b.kind == "style" and b.probability > 0.5]
        manner = f", in a {', '.join(styles)} manner" if styles else ""
        when = f"After {state.epochs} epoch{'s' if state.epochs != 1 else ''}"
        return f"{when}, {user}'s answers draw on {', '.join(tags)}{manner}."


def _mass(chances: npt.NDArray[np.float64], k: int) -> float:
    """What the k largest of some probabilities add up to."""
    return float(np.sort(chances)[::-1][:k].sum().clip(0.0, 1.0))
