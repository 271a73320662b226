"""`tailorlm evaluate judges`: how far judges can be trusted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from tailorlm.evaluation.judges.sources import Source

_MARKS = {True: "met", False: "not met", None: "not measured"}

RankingsOption = Annotated[
    Path | None,
    typer.Option(
        "--recordings", metavar="FILE", help="Recorded rankings in JSON Lines, plain or .gz."
    ),
]
ReviewsOption = Annotated[
    Path | None,
    typer.Option("--reviews", metavar="FILE", help="Judged summaries of SQuALITY, plain or .gz."),
]
LLMsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--llm",
        metavar="NAME",
        help="Language model that judges as well, as openai/MODEL; may be given twice, to see "
        "how far two agree.",
    ),
]
PairsOption = Annotated[
    int,
    typer.Option(
        "--pairs", min=1, metavar="N", help="Pairs of each source that a language model judges."
    ),
]
ReadPriceOption = Annotated[
    float | None,
    typer.Option(
        "--price-read", min=0.0, metavar="PRICE", help="Of a million tokens that are read."
    ),
]
WrittenPriceOption = Annotated[
    float | None,
    typer.Option(
        "--price-written", min=0.0, metavar="PRICE", help="Of a million tokens that are written."
    ),
]


def judges(
    out: FolderOption,
    recordings: RankingsOption = None,
    reviews: ReviewsOption = None,
    llm: LLMsOption = None,
    pairs: PairsOption = 100,
    price_read: ReadPriceOption = None,
    price_written: WrittenPriceOption = None,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Hold judges against what people preferred.

    Judges without a language model always take part, and with --llm those with one, in both orders
    of each pair. What a language model said is kept in answers.jsonl, so that a run that was
    interrupted, or is repeated, does not ask again.
    """
    from rich.progress import Progress

    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.judges import Answers, Settings, run_judges
    from tailorlm.evaluation.judges.suite import ANSWERS
    from tailorlm.evaluation.report import check_folder, write_report
    from tailorlm.llms import create_llm

    setup = Setup(encoder=encoder, seed=seed).settings()
    if (price_read is None) != (price_written is None):
        raise InputError("A cost needs both prices. Give --price-read and --price-written.")
    prices = None if price_read is None or price_written is None else (price_read, price_written)
    sources = _sources(recordings, reviews)
    check_folder(out, replace=force)
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Judging", total=None)
        report = run_judges(
            sources,
            create_encoder(setup.encoder),
            [create_llm(name) for name in llm or []],
            Answers(out / ANSWERS if llm else None),
            Settings(seed=setup.seed, llm_pairs=pairs, prices=prices),
            lambda name, done, total: progress.update(
                task, description=name, completed=done, total=total
            ),
        )
    json_path, html_path = write_report(report, out, replace=force)
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")


def _sources(recordings: Path | None, reviews: Path | None) -> list[Source]:
    """What judges are held against."""
    from tailorlm.datasets.ranking_tager import load_ranked_turns
    from tailorlm.datasets.summary_reviews import load_summary_reviews
    from tailorlm.evaluation.judges.sources import ranked_source, reviewed_sources

    if recordings is None and reviews is None:
        raise InputError(
            "There is nothing to hold judges against. Give --recordings FILE, --reviews FILE or "
            "both."
        )
    found = [] if recordings is None else [ranked_source(load_ranked_turns(recordings))]
    if reviews is not None:
        found += reviewed_sources(load_summary_reviews(reviews))
    return found
