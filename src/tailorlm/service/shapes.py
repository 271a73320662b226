"""The JSON of tailorlm's own routes: what they take and what they answer, as the OpenAPI shows."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from pydantic_core import to_json

from tailorlm.codec import encode_payload
from tailorlm.loop.asking import MAX_SHOWN
from tailorlm.types import (
    MAX_NAME,
    Attribute,
    Correction,
    Document,
    Edit,
    Event,
    Feedback,
    Message,
    Pick,
    Profile,
    Ranking,
    Rating,
    Statement,
    Turn,
    kind_of,
    ranking_groups,
)

UserField = Annotated[
    str,
    Field(
        description="Whose it is, by an id of the app's own choosing. A key of one user may leave "
        "it out.",
        examples=["ana"],
    ),
]
TurnField = Annotated[str, Field(description="Id of the turn.", examples=["2f6c…"])]
PositionField = Annotated[int, Field(ge=0, description="Which candidate, counted from 0.")]


class Given(BaseModel):
    """What a client sends: unknown fields are mistakes, values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class MessageIn(Given):
    """An earlier message of the conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


class AskIn(Given):
    """A query."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"user": "ana", "query": "How should I spend a free weekend?", "n": 3},
                {
                    "user": "ana",
                    "query": "And on Sunday?",
                    "history": [{"role": "user", "content": "Plan my Saturday"}],
                    "model": "bayes_tags:gpt-4o-mini",
                },
            ]
        }
    )

    user: UserField = ""
    query: Annotated[str, Field(examples=["How should I spend a free weekend?"])]
    n: Annotated[
        int | Literal["auto"],
        Field(
            description=f'How many candidates, 1 to {MAX_SHOWN}; "auto" shows several while '
            "ranking them is worth the effort."
        ),
    ] = "auto"
    history: list[MessageIn] = []
    model: Annotated[str, Field(description='The model, or "METHOD:MODEL".')] = ""

    def messages(self) -> tuple[Message, ...]:
        """The history in tailorlm's words."""
        return tuple(Message(message.role, message.content) for message in self.history)


class RankingIn(Given):
    """An order over a turn's candidates; a nested list is a tie."""

    kind: Literal["ranking"]
    turn: TurnField
    order: Annotated[list[int | list[int]], Field(examples=[[2, 0, 1]])]
    partial: Annotated[bool, Field(description="Whether candidates may be left out.")] = False

    def feedback(self, turn: Turn) -> Feedback:
        """What is recorded."""
        groups = ranking_groups(self.order, len(turn.candidates), partial=self.partial)
        return Ranking(self.turn, groups)


class PickIn(Given):
    """One candidate before all others."""

    kind: Literal["pick"]
    turn: TurnField
    candidate: PositionField

    def feedback(self, turn: Turn) -> Feedback:
        """What is recorded."""
        return Pick(self.turn, self.candidate)


class CopyIn(Given):
    """A candidate was copied: a pick among several, and for the only answer a good rating."""

    kind: Literal["copy"]
    turn: TurnField
    candidate: PositionField

    def feedback(self, turn: Turn) -> Feedback:
        """What is recorded."""
        if len(turn.candidates) < 2:
            return Rating(self.turn, self.candidate, Rating.HIGH - 1)
        return Pick(self.turn, self.candidate)


class EditIn(Given):
    """A candidate as the user would have it."""

    kind: Literal["edit"]
    turn: TurnField
    candidate: PositionField
    text: str

    def feedback(self, turn: Turn) -> Feedback:
        """What is recorded."""
        return Edit(self.turn, self.candidate, self.text)


class RatingIn(Given):
    """A score for a candidate."""

    kind: Literal["rating"]
    turn: TurnField
    candidate: PositionField
    score: Annotated[float, Field(ge=Rating.LOW, le=Rating.HIGH, strict=False)]

    def feedback(self, turn: Turn) -> Feedback:
        """What is recorded."""
        return Rating(self.turn, self.candidate, self.score)


