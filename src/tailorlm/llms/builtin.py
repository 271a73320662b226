"""The demo writer: instant, offline, deterministic answers from templates.

It makes the effect of a plan visible without any model: tags become angles of the answer, style
tags change its voice and length, rules of style are followed, and the points of a mail become the
mail. It knows nothing about the world.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from tailorlm.llms._builtin_address import Reader, closing_of, greeting_of
from tailorlm.llms._builtin_mail import write_mail
from tailorlm.llms._builtin_query import Reading, read
from tailorlm.llms._builtin_sentences import capital, ended
from tailorlm.llms._builtin_style import Style, style_of
from tailorlm.llms._builtin_wording import cased, finished
from tailorlm.llms._text import pieces_of
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.writing.mail_task import read_mail_task

NOTICE = (
    "Demo writer: template text, not a language model. "
    'For real answers name a model, for example "openai/gpt-4o-mini".'
)
"""What a user interface shows beside its answers."""

_SLOT = re.compile(r"\{(\w+)\}")
_SENTENCE_END = re.compile(r"(?<=[.!?:])\s+")
_CREATIVE = frozenset({"story", "poem"})
_LAYOUTS = {"plan": "bullets", "howto": "numbers", "ideas": "bullets"}
_HASHED = 4096
_NO_CLOSING = frozenset(("", "none", "initials", "first name", "full name"))


class Builtin(LLM):
    """Writes a short answer from templates; see `NOTICE`."""

    name = "builtin"
    is_demo = True
    takes_model = False

    def complete(self, request: Request) -> Completion:
        """Answer a request from its last user message and its plan; the same again for the same."""
        query = next((m.content for m in reversed(request.messages) if m.role == "user"), "")
        style = style_of(request.plan)
        purpose = request.plan.purpose if request.plan else "generic"
        choice = _Choice(f"{query[:_HASHED]}|{query[-512:]}|{len(query)}|{request.seed}|{purpose}")
        task = read_mail_task(query)
        if task is not None:
            text = write_mail(task, style, choice.of)
        else:
            text = _Writer(read(query), style, choice, asks=purpose == "explore").write()
        if request.max_tokens is not None and len(text.split()) > request.max_tokens:
            return Completion(
                text=_first_words(text, request.max_tokens), llm=self.label, finish_reason="length"
            )
        return Completion(text=text, llm=self.label)

    def stream(self, request: Request) -> Iterator[str]:
        """Answer a request word by word."""
        yield from pieces_of(self.complete(request).text)


class _Choice:
    """Picks phrases by hash: the same request gives the same picks."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=16).digest()
        self._used: set[str] = set()

    def of(self, phrases: Sequence[str], what: str) -> str:
        """One of the phrases, by the request and `what`; none twice while others are left."""
        salt = what.encode("utf-8", "replace")
        start = int.from_bytes(hashlib.blake2b(salt, key=self._key, digest_size=8).digest(), "big")
        order = [phrases[(start + step) % len(phrases)] for step in range(len(phrases))]
        picked = next((phrase for phrase in order if phrase not in self._used), order[0])
        self._used.add(picked)
        return picked


