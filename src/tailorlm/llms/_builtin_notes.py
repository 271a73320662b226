"""The notes of a mail, understood: what is asked, sent or stated, and in how many words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tailorlm.llms._builtin_sentences import capital, ended, has_claim
from tailorlm.writing.traits import words_of

Manner = Literal["hedged", "formal", "polite", "direct", "terse"]
"""How a note is worded: "hedged" is the longest, "terse" the shortest."""

_NAME = r"(?:(?:Mr|Mrs|Ms|Dr|Prof)\.? )?[A-Z][\w-]*[a-z](?! [A-Z]|\w)"
_READER = r"(?:the )?(?:recipients?|readers?|addressees?)"
_WHO = rf"(?P<who>you|him|her|them|{_READER}|{_NAME})"
_I = r"I (?:also |still |just |now |currently )?"
_ASK = re.compile(rf"{_I}(?:need|want|would like|ask|urge|request) {_WHO} to (?P<core>.+)")
_TURNS = re.compile(
    rf"{_I}(?:(?:want|need|would like|wish|hope) to (?:know|learn|find out|hear|ask|understand)"
    r"|ask)(?:, (?P<before>[^,]{1,40}),)? "
    r"(?P<core>(?:if|whether|how|what|when|where|who|whom|which|why|about)\b.+)"
)
_SENT = re.compile(
    r"I (?:am|'m) (?P<also>also )?(?:sending|attaching|enclosing|forwarding|passing (?:on|along)"
    rf"|giving|circulating)(?: (?P<who>you|him|her|them|{_READER}|{_NAME})(?= [a-z\d]))?(?: along)?"
    r" (?P<core>.+)"
)
_REPORTS = re.compile(
    rf"{_I}(?:note|report|explain|mention|announce|warn|add|say|state|point out|stress|confirm)"
    rf"(?: to (?:{_READER}|{_NAME}))? (?P<that>that )?(?P<core>.+)"
)
_ADDRESSED = (
    re.compile(r"\b(?:I|and) (?:also |still )?(?:need|want|would like|ask|urge|thank|invite|remind)"
               rf" (?P<name>{_NAME})(?= (?:to|for)\b|$)"),
    re.compile(rf"\bI am (?:sending|giving|telling|asking|forwarding|thanking) (?P<name>{_NAME})"
               r"(?= (?:an?|the|my|our|his|her|their|two|some|for|to|[a-z]+)\b)"),
    re.compile(r"\bI (?:am (?:writing|reporting|replying)|report|confirm|reply) to "
               rf"(?P<name>{_NAME})(?= [a-z]|$)"),
    re.compile(rf"\bI want to know (?:if|whether) (?P<name>{_NAME})(?= [a-z])"),
    re.compile(rf"\bI am (?:very )?grateful (?:for|to) (?P<name>{_NAME})(?=['’]s\b|$| for\b)"),
)  # fmt: skip
_MORE = re.compile(r"; (?:and |but )?|[,;]? (?:and|but) (?=(?:I )?(?:need|want|would like|ask)\b)")
_RESUMES = re.compile(r"(?:need|want|would like|ask)\b")
_REASON = re.compile(r", (?:because|since|as) (?=(?:I|we|he|she|it|they|the)\b)")
_HIS_OWN = re.compile(
    r"\b(?:he|she|his|her(?= (?!(?:to|about|in|at|on|for|with|and|by|if|when|an?|the)\b)\w))\b"
)
_FROM_HIM = re.compile(r"\bfrom (?:him|her|them)\b")
_INVERTS = re.compile(
    r"(?:if|whether|(?P<how>how|what|when|where|why)) (?P<subject>(?:[^\s,]+ ){1,7}?)"
    r"(?P<verb>is|are|was|were|has|have|can|could|should|would|will|must|may|might) (?P<rest>.+)"
)
_TWO_QUESTIONS = re.compile(r"\b(?:and|or) (?:if|whether|how|what|when|where|who|which|why)\b")
_AGREES = {
    "is": "are", "has": "have", "was": "were", "does": "do", "wants": "want", "needs": "need",
    "prefers": "prefer", "approves": "approve", "agrees": "agree", "thinks": "think",
    "likes": "like", "knows": "know", "works": "work", "sees": "see", "expects": "expect",
    "seems": "seem",
}  # fmt: skip
_YOU = re.compile(r"\b(you (?:(?:already|also|still|now|only|usually|never|always|best) )?)(\w+)\b")
_MARKER = re.compile(r"^(?:[-*•]+|\(?\d{1,3}[.)])\s+")
_FILLERS = re.compile(
    r"(?:\b(?:an?|the|that(?= (?:I|we|you|he|she|it|they|the)\b)|also|just|very|really|quite"
    r"|currently|please|kindly|there (?:is|are))|^(?:An?|The|Please|There (?:is|are))) "
)
_STARTS = re.compile(
    r"(?:I (?:have|had|am|was|will be)(?: been)?|we (?:have|are|will be)|it is"
    r"|this is|I) ",
    re.IGNORECASE,
)
_HEAD_ENDS = re.compile(r",|\(| (?:of|from|for|to|with|in|on|at|about|that|which|by|as|between)\b")


@dataclass(frozen=True, slots=True)
class Note:
    """A point of a mail, understood.

    Attributes:
        kind: "ask" (the core is what to do), "question" (what to know: "whether it rains"), "sent"
            (what goes with the mail) or "statement" (a sentence).
        core: Its words without the frame.
        before: Words that go in front of the sentence, such as "if so".
        wording: The sentence that says it already, if there is one.
        paragraph: Which paragraph that sentence stands in.
    """

    kind: Literal["ask", "question", "sent", "statement"]
    core: str
    before: str = ""
    wording: str = ""
    paragraph: int = 0

    @property
    def wants(self) -> bool:
        """Whether the reader is to do or say something."""
        return self.kind in ("ask", "question")


def addressee(points: Sequence[str]) -> str:
    """The person whom notes are meant for by their words, "" if that does not show."""
    for pattern in _ADDRESSED:
        for point in points:
            if found := pattern.search(point):
                return re.sub(r"['’]s$", "", found["name"])
    return ""


def notes_of(point: str, names: Sequence[str]) -> list[Note]:
    """What a point says, in one or a few notes.

    Args:
        point: A note such as "I need Ola to book a room".
        names: Names of the reader, who is called "you" instead.
    """
    line = _MARKER.sub("", point).strip().rstrip(" .;,")
    notes: list[Note] = []
    is_to_reader = False
    for part in filter(None, _MORE.split(line)):
        part = f"I {part}" if _RESUMES.match(part) else part
        frame = _ASK.fullmatch(part) or _SENT.fullmatch(part)
        is_to_reader = is_to_reader or bool(frame and frame["who"] in names)
        if is_to_reader:
            part = _HIS_OWN.sub(lambda he: "you" if he[0].endswith("he") else "your", part)
        if names:
            part = _FROM_HIM.sub("from you", part)
        notes += _note(part, names)
    return notes


def worded(note: Note, manner: Manner) -> str:
    """A note as a sentence."""
    if note.wording and (manner in ("formal", "polite") or not (note.wants or manner == "terse")):
        return note.wording
    wording = {"ask": _asked, "question": _questioned, "sent": _sent}.get(note.kind, _stated)
    text = wording(note.core, manner)
    if note.before:
        text = f"{note.before}, {text[0].lower() if text[1:2] != ' ' else text[0]}{text[1:]}"
    return capital(_squeezed(text) if manner == "terse" else text)


def _note(line: str, names: Sequence[str]) -> list[Note]:
    if found := _ASK.fullmatch(line):
        if _is_reader(found["who"], names):
            return [Note("ask", _to_reader(found["core"], names))]
    elif found := _TURNS.fullmatch(line):
        asked, *reason = _REASON.split(found["core"], maxsplit=1)
        core = _to_reader(re.sub(r"^if\b", "whether", asked), names)
        return [
            Note("question", core, found["before"] or ""),
            *(Note("statement", _to_reader(text, names)) for text in reason),
        ]
    elif found := _SENT.fullmatch(line):
        who = found["who"]
        if not who or _is_reader(who, names):
            return [Note("sent", _to_reader(found["core"], names))]
    elif (found := _REPORTS.fullmatch(line)) and (found["that"] or has_claim(found["core"])):
        return [Note("statement", _to_reader(found["core"].replace(" and that ", ", and "), names))]
    return [Note("statement", _to_reader(line, names))]


def _is_reader(who: str, names: Sequence[str]) -> bool:
    return who in ("you", "him", "her", "them") or bool(re.fullmatch(_READER, who)) or who in names


def _to_reader(text: str, names: Sequence[str]) -> str:
    """The text with the reader as "you"."""
    reader = "|".join([_READER, *(re.escape(name) for name in names)])
    text = re.sub(rf"\b(?:{reader})['’]s?(?!\w)", "your", text)
    text = re.sub(rf"(?<![\w-])(?:{reader})(?![\w-]|,? [A-Z])", "you", text)
    return _YOU.sub(lambda found: found[1] + _AGREES.get(found[2], found[2]), text)


def _asked(core: str, manner: Manner) -> str:
    if manner == "hedged":
        return f"I wonder whether you might be able to {core}."
    if manner == "formal":
        return f"I would be grateful if you could {core}."
    if manner == "polite":
        return f"Could you please {core}?"
    return f"Please {core}." if manner == "direct" else ended(core)


def _questioned(core: str, manner: Manner) -> str:
    inverted = None if _TWO_QUESTIONS.search(core) else _INVERTS.fullmatch(core)
    direct = f"Please let me know {core}."
    if core.startswith("about "):
        direct = f"What {core}?"
    elif inverted:
        how = f"{inverted['how']} " if inverted["how"] else ""
        direct = f"{how}{inverted['verb']} {inverted['subject']}{inverted['rest']}?"
    if manner == "hedged":
        return f"Perhaps you could let me know {core}."
    if manner == "formal":
        return f"I would be grateful if you could let me know {core}."
    if manner == "polite":
        return f"Could you please let me know {core}?"
    if manner == "terse" and not inverted and not core.startswith("about "):
        return f"{core}?"
    return direct


def _sent(core: str, manner: Manner) -> str:
    if manner in ("hedged", "formal"):
        return f"Please find attached {core}."
    if manner == "polite":
        return f"I am sending you {core}."
    if manner == "direct":
        return f"Attached {'are' if _is_plural(core) else 'is'} {core}."
    what, comma, rest = core.partition(",")
    return f"{what} attached{comma}{rest}."


def _is_plural(phrase: str) -> bool:
    """Whether a noun phrase names several things, by its first noun's ending."""
    head = _HEAD_ENDS.split(phrase, maxsplit=1)[0].strip()
    is_one = re.match(r"(?:an?|one|this|that)\b", head, re.IGNORECASE)
    return not is_one and head.endswith("s") and not head.endswith(("ss", "'s", "’s", "us"))


def _stated(core: str, manner: Manner) -> str:
    return ended(core)


def _squeezed(text: str) -> str:
    """A sentence in the style of a telegram."""
    text = _STARTS.sub("", text, count=1) if _STARTS.match(text) else text
    text = re.sub(r"\band (?:I|we) (?:have |am |are |will be )?", "and ", text)
    shorter = _FILLERS.sub("", text)
    return shorter if words_of(shorter) else text