class RegenerateIn(Given):
    """The user asked for another answer; the one they had counts as not liked."""

    kind: Literal["regenerate"]
    turn: TurnField
    candidate: PositionField = 0

    def feedback(self, turn: Turn) -> Feedback:
        """What is recorded."""
        return Rating(self.turn, self.candidate, Rating.LOW + 1)


class StatementIn(Given):
    """Something the user said about how to be answered, or about themselves."""

    kind: Literal["statement"]
    text: Annotated[str, Field(examples=["Stop using bullet points."])]

    def feedback(self) -> Feedback:
        """What is recorded."""
        return Statement(self.text)


class AttributeIn(Given):
    """A fact about the user."""

    kind: Literal["attribute"]
    name: Annotated[str, Field(examples=["home"])]
    value: Annotated[str, Field(examples=["Lisbon"])]

    def feedback(self) -> Feedback:
        """What is recorded."""
        return Attribute(self.name, self.value)


class DocumentIn(Given):
    """A text the user wrote."""

    kind: Literal["document"]
    text: str
    title: str = ""

    def feedback(self) -> Feedback:
        """What is recorded."""
        return Document(self.text, self.title)


class CorrectionIn(Given):
    """A belief that is locked, set, forgotten, or left to feedback again (released)."""

    kind: Literal["correction"]
    of: Annotated[str, Field(description="The belief's kind, as in the profile.", examples=["tag"])]
    name: Annotated[
        str,
        Field(description="The belief's name, as in the profile.", max_length=MAX_NAME,
              examples=["Baking"]),
    ]  # fmt: skip
    action: Literal["lock", "set", "forget", "release"]
    value: Annotated[
        Literal["", "liked", "disliked"],
        Field(description='To lock or set; "" is "liked". Only tags and styles can be disliked.'),
    ] = ""

    def feedback(self) -> Feedback:
        """What is recorded."""
        return Correction(self.of, self.name, self.action, self.value)


SeenOnTurn = CopyIn | RegenerateIn
"""What an app saw a user do, which is weaker than what they say."""
AnyFeedback = Annotated[
    RankingIn
    | PickIn
    | EditIn
    | RatingIn
    | SeenOnTurn
    | StatementIn
    | AttributeIn
    | DocumentIn
    | CorrectionIn,
    Field(discriminator="kind"),
]


_EXAMPLES: tuple[Any, ...] = (
    {"kind": "ranking", "turn": "2f6c…", "order": [2, [0, 1]]},
    {"kind": "pick", "turn": "2f6c…", "candidate": 1},
    {"kind": "edit", "turn": "2f6c…", "candidate": 0, "text": "Go hiking."},
    {"kind": "rating", "turn": "2f6c…", "candidate": 0, "score": 4},
    {"kind": "copy", "turn": "2f6c…", "candidate": 0},
    {"kind": "regenerate", "turn": "2f6c…"},
    {"kind": "statement", "text": "Stop using bullet points."},
    {"kind": "attribute", "name": "home", "value": "Lisbon"},
    {"kind": "document", "text": "Dear all, ...", "title": "A note"},
    {"kind": "correction", "of": "tag", "name": "Baking", "action": "lock"},
)


class FeedbackIn(Given):
    """Feedback of a user."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"user": "ana", "feedback": given} for given in _EXAMPLES]}
    )

    user: UserField = ""
    feedback: AnyFeedback


class EraseIn(Given):
    """An erasure, confirmed by the user's id a second time."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"user": "ana", "confirm": "ana"}]})

    user: UserField = ""
    confirm: Annotated[str, Field(description="The user's id again.", examples=["ana"])]


class CandidateOut(BaseModel):
    """One answer of a turn."""

    position: int
    text: str
    llm: str
    method: str
    purpose: str
    tags: list[str]
    rules: list[str]
    left_out: list[str]


