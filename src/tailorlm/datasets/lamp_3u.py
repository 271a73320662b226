"""LaMP-3U: Amazon reviews by user, as preference agents were tried on.

"LaMP 3U" in Shashidhar et al. (2024) is the user-based separation of LaMP-3: each question's
profile holds the reviews of one user. The subset of 15 users that they drew could not be found in
published form, so what is read is LaMP-3's own file of questions, ``train_questions.json`` or
``dev_questions.json``: a list of objects with ``profile``, a list of ``id``, ``text`` and
``score``. Where an object has a ``user_id``, it names the user; LaMP's own files have none, and the
user goes by the ``id`` of the first question with that profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_objects
from tailorlm.datasets.card import Card, find_file
from tailorlm.datasets.lamp import SPLITS, row_id
from tailorlm.datasets.lamp_tasks import LICENCE
from tailorlm.errors import InputError

_LOWEST, _HIGHEST = 1.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UserReview:
    """One review.

    Attributes:
        id: Of the review; unique for its user.
        user: Who wrote it.
        text: The review.
        score: Stars given, 1 to 5.
    """

    id: str
    user: str
    text: str
    score: float


def load_user_reviews(path: str | Path, *, least: int = 1) -> dict[str, tuple[UserReview, ...]]:
    """Read the reviews of a file of questions, plain or gzip, by user.

    A user who has several questions has the reviews of all of them once; blank reviews are passed
    over.

    Args:
        path: The file.
        least: Reviews that a user must have to be kept.

    Returns:
        Each user's reviews in the order of the file; users in the order in which they come.

    Raises:
        InputError: If the file cannot be read, a row is not as described (with its number), or no
            user has enough reviews.
    """
    found: dict[str, dict[str, UserReview]] = {}
    owners: dict[tuple[tuple[str, str], ...], str] = {}
    for row in read_objects(path, "questions"):
        items = row.rows("profile", "profile item")
        key = tuple((row_id(item), item.get("text", str)) for item in items)
        named = row_id(row) if "user_id" not in row.data else row.plain("user_id")
        user = named if "user_id" in row.data else owners.setdefault(key, named)
        reviews = found.setdefault(user, {})
        for item, (identity, text) in zip(items, key, strict=True):
            if text.strip():
                reviews.setdefault(
                    identity, UserReview(id=identity, user=user, text=text, score=_score(item))
                )
    kept = {
        user: tuple(reviews.values()) for user, reviews in found.items() if len(reviews) >= least
    }
    if not kept:
        most = max((len(reviews) for reviews in found.values()), default=0)
        raise InputError(f"No user in {path} has {least} reviews; the most is {most}.")
    return kept


def _score(row: Row) -> float:
    score = row.numeric("score")
    if not _LOWEST <= score <= _HIGHEST:
        row.fail(f"'score' is from 1 to 5, but is {score:g}.")
    return score


def _open(folder: Path, split: str) -> Iterator[UserReview]:
    path = find_file(folder, f"{split}_questions.json")
    for reviews in load_user_reviews(path).values():
        yield from reviews


CARDS = (
    Card(
        name="lamp_3u",
        title="LaMP-3U, reviews by user",
        use="reviews in a user's style; ratings by user",
        terms="CC BY-NC-SA 4.0",
        licence=LICENCE,
        source="https://lamp-benchmark.github.io/download (LaMP-3, user-based)",
        citation="Salemi et al. 2024, LaMP; Shashidhar et al. 2024, Unsupervised Human Preference "
        "Learning",
        fields={
            "profile.id": "of the review",
            "profile.text": "the review",
            "profile.score": "stars, 1 to 5",
            "user_id": "whose reviews, where the file says so",
        },
        files=("*_questions.json",),
        open=_open,
        splits=SPLITS,
        folders=("lamp_3", "LaMP_3", "lamp3", "LaMP-3"),
        note="The published subset of 15 users could not be found; all users of the file are read.",
    ),
)
