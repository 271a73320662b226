"""The parts of a mail, and which of its words are the sender's own.

Mail arrives in many shapes: with line breaks or without, with quoted threads, forwarded headers,
signature blocks and disclaimers. Nothing here guesses at content; what is not recognised stays in
the body.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST = 200_000
"""Characters that are looked at; more is cut, since style shows long before."""
_GREETING_WORDS = (
    r"hi|hello|hey|hiya|dear|greetings|good (?:morning|afternoon|evening|day)|gentlemen|ladies"
    r"|to whom it may concern"
)
_GROUPS = r"all|team|folks|everyone|everybody|guys|colleagues|friends|both"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? )?"
_NAME = rf"{_TITLE}[^\W\d_][\w'’.\-]*(?: [^\W\d_a-z][\w'’.\-]*){{0,2}}"
_OPENINGS = re.compile(
    rf"(?P<word>(?i:{_GREETING_WORDS}))\b"
    r"(?P<rest>(?:[^.,:;!?\n–-]|(?<=\b[A-Z])\.|(?<=[MD][rs])\.|(?<=Mrs|rof)\.){0,60})"
    r"(?P<mark>[,:;!.–-]|(?=\n)|$)"
)
_NAMED = re.compile(
    rf"(?P<names>(?i:{_GROUPS})|{_NAME}(?:(?:, | and |, and |/| & ){_NAME}){{0,4}})"
    r"(?P<mark>[,:!]|--?|(?=\n))(?=\s|$)"
)
_OPENERS = frozenset(
    re.findall(
        r"\w+",
        """
        fyi attached also however yes no ok okay per please thanks thank well sorry great first
        second finally additionally therefore so then again actually today yesterday tomorrow
        unfortunately otherwise still next now lastly hopefully note re subject currently
        recently importantly indeed moreover furthermore meanwhile overall clearly basically
        sure right agreed done this that here there if when as in on at for and but or we i you
        he she it they my our your
        """,
    )
)
_CLOSERS = (
    r"(?:(?:with )?(?:best|kind|kindest|warm|warmest|many|sincere) (?:regards|wishes|thanks)"
    r"|(?:with )?regards|best|cheers|sincerely(?: yours)?|yours(?: (?:sincerely|truly|faithfully))?"
    r"|love|thanks(?: (?:again|so much|very much|a lot|much|in advance|all))?"
    r"|thank you(?: (?:again|so much|very much|kindly|in advance))?|many thanks|respectfully"
    r"|cordially|take care|all the best|talk soon|see you(?: soon| then)?|later|xoxo|ciao"
    r"|ttyl|rgds|thx|tks|warmly|have a (?:good|great|nice|lovely|wonderful) \w+)"
)
_CLOSING = re.compile(rf"{_CLOSERS}[,.!]*", re.IGNORECASE)
_SIGNATURE = re.compile(
    r"[-–~]*\s?(?:\[[^\]\n]{1,40}\]|[^\W\d_][\w'’.\-]*(?: [^\W\d_a-z][\w'’.\-]*){0,3})[.,]?"
)
_QUOTES_FROM = re.compile(
    r"^\s*(?:-{2,}\s*(?:original message|forwarded (?:by|message)|begin forwarded)\b"
    r"|-{5,}\s*forwarded\b|_{10,}\s*$|begin forwarded message:"
    r"|on\b[^\n]{5,120}\bwrote:\s*$|from:\s[^\n]*\n\s*(?:sent|date|to|subject|cc):\s"
    r"|[^\n]{0,80}\d{1,2}/\d{1,2}/\d{2,4}[^\n]{0,20}(?:am|pm)\s*\n\s*to:\s)",
    re.IGNORECASE | re.MULTILINE,
)
_QUOTED_LINE = re.compile(r"^[ \t]*[>|][^\n]*\n?", re.MULTILINE)
_BLOCK = re.compile(r"^-- ?$", re.MULTILINE)
_DISCLAIMER = re.compile(
    r"^\W*(?:this (?:e-?mail|message|communication)[^\n]{0,80}"
    r"\b(?:confidential|privileged|intended)|confidentiality notice|sent from my )",
    re.IGNORECASE | re.MULTILINE,
)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in parts; parts that it does not have are "".

    Attributes:
        greeting: The opening, such as "Hi Ana," or "Ana:".
        body: What is between.
        sign_off: The closing phrase, such as "Kind regards,".
        signature: The name at the end.
    """

    greeting: str
    body: str
    sign_off: str
    signature: str


