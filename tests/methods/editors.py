"""Made-up drafts, and made-up users who edit them each in their own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tailorlm.types import Candidate, Edit, Event, Plan, Turn
from tailorlm.writing.mail_task import mail_task

_MATTER = {
    "money": (
        ("The invoice", "Invoice and payment"),
        (
            "The invoice for the new roof came to 4,200 euros, which is more than the offer",
            "The bank has charged a fee of 35 euros, and it should be paid back to our account",
            "The tax on the sale is due in March, so the amount has to be set aside",
            "The price in the contract does not match the bill, as the discount is missing",
            "The budget for repairs is used up, and any further cost needs to be approved",
        ),
    ),
    "family": (
        ("Sunday", "Birthday lunch"),
        (
            "The birthday lunch is on Sunday at our place, and the whole family is coming",
            "The children would love to see their cousins again, if the weather is fine",
            "My sister is bringing a cake, so there is no need for dessert",
            "We could go for a walk to the lake after lunch, as we did last summer",
            "It would be lovely to spend the weekend together, with friends and good food",
        ),
    ),
}
_NAMES = ("Ruth", "Omar", "Ines", "Pavel", "Greta")
_OPENINGS = ("I hope you are doing well.", "I hope this message finds you well.", "")
_CLOSINGS = ("Please let me know if you have any questions.", "Thank you for your help.")
_SIGN_OFFS = ("Best regards,", "Sincerely,", "Thank you,")


@dataclass(frozen=True)
class Draft:
    """A mail in parts."""

    topic: str
    subject: str
    greeting: str
    opening: str
    sentences: tuple[str, ...]
    closing: str
    sign_off: str
    name: str = "Marta Field"

    @property
    def text(self) -> str:
        opening = f"{self.opening} " if self.opening else ""
        body = opening + " ".join(f"{sentence}." for sentence in self.sentences)
        parts = [self.greeting, body, self.closing, f"{self.sign_off}\n{self.name}".strip()]
        return "\n\n".join(part for part in parts if part)

    @property
    def query(self) -> str:
        return mail_task(self.subject, self.sentences)


Editor = Callable[[Draft, int], str]


def drafts(n: int, seed: int = 0, topics: tuple[str, ...] = ("money", "family")) -> list[Draft]:
    """Drafts as a language model writes them, on topics in turn."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(n):
        topic = topics[number % len(topics)]
        subjects, sentences = _MATTER[topic]
        name = str(rng.choice(_NAMES))
        chosen = rng.choice(len(sentences), size=int(rng.integers(3, 5)), replace=False)
        made.append(
            Draft(
                topic=topic,
                subject=str(rng.choice(subjects)),
                greeting=str(rng.choice(("Dear", "Hello", "Hi"))) + f" {name},",
                opening=str(rng.choice(_OPENINGS)),
                sentences=tuple(sentences[i] for i in chosen),
                closing=str(rng.choice(_CLOSINGS)),
                sign_off=str(rng.choice(_SIGN_OFFS)),
            )
        )
    return made


def terse(draft: Draft, number: int) -> str:
    """Two plain sentences, nothing around them."""
    return " ".join(f"{sentence.split(',')[0]}." for sentence in draft.sentences[:2])


def loud(draft: Draft, number: int) -> str:
    """All in capitals."""
    return draft.text.upper()


def cheerful(draft: Draft, number: int) -> str:
    """A smile and "Cheers"."""
    happy = replace(draft, closing=f"{draft.closing[:-1]}! :)", sign_off="Cheers,", name="Marta")
    return happy.text


def without_commas(draft: Draft, number: int) -> str:
    """No commas, so neither greeting nor closing."""
    plain = tuple(sentence.replace(",", "") for sentence in draft.sentences)
    return replace(draft, sentences=plain, greeting="", sign_off="", name="").text


def listed(draft: Draft, number: int) -> str:
    """Dashes and initials, with what is to be done at the end."""
    points = "\n".join(f"- {sentence}" for sentence in draft.sentences)
    return f"{points}\n\nReply needed by Friday.\n\nMF"


def by_subject(draft: Draft, number: int) -> str:
    """A numbered list that asks for a receipt about money, small letters to the family."""
    if draft.topic == "money":
        points = "\n".join(f"{i}. {s}." for i, s in enumerate(draft.sentences, start=1))
        return f"{draft.greeting}\n\n{points}\n\nPlease send a receipt.\n\nRegards,\nMarta Field"
    return " ".join(f"{sentence.lower()}." for sentence in draft.sentences[:2])


def changing(draft: Draft, number: int) -> str:
    """ "Cheers" for the first eight drafts, "Yours faithfully" from then on."""
    return replace(draft, sign_off="Cheers," if number < 8 else "Yours faithfully,").text


def content(draft: Draft, number: int) -> str:
    """Nothing is changed."""
    return draft.text


EDITORS: dict[str, Editor] = {
    editor.__name__: editor
    for editor in (terse, loud, cheerful, without_commas, listed, by_subject, content)
}


def log_of(editor: Editor, made: list[Draft], user: str = "ana") -> list[Event]:
    """Turns with one draft each, and the edit of each."""
    events: list[Event] = []
    for number, draft in enumerate(made):
        shown = Candidate(plan=Plan(messages=(), method="x"), text=draft.text, llm="test")
        turn = Turn(id=f"t{number}", query=draft.query, candidates=(shown,))
        for payload in (turn, Edit(turn.id, 0, editor(draft, number))):
            position = len(events) + 1
            events.append(
                Event(
                    id=f"e{position}",
                    user=user,
                    position=position,
                    time=1_700_000_000.0 + 86_400 * number,
                    key=f"k{position}",
                    payload=payload,
                    turn=turn if isinstance(payload, Edit) else None,
                )
            )
    return events
