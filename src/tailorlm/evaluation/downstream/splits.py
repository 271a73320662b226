"""What is learned from and what is tested: each user's last rating, or all after one moment."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tailorlm.errors import InputError
from tailorlm.evaluation.downstream.ratings import BoolArray, Ratings

LEARNED = 0.8
"""Share of all ratings that lie before the moment of the time split."""


@dataclass(frozen=True, eq=False, slots=True)
class Split:
    """Ratings in two parts.

    Attributes:
        name: Of the way to divide.
        train: What may be learned from.
        test: What is predicted.
        notes: What was found while dividing, a sentence each.
    """

    name: str
    train: Ratings
    test: Ratings
    notes: tuple[str, ...] = ()

    @property
    def known(self) -> BoolArray:
        """Shape (users,): who has something to learn from."""
        return np.bincount(self.train.user, minlength=len(self.train.users)) > 0

    def only(self, users: BoolArray) -> Split:
        """The same, with the tests of some users alone."""
        return Split(self.name, self.train, self.test.taken(users[self.test.user]), self.notes)


def leave_one_out(ratings: Ratings, rng: np.random.Generator) -> Split:
    """Hold out each user's last rating.

    Of several in the user's last second one is drawn. Users with one rating are learned from and
    not tested.

    Args:
        ratings: All of them.
        rng: Draws.

    Raises:
        InputError: If no user has two ratings.
    """
    held = np.zeros(len(ratings), dtype=np.bool_)
    drawn = single = 0
    for own in ratings.of_user:
        if len(own) < 2:
            single += len(own)
            continue
        last = own[ratings.time[own] == ratings.time[own[-1]]]
        drawn += len(last) > 1
        held[rng.choice(last)] = True
    if not held.any():
        raise InputError(
            "No user rated two films with a plot, so that no rating can be held out. Give more "
            "ratings of each user."
        )
    notes = []
    if drawn:
        notes.append(
            f"{_users(drawn)} gave several ratings in the last second, of which one was drawn."
        )
    if single:
        notes.append(f"{_users(single)} gave a single rating, which is learned from.")
    return Split("leave one out", ratings.taken(~held), ratings.taken(held), tuple(notes))


def time_split(ratings: Ratings, share: float = LEARNED) -> Split:
    """Learn from what was rated before one moment, and test on everything from then on.

    The moment is the time of the rating that stands at `share` of all, so that what was rated in
    the same second stays together, and is tested.

    Args:
        ratings: All of them.
        share: Of the ratings that are learned from, about; between 0 and 1.

    Raises:
        InputError: If the share is out of range, or nothing was rated before the moment.
    """
    if not 0 < share < 1:
        raise InputError(f"The share of ratings to learn from is between 0 and 1, not {share}.")
    moment = int(np.sort(ratings.time)[int(share * len(ratings))])
    later = ratings.time >= moment
    if later.all():
        raise InputError(
            "Nothing was rated before the moment that the time split divides at: most ratings "
            "have the same time. Give ratings with their times."
        )
    day = np.datetime64(moment, "s").astype("datetime64[D]")
    split = Split("time split", ratings.taken(~later), ratings.taken(later))
    tested = np.unique(split.test.user)
    new = int((~split.known[tested]).sum())
    note = (
        f"What was rated before {day} is learned from. Of {_users(len(tested))} who rated later "
        f"{new} had not rated before: they are new, and stand apart."
    )
    return replace(split, notes=(note,))


def _users(count: int) -> str:
    return f"{count:,} user{'' if count == 1 else 's'}"
