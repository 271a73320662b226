"""The parts of a mail in an order, and how they are made to fit limits of words and sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import heapify, heappop, heappush
from itertools import pairwise

from tailorlm.llms._builtin_sentences import (
    capital,
    clauses,
    join_sentences,
    sentences_in,
    split_sentence,
    weight,
)
from tailorlm.llms._builtin_style import Style
from tailorlm.llms._builtin_wording import words
from tailorlm.writing.mail import split_mail
from tailorlm.writing.traits import sentences_of, words_of

_PARAGRAPH = 3
_FULL = 26
_CLOSE = 0.15
_ROUNDS = 6
_PHRASE = re.compile(r" (?=(?:for|from|to|in|on|at|with|by|about|as|under|into|between|that)\b)")


@dataclass(frozen=True, slots=True)
class Body:
    """The parts of a mail, in the order in which they stand; parts that are left out are "".

    Attributes:
        greeting: The opening line.
        lead: A first line by itself.
        friendly: A pleasantry.
        points: What is to be said, one text per point.
        closers: Lines after the points.
        closing: The closing line.
        signature: The name below it.
        is_compact: Whether everything goes into one paragraph.
        has_paragraphs: Whether each point is a paragraph.
    """

    greeting: str
    lead: str
    friendly: str
    points: tuple[str, ...]
    closers: tuple[str, ...]
    closing: str
    signature: str
    is_compact: bool
    has_paragraphs: bool = False

    def blocks(self, layout: str) -> Iterator[str]:
        """The paragraphs between greeting and closing."""
        if self.lead:
            yield self.lead
        if layout != "prose":
            yield from filter(None, [self.friendly])
            marks = (f"{i}. " if layout == "numbers" else "- " for i in range(1, 1_000))
            if self.points:
                yield "\n".join(
                    mark + point for mark, point in zip(marks, self.points, strict=False)
                )
            yield from filter(None, [" ".join(self.closers)])
            return
        told = [line for line in (self.friendly, *self.points) if line]
        if self.is_compact:
            yield from filter(None, [" ".join((*told, *self.closers))])
            return
        if self.has_paragraphs:
            first = [line for line in (self.friendly, *self.points[:1]) if line]
            yield from (" ".join(first), *self.points[1:])
        else:
            yield from _paragraphs(told)
        yield from filter(None, [" ".join(self.closers)])


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a mail may be and how short; 0 for no limit."""

    words: int = 0
    least_words: int = 0
    sentences: int = 0
    least_sentences: int = 0

    @classmethod
    def of(cls, style: Style) -> Limits:
        """The limits that a style wishes; "about" leaves room on both sides."""
        most_words, least_words = _range(style.wish("length"))
        most, least = _range(style.wish("sentences"))
        return cls(most_words, least_words, most, least)


def fitted(
    ways: Sequence[Callable[[], Body]], limits: Limits, assembled: Callable[[Body], str]
) -> str:
    """The mail that fits the limits best.

    Args:
        ways: Makes of the mail, the longest first.
        limits: How long it may be.
        assembled: Makes a text of a body.
    """
    body = ways[0]()
    for way in ways:
        body = way()
        text = assembled(body)
        has_sentences = not limits.sentences or _sentences(text) <= limits.sentences
        if has_sentences and (not limits.words or _count(text) <= limits.words):
            break
    body = _in_sentences(body, limits, assembled)
    body = _longer(body, limits, assembled)
    if limits.words:
        body = _shorter(body, limits, assembled)
    text = assembled(body)
    return _cut(text, limits.words) if limits.words else text


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """Lines in paragraphs of a few sentences each."""
    paragraph: list[str] = []
    for line in lines:
        if "\n" in line:
            yield from filter(None, [" ".join(paragraph), line])
            paragraph = []
            continue
        paragraph.append(line)
        if len(paragraph) == _PARAGRAPH or len(words_of(" ".join(paragraph))) >= _FULL:
            yield " ".join(paragraph)
            paragraph = []
    if paragraph:
        yield " ".join(paragraph)


def _range(value: str) -> tuple[int, int]:
    """The most and the least of "about 40" or "at most 40"."""
    if not value:
        return 0, 0
    number = int(value.rsplit(" ", 1)[1])
    if value.startswith("at most"):
        return number, 0
    return max(round(number * (1 + _CLOSE)), 1), round(number * (1 - _CLOSE))


def _count(text: str) -> int:
    """The words of a text, counted the way that finds more."""
    return max(len(text.split()), len(words_of(text)))


def _sentences(text: str) -> int:
    return len(sentences_of(split_mail(text).body))


