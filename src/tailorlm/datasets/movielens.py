"""The task of LaMP-2 built from MovieLens tags and TMDB plots, where LaMP's own files are not.

``ml_latest_small/tags.csv`` says which user gave which film which tag when, ``links.csv`` names
the film's TMDB id, and ``tmdb5000_overviews/tmdb5000.csv`` holds the plots. Films are joined by
the TMDB id alone: the plots carry no year, so that a title could be that of a remake.

Licences: MovieLens is for research and not for commercial use (GroupLens). The plots come from
TMDB, under its terms of use, non-commercial and with attribution; this product uses TMDB data but
is not endorsed or certified by TMDB. Neither is part of this package.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from tailorlm.datasets.base import Row, read_table
from tailorlm.datasets.card import Card
from tailorlm.datasets.lamp import LAMP2_LABELS, LampSample, TaggedText
from tailorlm.datasets.movie_files import MOVIELENS_LICENCE, TMDB_LICENCE
from tailorlm.errors import InputError
from tailorlm.tags.library import MAX_TAG

Variant = Literal["own", "labels"]
_FILES = (
    "ml_latest_small/tags.csv",
    "ml_latest_small/links.csv",
    "tmdb5000_overviews/tmdb5000.csv",
)


@dataclass(frozen=True, slots=True)
class _Film:
    """A film as one user tagged it: its plot, and the tags in the order in which they came."""

    movie: str
    plot: str
    tags: tuple[str, ...]


def load_movielens(
    folder: str | Path,
    variant: Variant = "own",
    *,
    share: float = 0.5,
    least_profile: int = 3,
    least_uses: int = 2,
) -> list[LampSample]:
    """Build the task; the same files always give the same samples.

    A user's films stand in the order in which the user first tagged them. The first `share` of
    them is the profile, the later ones are tested, so a film is in one of the two and the profile
    is older. A film counts with one tag, the earliest that the user gave it out of the pool, and
    not at all if it has none; case and doubled blanks make no difference.

    Args:
        folder: Holds the folders ``ml_latest_small`` and ``tmdb5000_overviews``; files may be
            gzip (".gz").
        variant: Whose vocabulary the pool is. "own": the tags that the user gave to at least
            `least_uses` of the profile's films, so that nothing is known of later ones. "labels":
            the 15 of LaMP-2, and films without any of them do not count.
        share: Share of a user's films that make the profile, between 0 and 1.
        least_profile: Films a profile must have; users with fewer, or with nothing to test, are
            left out.
        least_uses: Films of the profile that an own tag must be on.

    Raises:
        InputError: If a file is missing or malformed (with its row), an argument is out of range,
            or no user has enough films.
    """
    _check_arguments(variant, share, least_profile, least_uses)
    samples: list[LampSample] = []
    for user, films in sorted(_films_by_user(Path(folder)).items()):
        if variant == "labels":
            films = [film for film in films if set(film.tags) & set(LAMP2_LABELS)]
        n_earlier = int(len(films) * share)
        earlier, later = films[:n_earlier], films[n_earlier:]
        pool = LAMP2_LABELS if variant == "labels" else _vocabulary(earlier, least_uses)
        profile = tuple(TaggedText(film.plot, tag) for film, tag in _labelled(earlier, pool))
        if len(profile) < least_profile:
            continue
        samples += [
            LampSample(
                id=f"{user}-{film.movie}",
                user=user,
                description=film.plot,
                tag=tag,
                pool=pool,
                profile=profile,
            )
            for film, tag in _labelled(later, pool)
        ]
    if not samples:
        raise InputError(
            f"No user in {folder} has {least_profile} tagged films and a later one to test. "
            "Lower least_profile or least_uses."
        )
    return samples


def has_movielens(folder: str | Path) -> bool:
    """Whether a folder holds all files that `load_movielens` reads."""
    return all(_find(Path(folder), name).is_file() for name in _FILES)


def _check_arguments(variant: str, share: float, least_profile: int, least_uses: int) -> None:
    if variant not in ("own", "labels"):
        raise InputError(f"variant is 'own' or 'labels', but got {variant!r}.")
    if not 0 < share < 1 or least_profile < 1 or least_uses < 1:
        raise InputError(
            "share lies between 0 and 1, least_profile and least_uses are at least 1, but got "
            f"{share}, {least_profile} and {least_uses}."
        )


def _films_by_user(folder: Path) -> dict[str, list[_Film]]:
    """Each user's films with a plot, in the order in which the user first tagged them."""
    tags, links, tmdb = (_find(folder, name) for name in _FILES)
    plots = _pairs(read_table(tmdb), "tmdbId", "overview")
    movie_plots = {
        movie: plots[number]
        for movie, number in _pairs(read_table(links), "movieId", "tmdbId").items()
        if plots.get(number)
    }
    given: dict[str, list[tuple[int, int, str, str]]] = defaultdict(list)
    for row in read_table(tags):
        movie, tag = row.text("movieId"), " ".join(row.text("tag").casefold().split())
        time = _seconds(row)
        if movie in movie_plots and len(tag) <= MAX_TAG and tag.isprintable():
            given[row.text("userId")].append((time, row.number, movie, tag))
    films: dict[str, list[_Film]] = {}
    for user, entries in given.items():
        by_movie: dict[str, list[str]] = defaultdict(list)
        for _, _, movie, tag in sorted(entries):
            by_movie[movie].append(tag)
        films[user] = [
            _Film(movie, movie_plots[movie], tuple(found)) for movie, found in by_movie.items()
        ]
    return films


