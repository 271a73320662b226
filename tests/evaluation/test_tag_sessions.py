"""Sessions of a tag method against a simulated annotator."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from tests.methods.logs import HashEncoder

from tailorlm.errors import InputError
from tailorlm.evaluation.tag_sessions import (
    MethodFactory,
    TagSession,
    _share_in_top,
    run_session,
)
from tailorlm.methods.base import Method, Parts, Plans, with_context
from tailorlm.methods.bayes_tags import BayesTags
from tailorlm.methods.premium_embed import PremiumEmbed, PremiumEmbedConfig
from tailorlm.simulation import TagAnnotator
from tailorlm.simulation.queries import QUERIES
from tailorlm.tags import Area, BinaryPair, TagLibrary, library_of
from tailorlm.types import Context, Event, Message, Plan, Profile, Ranking, Turn, User

pytestmark = pytest.mark.whole

TAGS = tuple(f"tag{number}" for number in range(8))
LIBRARY = library_of(TAGS)


def bayes(library: TagLibrary) -> BayesTags:
    return BayesTags(Parts(encoder=HashEncoder(), library=library))


def premium(library: TagLibrary) -> PremiumEmbed:
    config = PremiumEmbedConfig(first=4, new_turns=4, tags_per_answer=2)
    return PremiumEmbed(Parts(encoder=HashEncoder(), library=library), config)


def session(**given: Any) -> TagSession:
    settings = {
        "library": LIBRARY,
        "annotator": TagAnnotator(tags=(2, 5), noise=0.05),
        "queries": QUERIES[:20],
        "held_out": QUERIES[20:],
        "turns": 12,
    }
    return TagSession(**{**settings, **given})


class Scripted(Method[tuple[str, ...]]):
    """Shows fixed sets, remembers what it saw, trains on every fourth event."""

    name = "scripted"
    paper = "none"
    accepts = frozenset({Ranking})
    sets: Sequence[tuple[str, ...]] = (("tag2", "tag5"), ("tag2", "tag0"), ("tag0", "tag1"))
    known = TAGS

    def initial(self, user: User, population: bytes | None = None) -> tuple[str, ...]:
        return ()

    def observe(self, state: tuple[str, ...], event: Event) -> tuple[str, ...]:
        return (*state, type(event.payload).__name__)

    def due(self, state: tuple[str, ...]) -> bool:
        return len(state) % 5 == 4

    def train(
        self, state: tuple[str, ...], events: Sequence[Event], rng: np.random.Generator
    ) -> tuple[str, ...]:
        return (*state, f"trained on {len(events)}, {rng.integers(1000)}")

    def propose(
        self, state: tuple[str, ...], context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        return [
            Plan(
                messages=with_context(context, Message("system", "x")),
                method=self.name,
                purpose="explore" if place else "best",
                tags=tags,
            )
            for place, tags in enumerate(self.sets[:n])
        ]

    def explain(self, state: tuple[str, ...], user: str) -> Profile:
        return Profile(user=user, method=self.name, beliefs=(), certainty=1.0, summary="x")

    def selection(self, state: tuple[str, ...], queries: Sequence[str]) -> np.ndarray:
        # The first query goes for tag 5, all for tag 2 a little.
        rows = np.zeros((len(queries), 8))
        rows[0, 5] = 0.8
        rows[:, 2] = 0.2
        return rows

    def dump(self, state: tuple[str, ...]) -> bytes:
        return "\n".join(state).encode()

    def load(self, data: bytes) -> tuple[str, ...]:
        return tuple(data.decode().split("\n"))


def scripted(library: TagLibrary) -> Scripted:
    return Scripted(Parts(encoder=HashEncoder(), library=library))


def test_what_is_measured_of_a_turn() -> None:
    result = run_session(scripted, session(turns=3, held_out=("Plan my evening", "A story")))
    assert result.best_match.tolist() == [2, 2, 2]
    assert result.first_match.tolist() == [2, 2, 2]
    assert result.shown == pytest.approx([3 / 6] * 3)
    assert result.accuracy.tolist() == [1, 1, 1]
    assert result.liked == pytest.approx([(0.2 + 0.4) / 2] * 3)
    assert np.isnan(result.pair_accuracy).all()
    assert (result.propose > 0).all()
    assert (result.observe > 0).all()


def test_training_takes_place_when_due_and_is_timed_apart() -> None:
    result = run_session(scripted, session(turns=6))
    # Four events are two turns; after training the count is at 5, so two turns later it is at 9.
    assert (result.train > 0).tolist() == [False, True] * 3


def test_accuracy_is_measured_every_so_often_and_at_the_end() -> None:
    result = run_session(scripted, session(turns=7, every=3))
    measured = [2, 5, 6]
    assert np.flatnonzero(~np.isnan(result.accuracy)).tolist() == measured


@pytest.mark.parametrize("make", [bayes, premium])
def test_the_same_seed_gives_the_same_session(make: MethodFactory) -> None:
    first, again = (run_session(make, session(seed=3)) for _ in range(2))
    other = run_session(make, session(seed=4))
    for name in ("accuracy", "shown", "best_match", "liked"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.liked, other.liked)


@pytest.mark.parametrize("feedback", ["ranking", "pick"])
@pytest.mark.parametrize("candidates", [2, 3, 4])
def test_a_learner_finds_the_tags(feedback: str, candidates: int) -> None:
    result = run_session(bayes, session(turns=30, feedback=feedback, candidates=candidates))
    assert result.accuracy[-1] == 1.0
    assert result.best_match[-10:].mean() > 1.5
    assert result.state_bytes > 0


def test_progress_is_reported() -> None:
    seen: list[int] = []
    run_session(scripted, session(turns=4), seen.append)
    assert seen == [1, 2, 3, 4]


def test_tastes_change() -> None:
    later = TagAnnotator(tags=(1, 6), noise=0.05)
    result = run_session(bayes, session(turns=60, annotators=MappingProxyType({30: later})))
    assert result.accuracy[29] == 1.0
    assert result.accuracy[30] < 1.0
    assert result.accuracy[-1] == 1.0


@pytest.mark.parametrize("make", [bayes, premium])
def test_tags_join_the_library(make: MethodFactory) -> None:
    larger = library_of((*TAGS, "new0", "new1", "new2", "new3"))
    changes = {
        "libraries": MappingProxyType({40: larger}),
        "annotators": MappingProxyType({40: TagAnnotator(tags=(2, 5, 9), noise=0.05)}),
    }
    result = run_session(make, session(turns=120, **changes))
    assert result.accuracy[39] == 1.0
    assert result.accuracy[-10:].mean() > 0.9


def test_a_method_that_can_goes_on_from_its_state_when_tags_join() -> None:
    made: list[PremiumEmbed] = []

    def make(library: TagLibrary) -> PremiumEmbed:
        made.append(premium(library))
        return made[-1]

    larger = library_of(("first", *TAGS))
    moved = TagAnnotator(tags=(3, 6), noise=0.05)
    changes = {
        "libraries": MappingProxyType({8: larger}),
        "annotators": MappingProxyType({8: moved}),
    }
    before = run_session(premium, session(turns=8))
    result = run_session(make, session(turns=9, **changes))
    assert len(made) == 2
    assert (result.train[:9] > 0).tolist() == [False, False, False, True] * 2 + [False]
    assert np.array_equal(result.accuracy[:8], before.accuracy)


def test_styles_are_judged_apart() -> None:
    styled = TagLibrary((Area("Tags", TAGS),), (BinaryPair("Depth", "Thorough", "Brief"),))
    # Positions 8 and 9 are Thorough and Brief.
    result = run_session(
        premium,
        session(library=styled, annotator=TagAnnotator(tags=(2, 5, 9), noise=0.05), turns=60),
    )
    assert result.pair_accuracy[0] in (0.0, 0.5, 1.0)
    assert result.pair_accuracy[-1] == 1.0
    assert result.accuracy[-1] == 1.0


def test_an_annotator_may_mind_relevance() -> None:
    seen: list[Any] = []

    class Watching(TagAnnotator):
        def rank(self, sets: Any, relevance: Any = None, rng: Any = None) -> list[list[int]]:
            seen.append(relevance)
            return super().rank(sets, relevance, rng)

    run_session(scripted, session(annotator=Watching(tags=(2,), noise=0.1), turns=1))
    run_session(scripted, session(annotator=Watching(tags=(2,), noise=0.1, relevance=2), turns=1))
    assert seen[0] is None
    assert seen[1].shape == (3,)


def test_candidates_are_shown_in_random_order() -> None:
    orders = set()

    class Watching(Scripted):
        def observe(self, state: tuple[str, ...], event: Event) -> tuple[str, ...]:
            if isinstance(event.payload, Turn):
                orders.add(tuple(candidate.plan.tags for candidate in event.payload.candidates))
            return super().observe(state, event)

    run_session(
        lambda library: Watching(Parts(encoder=HashEncoder(), library=library)), session(turns=30)
    )
    assert len(orders) == 6


@pytest.mark.parametrize(
    "bad",
    [
        {"queries": ()},
        {"held_out": ()},
        {"turns": 0},
        {"candidates": 1},
        {"every": 0},
        {"feedback": "rating"},
    ],
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        session(**bad)


def test_an_annotator_of_another_library_is_refused() -> None:
    with pytest.raises(InputError, match="likes or dislikes tag 8"):
        run_session(scripted, session(annotator=TagAnnotator(tags=(8,), noise=0.1)))


def test_a_method_that_asks_a_language_model_is_refused() -> None:
    class Asking(Scripted):
        def propose(self, *given: Any) -> Any:
            yield ()
            return []

    with pytest.raises(InputError, match="asks a language model"):
        run_session(lambda own: Asking(Parts(encoder=HashEncoder(), library=own)), session())


def test_ties_for_the_last_places_count_as_a_draw():
    scores = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    assert _share_in_top(scores, [0, 1]) == pytest.approx((1 + 1 / 3) / 2)
    assert _share_in_top(scores, [4]) == 0
    assert _share_in_top(np.zeros(5), [2, 4]) == pytest.approx(2 / 5)
    assert _share_in_top(np.arange(5.0), [4, 2]) == 0.5