class TurnOut(BaseModel):
    """A query with its answers, in the order shown."""

    turn: str
    query: str
    best: Annotated[int, Field(description="Position of the answer thought best.")]
    certainty: float | None
    notice: str
    candidates: list[CandidateOut]

    @classmethod
    def of(cls, turn: Turn, best: int, certainty: float | None, notice: str = "") -> Self:
        """The JSON of a turn."""
        return cls(
            turn=turn.id,
            query=turn.query,
            best=best,
            certainty=certainty,
            notice=notice,
            candidates=[
                CandidateOut(
                    position=position,
                    text=candidate.text,
                    llm=candidate.llm,
                    method=candidate.plan.method,
                    purpose=candidate.plan.purpose,
                    tags=list(candidate.plan.tags),
                    rules=list(candidate.plan.rules),
                    left_out=list(candidate.plan.left_out),
                )
                for position, candidate in enumerate(turn.candidates)
            ],
        )


class EventOut(BaseModel):
    """One entry of a user's log."""

    event: str
    position: int
    time: float
    key: str
    kind: str
    turn: str | None
    payload: dict[str, JsonValue]

    @classmethod
    def of(cls, event: Event) -> Self:
        """The JSON of an event."""
        turn = event.payload if isinstance(event.payload, Turn) else event.turn
        return cls(
            event=event.id,
            position=event.position,
            time=event.time,
            key=event.key,
            kind=kind_of(event.payload),
            turn=None if turn is None else turn.id,
            payload=encode_payload(event.payload),
        )


class HistoryOut(BaseModel):
    """Part of a user's log, oldest first."""

    events: list[EventOut]
    next_after: Annotated[
        int | None, Field(description="Give it as `after` for the next part; null at the end.")
    ]


class ReceiptOut(BaseModel):
    """Feedback that is durable."""

    event: str
    position: int
    key: str
    learned: Annotated[bool, Field(description="Whether the method learns from this kind.")]


class LeftOutOut(BaseModel):
    """A text of an upload that was not taken."""

    where: Annotated[str, Field(examples=["message 3"])]
    why: Annotated[str, Field(examples=["It has no part in plain text."])]


class UploadOut(BaseModel):
    """What became of an upload."""

    taken: Annotated[int, Field(description="Texts that are durable now and were not before.")]
    known: Annotated[int, Field(description="Texts that were there already.")]
    left_out: list[LeftOutOut]
    left_out_count: Annotated[int, Field(description="All of those; the list may be shortened.")]


class ProfileOut(BaseModel):
    """What is believed about a user."""

    user: str
    method: str
    certainty: float
    summary: str
    beliefs: list[dict[str, JsonValue]]


def profile_json(profile: Profile, user: str) -> bytes:
    """A `ProfileOut`, under the name that the caller knows the user by.

    Written at once, because with hundreds of beliefs a model takes ten times as long as the rest.
    """
    return to_json(
        {
            "user": user,
            "method": profile.method,
            "certainty": profile.certainty,
            "summary": profile.summary.replace(profile.user, user),
            "beliefs": profile.beliefs,
        }
    )


class UserOut(BaseModel):
    """One line of a listing of users."""

    user: str
    events: int
    last_time: float | None


class UsersOut(BaseModel):
    """The users of an app."""

    users: list[UserOut]


class ErasureOut(BaseModel):
    """What an erasure removed."""

    user: str
    events: int
    states: int


class WhatIfOut(BaseModel):
    """The same query, answered generically and personally; nothing is recorded."""

    generic: CandidateOut
    personal: CandidateOut


class ErrorDetail(BaseModel):
    """What went wrong, in the form of OpenAI's errors."""

    message: str
    type: str
    param: str | None = None
    code: str | None = None


class ErrorOut(BaseModel):
    """An answer that is an error."""

    error: ErrorDetail


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorOut, "description": text}
    for status, text in {
        400: "The request cannot be used.",
        401: "A key is needed, or this one is not known.",
        403: "The key may not do this.",
        404: "There is no such user or turn.",
        405: "The route takes another method.",
        409: "The key was used for other content.",
        413: "The request is too large.",
        429: "Too many requests.",
        500: "A bug.",
        501: "Not available with this upstream.",
        502: "The upstream failed.",
        503: "The database cannot be used at the moment.",
        504: "The upstream did not answer in time.",
    }.items()
}
"""The errors that any route may answer with."""
