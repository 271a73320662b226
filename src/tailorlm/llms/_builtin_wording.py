"""What rules of writing change in the words of a finished text: spelling, contractions, marks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Any

from tailorlm.llms._builtin_sentences import capital
from tailorlm.llms._builtin_style import Style

_ISE = re.compile(
    r"\b(organ|recogn|real|final|summar|priorit|apolog|minim|maxim|emphas|author|custom|standard|util"
    r"|special|categor|optim|modern|general|capital|central|local|normal|initial|critic|harmon|item"
    r"|penal|stabil|visual|synchron|familiar|symbol|subsid|mobil|legal|formal|character)"
    r"i[sz](e|ed|es|er|ers|ing|ations?)\b",
    re.IGNORECASE,
)
_EMOJI = re.compile(r"\s*(?:[\U0001f300-\U0001faff\u2600-\u27bf]|(?<!\w)[:;]-?[)(DP](?!\w))\ufe0f?")
_OWNS = re.compile(
    r"\b(I|[Yy]ou|[Ww]e|[Tt]hey) have\b(?! (?:to|not|been|had|done|seen|sent|made|got|given|taken"
    r"|written|read|put|found|left|met|told|spoken|begun|known|heard|kept|set|paid|lost|bought|come"
    r"|gone|brought|thought|built|held|also|already|just|never|now|\w+ed|\w+ly)\b)(?= \w)"
)
_ENDS = re.compile(r"[.!?](?=\s*(?:\n|$))")


@cache
def words() -> dict[str, Any]:
    """The tables of words."""
    source = files("tailorlm.llms").joinpath("_builtin_words.toml")
    return tomllib.loads(source.read_text(encoding="utf-8"))


def finished(text: str, style: Style) -> str:
    """A text with the words and marks that the style wishes."""
    for change in (_spelled, _hedged, _contracted, unavoided, _marked, cased):
        text = change(text, style)
    return text


def marked(text: str, style: Style) -> str:
    """A line with the marks that the style wishes, and no other change."""
    if style.wish("exclamation marks") == "no":
        text = re.sub(r"([?.,])?!+", lambda found: found[1] or ".", text)
    if style.wish("commas") == "no":
        text = text.replace(",", "")
    return text


def cased(text: str, style: Style) -> str:
    """A text in the case that the style wishes."""
    case = style.wish("case")
    return text.lower() if case == "lower" else text.upper() if case == "upper" else text


def spelled(text: str, variety: str) -> str:
    """A text in "british" or "american" spelling, as far as the table knows it."""
    to_british = variety == "british"
    pattern, table = _spellings(to_british)
    text = pattern.sub(lambda found: _like(found[0], table[found[0].casefold()]), text)
    letter = "s" if to_british else "z"
    return _ISE.sub(lambda found: f"{found[1]}i{letter}{found[2]}", text)


def contracted(text: str) -> str:
    """A text with its contractions made; "I am." at a sentence's end stays."""
    table: Mapping[str, str] = words()["contractions"]
    pattern = _any_of("contractions", r"\b({})\b(?= \w)")
    text = _OWNS.sub(r"\1've got", text)
    return pattern.sub(lambda found: _like(found[0], table[found[0].casefold()]), text)


def expanded(text: str) -> str:
    """A text with its contractions written out; "'s" only where it is no possessive."""
    table: Mapping[str, str] = words()["full"]
    text = text.replace("’", "'")
    text = re.sub(
        r"\b(can't|won't|shan't|ain't|let's)\b",
        lambda found: _like(found[0], table[found[0].casefold()]),
        text,
        flags=re.IGNORECASE,
    )
    text = re.sub(r"(?<=[a-z])n't\b", table["n't"], text, flags=re.IGNORECASE)
    return re.sub(
        r"\b(i|you|we|they|he|she|it|that|there|what|who|here)('(?:m|re|ve|ll|d|s))\b",
        lambda found: found[1] + table[found[2].casefold()],
        text,
        flags=re.IGNORECASE,
    )


