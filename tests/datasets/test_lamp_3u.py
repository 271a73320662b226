"""Reviews by user, out of questions in the form of LaMP-3."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.datasets.published import write_json

from tailorlm.datasets.lamp_3u import UserReview, load_user_reviews
from tailorlm.errors import InputError


def asked(identity: str, *reviews: tuple[str, str, Any], **more: str) -> dict[str, Any]:
    profile = [{"id": key, "text": text, "score": score} for key, text, score in reviews]
    return {"id": identity, "input": "Rate it.", "profile": profile, **more}


def test_a_profile_is_a_user(tmp_path: Path) -> None:
    mine = [("1", "A fine pot.", "5"), ("2", "A lid.", 2), ("3", " ", "1")]
    rows = [asked("q1", *mine), asked("q2", *mine), asked("q3", ("1", "A pan.", "3"))]
    found = load_user_reviews(write_json(tmp_path / "q.json", rows))
    assert list(found) == ["q1", "q3"]
    assert found["q1"] == (
        UserReview(id="1", user="q1", text="A fine pot.", score=5.0),
        UserReview(id="2", user="q1", text="A lid.", score=2.0),
    )
    assert list(load_user_reviews(tmp_path / "q.json", least=2)) == ["q1"]
    with pytest.raises(InputError, match="has 3 reviews; the most is 2"):
        load_user_reviews(tmp_path / "q.json", least=3)


def test_users_that_are_named_are_joined(tmp_path: Path) -> None:
    rows = [
        asked("q1", ("1", "A pot.", 5), user_id="ana"),
        asked("q2", ("1", "A pot.", 5), ("2", "A pan.", 4), user_id="ana"),
    ]
    found = load_user_reviews(write_json(tmp_path / "q.json", rows))
    assert [review.id for review in found["ana"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("score", "message"),
    [
        ("six", "row 2: profile item 0: 'score' must be a number, but is 'six'."),
        (6, "row 2: profile item 0: 'score' is from 1 to 5, but is 6."),
        ("nan", "'score' must be a number"),
    ],
)
def test_errors_name_the_row(tmp_path: Path, score: Any, message: str) -> None:
    rows = [asked("q1", ("1", "A pot.", 5)), asked("q2", ("1", "A pan.", score))]
    with pytest.raises(InputError) as caught:
        load_user_reviews(write_json(tmp_path / "q.json", rows))
    assert message in str(caught.value)
