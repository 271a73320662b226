"""A draft that is to be rewritten, taken apart: what it says, and the courtesies around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tailorlm.llms._builtin_notes import Note
from tailorlm.llms._builtin_sentences import sentences_in
from tailorlm.writing.mail import split_mail
from tailorlm.writing.traits import measure, words_of

_MOST_NOTES = 80
"""Most sentences that are looked at one by one; what goes on beyond stays as it is."""
_COURTESY_WORDS = 22
_LIST_LINE = re.compile(r"^\s*(?:[-*•]|\(?\d{1,3}[.)])\s", re.MULTILINE)
_SENT = re.compile(
    r"(?:Attached (?:please find|is|are|you will find)|Please find attached|I (?:am sending|have"
    r" attached|am attaching|am forwarding)(?: you)?) (?P<core>.+)[.!]",
    re.DOTALL,
)
_QUESTION = re.compile(
    r"(?:(?:Could|Would|Can|Will) you (?:please |kindly )?|Please )(?:let me know|tell me|advise"
    r"|clarify|confirm) (?P<core>(?:if|whether|how|what|when|where|who|which|why)\b.+)[.?!]",
    re.DOTALL,
)
_ASK = re.compile(
    r"(?:(?P<before>[A-Z][^,.?]{3,60}), )?(?:[Cc]ould|[Ww]ould|[Cc]an|[Ww]ill) you "
    r"(?:please |kindly )?(?:be (?:willing|able) to )?(?P<core>.+)\?"
    r"|(?:Please|Kindly) (?P<order>(?!(?:also )?(?:note|find|accept|see|be aware)\b).+)[.!]",
    re.DOTALL,
)
_COURTESY = re.compile(
    r"(?:(?:please|do|kindly|just|and|in the meantime,) )*(?:let me know|feel free|(?:do not"
    r"|don['’]t) hesitate|I (?:would|will|am) (?:be )?(?:more than )?happy to (?:discuss|help))\b.*"
    r"\b(?:questions?|anything|further|additional|help|clarification|assistance|discuss|comments?)\b"
    r"|(?:if|should) (?:you|there)\b.*\b(?:questions?|information|comments?)\b.*"
    r"\b(?:let me know|feel free|hesitate|contact)\b",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """The parts of a draft; those that it does not have are "".

    Attributes:
        greeting: Its opening line.
        friendly: Its pleasantry at the start.
        notes: What it says, each with its wording.
        courtesy: Its offers and pleasantries at the end.
        thanks: Its thanks.
        closing: Its closing line.
        signature: The name below.
    """

    greeting: str
    friendly: str
    notes: tuple[Note, ...]
    courtesy: str
    thanks: str
    closing: str
    signature: str

    @classmethod
    def of(cls, text: str) -> Draft:
        """Take a draft apart."""
        mail = split_mail(text)
        said: dict[str, list[str]] = {"friendly": [], "courtesy": [], "thanks": []}
        notes: list[Note] = []
        blocks = [block.strip() for block in re.split(r"\n\s*\n", mail.body) if block.strip()]
        for at, block in enumerate(blocks):
            if len(notes) >= _MOST_NOTES:
                rest = "\n\n".join(blocks[at:])
                notes.append(Note("statement", rest, wording=rest, paragraph=at))
                break
            if _LIST_LINE.search(block):
                notes.append(Note("statement", block, wording=block, paragraph=at))
                continue
            for sentence in sentences_in(" ".join(block.split()), _MOST_NOTES):
                role = _role(sentence, is_first=not notes)
                if role:
                    said[role].append(sentence)
                else:
                    notes.append(replace(_note(sentence), wording=sentence, paragraph=at))
        return cls(
            greeting=mail.greeting,
            friendly=" ".join(said["friendly"]),
            notes=tuple(notes),
            courtesy=" ".join(said["courtesy"]),
            thanks=" ".join(said["thanks"]),
            closing=mail.sign_off,
            signature="" if "[" in mail.signature else mail.signature.split("\n")[0],
        )


def _role(sentence: str, *, is_first: bool) -> str:
    """Which courtesy a sentence is, "" for one that says something."""
    if len(words_of(sentence)) > _COURTESY_WORDS or re.search(r"\d", sentence):
        return ""
    traits = measure(sentence)
    if traits.friendly:
        return "friendly" if is_first else "courtesy"
    if _COURTESY.match(sentence):
        return "courtesy"
    is_thanks = traits.thanks and not is_first and not sentence.endswith("?")
    return "thanks" if is_thanks else ""


def _note(sentence: str) -> Note:
    if found := _SENT.fullmatch(sentence):
        return Note("sent", found["core"])
    if found := _QUESTION.fullmatch(sentence):
        core = re.sub(r"^if\b", "whether", found["core"])
        return Note("question", core)
    if found := _ASK.fullmatch(sentence):
        return Note("ask", found["core"] or found["order"], found["before"] or "")
    return Note("statement", sentence)