def unavoided(text: str, style: Style) -> str:
    """A text without the phrases that the style avoids."""
    for phrase in style.avoided:
        text = without_phrase(text, phrase)
    return text


def without_phrase(text: str, phrase: str) -> str:
    """A text in which a phrase is put in plainer words, or dropped."""
    plain = words()["plain"].get(phrase.casefold().strip(" .,!"), "")
    named = r"\s+".join(re.escape(word) for word in phrase.split())
    pattern = re.compile(rf"(?<!\w){named}(?!\w)", re.IGNORECASE)
    for other in (plain, "", ""):
        if not pattern.search(text):
            break
        text = _tidied(pattern.sub(partial(_in_place, other), text))
    return text


def _spelled(text: str, style: Style) -> str:
    variety = style.wish("spelling")
    if variety == "british" and style.wish("register") == "formal":
        text = re.sub(r"\b(I|[Ww]e) will\b", r"\1 shall", text)
    return spelled(text, variety) if variety else text


def _hedged(text: str, style: Style) -> str:
    if style.wish("hedging") != "no":
        return text
    table: Mapping[str, str] = words()["hedges"]
    pattern = _any_of("hedges", r"\b({})\b(?: that\b)?")
    return _tidied(pattern.sub(lambda found: table[_key(found[1])], text))


def _contracted(text: str, style: Style) -> str:
    wish = style.wish("contractions")
    register = style.wish("register")
    if wish == "no" or (register == "formal" and not wish):
        return expanded(text)
    return contracted(text) if wish == "yes" or register == "informal" else text


def _marked(text: str, style: Style) -> str:
    text = marked(text, style)
    if style.wish("exclamation marks") == "yes" and "!" not in text:
        text = _last_end(text, "!")
    if style.wish("emoji") == "no":
        text = _EMOJI.sub("", text)
    elif style.wish("emoji") == "yes" and not _EMOJI.search(text):
        text = f"{text.rstrip('.')} 🙂"
    return text


def _in_place(other: str, found: re.Match[str]) -> str:
    return _like(found.group(), other)


def _last_end(text: str, mark: str) -> str:
    """The text with its last full stop at a line's end as another mark."""
    ends = [found for found in _ENDS.finditer(text) if found[0] == "."]
    if not ends:
        return text + mark
    return f"{text[: ends[-1].start()]}{mark}{text[ends[-1].end() :]}"


def _tidied(text: str) -> str:
    """A text without the gaps that dropped words leave, sentences in capitals again."""
    text = re.sub(r"[^\S\n]+([,.;:!?])", r"\1", text)
    text = re.sub(r"(^|[\n.!?]) *[,;:]+", r"\1", text)
    text = re.sub(r",(?=[.!?])", "", text)
    text = re.sub(r"(?<=\S)[^\S\n]{2,}", " ", text)
    text = re.sub(r"(?m)^[^\S\n]+(?=\S)", "", text)
    return re.sub(r"(?:^|(?<=[.!?]\s)|(?<=\n))[^\W\d_]", lambda found: found[0].upper(), text)


@cache
def _any_of(table: str, frame: str) -> re.Pattern[str]:
    named = sorted(words()[table], key=len, reverse=True)
    return re.compile(frame.format("|".join(map(re.escape, named))), re.IGNORECASE)


@cache
def _spellings(to_british: bool) -> tuple[re.Pattern[str], dict[str, str]]:
    pairs: dict[str, str] = words()["spelling"]
    one_way: dict[str, str] = words()["american"]
    table = {us: gb for gb, us in pairs.items()} if to_british else pairs | one_way
    named = "|".join(sorted(map(re.escape, table), key=len, reverse=True))
    return re.compile(rf"\b(?:{named})", re.IGNORECASE), table


def _key(phrase: str) -> str:
    return " ".join(phrase.casefold().split())


def _like(pattern: str, text: str) -> str:
    """The text with a capital where the pattern has one."""
    return capital(text) if pattern[:1].isupper() else text
