"""A mail of the demo writer: its points as sentences, in the style that the rules wish."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tailorlm.llms._builtin_address import (
    Reader,
    closes_in_words,
    closing_of,
    greeting_of,
    is_greeting,
    signature_of,
)
from tailorlm.llms._builtin_draft import Draft
from tailorlm.llms._builtin_fit import Body, Limits, fitted
from tailorlm.llms._builtin_notes import Manner, Note, addressee, notes_of, worded
from tailorlm.llms._builtin_sentences import capital, ended, lengthened, split_sentence
from tailorlm.llms._builtin_style import Style
from tailorlm.llms._builtin_wording import cased, finished, marked, unavoided, words
from tailorlm.writing.mail_task import MailTask
from tailorlm.writing.traits import measure

Pick = Callable[[Sequence[str], str], str]
"""Chooses one of some phrases, by what it is for."""

_MAILS = frozenset(("mail", "email", "e-mail", "letter", "message", "note", "reply", "memo"))
_LEADS = re.compile(
    r"(?:no action|action|fyi|note|heads up|in short|summary|quick|good news|for your)\b|.*:$",
    re.IGNORECASE,
)
_ATTACHED = re.compile(r"(?:attached|enclosed)\b", re.IGNORECASE)
_LATER: dict[Manner, Manner] = {"hedged": "formal", "formal": "direct", "polite": "direct"}
"""How what is asked after the first request is worded, so that requests do not sound alike."""
_LONG_SENTENCE, _LONG_ENOUGH = 13, 11
_LONGEST_LINE = 1_200
_LONGEST_MAIL = 8_000
_MOST_NOTES = 60


@dataclass(frozen=True, slots=True)
class _Effort:
    """How much is written: every step of a shorter mail leaves more out."""

    manner: Manner
    has_courtesy: bool = True
    has_frame: bool = True


def write_mail(task: MailTask, style: Style, pick: Pick) -> str:
    """The mail of a task, in a style.

    Without rules it is what a stranger would write: a greeting, a pleasantry, the points in full
    sentences, a courtesy, a closing and the sender's name.

    Args:
        task: What to write.
        style: How to write it. Subjects among its tags are left out: the points say it all.
        pick: Chooses among courtesies.
    """
    return _Mail(task, style, pick).write()


class _Mail:
    """One mail in the making."""

    def __init__(self, task: MailTask, style: Style, pick: Pick) -> None:
        self._style = style
        self._pick = pick
        self._is_mail = not _MAILS.isdisjoint(task.kind.casefold().split())
        self._draft = Draft.of(task.draft)
        self._sender = task.sender or self._draft.signature
        self._is_formal = style.wish("register") == "formal"
        self._is_long = style.wish("sentence length") == "long"
        self._reader = Reader.of(task.recipient or addressee(task.points))
        if not self._reader.name:
            self._reader = Reader.of_greeting(self._draft.greeting)
        layout = style.wish("layout")
        self._layout = layout if layout in ("bullets", "numbers") else "prose"
        is_short = style.wish("detail") == "brief" or bool(
            style.wish("length") or style.wish("sentences")
        )
        if task.points and is_short:
            self._draft = Draft.of("")
        self._notes = list(self._draft.notes) or _notes(task, self._reader)

    def write(self) -> str:
        limits = Limits.of(self._style)
        return fitted(
            [partial(self._body, effort) for effort in self._efforts(limits)],
            limits,
            self._assembled,
        )

    def _efforts(self, limits: Limits) -> list[_Effort]:
        """The ways to write it, the longest first; without a limit there is just one."""
        style = self._style
        is_brief = style.wish("detail") == "brief"
        manner: Manner = "formal" if self._is_formal or self._is_long else "polite"
        if style.wish("hedging") == "yes":
            manner = "hedged"
        elif is_brief or style.wish("hedging") == "no" or self._layout != "prose":
            manner = "direct"
        first = _Effort(manner, has_courtesy=not is_brief)
        if not limits.words:
            return [first, replace(first, has_courtesy=False)][: 1 + bool(limits.sentences)]
        shorter: list[Manner] = [manner] if manner == "hedged" else ["direct", "terse"]
        efforts = [first, *(_Effort(way, has_courtesy=False) for way in [manner, *shorter])]
        return [*efforts, replace(efforts[-1], has_frame=False)]

    def _body(self, effort: _Effort) -> Body:
        style = self._style
        is_formal_frame = effort.has_frame or not self._is_mail
        draft = self._draft if self._draft.notes else None
        greeting = greeting_of(style, self._reader) if self._is_mail else ""
        closing = closing_of(style) if self._is_mail else ""
        if draft and not (style.wish("greeting") or style.wish("register")):
            greeting = draft.greeting
        if draft and not (style.wish("sign-off") or style.wish("register")):
            closing = draft.closing
        name = signature_of(style, self._sender) if self._is_mail else ""
        if not is_formal_frame:
            greeting = greeting if style.wish("greeting") else ""
            closing = closing if style.wish("sign-off") else ""
            name = name if style.wish("signature") else ""
        lead, closers, last = self._phrases()
        courtesies = self._courtesies(effort, closing)
        friendly = self._friendly(effort, greeting)
        points = self._points(effort, [friendly, *closers, *courtesies, *last])
        if self._layout == "bullets" and not lead and len(points) > 1:
            lead, points = self._asked_first(points)
        is_compact = not (greeting or closing) or effort.manner == "terse"
        has_paragraphs = draft is not None and self._layout == "prose" and not is_compact
        has_paragraphs = has_paragraphs and len(points) == len(self._notes)
        if has_paragraphs:
            points = self._in_paragraphs(points)
        return Body(
            greeting=greeting,
            lead=lead,
            friendly=friendly,
            points=tuple(points),
            closers=(*closers, *courtesies, *last),
            closing=closing,
            signature=name,
            is_compact=is_compact,
            has_paragraphs=has_paragraphs,
        )

    def _points(self, effort: _Effort, others: Sequence[str]) -> list[str]:
        """The notes as sentences, one or more each; a note's sentences share a text.

        Args:
            effort: How much is written.
            others: The sentences beside them.
        """
        wish = self._style.wish("sentence length")
        texts: list[str] = []
        asked = 0
        for note in self._notes:
            manner = effort.manner
            if note.wants and asked and not self._is_long:
                manner = _LATER.get(manner, manner)
            if note.kind == "sent" and self._opens_attached():
                manner = "direct"
            asked += note.wants
            texts.append(worded(note, manner)[:_LONGEST_LINE])
        if self._style.wish("thanks") == "no":
            texts = [text.replace("I would be grateful", "I would be glad") for text in texts]
        opener = self._opener()
        if (
            effort.has_courtesy
            and self._is_formal
            and not self._draft.notes
            and self._notes[0].kind == "statement"
        ):
            texts[0] = _introduced(texts[0])
        if opener.endswith(",") and texts:
            texts[0] = f"{capital(opener)} {texts[0]}"
        if wish == "short":
            return [" ".join(split_sentence(text)) for text in texts]
        if wish == "long" and self._layout == "prose":
            return lengthened(texts, others, _LONG_ENOUGH if self._draft.notes else _LONG_SENTENCE)
        return texts

    def _in_paragraphs(self, points: Sequence[str]) -> list[str]:
        """The points as the draft had them in paragraphs."""
        paragraphs: dict[int, list[str]] = {}
        for note, text in zip(self._notes, points, strict=True):
            paragraphs.setdefault(note.paragraph, []).append(text)
        return [" ".join(texts) for texts in paragraphs.values()]

    def _asked_first(self, points: list[str]) -> tuple[str, list[str]]:
        """What the reader is to do as the first line, and the rest."""
        at = next((i for i, note in enumerate(self._notes[: len(points)]) if note.wants), None)
        if at is None:
            return "", points
        return points[at], [*points[:at], *points[at + 1 :]]

    def _opener(self) -> str:
        """The words that the mail begins with by a rule."""
        if words := self._style.wish("opening"):
            return words
        return next((p for p in self._style.phrases if p.endswith(",") and not is_greeting(p)), "")

    def _opens_attached(self) -> bool:
        return _ATTACHED.match(self._opener()) is not None

    def _phrases(self) -> tuple[str, list[str], list[str]]:
        """The phrase to start with, lines after the points, and what the last line is to be."""
        style = self._style
        lead = ""
        closers: list[str] = []
        last: list[str] = []
        opener = self._opener()
        if opener.endswith((".", "!", "?", ":")):
            lead = opener
        for phrase in style.phrases:
            if phrase == opener:
                continue
            if not lead and _LEADS.match(phrase):
                lead = ended(phrase)
            else:
                closers.append(capital(ended(phrase)))
        wished = style.wish("sign-off")
        if wished != "none" and closes_in_words(wished):
            last.append(_closing_words(wished))
        return capital(lead), closers, last

    def _friendly(self, effort: _Effort, greeting: str) -> str:
        wish = self._style.wish("pleasantries")
        usual = effort.has_courtesy and bool(greeting) and self._layout == "prose"
        usual = usual and not self._is_formal and not self._is_long
        if self._draft.notes and (self._draft.friendly or not wish):
            return self._draft.friendly if wish != "no" and effort.has_courtesy else ""
        if wish == "no" or (not wish and not usual):
            return ""
        return self._pick(words()["mail"]["warm" if self._is_warm() else "friendly"], "friendly")

    def _courtesies(self, effort: _Effort, closing: str) -> list[str]:
        style, lines = self._style, words()["mail"]
        asks = any(note.wants or measure(note.wording).hedges for note in self._notes)
        thanks = style.wish("thanks")
        is_usual = effort.has_courtesy and bool(closing) and style.wish("pleasantries") != "no"
        is_usual = is_usual and self._layout == "prose"
        found: list[str] = self._drafted(effort, closing)
        if self._draft.notes:
            is_usual = False
            thanks = "" if self._draft.thanks else thanks
        if style.wish("hedging") == "yes" and not asks:
            found = [lines["hedged"][0], *found[bool(self._draft.courtesy) :]]
        elif is_usual and (self._is_formal or not asks or thanks == "no") and thanks != "yes":
            found.append(self._pick(lines["courtesy"], "courtesy"))
        if thanks == "yes" or (is_usual and asks and not thanks):
            kind = "warm_thanks" if self._is_warm() else "thanks"
            kind = "formal_thanks" if self._is_formal else kind
            found.append(self._pick(lines[kind], "thanks"))
        if style.wish("humour") == "yes":
            found.append(self._pick(lines["humorous"], "humour"))
        if style.wish("stance") == "subjective":
            found.append(self._pick(lines["subjective"], "stance"))
        if style.wish("detail") == "thorough" and effort.has_courtesy:
            found += lines["more"][:2]
        return found

    def _drafted(self, effort: _Effort, closing: str) -> list[str]:
        """The courtesies of the draft that may stay."""
        draft, style = self._draft, self._style
        found: list[str] = []
        if effort.has_courtesy and closing and style.wish("pleasantries") != "no":
            found.append(draft.courtesy)
        if style.wish("thanks") == "yes" or (style.wish("thanks") != "no" and found):
            is_warm = self._is_warm() and draft.thanks.endswith(".")
            found.append(f"{draft.thanks[:-1]}!" if is_warm else draft.thanks)
        return [line for line in found if line]

    def _is_warm(self) -> bool:
        style = self._style
        if style.wish("exclamation marks") == "no":
            return False
        return style.wish("exclamation marks") == "yes" or "!" in style.wish("greeting")

    def _assembled(self, body: Body) -> str:
        """A body as a whole mail, in the words and marks of the style."""
        style = self._style
        blocks = list(body.blocks(self._layout))
        text = finished("\n\n".join(blocks), style)
        greeting, closing = (
            cased(marked(unavoided(line, style), style), style)
            for line in (body.greeting, body.closing)
        )
        if body.greeting.endswith("!") and greeting.endswith("."):
            greeting = f"{greeting[:-1]},"
        farewell = "\n".join(line for line in (closing, body.signature) if line)
        return "\n\n".join(part for part in (greeting, text, farewell) if part)


def _notes(task: MailTask, reader: Reader) -> list[Note]:
    """The notes of a task, as many as a mail can hold."""
    notes: list[Note] = []
    length = 0
    for point in task.points:
        for note in notes_of(point, reader.names):
            length += len(note.core)
            if len(notes) == _MOST_NOTES or length > _LONGEST_MAIL:
                return notes
            notes.append(note)
    return notes or [Note("statement", f"This is about {task.subject or 'what we spoke of'}")]


def _closing_words(wished: str) -> str:
    """A sentence to close with: a courtesy that says it, or the words themselves."""
    courtesies: list[str] = words()["mail"]["courtesy"]
    known = [line for line in courtesies if wished.casefold() in line.casefold()]
    return known[0] if known else capital(ended(wished))


def _introduced(text: str) -> str:
    """The first sentence of a formal mail, led up to where it is the writer's own news."""
    return f"I am writing to let you know that {text}" if text.startswith("I ") else text