class _Writer:
    """One answer in the making."""

    def __init__(self, reading: Reading, style: Style, choice: _Choice, *, asks: bool) -> None:
        self._kind = reading.kind
        self._span = reading.span
        self._style = style
        self._choice = choice
        self._asks = asks
        self._frames = _frames()[reading.kind]
        self._voices = style.voices
        self._brief = "brief" in self._voices
        self._thorough = "thorough" in self._voices
        name = choice.of(_frames()["story"]["names"], "name")
        self._values = {"topic": reading.topic, "name": name}

    def write(self) -> str:
        layout = self._style.wish("layout") or _LAYOUTS.get(self._kind, "prose")
        text = _joined(self._head(), self._items(), self._tail(), layout, self._kind)
        return self._finish(self._letter(text) if self._kind == "email" else text)

    def _head(self) -> list[str]:
        lines = [
            self._pick(_voice(voice)["lead"], voice)
            for voice in ("professional", "amateurish", "subjective")
            if voice in self._voices
        ]
        is_short = self._brief and self._kind not in _CREATIVE
        opener = _frames()["brief"]["opener"] if is_short else self._frames["opener"]
        return [*lines, self._pick(opener, "opener")]

    def _items(self) -> list[str]:
        """Tags and general advice in turn; a plan's items are put into its stretches of time."""
        tags = [self._about(tag) for tag in self._style.tags]
        advice = [self._pick(self._frames["filler"], str(i)) for i in range(self._advice_count())]
        items = [item for pair in zip(tags, advice, strict=False) for item in pair]
        rest = len(items) // 2
        items += tags[rest:] + advice[rest:]
        if self._kind != "plan":
            return items
        labels = self._frames["labels"][self._span]
        named = [*labels, *(["And whenever it fits"] * len(items))]
        return [f"{label}: {ended(item)}" for label, item in zip(named, items, strict=False)]

    def _about(self, tag: str) -> str:
        is_short = self._brief and self._kind not in _CREATIVE
        frames = _frames()["brief"]["tag"] if is_short else self._frames["tag"]
        if is_short and self._kind == "plan":
            return _in_sentence(tag)
        sentence = self._pick(frames, tag, {"tag": _in_sentence(tag)})
        if not self._thorough:
            return sentence
        depth = self._frames.get("depth") or _frames()["common"]["depth"]
        return f"{ended(sentence)}{self._gap}{self._pick(depth, f'depth {tag}')}"

    def _advice_count(self) -> int:
        known = len(self._style.tags)
        if self._brief:
            return max(2 - known, 0)
        if self._kind == "plan":
            return max(len(self._frames["labels"][self._span][:4]) - known, 1) + self._thorough
        return (1 if known else 3) + 2 * self._thorough

    def _tail(self) -> list[str]:
        style, common = self._style, _frames()["common"]
        lines = [
            self._pick(_voice(voice)["line"], voice)
            for voice in ("humorous", "serious")
            if voice in self._voices
        ]
        lines += [self._pick(common["rule"], note, {"rule": f"“{note}”"}) for note in style.notes]
        if self._thorough and self._kind not in _CREATIVE:
            lines.append(self._pick(self._frames.get("check") or common["check"], "check"))
        closers = [
            self._pick(_voice(voice)["closer"], f"closer {voice}")
            for voice in ("subjective", "objective", "professional", "amateurish")
            if voice in self._voices
        ]
        if self._thorough or not (closers or self._brief):
            closers.insert(0, self._pick(self._frames["closer"], "closer"))
        lines += closers
        if self._asks and style.tags and not self._brief and self._kind not in _CREATIVE:
            lines.append(self._pick(common["explore"], "explore"))
        return lines

    @property
    def _gap(self) -> str:
        return "\n" if self._kind == "poem" else " "

    def _pick(self, phrases: Sequence[str], what: str, more: Mapping[str, str] = {}) -> str:
        return _filled(self._choice.of(phrases, what), {**self._values, **more})

    def _letter(self, body: str) -> str:
        greeting = greeting_of(self._style, Reader())
        regards = closing_of(self._style).rstrip(",")
        subject = f"Subject: {capital(self._values['topic'])}"
        ends_itself = self._style.wish("sign-off")
        parts = (subject, greeting, body, "" if ends_itself else regards)
        return "\n\n".join(part for part in parts if part)

    def _finish(self, text: str) -> str:
        """Apply what concerns the text as a whole."""
        style = self._style
        if name := style.wish("address"):
            text = f"{name}, here you go. {text}"
        phrases = [capital(ended(phrase)) for phrase in style.phrases]
        text = "\n\n".join([text, *phrases])
        if most := style.most("sentences"):
            text = _first_sentences(text, most)
        if most := style.most("length"):
            text = _first_words(text, most)
        text = finished(text, style)
        ends = [style.wish(facet) for facet in ("sign-off", "signature")]
        closing = "\n".join(end for end in ends if end not in _NO_CLOSING)
        if not closing:
            return text
        return f"{text}\n\n{cased(closing, style)}"


@cache
def _frames() -> dict[str, Any]:
    source = files("tailorlm.llms").joinpath("_builtin_frames.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def _voice(name: str) -> dict[str, list[str]]:
    voice: dict[str, list[str]] = _frames()["voices"][name]
    return voice


def _filled(frame: str, values: Mapping[str, str]) -> str:
    """A frame with its slots filled, once: braces within the values stay as they are."""

    def value(slot: re.Match[str]) -> str:
        name = slot.group(1)
        text = values[name.lower()]
        return capital(text) if name[0].isupper() else text

    return _SLOT.sub(value, frame)


def _joined(head: list[str], items: list[str], tail: list[str], layout: str, kind: str) -> str:
    """The parts of an answer as one text."""
    if kind == "poem" and layout == "prose":
        return "\n\n".join([*head, *items, *tail])
    opening = " ".join(ended(line) for line in head)
    closing = " ".join(ended(line) for line in tail)
    sentences = [capital(ended(item)) for item in items]
    if layout == "prose":
        body = " ".join(sentences)
    elif layout == "numbers":
        body = "\n".join(f"{i}. {sentence}" for i, sentence in enumerate(sentences, 1))
    else:
        body = "\n".join(f"- {sentence}" for sentence in sentences)
    return "\n\n".join(part for part in (opening, body, closing) if part)


def _in_sentence(tag: str) -> str:
    """A tag as it stands inside a sentence: "Tax law" as "tax law", "K-12 education" as it is."""
    first, _, rest = tag.partition(" ")
    is_common = first[1:].islower() and rest == rest.lower()
    return first.lower() + tag[len(first) :] if is_common else tag


def _first_sentences(text: str, count: int) -> str:
    ends = [match.start() for match in _SENTENCE_END.finditer(text)]
    return text[: ends[count - 1]] if len(ends) >= count else text


def _first_words(text: str, count: int) -> str:
    """The first words of a text, up to a sentence's end if one comes late enough."""
    ends = [match.end() for match in re.finditer(r"\S+", text)]
    if len(ends) <= count:
        return text
    cut = text[: ends[count - 1]] if count else ""
    stop = max(cut.rfind(mark) for mark in ".!?")
    return cut[: stop + 1] if stop > len(cut) // 2 else cut
