"""The suite on made-up people, and what its numbers are."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from tests.evaluation.downstream.made_up_films import N_FILMS, data_of, films, rated_films, ratings
from tests.evaluation.recordings import Words

from tailorlm.datasets.rated_films import RatedFilms
from tailorlm.errors import InputError
from tailorlm.evaluation.downstream import Settings, measure, run_downstream, stars
from tailorlm.evaluation.downstream.asking import (
    ALONE,
    CROWD,
    LATEST,
    LIKED,
    SHOWN,
    SIMILAR,
    Asking,
)
from tailorlm.evaluation.downstream.measure import Draws
from tailorlm.evaluation.downstream.methods import Chosen, Method
from tailorlm.evaluation.downstream.page import ASKED
from tailorlm.evaluation.downstream.ratings import Predict, Ratings
from tailorlm.evaluation.downstream.recommending import NDCG, ranked
from tailorlm.evaluation.downstream.recommending import tested as users_tested
from tailorlm.evaluation.downstream.similar import most_popular
from tailorlm.evaluation.downstream.splits import Split, leave_one_out, time_split
from tailorlm.evaluation.judges.asking import Answers
from tailorlm.evaluation.metrics import (
    Unscored,
    macro_f1,
    mae,
    mean_scored,
    micro_f1,
    ndcg_at_k,
    reciprocal_rank,
    rmse,
)
from tailorlm.evaluation.report import Report
from tailorlm.llms.base import Request
from tailorlm.llms.builtin import Builtin
from tailorlm.llms.scripted import Scripted

pytestmark = pytest.mark.whole

DRAWS = Draws(seed=0, resamples=200)
QUICK = Settings(quick=True, llm_users=6)


@cache
def report() -> Report:
    return run_downstream(rated_films(), Words(), QUICK)


def value(found: Report, case: str, task: str, method: str, metric: str) -> float | None:
    (row,) = (
        row
        for row in found.rows
        if (row.case, row.table, row.method, row.metric) == (case, task, method, metric)
    )
    return row.value


def chosen(predict: Predict, name: str, **words: object) -> Chosen:
    method = Method(name=name, kind="personal", learn=lambda train: lambda _: predict, **words)
    return Chosen(method, (), predict, predict)


def with_baselines(split: Split, predict: Predict) -> list[Chosen]:
    generic = chosen(lambda users, films: np.full(len(films), split.train.mean), "generic")
    generic = replace(generic, method=replace(generic.method, kind="generic"))
    pooled = chosen(lambda users, films: films / 10.0, stars.POOLED)
    return [
        generic,
        replace(pooled, method=replace(pooled.method, kind="pooled")),
        chosen(predict, "x"),
    ]


def test_numbers_are_those_of_the_metrics() -> None:
    split = leave_one_out(Ratings.of(films(), ratings()), np.random.default_rng(0))
    rng = np.random.default_rng(1)
    table = rng.uniform(1, 5, (len(split.test.users), split.test.films))
    methods = with_baselines(split, lambda users, films: table[users, films])
    rated, liked = measure.measure_stars(methods, split, "case", DRAWS)
    given = table[split.test.user, split.test.film]
    assert rated.comparison.score("x").mean.value == pytest.approx(mae(split.test.stars, given))
    assert rated.others["RMSE"]["x"].value == pytest.approx(rmse(split.test.stars, given))
    usual = split.train.usual[split.test.user]
    labels = split.test.stars >= usual, given >= usual
    assert liked.comparison.score("x").mean.value == pytest.approx(micro_f1(*labels))
    assert liked.others["macro F1"]["x"].value == pytest.approx(macro_f1(*labels))
    order = rng.permutation(split.test.films)
    lists = measure.measure_lists(methods, split, "case", order, DRAWS)
    ranking = ranked(methods[2].predict, split, users_tested(split), order)
    expected = mean_scored(ndcg_at_k(ranking, 10))
    assert lists.comparison.score("x").mean.value == pytest.approx(expected)


def test_the_generic_answer_is_the_more_frequent_one() -> None:
    split = leave_one_out(Ratings.of(films(), ratings()), np.random.default_rng(0))
    methods = with_baselines(split, lambda users, films: np.full(len(films), 5.0))
    _, liked = measure.measure_stars(methods, split, "case", DRAWS)
    names = [score.method for score in liked.comparison.methods]
    assert names == [measure.MOST_FREQUENT, stars.POOLED, "x"]
    share = (split.test.stars >= split.train.usual[split.test.user]).mean()
    often = split.train.liked.mean() >= 0.5
    found = liked.comparison.score(measure.MOST_FREQUENT).mean.value
    assert found == pytest.approx(share if often else 1 - share)


def test_users_without_ratings_are_apart_and_unscored_where_nothing_can_be_said() -> None:
    split = time_split(Ratings.of(films(), ratings()))
    new = split.only(~split.known)
    methods = with_baselines(split, lambda users, films: films * 1.0)
    needy = replace(methods[2], method=replace(methods[2].method, name="y", needs_history=True))
    order = np.arange(new.test.films)
    lists = measure.measure_lists([*methods, needy], new, "case", order, DRAWS)
    assert lists.comparison.score("y").mean.value is None
    assert dict(lists.comparison.score("y").unscored) == {
        "nothing is known of the user": len(users_tested(new))
    }
    assert lists.comparison.score("x").mean.value is not None


def test_new_users_are_called_so_where_there_are_no_others() -> None:
    """Everybody rates within an hour of their own, so that the last fifth of people are new."""
    data = rated_films(people=10)
    found = run_downstream(data, Words(), Settings(quick=True))
    assert {row.case for row in found.rows} == {"leave one out", "time split, new users"}
    assert len(found.bars) == 6


def test_a_users_own_head_learns_whom_the_film_suits() -> None:
    case = "leave one out"
    found = [
        value(report(), case, measure.STARS, name, "MAE") for name in (stars.OWN, stars.POOLED)
    ]
    assert found[0] < found[1] - 0.3
    accuracy = value(report(), case, measure.LIKES, stars.OWN, "accuracy")
    assert accuracy > value(report(), case, measure.LIKES, measure.MOST_FREQUENT, "accuracy") + 0.2


def test_the_report() -> None:
    found = report()
    assert [section.title for section in found.sections] == [
        "Rating prediction",
        "Classification",
        "Recommendation",
        "Settings that were chosen",
    ]
    cases = {row.case for row in found.rows}
    assert cases == {"leave one out", "time split, known users", "time split, new users"}
    assert len(found.bars) == 12
    assert all("new users" not in bar.name for bar in found.bars)
    again = run_downstream(rated_films(), Words(), QUICK)
    assert again.rows == found.rows
    json.dumps(found.as_dict(), allow_nan=False)
    lines = [line for part in found.sections[:3] for grid in part.grids for line in grid.lines]
    assert {line[0].interval for line in lines} == {"generic", "pooled", "personal"}


def answer(request: Request) -> str:
    """Reads the prompt: what is like the liked films is liked."""
    lines = data_of(request)
    rated = [line for line in lines if "plot" not in line]
    asked = [line for line in lines if "plot" in line]
    if "number" in asked[0]:
        best = rated[0]["genres"] if rated else ""
        return ", ".join(
            str(line["number"]) for line in sorted(asked, key=lambda line: line["genres"] != best)
        )
    same = [line["stars"] for line in rated if line["genres"] == asked[0]["genres"]]
    return str(asked[0].get("their mean") or (np.mean(same).round(2) if same else 3))


def test_with_a_language_model() -> None:
    kept, asked = (
        Answers(),
        Scripted([answer] * 36),
    )  # six users: four prompts for stars, two orders
    found = run_downstream(rated_films(), Words(), QUICK, llm=asked, answers=kept)
    assert len(kept) == len(asked.requests) > 24
    case = ASKED.format(split="leave one out")
    stars_of = {
        name: value(found, case, measure.STARS, name, "MAE")
        for name in (ALONE, CROWD, LATEST, SIMILAR)
    }
    assert stars_of[LATEST] < stars_of[ALONE]
    assert stars_of[LATEST] < stars_of[CROWD]
    assert value(found, case, measure.LISTS, LIKED, NDCG) is not None
    assert found.sections[3].title == "With a language model"
    assert [row for row in found.rows if row.case != case] == list(report().rows)


def test_answers_that_cannot_be_read_are_counted_and_no_zero() -> None:
    found = run_downstream(
        rated_films(), Words(), QUICK, llm=Scripted(["Good question!"] * 36), answers=Answers()
    )
    case = ASKED.format(split="leave one out")
    for task, name, metric in (
        (measure.STARS, LATEST, "MAE"),
        (measure.LIKES, LATEST, "accuracy"),
        (measure.LISTS, LIKED, NDCG),
    ):
        assert value(found, case, task, name, metric) is None
        assert value(found, case, task, name, "unscored") == 6
    assert value(found, case, measure.STARS, LATEST, "RMSE") is None
    assert (
        "since the answer does not begin with a line that is one number" in found.sections[3].text
    )


def test_lists_begin_with_what_a_language_model_names() -> None:
    """One that knows what is popular gives the lists of most popular, whatever it is shown."""
    split = leave_one_out(Ratings.of(films(), ratings()), np.random.default_rng(0))
    users, order = users_tested(split), np.random.default_rng(1).permutation(N_FILMS)
    popular = most_popular(split.train)
    fame = popular(np.zeros(N_FILMS, dtype=np.intp), order)
    best = [films()[film].title for film in order[np.argsort(-fame, kind="stable")]]

    def knowing(request: Request) -> str:
        lines = data_of(request)
        shown = {line["film"]: line["number"] for line in lines if "number" in line}
        assert len(shown) == SHOWN
        return ", ".join(str(shown[title]) for title in best if title in shown)

    llm = Scripted([knowing] * len(users) + ["no idea"] * len(users))
    found = Asking(films(), split, llm, Answers()).lists(popular, order, seed=0)
    expected = reciprocal_rank(ranked(popular, split, users, order))
    assert found[ALONE]["reciprocal rank"] == expected
    assert {type(one) for one in found[LIKED]["reciprocal rank"]} == {Unscored}


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (RatedFilms(films=films(), ratings=()), "There are no ratings"),
        (RatedFilms(films=films(), ratings=ratings()[:1]), "No user rated two films"),
    ],
)
def test_too_little_is_refused(data: RatedFilms, match: str) -> None:
    with pytest.raises(InputError, match=match):
        run_downstream(data, Words(), QUICK)


def test_the_demo_writer_is_refused() -> None:
    with pytest.raises(InputError, match="no language model"):
        run_downstream(rated_films(), Words(), QUICK, llm=Builtin())
    with pytest.raises(InputError, match="1 user at least"):
        Settings(llm_users=0)
