"""Pairs of answers judged under six profiles: Personalized-Soups (Jang et al., 2023).

Published as one JSON file per profile (github.com/joeljang/RLPHF, the folder ``rm_training`` of its
data): a list of objects with ``user_input``, ``completion_a``, which the profile prefers, and
``completion_b``. Each profile is a user; nothing says in words what it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tailorlm.datasets.base import read_objects
from tailorlm.datasets.card import Card, find_file
from tailorlm.datasets.comparisons import Comparison

LICENCE = (
    "Personalized-Soups pairs (github.com/joeljang/RLPHF): no licence stated; instructions of "
    "GPT-4 Alpaca CC BY-NC 4.0. Not part of this package."
)
PROFILES = ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B")
"""Expertise (a child's words, an expert's), length (short, informative), style (friendly, not)."""


def load_soups_pairs(
    folder: str | Path, profiles: Sequence[str] = PROFILES
) -> dict[str, tuple[Comparison, ...]]:
    """The pairs of each profile, from the files "P1A.json" and so on of a folder.

    Left out are pairs that the profile has already, and pairs of the same text: the paper on P-RLHF
    leaves out duplicates, too (appendix D.1).

    Args:
        folder: Where the files are.
        profiles: Which to read.

    Raises:
        InputError: If a file is missing, cannot be read, or a row is not as described, with its
            number, counted from 1.
    """
    return {name: load_soups_file(Path(folder) / f"{name}.json", name) for name in profiles}


def load_soups_file(path: str | Path, user: str) -> tuple[Comparison, ...]:
    """The pairs of one file, as those of one user.

    Raises:
        InputError: As `load_soups_pairs`.
    """
    found: dict[Comparison, None] = {}
    for row in read_objects(path, "pairs"):
        better = row.get("completion_a", str).strip()
        worse = row.get("completion_b", str).strip()
        if better != worse:
            asked = row.text("user_input").strip()
            found[Comparison.of_prompt(user, asked, better, worse)] = None
    return tuple(found)


CARDS = (
    Card(
        name="personalized_soups",
        title="Personalized-Soups, pairs by profile",
        use="pairs under six profiles that contradict one another",
        terms="none stated",
        licence=LICENCE,
        source="https://storage.googleapis.com/personalized-soups/data.zip (rm_training)",
        citation="Jang et al. 2023, Personalized Soups",
        fields={
            "user_input": "what was asked",
            "completion_a": "the answer that the profile prefers",
            "completion_b": "the other",
        },
        files=tuple(f"**/{profile}.json" for profile in PROFILES),
        open=lambda folder, profile: load_soups_file(
            find_file(folder, f"**/{profile}.json"), profile
        ),
        splits=PROFILES,
        folders=("psoups", "rm_training"),
    ),
)
