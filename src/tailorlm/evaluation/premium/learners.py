"""The learners of the suite by name: methods with settings, and the exact limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from tailorlm.encoders.base import Encoder
from tailorlm.errors import UnknownNameError
from tailorlm.evaluation.premium.exact_tags import ExactTags, ExactTagsConfig
from tailorlm.evaluation.premium.worlds import AnnotatorKind, World, annotator
from tailorlm.evaluation.tag_sessions import MethodFactory, TagSession, run_session
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, MethodConfig, Parts, Plans
from tailorlm.methods.bayes_tags import BayesTags, BayesTagsState
from tailorlm.methods.population_tags import PopulationTags, PopulationTagsState
from tailorlm.methods.premium_embed import PremiumEmbed
from tailorlm.simulation import TagAnnotator
from tailorlm.tags import TagLibrary
from tailorlm.types import Context, Event, User

EMBED, BAYES, EXACT = "premium_embed", "bayes_tags", "exact limit"
UNTOLD = "exact limit, untold"
"""The exact limit that is not told when tastes change, only how likely it is at any turn."""
HAZARD = 0.01
"""Chance of a change per turn that it is told."""
VANILLA, RALM, POPULATION = "random_tags", "ralm", "population_tags"
MAIN = (EMBED, BAYES, EXACT)
BASELINES = (VANILLA, RALM, POPULATION)
USERS = 10
"""Users whose feedback the population is fitted to, as in the paper."""

ABLATIONS: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "no replay buffer": (EMBED, MappingProxyType({"replay": False})),
        "no online learning": (EMBED, MappingProxyType({"online": False})),
        "no entropy loss": (EMBED, MappingProxyType({"entropy": 0.0})),
        "no shared evidence": (BAYES, MappingProxyType({"share": False})),
        "Gaussian prior": (BAYES, MappingProxyType({"prior": "gaussian"})),
    }
)
"""Settings that leave one part of a method out."""
BAYES_OFFLINE = "no online design"
"""`bayes_tags` whose candidates do not follow what it has learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Which form of `premium_embed` runs.

    Attributes:
        form: "head" or "full".
        model: Folder or name of the sentence-transformers model of "full".
    """

    form: Literal["head", "full"] = "head"
    model: str = ""


class GrowingEmbed(PremiumEmbed):
    """Goes on from its stored state when candidates come to have one more tag."""

    def fingerprint(self) -> str:
        """Nothing that is learned depends on the number of tags of a candidate."""
        return f"{self.name}:{self.parts.encoder.name}-{self.parts.encoder.version}"


class UndesignedBayes(BayesTags):
    """Learns as ever and plans as if it had learned nothing."""

    def propose(
        self, state: BayesTagsState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """Candidates of the empty state; an answer shown alone is a learned one."""
        return super().propose(state if n == 1 else self.initial(User("")), context, n, rng)


class FittedPopulation(PopulationTags):
    """Starts every user from one population."""

    def __init__(self, parts: Parts, config: MethodConfig, population: bytes) -> None:
        super().__init__(parts, config)
        self.population = population

    def initial(self, user: User, population: bytes | None = None) -> PopulationTagsState:
        """The population it was made with."""
        return super().initial(user, self.population)


def factory(
    name: str,
    encoder: Encoder,
    world: World,
    *,
    form: Form,
    kind: AnnotatorKind,
    queries: Sequence[str],
    turns: int,
    seed: int,
) -> MethodFactory:
    """What makes a learner for a library.

    Args:
        name: Of a method, of an ablation, or one of the two exact limits.
        encoder: Injected.
        world: Who is learned about.
        form: Of `premium_embed`.
        kind: The annotator of the population's users.
        queries: Asked by the population's users.
        turns: Rankings that the population is fitted to.
        seed: Of the population.

    Raises:
        UnknownNameError: If there is no such learner.
    """
    base, settings = ABLATIONS.get(name, (name, {}))

    def make(library: TagLibrary) -> Method[Any]:
        parts = Parts(encoder=encoder, library=library)
        likes = len(world.annotator.tags) - len(library.pairs) + (library != world.library)
        config: dict[str, Any] = {"tags_per_answer": likes, **settings}
        if base in (EXACT, UNTOLD):
            told = ExactTagsConfig(
                annotator=world.annotator,
                likes=likes,
                changes=MappingProxyType({} if base == UNTOLD else world.changes),
                hazard=HAZARD if base == UNTOLD else 0.0,
            )
            return ExactTags(parts, told)
        if base == EMBED:
            config |= {"form": form.form, "model": form.model}
            growing = GrowingEmbed if world.libraries else PremiumEmbed
            return growing(parts, PremiumEmbed.Config(**config))
        if base in (BAYES, BAYES_OFFLINE):
            # The others show one style of each pair besides the tags: the same number of labels.
            config["tags_per_answer"] += len(library.pairs)
            known = UndesignedBayes if base == BAYES_OFFLINE else BayesTags
            return known(parts, BayesTags.Config(**config))
        if base == POPULATION:
            population = _population(parts, world, kind, queries, turns, seed)
            return FittedPopulation(parts, PopulationTags.Config(**config), population)
        if base in (VANILLA, RALM):
            return create_method(base, parts, config)
        raise UnknownNameError(
            "learner", name, (*MAIN, UNTOLD, *BASELINES, *ABLATIONS, BAYES_OFFLINE)
        )

    return make


def _population(
    parts: Parts,
    world: World,
    kind: AnnotatorKind,
    queries: Sequence[str],
    turns: int,
    seed: int,
) -> bytes:
    """Worths pooled over ten users with different tags, the tested user among them.

    Together they give as many rankings of random candidates as one session has.
    """
    library = parts.library
    rng = np.random.default_rng([seed, 77])
    k = len(world.annotator.tags) - len(library.pairs)
    own = [i for i in world.annotator.tags if i < len(library.tags)]
    users = [own, *(rng.permutation(len(library.tags))[:k].tolist() for _ in range(USERS - 1))]
    logs = {
        f"user-{number}": _feedback(parts, annotator(kind, tags), queries, turns // USERS, place)
        for number, (tags, place) in enumerate(
            zip(users, rng.integers(2**31, size=USERS).tolist(), strict=True)
        )
    }
    return PopulationTags(parts, PopulationTags.Config(tags_per_answer=k)).fit(logs, rng)


def _feedback(
    parts: Parts, user: TagAnnotator, queries: Sequence[str], turns: int, seed: int
) -> tuple[Event, ...]:
    """The log of a user who is shown random candidates."""
    session = TagSession(
        library=parts.library,
        annotator=user,
        queries=queries,
        held_out=queries[:1],
        turns=max(turns, 1),
        every=max(turns, 1),
        seed=seed,
    )
    shows = create_method(VANILLA, parts, {"tags_per_answer": len(user.tags)})
    return run_session(lambda _: shows, session).events