def _pairs(rows: Iterable[Row], key: str, value: str) -> Mapping[str, str]:
    """Two columns as a mapping; values may be empty."""
    found: dict[str, str] = {}
    for row in rows:
        name = row.text(key)
        if name in found:
            row.fail(f"the {key} {name!r} is there already.")
        found[name] = " ".join(row.get(value, str).split())
    return found


def _seconds(row: Row) -> int:
    text = row.text("timestamp")
    if not text.isascii() or not text.isdigit():
        row.fail(f"'timestamp' must be seconds since 1970, but is {text[:40]!r}.")
    return int(text)


def _vocabulary(films: Sequence[_Film], least_uses: int) -> tuple[str, ...]:
    uses = Counter(tag for film in films for tag in set(film.tags))
    return tuple(sorted(tag for tag, count in uses.items() if count >= least_uses))


def _labelled(films: Sequence[_Film], pool: Sequence[str]) -> list[tuple[_Film, str]]:
    """Each film with its earliest tag of the pool, without films that have none."""
    known = set(pool)
    firsts = [(film, next((tag for tag in film.tags if tag in known), None)) for film in films]
    return [(film, tag) for film, tag in firsts if tag is not None]


def _find(folder: Path, name: str) -> Path:
    """The file, or its gzip form where that is the one there."""
    packed = folder / f"{name}.gz"
    return packed if packed.is_file() else folder / name


CARDS = (
    Card(
        name="movielens",
        title="MovieLens tags with TMDB plots",
        use="movie tagging in the form of LaMP-2",
        terms="not commercial",
        licence=f"{MOVIELENS_LICENCE} {TMDB_LICENCE}",
        source="https://grouplens.org/datasets/movielens/latest/ and "
        "https://www.kaggle.com/datasets/tmdb/tmdb-movie-metadata",
        citation="Harper and Konstan 2015, The MovieLens Datasets: History and Context",
        fields={
            "userId, movieId, tag, timestamp": "who gave which film which tag when (tags.csv)",
            "movieId, tmdbId": "the film's TMDB id (links.csv)",
            "tmdbId, overview": "the plot (tmdb5000.csv)",
        },
        files=_FILES[:1],
        also=_FILES[1:],
        open=lambda folder, variant: load_movielens(folder, cast("Variant", variant)),
        splits=("own", "labels"),
        folders=("",),
    ),
)
