"""What a user gives back: `rank`, `pick`, `edit`, `rate`, `say`, `write`, `describe`, `correct`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.options import (
    EncoderOption,
    JsonOption,
    KeyOption,
    MethodOption,
    NumberArgument,
    RetrieverOption,
    Setup,
    StoreOption,
    TagsOption,
    TurnOption,
    UserArgument,
    open_tailor,
)
from tailorlm.cli.reading import (
    edited_text,
    parse_order,
    pieces_of,
    position_of,
    read_file,
    read_stdin,
)
from tailorlm.errors import InputError, NotFoundError
from tailorlm.types import (
    Attribute,
    Correction,
    Document,
    Edit,
    Feedback,
    Pick,
    Profile,
    Ranking,
    Rating,
    Statement,
    Turn,
    User,
    belief_key,
    kind_of,
)

if TYPE_CHECKING:
    from tailorlm.tailor import ShownTurn, Tailor
    from tailorlm.writing.documents import Reader

_SHORTEST_PREFIX = 4


def rank(
    user: UserArgument,
    order: Annotated[
        list[str],
        typer.Argument(
            help='Candidates from 1, best first; "2=3 1" ties 2 and 3.', show_default=False
        ),
    ],
    turn: TurnOption = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out candidates you have no view on.")
    ] = False,
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Rank the candidates of a turn, best first."""

    def feedback(shown: ShownTurn) -> Feedback:
        return Ranking(shown.id, parse_order(order, len(shown.candidates), partial=partial))

    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _judge(setup, user, turn, feedback, key=key, json=json)


