"""The words between a preference agent and its model: what it is asked, and how its answer reads.

Training and use share these functions, so that a model is asked what it was trained on. Both
prompts are meant as the only message of a conversation, with the role "user".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from tailorlm.errors import InputError

MAX_RULES = 40
"""Most rules that are read from one answer."""
MAX_RULE = 500
"""Longest rule, in characters; what goes on beyond is cut."""

_MAX_READ = 100_000
_ASK_RULES = (
    "Below is what a {kind} has to say. List the rules of style that its author follows in it, "
    "one per line, each after a dash."
)
_ASK_TEXT = "Below is what a {kind} has to say. Write it as its author would, and nothing else."

_BULLET = re.compile(r"\s*(?:[-*+•‣–—·]+|\(?\d{1,3}[.)\]:]|[Rr]ule \d{1,3}[.:)])\s+")
_THOUGHTS = re.compile(r"<think(?:ing)?>.*?(?:</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?\w+>")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_MARKS = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")


def agent_prompt(subject: str, intent: Sequence[str], recipient: str = "", kind: str = "") -> str:
    """What a preference agent is asked: the rules for a text that has yet to be written.

    Args:
        subject: Subject or title, "" where there is none.
        intent: What the text has to say, as short points without style.
        recipient: Whom it is for, if known.
        kind: What is written, such as "mail" (the default) or "article".

    Raises:
        InputError: If neither a subject nor an intent is given.
    """
    return _prompt(_ASK_RULES, subject, intent, recipient, kind)


def writer_prompt(subject: str, intent: Sequence[str], recipient: str = "", kind: str = "") -> str:
    """What a model is asked that is to write the text itself, from the same input.

    Raises:
        InputError: If neither a subject nor an intent is given.
    """
    return _prompt(_ASK_TEXT, subject, intent, recipient, kind)


def write_rules(rules: Iterable[str]) -> str:
    """Rules as a model is trained to give them: one per line, each after a dash."""
    lines = (_one_line(rule) for rule in rules)
    return "\n".join(f"- {line}" for line in lines if line)


def read_rules(text: str) -> tuple[str, ...]:
    """The rules in a model's answer: bullets, numbers, a JSON list, or plain lines.

    Headings, code fences, thoughts in tags and repetitions are left out. An answer that was cut
    off gives the rules that it got to.
    """
    text = _THOUGHTS.sub("", text[:_MAX_READ])
    found = _from_json(text)
    rules = _from_lines(text) if found is None else found
    unique: dict[str, str] = {}
    for rule in rules:
        line = _one_line(_MARKS.sub(r"\2", rule))[:MAX_RULE].rstrip()
        if any(character.isalnum() for character in line):
            unique.setdefault(line.casefold(), line)
    return tuple(unique.values())[:MAX_RULES]


def _prompt(ask: str, subject: str, intent: Sequence[str], recipient: str, kind: str) -> str:
    points = [line for point in intent if (line := _one_line(point))]
    title = _one_line(subject)
    if not title and not points:
        raise InputError("There is nothing to write about: give a subject, an intent, or both.")
    lines = [ask.format(kind=_one_line(kind) or "mail"), ""]
    for name, value in (("Subject", title), ("To", _one_line(recipient))):
        if value:
            lines.append(f"{name}: {value}")
    if points:
        lines += ["Points:", *(f"- {point}" for point in points)]
    return "\n".join(lines)


def _from_json(text: str) -> list[str] | None:
    """The texts of a JSON list, whole or cut off, or None if the answer is no JSON."""
    start = re.match(r"\s*(?:```\w*\s*)?(\{[^\[\]]*)?\[\s*[\"\]]", text)
    if start is None:
        return None
    body = text[start.end() - 1 :]
    end = re.search(r"\"\s*\]", body)
    strings = _QUOTED.findall(body[: end.end()] if end else body)
    return [value for string in strings if isinstance(value := _loads(string), str)]


def _loads(string: str) -> object:
    try:
        return json.loads(string, strict=False)
    except ValueError:
        return string.strip('"')


def _from_lines(text: str) -> list[str]:
    """One rule per bullet, with the lines that go on from it; without bullets, one per line."""
    lines = [line for raw in text.splitlines() if (line := _TAG.sub("", raw).rstrip())]
    lines = [line for line in lines if not line.lstrip().startswith("```")]
    if not any(_BULLET.match(line) for line in lines):
        return [line for line in lines if not line.endswith(":")]
    rules: list[str] = []
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet:
            rules.append(line[bullet.end() :])
        elif rules and line[0].isspace():
            rules[-1] += " " + line
    return rules


def _one_line(text: str) -> str:
    return " ".join(text.split())