def _in_sentences(body: Body, limits: Limits, assembled: Callable[[Body], str]) -> Body:
    """The body in as many sentences as allowed, as far as joining and splitting go."""
    if not limits.sentences:
        return body
    for _ in range(_ROUNDS):
        excess = _sentences(assembled(body)) - limits.sentences
        if excess <= 0:
            break
        body = _joined(body, excess)
    missing = limits.least_sentences - _sentences(assembled(body))
    if missing > 0:
        points: list[str] = []
        for point in body.points:
            parts = split_sentence(point) if missing > 0 else [point]
            missing -= len(parts) - 1
            points.append(" ".join(parts))
        more = words()["mail"]["more"][: max(missing, 0)]
        body = replace(body, points=tuple(points), closers=(*body.closers, *more))
    return body


def _joined(body: Body, excess: int) -> Body:
    """The body with some sentences fewer: points joined first, then all else."""
    points = list(body.points)
    flat = [_one_sentence(point) for point in points]
    if flat != points:
        return replace(body, points=tuple(flat))
    if len(points) > 1:
        while excess > 0 and len(points) > 1:
            sizes = [len(a) + len(b) for a, b in pairwise(points)]
            at = sizes.index(min(sizes))
            points[at : at + 2] = [_one_sentence(join_sentences(points[at], points[at + 1]))]
            excess -= 1
        return replace(body, points=tuple(points))
    rest = [line for line in (body.lead, body.friendly, *points, *body.closers) if line]
    text = rest[0]
    for line in rest[1:]:
        text = f"{text.rstrip('.!?:')}; {line}"
    return replace(body, lead="", friendly="", points=(_one_sentence(text),), closers=())


def _one_sentence(text: str) -> str:
    """Several sentences as one."""
    *parts, last = sentences_in(text)
    return "".join(f"{part.rstrip('.!?')}; " for part in parts) + last


def _longer(body: Body, limits: Limits, assembled: Callable[[Body], str]) -> Body:
    """The body with lines that ask for nothing new, until it has the least number of words."""
    for line in words()["mail"]["more"]:
        if _count(assembled(body)) >= limits.least_words:
            break
        longer = replace(body, closers=(*body.closers, line))
        text = assembled(longer)
        if limits.sentences and _sentences(text) > limits.sentences:
            longer = _joined(replace(body, points=(*body.points, line)), 1)
            text = assembled(longer)
        if not limits.words or _count(text) <= limits.words:
            body = longer
    return body


def _shorter(body: Body, limits: Limits, assembled: Callable[[Body], str]) -> Body:
    """The body without what tells least, until it has no more words than allowed."""
    for pieces_of in (_tail_clauses, _tail_phrases, _whole_points):
        for _ in range(_ROUNDS):
            excess = _count(assembled(body)) - limits.words
            if excess <= 0:
                return body
            points = _without_least(body.points, excess, pieces_of)
            if points == body.points:
                break
            body = replace(body, points=points)
    for without in ({"closers": body.closers[:1]}, {"friendly": ""}, {"closers": ()}, {"lead": ""}):
        if _count(assembled(body)) <= limits.words:
            break
        body = replace(body, **without)
    return body


def _without_least(
    points: tuple[str, ...], excess: int, pieces_of: Callable[[str], list[str]]
) -> tuple[str, ...]:
    """The points without the ends that tell least, taken away until the excess is gone."""
    parts = [pieces_of(point) for point in points]
    ends = [(weight(pieces[-1]), -at) for at, pieces in enumerate(parts) if pieces]
    heapify(ends)
    least = 0 if pieces_of is _whole_points else 1
    while excess > 0 and ends:
        _, at = heappop(ends)
        pieces = parts[-at]
        if len(pieces) <= least or not (least or ends):
            continue
        excess -= _count(pieces.pop())
        if pieces:
            heappush(ends, (weight(pieces[-1]), at))
    kept = (" ".join(pieces) for pieces in parts)
    return tuple(
        old if new == old else capital(_ended_anew(new, old))
        for new, old in zip(kept, points, strict=True)
        if new
    )


def _tail_clauses(point: str) -> list[str]:
    return clauses(point)


def _tail_phrases(point: str) -> list[str]:
    return _PHRASE.split(point)


def _whole_points(point: str) -> list[str]:
    return [point]


def _ended_anew(text: str, old: str) -> str:
    """A shortened sentence with the mark that the whole one had."""
    text = text.rstrip(" ,;:(-")
    return text if text.endswith((".", "!", "?")) else text + ("?" if old.endswith("?") else ".")


def _cut(text: str, most: int) -> str:
    """The text, or its first words if it has too many."""
    if _count(text) <= most:
        return text
    end, left = 0, most
    for found in re.finditer(r"\S+", text):
        left -= max(len(words_of(found.group())), 1)
        if left < 0:
            break
        end = found.end()
    return text[:end].rstrip(" ,;:(-")
