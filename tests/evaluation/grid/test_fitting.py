"""Methods that learn across users start from others than those who are asked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.evaluation.grid.made_up import Counting, rows, settings, write

from tailorlm.errors import LLMError
from tailorlm.evaluation.grid import forget, run_grid
from tailorlm.evaluation.grid.groups import GROUPS, group_of, others_of
from tailorlm.evaluation.grid.page import report_of
from tailorlm.evaluation.grid.tasks import load_tasks
from tailorlm.methods.population_tags import PopulationTags
from tailorlm.types import Event

pytestmark = pytest.mark.whole

MANY = tuple(f"u{number}" for number in range(12))
ACROSS = (
    *("best_of_n", "edit_rules", "hierarchy", "oppu_retrieval", "population_tags"),
    *("preference_agent", "profile_summary"),
)
"""Every method that has a `fit`."""


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, list[str]]]:
    """The logs of every fit, as the texts that each user's holds."""
    seen: list[dict[str, list[str]]] = []
    fit = PopulationTags.fit

    def spy(
        self: PopulationTags, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator
    ) -> bytes:
        seen.append({user: [repr(event) for event in events] for user, events in logs.items()})
        return fit(self, logs, rng)

    monkeypatch.setattr(PopulationTags, "fit", spy)
    return seen


def across(folder: Path, users: tuple[str, ...] = MANY, **words: Any) -> Any:
    path = write(folder / "mine.jsonl", rows(users, queries=1))
    return settings(folder, data=path, methods=("population_tags",), **words)


def test_nobody_who_is_asked_is_learned_from(
    tmp_path: Path, fitted: list[dict[str, list[str]]]
) -> None:
    given = across(tmp_path)
    run_grid(given, llm=Counting())
    tasks = load_tasks(given.data).tasks
    groups = group_of(tasks)
    assert len(fitted) == GROUPS == len(set(groups.values()))
    for logs in fitted:
        (left_out,) = {groups[user] for user in MANY if user not in logs}
        assert set(logs) == {user for user in MANY if groups[user] != left_out}
        for user in set(MANY) - set(logs):
            assert not any(f"I am {user}." in text for texts in logs.values() for text in texts)


def test_what_others_like_is_expected_of_a_user_without_a_history(tmp_path: Path) -> None:
    lines = [row for row in rows(MANY) if "pick" in row]
    lines += [
        row | {"user": "new", "history": [], "id": f"new{n}"} for n, row in enumerate(lines[:2])
    ]
    for number, row in enumerate(lines):
        row.setdefault("id", str(number))
    path = write(tmp_path / "mine.jsonl", lines)
    grid = run_grid(
        settings(tmp_path, data=path, methods=("population_tags", "hierarchy")), llm=Counting()
    )
    said = "hierarchy learn across users: each user starts from what 10 to 11 others"
    assert said in report_of(grid).lead
    for row in ("population_tags", "hierarchy"):
        assert grid.given[row, "new0"].agreed == (1.0, 1)
        assert grid.given[row, "new0"].others == len(MANY) - 1
    assert grid.given["pooled", "new0"].others == grid.given["none", "new0"].others == 0
    assert grid.given["none", "new0"].agreed == (0.5, 1)


def test_a_later_row_of_ones_own_is_not_learned_from(tmp_path: Path) -> None:
    lines = [
        row | {"history": row["history"][: 1 + number]}
        for number, row in enumerate(rows(("ana", "ben"), queries=2))
    ]
    tasks = load_tasks(write(tmp_path / "grows.jsonl", lines)).tasks
    groups = group_of(tasks)
    for user in ("ana", "ben"):
        others = others_of(tasks, groups[user])
        assert user not in others
        # Of others all rows together.
        (known,) = others.values()
        longest = max((t.history for t in tasks if t.user != user), key=len)
        assert set(known) == set(longest)


def test_alone_there_is_nobody_to_learn_from(
    tmp_path: Path, fitted: list[dict[str, list[str]]]
) -> None:
    grid = run_grid(across(tmp_path, ("ana",)), llm=Counting())
    assert fitted == []
    assert grid.given["population_tags", "1"].others == 0


def test_what_was_fitted_is_not_fitted_again(
    tmp_path: Path, fitted: list[dict[str, list[str]]]
) -> None:
    given = across(tmp_path)
    whole = run_grid(given, llm=Counting())
    assert len(fitted) == GROUPS
    forget(given)
    with pytest.raises(LLMError):
        run_grid(given, llm=Counting(breaks_after=20))
    assert len(fitted) == 2 * GROUPS
    resumed = run_grid(given, llm=Counting())
    again = run_grid(replace(given, methods=("population_tags", "persona")), llm=Counting())
    assert len(fitted) == 2 * GROUPS
    for place, one in whole.given.items():
        assert (one.messages, one.agreed, one.others) == (
            resumed.given[place].messages,
            resumed.given[place].agreed,
            again.given[place].others,
        )


def test_every_method_that_learns_across_users_runs(tmp_path: Path) -> None:
    few = [row for row in rows(MANY[:3]) if "pick" in row]
    for number, row in enumerate(few):
        if number == 0:
            row["history"] = []
        elif number < 3:
            row["history"] = row["history"][:1]
    path = write(tmp_path / "mine.jsonl", few)
    grid = run_grid(settings(tmp_path, data=path, methods=ACROSS, llm="builtin"))
    for method in ACROSS:
        assert all(grid.given[method, task.id].others == 2 for task in grid.tasks.tasks[:1])
    text = (tmp_path / "grid" / "journal.jsonl").read_text("utf-8").splitlines()
    assert json.loads(text[0])["grid"]["groups of users"] == GROUPS
