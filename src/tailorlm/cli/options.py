"""The options that commands share, and what they open with them."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.errors import NotFoundError

if TYPE_CHECKING:
    from tailorlm.config import Settings
    from tailorlm.privacy import Detector
    from tailorlm.store import Store
    from tailorlm.tailor import Tailor
    from tailorlm.types import Payload

SETUP_PANEL = "Set-up (also in tailorlm.toml, or as TAILORLM_STORE and so on)"
"""What `--help` calls the options that say what a command works with."""

UserArgument = Annotated[
    str, typer.Argument(help="The user's id, of your own choosing.", show_default=False)
]
NumberArgument = Annotated[
    int, typer.Argument(help="Which candidate, counted from 1.", show_default=False)
]
TurnOption = Annotated[
    str | None,
    typer.Option(
        "--turn", metavar="ID", help="The turn, or how its id begins. \\[default: the latest]"
    ),
]
KeyOption = Annotated[
    str | None,
    typer.Option("--key", metavar="TEXT", help="Idempotency key: the same key twice is one event."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        help="Database: a URL or the path of a SQLite file. \\[default: sqlite:///tailor.db]",
        rich_help_panel=SETUP_PANEL,
    ),
]
LLMOption = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="NAME",
        help='Language model, such as "openai/gpt-4o-mini". \\[default: builtin, a demo writer]',
        rich_help_panel=SETUP_PANEL,
    ),
]
MethodOption = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="NAME",
        help="What learns from the log. \\[default: bayes_tags]",
        rich_help_panel=SETUP_PANEL,
    ),
]
EncoderOption = Annotated[
    str | None,
    typer.Option(
        "--encoder",
        metavar="NAME",
        help="Text encoder. \\[default: static]",
        rich_help_panel=SETUP_PANEL,
    ),
]
RetrieverOption = Annotated[
    str | None,
    typer.Option(
        "--retriever",
        metavar="NAME",
        help="What finds earlier texts, for methods that look them up. \\[default: hybrid]",
        rich_help_panel=SETUP_PANEL,
    ),
]
TagsOption = Annotated[
    str | None,
    typer.Option(
        "--tags",
        metavar="FILE",
        help="A tag library in TOML. \\[default: the 193 tags of PREMIUM]",
        rich_help_panel=SETUP_PANEL,
    ),
]
SeedOption = Annotated[
    int | None,
    typer.Option(
        "--seed",
        min=0,
        metavar="N",
        help="Seed of all choices. \\[default: 0]",
        rich_help_panel=SETUP_PANEL,
    ),
]
ScrubOption = Annotated[
    str | None,
    typer.Option(
        "--scrub",
        metavar="WHERE",
        help="Leave out personal data: upstream, store, or upstream,store. \\[default: nowhere]",
        rich_help_panel=SETUP_PANEL,
    ),
]
DetectorOption = Annotated[
    str | None,
    typer.Option(
        "--detector",
        metavar="NAME",
        help="What finds personal data. \\[default: regex]",
        rich_help_panel=SETUP_PANEL,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What was given on the command line; None where nothing was."""

    store: str | None = None
    llm: str | None = None
    method: str | None = None
    encoder: str | None = None
    retriever: str | None = None
    tags: str | None = None
    seed: int | None = None
    scrub: str | None = None
    detector: str | None = None

    def settings(self) -> Settings:
        """These, and the environment and the settings file for the rest."""
        from tailorlm.config import load_settings

        return load_settings(asdict(self))

    def repeated(self) -> str:
        """The options that the next command must repeat, with a blank before each."""
        lasting = {"--store": self.store, "--method": self.method, "--encoder": self.encoder}
        lasting |= {"--retriever": self.retriever, "--tags": self.tags}
        return "".join(f" {name} {shlex.quote(v)}" for name, v in lasting.items() if v is not None)


def open_tailor(setup: Setup, *, new: bool, answers: bool = False) -> Tailor:
    """The facade as set up.

    Args:
        setup: What was given on the command line.
        new: Whether a SQLite file that is not there yet is made.
        answers: Whether the command needs the language model; others work without its key.

    Raises:
        TailorError: If a part cannot be opened.
    """
    from tailorlm.tailor import Tailor

    settings = setup.settings()
    if not new:
        _check_there(settings.store)
    return Tailor(
        settings.store,
        llm=settings.llm if answers else "builtin",
        method=settings.method,
        encoder=settings.encoder,
        retriever=settings.retriever,
        tags=settings.tags,
        seed=settings.seed,
        keep=_keep(settings),
    )


def open_log(setup: Setup, *, new: bool = False) -> Store:
    """The store as set up, for commands that need no method.

    Args:
        setup: What was given on the command line.
        new: Whether a SQLite file that is not there yet is made.

    Raises:
        StoreError: If it cannot be opened.
        NotFoundError: If there is none and none is to be made.
    """
    from tailorlm.store import open_store

    url = setup.settings().store
    if not new:
        _check_there(url)
    return open_store(url)


def upstream_detector(setup: Setup) -> Detector | None:
    """What finds the personal data that is kept from the upstream; None where it is not."""
    settings = setup.settings()
    if "upstream" not in settings.scrub:
        return None
    from tailorlm.privacy import create_detector

    return create_detector(settings.detector)


def _keep(settings: Settings) -> Callable[[Payload], Payload] | None:
    """What leaves personal data out of what is stored, where that is set."""
    if "store" not in settings.scrub:
        return None
    from tailorlm.privacy import create_detector
    from tailorlm.privacy.placeholders import scrubbed_payload

    return partial(scrubbed_payload, detector=create_detector(settings.detector))


def _check_there(url: str) -> None:
    """Raise `NotFoundError` for a SQLite file that does not exist."""
    from tailorlm.store.address import SqliteAddress, parse_address

    address = parse_address(url)
    if isinstance(address, SqliteAddress) and address.path and not address.path.exists():
        raise NotFoundError(
            f"There is no database {address.label} yet. Check --store, or start one with: "
            'tailorlm ask USER "QUERY"'
        )