def own_words(text: str) -> str:
    """What the sender wrote: without quoted threads, forwarded mail, footers and binary remains.

    Args:
        text: A mail or any other text; at most its first 200,000 characters are read.

    Returns:
        The text without them; "" where nothing is the sender's own or the text is no text.
    """
    text = text[:_LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    if len(_UNPRINTABLE.findall(text)) * 20 > len(text):
        return ""
    for boundary in (_QUOTES_FROM, _BLOCK, _DISCLAIMER):
        if found := boundary.search(text):
            text = text[: found.start()]
    return _UNPRINTABLE.sub("", _QUOTED_LINE.sub("", text)).strip()


def split_mail(text: str) -> Mail:
    """The parts of a mail; a text that is none is all body.

    Openings and closings are found on lines of their own, and at the start and end of running
    text, where archives have joined the lines.
    """
    text = text[:_LONGEST].strip()
    greeting, text = _greeting(text)
    text, sign_off, signature = _ending(text)
    return Mail(greeting, text, sign_off, signature)


def _greeting(text: str) -> tuple[str, str]:
    """The opening and the rest."""
    found = _OPENINGS.match(text)
    if found and len(found["rest"].split()) <= 5:
        return found.group().strip(), text[found.end() :].strip()
    found = _NAMED.match(text)
    if found and found["names"].split()[0].strip(",.").casefold() not in _OPENERS:
        rest = text[found.end() :]
        on_own_line = rest.lstrip(" \t").startswith("\n") or not rest.strip()
        starts_anew = rest.lstrip()[:1].isupper() or rest.startswith("  ")
        if on_own_line or (found["mark"] and starts_anew):
            return found.group().strip(), rest.strip()
    return "", text


def _ending(text: str) -> tuple[str, str, str]:
    """The text before its ending, the closing phrase and the signature."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1].strip():
        lines.pop()
    signature: list[str] = []
    while len(signature) < 3 and _ends_in_signature(lines):
        signature.insert(0, lines.pop().strip())
        while lines and not lines[-1].strip():
            lines.pop()
    sign_off, rest = _closing(lines)
    if not sign_off and len(signature) > 1 and not _all_short(signature):
        lines += signature[:-1]
        signature = signature[-1:]
        rest = lines
    return "\n".join(rest).strip(), sign_off, "\n".join(signature)


def _closing(lines: list[str]) -> tuple[str, list[str]]:
    """A closing phrase on the last line, or at its end, and the lines before it."""
    if not lines:
        return "", lines
    last = lines[-1].strip()
    if _CLOSING.fullmatch(last):
        return last, lines[:-1]
    start = max(last.rfind(mark) for mark in (". ", "! ", "? ", "  ")) + 1
    tail = last[start:].strip()
    if start > 0 and _CLOSING.fullmatch(tail):
        return tail, [*lines[:-1], last[:start].rstrip()]
    return "", lines


def _ends_in_signature(lines: list[str]) -> bool:
    """Whether the last line is a name; one in lower case has to follow a closing phrase."""
    line = lines[-1].strip() if lines else ""
    if len(lines) < 2 or not line or len(line) > 40 or _CLOSING.fullmatch(line):
        return False
    if not _SIGNATURE.fullmatch(line) or line.split()[0].casefold() in _OPENERS:
        return False
    before = next((other.strip() for other in reversed(lines[:-1]) if other.strip()), "")
    return not line[0].islower() or _CLOSING.fullmatch(before) is not None


def _all_short(lines: list[str]) -> bool:
    return all(len(line.split()) <= 3 for line in lines)
