"""The suite on made-up users with a preference in words."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.methods.editors import EDITORS, drafts

from tailorlm.datasets.recorded_edits import RecordedEdit
from tailorlm.datasets.rewrites import Rewrite
from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.edits import Settings, run_edits
from tailorlm.evaluation.edits.learners import learner, made_of_rewrite
from tailorlm.evaluation.edits.recorded import Split
from tailorlm.evaluation.edits.rewritten import predict_rewrites
from tailorlm.evaluation.report import write_report
from tailorlm.llms import create_llm

pytestmark = pytest.mark.whole

ENCODER = create_encoder("static")
PREFERENCES = {
    "terse": "No greeting, no sign-off, no pleasantries, at most 25 words.",
    "listed": 'Bullet points, signs with initials, ends with "Reply needed by Friday".',
    "by_subject": "For money and contract matters a numbered list asking for a receipt; for family "
    "mails lower case, no greeting.",
}


def recorded(n: int = 15) -> list[RecordedEdit]:
    return [
        RecordedEdit(
            id=f"{user}{number}",
            user=user,
            subject=draft.subject,
            intent=draft.sentences,
            draft=draft.text,
            edited=EDITORS[user](draft, number),
        )
        for seed, user in enumerate(PREFERENCES)
        for number, draft in enumerate(drafts(n, seed=10 + seed))
    ]


def rewrites(users: int = 10, each: int = 6, *, alike: bool = False) -> list[Rewrite]:
    """Half of the people list, the others leave mails alone; or all do either by turns."""
    made = []
    for user in range(users):
        for number, draft in enumerate(drafts(each, seed=user)):
            lists = (number if alike else user) % 2 == 0
            revised = EDITORS["listed" if lists else "content"](draft, number)
            made.append(
                Rewrite(
                    instance=f"m{number}", user=f"p{user}", original=draft.text, revised=revised
                )
            )
    return made


def run(edits: list[RecordedEdit], rewritten: list[Rewrite], **settings: object) -> object:
    return run_edits(
        edits,
        PREFERENCES,
        rewritten,
        ENCODER,
        create_llm("builtin"),
        Settings(quick=True, **settings),
    )


@pytest.fixture(scope="module")
def report() -> object:
    return run(recorded(), rewrites())


def value(report: object, case: str, metric: str, method: str = "edit_rules") -> float:
    (found,) = [r for r in report.rows if (r.case, r.method, r.metric) == (case, method, metric)]
    return found.value


def test_bars_of_clear_users_are_met(report: object) -> None:
    met = {bar.name: bar.met for bar in report.bars}
    assert [name for name, one in met.items() if not one and "ROUGE" not in name
            and "words in order" not in name] == []  # fmt: skip
    assert value(report, "all users", "share of the preference's parts named") == 1.0
    assert value(report, "all users", "share of edits above their drafts") == 1.0
    assert value(report, "all users", "share of edits whose user is told") == 1.0


def test_subjects_help_the_user_who_minds_them(report: object) -> None:
    gain = "gain of rules by subject, nats"
    assert value(report, "by_subject", gain) > 1.0
    assert abs(value(report, "terse", gain)) < 0.5


def test_the_report_can_be_written_and_run_again(report: object, tmp_path: object) -> None:
    json_path, html_path = write_report(report, tmp_path / "out")
    data = json.loads(json_path.read_text("utf-8"))
    assert {row["suite"] for row in data["rows"]} == {"edits"}
    page = html_path.read_text("utf-8")
    assert "a numbered list asking for a receipt" in page
    again = run(recorded(), rewrites())
    assert again.rows == report.rows


def test_without_rewrites_their_part_is_left_out() -> None:
    report = run(recorded(6), [])
    assert {row.table for row in report.rows} == {"Rules", "Later edits", "Mails"}


def test_users_who_do_not_differ_gain_nothing() -> None:
    made = [made_of_rewrite(r, i) for i, r in enumerate(rewrites(alike=True))]
    predicted = predict_rewrites(learner(ENCODER), made, np.random.default_rng(0))
    loss = {
        model: np.mean([p.loss for p in predicted if p.model == model])
        for model in ("user", "pooled", "last value")
    }
    assert loss["user"] > loss["pooled"] - 0.02
    assert loss["last value"] > loss["pooled"]


def test_too_little_is_refused() -> None:
    with pytest.raises(InputError, match="at least two users"):
        run([edit for edit in recorded(4) if edit.user == "terse"], [])
    with pytest.raises(InputError, match="at least 5 users"):
        run(recorded(6), rewrites(users=3))
    unknown = [replace(one, user=None) for one in rewrites(users=3)]
    with pytest.raises(InputError, match="there are 0"):
        run(recorded(6), unknown)


def test_first_edits_are_learned_from_and_later_ones_held_out() -> None:
    from tailorlm.evaluation.edits.learners import made_of_recorded

    split = Split.of([made_of_recorded(edit) for edit in recorded(15) + recorded(0)])
    assert {len(own) for own in split.first.values()} == {10}
    assert {len(own) for own in split.later.values()} == {5}
    few = Split.of([made_of_recorded(edit) for edit in recorded(6)])
    assert {len(own) for own in few.first.values()} == {4}
