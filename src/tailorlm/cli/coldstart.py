"""`tailorlm evaluate coldstart`: what a new user's first events tell."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from tailorlm.evaluation.coldstart import Data

_MARKS = {True: "met", False: "not met", None: "not measured"}
_TEXTS = "popquorn/offensiveness_raw.csv"
_RATINGS, _FILMS = "ml_latest_small/ratings.csv", "ml_latest_small/movies.csv"

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help=f"Folder with {_TEXTS}, or {_RATINGS} and movies.csv, or both; plain or .gz.",
    ),
]
RecordingsOption = Annotated[
    Path | None,
    typer.Option(
        "--recordings", metavar="FILE", help="Recorded rankings in JSON Lines, plain or .gz."
    ),
]
QuickOption = Annotated[
    bool,
    typer.Option("--quick", help="A fifth of 100 people, four users of rankings; half a minute."),
]


def coldstart(
    out: FolderOption,
    data: DataOption = None,
    recordings: RecordingsOption = None,
    quick: QuickOption = False,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Predict new users after 0 to 20 events: by all users, by groups, by the user, by all three.

    Writes a page for people and the numbers for programs.
    """
    from rich.progress import Progress

    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.coldstart import Settings, run_coldstart
    from tailorlm.evaluation.plots import check_installed
    from tailorlm.evaluation.report import check_folder, write_report

    setup = Setup(encoder=encoder, seed=seed).settings()
    read = _read(data, recordings)
    check_installed()
    check_folder(out, replace=force)
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Learning from first events", total=None)
        report = run_coldstart(
            read,
            create_encoder(setup.encoder),
            Settings(seed=setup.seed, quick=quick),
            lambda: progress.advance(task),
        )
    json_path, html_path = write_report(report, out, replace=force)
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")


def _read(data: Path | None, recordings: Path | None) -> Data:
    """What the options name."""
    from tailorlm.datasets import load_ranked_turns
    from tailorlm.datasets.film_genres import load_film_genres
    from tailorlm.datasets.movie_files import load_movie_ratings
    from tailorlm.datasets.rated_texts import load_rated_texts
    from tailorlm.evaluation.coldstart import Data

    texts, ratings, films = (
        None if data is None else _there(data, name) for name in (_TEXTS, _RATINGS, _FILMS)
    )
    if ratings is not None and films is None:
        raise InputError(f"{data} holds {_RATINGS} and no {_FILMS}, which says what films are.")
    if texts is None and ratings is None and recordings is None:
        where = "" if data is None else f" {data} holds neither {_TEXTS} nor {_RATINGS}."
        raise InputError(
            f"There is nothing to measure on.{where} Give --data, --recordings or both."
        )
    return Data(
        texts=() if texts is None else load_rated_texts(texts),
        ratings=() if ratings is None else list(load_movie_ratings(ratings)),
        films=() if ratings is None or films is None else list(load_film_genres(films)),
        turns=() if recordings is None else load_ranked_turns(recordings),
    )


def _there(folder: Path, name: str) -> Path | None:
    """The file or its gzip form, None where neither is there."""
    found = (folder / name, folder / f"{name}.gz")
    return next((path for path in found if path.is_file()), None)