def pick(
    user: UserArgument,
    number: NumberArgument,
    turn: TurnOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Pick one candidate of a turn over all others."""

    def feedback(shown: ShownTurn) -> Feedback:
        return Pick(shown.id, position_of(number, len(shown.candidates)))

    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _judge(setup, user, turn, feedback, key=key, json=json)


def edit(
    user: UserArgument,
    number: NumberArgument,
    text: Annotated[
        str | None,
        typer.Option(
            "--text",
            metavar="TEXT",
            help="The whole text as you would have it. Without it: standard input, or your editor.",
        ),
    ] = None,
    turn: TurnOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Give a candidate as you would have written it."""

    def feedback(shown: ShownTurn) -> Feedback:
        position = position_of(number, len(shown.candidates))
        return Edit(shown.id, position, edited_text(text, shown.texts[position]))

    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _judge(setup, user, turn, feedback, key=key, json=json)


def rate(
    user: UserArgument,
    number: NumberArgument,
    score: Annotated[float, typer.Argument(help="From 1 (bad) to 5 (good).", show_default=False)],
    turn: TurnOption = None,
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Score a candidate of a turn from 1 to 5."""

    def feedback(shown: ShownTurn) -> Feedback:
        return Rating(shown.id, position_of(number, len(shown.candidates)), score)

    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _judge(setup, user, turn, feedback, key=key, json=json)


def say(
    user: UserArgument,
    text: Annotated[
        str, typer.Argument(help='What you say; "-" reads standard input.', show_default=False)
    ],
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Say something about how you want to be answered, or about yourself."""
    said = read_stdin("statement").strip() if text == "-" else text
    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _tell(setup, user, Statement(said), key=key, json=json)


def write(
    user: UserArgument,
    file: Annotated[
        str,
        typer.Argument(
            help='A text, mail (.eml), mbox or JSON Lines file; "-" reads a text from standard '
            "input.",
            show_default=False,
        ),
    ],
    title: Annotated[
        str | None,
        typer.Option("--title", metavar="TEXT", help="Its title. \\[default: the file's name]"),
    ] = None,
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Give a text that the user wrote, as an example of their writing; or a file of several.

    Each message of an mbox and each line of JSON Lines is a text of its own, and counts once.
    """
    from tailorlm.writing.documents import kind_of_file, reader_of

    kind = "text" if file == "-" else kind_of_file(file)
    if kind in ("mail", "mbox", "jsonl"):
        setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
        _write_all(setup, user, reader_of(kind, title or ""), file, json=json)
        return
    text = read_stdin("document") if file == "-" else read_file(file)
    name = "" if file == "-" else Path(file).name
    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _tell(setup, user, Document(text, name if title is None else title), key=key, json=json)


def describe(
    user: UserArgument,
    name: Annotated[str, typer.Argument(help='Such as "language".', show_default=False)],
    value: Annotated[str, typer.Argument(help='Such as "Spanish".', show_default=False)],
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Give a fact about the user, as a name and a value; a new value replaces the old."""
    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    _tell(setup, user, Attribute(name, value), key=key, json=json)


def correct(
    user: UserArgument,
    action: Annotated[
        str,
        typer.Argument(
            help='"lock" what is believed, "set" a belief, "forget" one, or "release" it again.',
            show_default=False,
        ),
    ],
    name: Annotated[
        str,
        typer.Argument(help="The tag, rule or statement, as the profile says.", show_default=False),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="NAME",
            help='Such as "tag" or "rule". \\[default: as in the profile, else a rule]',
        ),
    ] = None,
    disliked: Annotated[
        bool, typer.Option("--disliked", help="Lock or set a tag as disliked.")
    ] = False,
    key: KeyOption = None,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Lock, set or forget what is believed of a user, or take that back."""
    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    with open_tailor(setup, new=True) as tailor:
        new = "tag" if disliked else "rule"
        of, known = (kind, name) if kind is not None else _meant(tailor, user, name, new)
        given = Correction(of, known, action, "disliked" if disliked else "")
        _record(tailor, user, given, key=key, json=json)


def _meant(tailor: Tailor, user: str, name: str, new: str) -> tuple[str, str]:
    """Kind and name of the belief that is meant; a name that is in no profile is of kind `new`."""
    found = [
        belief
        for belief in _before(tailor, user)[1].beliefs
        if belief_key(belief.name) == belief_key(name)
    ]
    return (found[0].kind, found[0].name) if found else (new, name)


def _write_all(setup: Setup, user: str, reader: Reader, file: str, *, json: bool) -> None:
    """Record the texts of a file, and say what was taken and what was left out."""
    from tailorlm.writing.documents import LeftOut, document_key, read_all

    taken, known = 0, 0
    left_out: list[LeftOut] = []
    with open_tailor(setup, new=True) as tailor, show.working("Learning…"):
        newest, _ = _before(tailor, user)
        for one in read_all(reader, pieces_of(file)):
            if isinstance(one, LeftOut):
                left_out.append(one)
                continue
            position = tailor.give(user, one, key=document_key(one)).position
            taken, known = (taken + 1, known) if position > newest else (taken, known + 1)
            newest = max(newest, position)
    if json:
        rows = [{"where": one.where, "why": one.why} for one in left_out]
        show.as_json({"user": user, "taken": taken, "known": known, "left_out": rows})
        return
    again = f" {show.counted(known, 'text')} recorded before." if known else ""
    show.line(f"Recorded {show.counted(taken, 'text')}.{again}")
    for one in left_out:
        show.notice(f"Left out {one.where}: {one.why}")


def _judge(
    setup: Setup,
    user: str,
    turn: str | None,
    feedback: Callable[[ShownTurn], Feedback],
    *,
    key: str | None,
    json: bool,
) -> None:
    """Record feedback on a turn and say what it changed."""
    with open_tailor(setup, new=False) as tailor:
        shown = tailor.turn(user, turn and _whole_id(tailor, user, turn))
        given = feedback(shown)
        _record(tailor, user, given, key=key, json=json)


def _tell(setup: Setup, user: str, given: Feedback, *, key: str | None, json: bool) -> None:
    """Record feedback that is on no turn and say what it changed."""
    with open_tailor(setup, new=True) as tailor:
        _record(tailor, user, given, key=key, json=json)


def _record(tailor: Tailor, user: str, given: Feedback, *, key: str | None, json: bool) -> None:
    with show.working("Learning…"):
        newest, before = _before(tailor, user)
        event = tailor.give(user, given, key=key)
        used, new = tailor.learns_from(given), event.position > newest
        moved = show.changes(before, tailor.profile(user)) if used and new else []
    if json:
        show.as_json(show.event_row(event) | {"new": new, "used": used, "changes": moved})
    elif not new:
        show.line("Recorded before under this key; nothing was added.")
    elif used:
        show.line(f"Recorded. {show.changes_line(moved)}")
    else:
        article = "an" if kind_of(given)[0] in "ae" else "a"
        show.line(
            f"Recorded and kept in the log. The method {tailor.method.name!r} does not use "
            f"{article} {kind_of(given)}."
        )


def _before(tailor: Tailor, user: str) -> tuple[int, Profile]:
    """The newest position and profile of a user; of a new one 0 and what is assumed of anyone."""
    try:
        return tailor.store.latest_position(user), tailor.profile(user)
    except NotFoundError:
        population = tailor.store.load_population(tailor.method.name)
        return 0, tailor.method.explain(tailor.method.initial(User(user), population), user)


def _whole_id(tailor: Tailor, user: str, start: str) -> str:
    """The id of the user's only turn that begins like this; what was given where there is none."""
    turns = [event.payload.id for event in tailor.log(user) if isinstance(event.payload, Turn)]
    if start in turns or len(start) < _SHORTEST_PREFIX:
        return start
    found = [turn for turn in turns if turn.startswith(start)]
    if len(found) > 1:
        raise InputError(f"{len(found)} turns begin with {start[:40]!r}. Give more of the id.")
    return found[0] if found else start
