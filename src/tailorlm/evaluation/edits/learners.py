"""Edits as the log that a method reads, and what `edit_rules` has learned of each user from it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tailorlm.datasets.recorded_edits import RecordedEdit
from tailorlm.datasets.rewrites import Rewrite
from tailorlm.encoders.base import Encoder
from tailorlm.methods.base import Parts
from tailorlm.methods.edit_rules import EditRules, EditRulesConfig, EditState
from tailorlm.tags import library_of
from tailorlm.types import Candidate, Context, Edit, Event, Payload, Plan, Turn, User
from tailorlm.writing import split_mail
from tailorlm.writing.mail_task import mail_task

_DAY = 86_400.0
_GREETING = re.compile(r"^(?:hi|hello|hey|dear|good \w+)\b", re.IGNORECASE)
_POLITE = "Write this mail in a more polite way.\n\n"


@dataclass(frozen=True, slots=True)
class Made:
    """One edit as a method meets it.

    Attributes:
        id: Unique among a user's.
        user: Who edited.
        query: What the draft was an answer to.
        again: What asks for the draft to be rewritten.
        draft: What was given.
        edited: What the user made of it.
    """

    id: str
    user: str
    query: str
    again: str
    draft: str
    edited: str

    @property
    def context(self) -> Context:
        """The context of the draft."""
        return Context(self.query)


def made_of_recorded(edit: RecordedEdit) -> Made:
    """A recorded edit: the query asks for a mail with its subject and points.

    Whoever asks for a mail knows who sends it to whom, so the query names both as the draft does.
    """
    mail = split_mail(edit.draft)
    signature = mail.signature.split("\n")[0]
    sender = "" if signature.startswith("[") else signature
    recipient = _GREETING.sub("", mail.greeting).strip(" ,:;!.–-")
    asked = partial(mail_task, edit.subject, edit.intent, sender=sender, recipient=recipient)
    return Made(edit.id, edit.user, asked(), asked(draft=edit.draft), edit.draft, edit.edited)


def made_of_rewrite(rewrite: Rewrite, number: int) -> Made:
    """A rewrite of a mail for more politeness."""
    query = f"{_POLITE}{rewrite.original}"
    user = rewrite.user or ""
    name = f"{rewrite.instance}-{number}"
    return Made(name, user, query, query, rewrite.original, rewrite.revised)


def by_user(edits: Sequence[Made]) -> Mapping[str, list[Made]]:
    """The edits of each user in their order."""
    grouped: dict[str, list[Made]] = {}
    for edit in edits:
        grouped.setdefault(edit.user, []).append(edit)
    return grouped


def learner(encoder: Encoder, config: EditRulesConfig | None = None) -> EditRules:
    """The method; it has no use for tags."""
    return EditRules(Parts(encoder=encoder, library=library_of(("-",))), config)


def learn(
    method: EditRules,
    edits: Sequence[Made],
    after: Callable[[int, EditState], None] | None = None,
) -> EditState:
    """The state after a user's edits, a day apart.

    Args:
        method: What learns.
        edits: Of one user, oldest first.
        after: Told the number of edits and the state after each.
    """
    state = method.initial(User(edits[0].user if edits else "nobody"))
    for number, edit in enumerate(edits):
        shown = Candidate(plan=Plan(messages=(), method="draft"), text=edit.draft, llm="draft")
        turn = Turn(id=f"t{number}", query=edit.query, candidates=(shown,))
        payloads: tuple[Payload, ...] = (turn, Edit(turn.id, 0, edit.edited))
        for place, payload in enumerate(payloads):
            position = 2 * number + place + 1
            event = Event(
                id=f"e{position}",
                user=edit.user,
                position=position,
                time=_DAY * (number + 1),
                key=f"k{position}",
                payload=payload,
                turn=turn if place else None,
            )
            state = method.observe(state, event)
        if after is not None:
            after(number + 1, state)
    return state
