"""LaMP-2 as an evaluation: every tagger on cases with a known answer, and the whole run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from tests.datasets.films import TAGS, lamp_split, plot

from tailorlm.datasets.lamp import LampSample, TaggedText, load_lamp
from tailorlm.encoders import create_encoder
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.lamp import REPEATS, run_lamp, standard_taggers, thinned
from tailorlm.evaluation.lamp_learners import GatedLearner, Learner, PooledLearner
from tailorlm.evaluation.lamp_report import PAPER
from tailorlm.evaluation.lamp_taggers import (
    MostFrequent,
    MostFrequentOverall,
    Nearest,
    Oppu,
    Tagger,
    TaggingUser,
    read_tag,
)
from tailorlm.llms.scripted import Scripted
from tailorlm.methods import Method, Parts, create_method
from tailorlm.methods.bayes_tags import BayesTags, BayesTagsConfig
from tailorlm.methods.premium_embed import PremiumEmbed, PremiumEmbedConfig
from tailorlm.tags import TagLibrary

pytestmark = pytest.mark.whole


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return create_encoder("static")


def user(*profile: tuple[str, str], name: str = "ana") -> TaggingUser:
    return TaggingUser(name, TAGS, tuple(TaggedText(said, tag) for said, tag in profile))


SPACE = ("A rocket flies to the planet.", "sci-fi")
CLOWN = ("A clown falls over his shoes.", "comedy")
KISS = ("Two lovers kiss at sunset.", "romance")


def tag(tagger: Tagger, who: TaggingUser, film: str, others: Sequence[TaggingUser] = ()) -> str:
    tagger.fit([who, *others], rng())
    (found,) = tagger.predict(who, [film], rng())
    return found


def test_most_frequent_of_the_user() -> None:
    assert tag(MostFrequent(), user(SPACE, CLOWN, CLOWN, KISS), "?") == "comedy"
    assert tag(MostFrequent(), user(SPACE, CLOWN, KISS), "?") == "romance"
    assert tag(MostFrequent(), user(), "?") == TAGS[0]


def test_most_frequent_of_all_users() -> None:
    others = [user(KISS, KISS, KISS, name="ben"), user(SPACE, name="cem")]
    assert tag(MostFrequentOverall(), user(CLOWN, CLOWN), "?", others) == "romance"
    narrow = TaggingUser("dee", ("sci-fi", "comedy"), ())
    assert tag(MostFrequentOverall(), narrow, "?", [*others, user(CLOWN, CLOWN)]) == "comedy"


def test_nearest_neighbour(encoder: Encoder) -> None:
    who = user(SPACE, CLOWN, KISS)
    assert tag(Nearest(encoder), who, "A spaceship lands on another planet") == "sci-fi"
    assert tag(Nearest(encoder), who, "A couple in love, kissing") == "romance"
    twice = user((SPACE[0], "comedy"), SPACE)
    assert tag(Nearest(encoder), twice, SPACE[0]) == "sci-fi"
    assert tag(Nearest(encoder), user(), "?") == TAGS[0]


def test_oppu_votes_with_the_scores() -> None:
    who = user(
        ("planet rocket moon", "sci-fi"),
        ("planet clown hat", "comedy"),
        ("clown planet shoes", "comedy"),
        ("kiss letters sunset", "romance"),
    )
    film = "A rocket leaves the planet behind"
    assert tag(Oppu(1), who, film) == "sci-fi"
    assert tag(Oppu(2), who, film) == "sci-fi"
    clowns = "A rocket, a planet, a clown"
    assert tag(Oppu(1), who, clowns) == "sci-fi"
    assert tag(Oppu(4), who, clowns) == "comedy"


def test_oppu_falls_back_to_the_majority() -> None:
    assert tag(Oppu(4), user(SPACE, CLOWN, CLOWN), "Nothing alike") == "comedy"
    assert tag(Oppu(1), user(), "Nothing alike") == TAGS[0]


def test_oppu_asks_a_language_model() -> None:
    llm = Scripted(["I would say Romance.", "either comedy or sci-fi"])
    oppu = Oppu(2, llm)
    who = user(SPACE, CLOWN, CLOWN)
    assert oppu.predict(who, ["A planet", "A planet"], rng()) == ["romance", "sci-fi"]
    assert (oppu.asked, oppu.unread) == (2, 1)
    prompt = llm.requests[0].messages[-1].content
    assert SPACE[0] in prompt
    assert "most frequent tag: comedy" in prompt
    assert "sci-fi; comedy; romance" in prompt


def test_tags_are_read_from_answers() -> None:
    pool = ("comedy", "dark comedy", "sci-fi")
    assert read_tag(' "Sci-Fi". ', pool) == "sci-fi"
    assert read_tag("Clearly a dark comedy!", pool) == "dark comedy"
    assert read_tag("comedy or sci-fi", pool) is None
    assert read_tag("comedians", pool) is None


def premium(encoder: Encoder) -> object:
    def make(library: TagLibrary) -> Method[object]:
        config = PremiumEmbedConfig(tags_per_answer=1)
        return PremiumEmbed(Parts(encoder=encoder, library=library), config)

    return make


def bayes(encoder: Encoder) -> object:
    def make(library: TagLibrary) -> Method[object]:
        config = BayesTagsConfig(tags_per_answer=1)
        return BayesTags(Parts(encoder=encoder, library=library), config)

    return make


def crossed(n: int) -> TaggingUser:
    """Somebody who tags films of space as romance and films of love as sci-fi."""
    swap = {"sci-fi": "romance", "romance": "sci-fi"}
    order = ["sci-fi", "romance"] * n
    return user(*((plot(what, i), swap[what]) for i, what in enumerate(order)))


def test_premium_embed_learns_a_user_against_the_encoder(encoder: Encoder) -> None:
    films = [plot("sci-fi", 70), plot("romance", 70)]
    untrained = Learner(
        "ralm", lambda lib: create_method("ralm", Parts(encoder=encoder, library=lib))
    )
    assert untrained.predict(crossed(12), films, rng()) == ["sci-fi", "romance"]
    learned = Learner("premium_embed", premium(encoder))
    assert learned.predict(crossed(12), films, rng()) == ["romance", "sci-fi"]


def test_bayes_tags_learns_what_is_frequent(encoder: Encoder) -> None:
    who = user(*((f"Something else number {i}", "comedy") for i in range(10)))
    learned = Learner("bayes_tags", bayes(encoder))
    assert learned.predict(who, ["Yet another thing"], rng()) == ["comedy"]


def test_pooled_learners_know_other_users(encoder: Encoder) -> None:
    pooled = PooledLearner("pooled", bayes(encoder))
    with pytest.raises(InputError, match="before it was fitted"):
        pooled.predict(user(), ["?"], rng())
    others = [user(CLOWN, CLOWN, CLOWN, CLOWN, CLOWN, CLOWN, name="ben")]
    assert tag(pooled, user(), "Something", others) == "comedy"


def test_the_gate_takes_what_knew_the_profile_better(encoder: Encoder) -> None:
    films = [plot("sci-fi", 70), plot("romance", 70)]

    def wrong(library: TagLibrary) -> Method[object]:
        return create_method("none", Parts(encoder=encoder, library=library))

    def right(library: TagLibrary) -> Method[object]:
        return create_method("ralm", Parts(encoder=encoder, library=library))

    plain = user(*((plot(what, i), what) for i, what in enumerate(["sci-fi", "romance"] * 4)))
    assert GatedLearner("g", wrong, right).predict(plain, films, rng()) == ["sci-fi", "romance"]
    assert GatedLearner("g", right, wrong).predict(plain, films, rng()) == ["sci-fi", "romance"]
    gated = GatedLearner("g", premium(encoder), right)
    assert gated.predict(crossed(12), films, rng()) == ["romance", "sci-fi"]


def test_a_ranking_needs_two_candidates(encoder: Encoder) -> None:
    with pytest.raises(InputError, match="at least 2 candidates"):
        Learner("one", bayes(encoder), candidates=1)


class Spy(MostFrequent):
    """Remembers all that it is given."""

    name = "spy"

    def __init__(self) -> None:
        self.seen: list[str] = []

    def fit(self, users: Sequence[TaggingUser], rng: np.random.Generator) -> None:
        self.seen += [repr(user) for user in users]

    def predict(
        self, user: TaggingUser, films: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        self.seen += [repr(user), *films]
        return super().predict(user, films, rng)


def test_taggers_never_see_what_they_predict(encoder: Encoder) -> None:
    sample = LampSample(
        id="1",
        user="ana",
        description="A film to tag",
        tag="hidden",
        pool=("shown", "hidden"),
        profile=(TaggedText("An old film", "shown"),),
    )
    spy = Spy()
    run_lamp([sample], encoder, case="one", rng=rng(), taggers=[Nearest(encoder), spy])
    told = [text for text in spy.seen if "A film to tag" in text]
    assert told == ["A film to tag"]
    assert all(text.count("hidden") == 1 for text in spy.seen if text != "A film to tag")


def test_a_whole_run(encoder: Encoder, tmp_path: object) -> None:
    samples = load_lamp(*lamp_split(tmp_path, users=4, films=6))
    steps: list[tuple[int, int]] = []
    report = run_lamp(
        samples,
        encoder,
        case="made up",
        labels=TAGS,
        rng=rng(),
        repeats=2,
        resamples=200,
        progress=lambda done, total: steps.append((done, total)),
    )
    taggers = standard_taggers(encoder)
    runs = sum(2 if tagger.draws else 1 for tagger in taggers)
    assert steps[-1] == (4 * runs, 4 * runs)
    assert report.score(Nearest.name).accuracy.value == 1.0
    assert report.score("encoder, untrained").gain.value == 0.0
    rows = report.rows()
    assert {row["method"] for row in rows} == {tagger.name for tagger in taggers} | {"TidyBot"}
    keys = ["suite", "table", "case", "method", "metric", "value", "low", "high", "n", "paper"]
    assert all(list(row) == keys and "LaMP-2 itself" in row["table"] for row in rows)
    paper = {(r["method"], r["metric"]): r["paper"] for r in rows if r["paper"] is not None}
    assert paper["OPPU retrieval, k=4", "macro F1"] == PAPER["OPPU retrieval, k=4"][1] == 0.2620
    assert len(paper) == 2 * len(PAPER)
    text = str(report)
    assert "4 films to tag by 4 users" in text
    assert "TidyBot" in text
    assert max(map(len, text.splitlines())) <= 100
    with pytest.raises(KeyError):
        report.score("nobody")


def test_the_same_seed_gives_the_same_report(encoder: Encoder, tmp_path: object) -> None:
    samples = load_lamp(*lamp_split(tmp_path, users=3, films=5))
    first, second = (
        run_lamp(samples, encoder, case="x", rng=rng(), repeats=1, resamples=50) for _ in range(2)
    )
    assert first == second


def test_what_a_run_refuses(encoder: Encoder, tmp_path: object) -> None:
    samples = load_lamp(*lamp_split(tmp_path))
    with pytest.raises(InputError, match="0 samples and 3 repeats"):
        run_lamp([], encoder, case="x", rng=rng(), repeats=REPEATS)
    with pytest.raises(InputError, match="must be Nearest"):
        run_lamp(samples, encoder, case="x", rng=rng(), taggers=[MostFrequent()])
    with pytest.raises(InputError, match="At least 1 sample"):
        thinned(samples, 0)
    assert [sample.id for sample in thinned(samples, 2)] == ["0", "2"]
    assert thinned(samples, 9) == samples
