"""The words of tailorlm as frozen dataclasses: what is asked, shown, given back and logged.

Positions of candidates count from 0 everywhere in code and in stored events. Times are seconds
since 1970-01-01 UTC. Nothing here does I/O; `tailorlm.store` writes these types, methods fold
over them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import ClassVar, Literal

from tailorlm.errors import FeedbackError, InputError

Role = Literal["system", "user", "assistant"]
Purpose = Literal["best", "explore", "generic"]

MAX_TEXT = 1_000_000
"""Longest text, in characters, that a query, statement or document may have."""
MAX_ID = 200
"""Longest user id, turn id or idempotency key, in characters."""
MAX_NAME = 2000
"""Longest name of what a correction is about, in characters."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message for an LLM."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class User:
    """Whose preferences are learned.

    Attributes:
        id: Chosen by the application; unique in a store.
        attributes: What is known of the user besides feedback (name to value).
    """

    id: str
    attributes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Context:
    """What a method sees when it plans: the query and the messages before it."""

    query: str
    history: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer that a method had written already while it planned.

    Attributes:
        text: The answer.
        llm: Registry name of the LLM that wrote it, with its model.
    """

    text: str
    llm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a method decides for one candidate.

    Attributes:
        messages: What is sent to the LLM, ending with the user's query.
        method: Name of the method that made the plan.
        purpose: "best" (the current best answer), "explore" (shown to learn from), or "generic"
            (nothing learned in it).
        tags: Tags the answer should draw on.
        rules: Rules the answer should follow.
        left_out: Personal items that did not fit the token budget.
        notes: What making the plan took, as names with numbers: tokens, requests, retries. Nothing
            personal.
        draft: The answer itself where the method has it already; it is shown as it is, and no LLM
            is asked again. The log has it as the candidate's text.
        soft_prompt: Id of the user whose soft prompt a local LLM puts before the messages; "" for
            nobody's. Other LLMs pass it over.
    """

    messages: tuple[Message, ...]
    method: str
    purpose: Purpose = "best"
    tags: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[tuple[str, float], ...] = ()
    draft: Draft | None = None
    soft_prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One completion shown to the user, with the plan that produced it."""

    plan: Plan
    text: str
    llm: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A query with its candidates, as shown."""

    id: str
    query: str
    candidates: tuple[Candidate, ...]
    history: tuple[Message, ...] = ()

    @property
    def context(self) -> Context:
        """The query and what came before it."""
        return Context(self.query, self.history)

    @property
    def notes(self) -> dict[str, float]:
        """What making the turn's plans took: their notes, added up by name."""
        total: dict[str, float] = {}
        for candidate in self.candidates:
            for name, value in candidate.plan.notes:
                total[name] = total.get(name, 0) + value
        return total


@dataclass(frozen=True, slots=True)
class Ranking:
    """An order over a turn's candidates.

    Attributes:
        turn: Id of the turn.
        groups: Candidate positions, best group first; positions in one group are tied.
            Candidates left out of a partial ranking are in no group and say nothing.
    """

    turn: str
    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Pick:
    """One candidate chosen over all others of its turn."""

    turn: str
    candidate: int


@dataclass(frozen=True, slots=True)
class Edit:
    """A candidate as the user rewrote it."""

    turn: str
    candidate: int
    text: str


@dataclass(frozen=True, slots=True)
class Rating:
    """A score for one candidate, from `LOW` to `HIGH`."""

    LOW: ClassVar[float] = 1.0
    HIGH: ClassVar[float] = 5.0

    turn: str
    candidate: int
    score: float


@dataclass(frozen=True, slots=True)
class Document:
    """A text the user wrote, given as an example of their writing."""

    text: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """Something the user said about how they want to be answered, or about themselves."""

    text: str


@dataclass(frozen=True, slots=True)
class Attribute:
    """A fact about the user given as a name and a value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What the user says of a belief: that it holds, that it does not, or neither any more.

    A later correction of the same belief takes the place of the earlier one.

    Attributes:
        kind: The belief's kind, as in `Belief`: "tag", "style", "rule", "statement", ...
        name: The belief's name.
        action: "lock" keeps the belief whatever feedback says; "set" states one, which need not be
            there yet; "forget" has it never used; "release" takes the correction back.
        value: "liked" or "disliked", to lock or set; "" is "liked". Only tags and styles can be
            disliked.
    """

    ACTIONS: ClassVar[tuple[str, ...]] = ("lock", "set", "forget", "release")
    TAGS: ClassVar[tuple[str, ...]] = ("tag", "style")
    SAID: ClassVar[tuple[str, ...]] = ("statement", "attribute")

    kind: str
    name: str
    action: str
    value: str = ""

    @property
    def family(self) -> str:
        """What shares its names: "tag" (tags and styles), "said" (statements, facts), or "rule"."""
        if self.kind in self.TAGS:
            return "tag"
        return "said" if self.kind in self.SAID else "rule"

    @property
    def key(self) -> str:
        """The name as corrections are told apart by it: without case, blanks and a last stop."""
        return belief_key(self.name)


Feedback = Ranking | Pick | Edit | Rating | Document | Statement | Attribute | Correction
TurnFeedback = Ranking | Pick | Edit | Rating
Payload = Turn | Feedback

FEEDBACK_KINDS: Mapping[str, type] = MappingProxyType(
    {
        "ranking": Ranking,
        "pick": Pick,
        "edit": Edit,
        "rating": Rating,
        "document": Document,
        "statement": Statement,
        "attribute": Attribute,
        "correction": Correction,
    }
)
"""Kind of feedback by its name in the database, in HTTP and in files."""


def kind_of(payload: Payload) -> str:
    """The stored name of a payload's kind: "turn", "ranking", "pick", ..."""
    return type(payload).__name__.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One entry of a user's log.

    Attributes:
        id: Unique in a store.
        user: Id of the user it belongs to.
        position: Place in the user's log, counting from 1 without gaps.
        time: When it was accepted, in seconds since 1970-01-01 UTC.
        key: Idempotency key, unique per user.
        payload: The turn or feedback itself.
        turn: For feedback on a turn, that turn; otherwise None.
    """

    id: str
    user: str
    position: int
    time: float
    key: str
    payload: Payload
    turn: Turn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """One thing a method believes about a user, as a person reads it.

    Attributes:
        kind: "tag", "rule", "statement", ...
        name: The tag or the rule.
        probability: Belief that it holds, from 0 to 1.
        low: Lower end of a 95% interval of its effect on the user's utility (noise scale 1).
        effect: Expected effect on the user's utility.
        high: Upper end of that interval.
        evidence: Number of feedback events that bear on it.
        last_seen: Time of the newest of them, or None.
        since: For what the user said: when it was first said. None for what was learned.
        superseded: When something later took its place, or None while it holds.
        superseded_by: What that was, in words: 'statement "I moved to Lisbon"', "edit", "ranking".
            It may be there before `superseded` is, when only a part has been replaced.
        correction: What the user said of it: "locked", "set", "forgotten", or "" for nothing.
    """

    kind: str
    name: str
    probability: float
    effect: float = 0.0
    low: float = 0.0
    high: float = 0.0
    evidence: int = 0
    last_seen: float | None = None
    since: float | None = None
    superseded: float | None = None
    superseded_by: str = ""
    correction: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What a method has learned about one user.

    Attributes:
        user: The user's id.
        method: The method that learned it.
        beliefs: Most probable first.
        certainty: How sure the method is of its best answer, from 0 to 1.
        summary: One sentence for a person.
    """

    user: str
    method: str
    beliefs: tuple[Belief, ...]
    certainty: float
    summary: str

    def __str__(self) -> str:
        rows = [self.summary]
        rows += [
            f"  {b.name:<28} {b.probability:6.1%}  effect {b.effect:+.2f} "
            f"[{b.low:+.2f}, {b.high:+.2f}]  evidence {b.evidence}"
            f"{f'  {b.correction}' if b.correction else ''}"
            for b in self.beliefs
            if b.since is None
        ][:10]
        rows += [f"  {b.name} ({history_of(b, utc_day)})" for b in self.said[:10]]
        return "\n".join(rows)

    @property
    def said(self) -> tuple[Belief, ...]:
        """The beliefs that are the user's own statements and facts."""
        return tuple(belief for belief in self.beliefs if belief.since is not None)


def belief_key(name: str) -> str:
    """A belief's name without case, further blanks, a stop at its end, and where it applies.

    A rule by subject is named like "Use bullet points. (by subject: travel)"; corrections are about
    the rule on any subject.
    """
    general = name.split(" (by subject: ", 1)[0]
    return " ".join(general.split()).rstrip(" .").casefold()


def history_of(belief: Belief, day: Callable[[float], str]) -> str:
    """When something was said, and when and by what it was replaced, for a person.

    Args:
        belief: With a `since`.
        day: Writes a time.
    """
    parts = [f"said {day(belief.since or 0.0)}"]
    if belief.correction:
        parts.append(belief.correction)
    if belief.superseded is not None:
        parts.append(f"replaced {day(belief.superseded)} by {belief.superseded_by}")
    elif belief.superseded_by:
        parts.append(f"in part replaced by {belief.superseded_by}")
    return ", ".join(parts)


def utc_day(time: float) -> str:
    """A day such as "2026-03-01", in UTC; what no calendar has stays a number."""
    try:
        return datetime.fromtimestamp(time, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return f"at {time:g} s"


def check_text(text: str, what: str) -> str:
    """Return `text` if it can be used as `what`.

    Raises:
        InputError: If it is empty, blank, longer than `MAX_TEXT` or holds a NUL or a lone
            surrogate (databases and HTTP cannot carry either).
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"The {what} is empty. Give some text.")
    if len(text) > MAX_TEXT:
        raise InputError(
            f"The {what} has {len(text):,} characters; at most {MAX_TEXT:,} are accepted. "
            "Shorten it or split it."
        )
    if "\x00" in text:
        raise InputError(f"The {what} holds a NUL character, so it is not text. Remove it.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise InputError(f"The {what} is not valid Unicode text (a lone surrogate).") from None
    return text


def check_id(value: str, what: str) -> str:
    """Return `value` if it can serve as an id (1 to `MAX_ID` printable characters, no edges blank).

    Raises:
        InputError: If it cannot.
    """
    check_text(value, what)
    if len(value) > MAX_ID or value != value.strip() or not value.isprintable():
        raise InputError(
            f"The {what} must be 1 to {MAX_ID} printable characters without surrounding blanks, "
            f"but got {value[:40]!r}."
        )
    return value


def check_feedback(feedback: Feedback, turn: Turn | None) -> None:
    """Check that feedback is well formed and fits its turn.

    Args:
        feedback: What the user gave.
        turn: The turn it names, or None for feedback that names none.

    Raises:
        FeedbackError: If a candidate is unknown, repeated or omitted, or a score out of range.
        InputError: If a text is empty or too long.
    """
    if isinstance(feedback, Document | Statement):
        check_text(feedback.text, type(feedback).__name__.lower())
    elif isinstance(feedback, Attribute):
        check_id(feedback.name, "attribute name")
        check_text(feedback.value, "attribute value")
    elif isinstance(feedback, Correction):
        _check_correction(feedback)
    elif turn is None:
        raise FeedbackError(f"A {kind_of(feedback)} must name a turn of the user.")
    elif isinstance(feedback, Ranking):
        _check_groups(feedback.groups, len(turn.candidates))
    else:
        _check_position(feedback.candidate, len(turn.candidates))
        if isinstance(feedback, Edit):
            check_text(feedback.text, "edited text")
        elif isinstance(feedback, Rating):
            _check_score(feedback.score)


def ranking_groups(
    order: Sequence[int | Sequence[int]], n_candidates: int, *, partial: bool = False
) -> tuple[tuple[int, ...], ...]:
    """Turn what a caller writes, such as ``[2, 0, 1]`` or ``[2, [0, 1]]``, into ranking groups.

    Args:
        order: Candidate positions, best first; a nested sequence is a tie.
        n_candidates: How many candidates the turn has.
        partial: Whether candidates may be left out.

    Raises:
        FeedbackError: If a candidate is repeated, invented or (unless `partial`) omitted.
    """
    groups = tuple((entry,) if isinstance(entry, int) else tuple(entry) for entry in order)
    _check_groups(groups, n_candidates)
    missing = sorted(set(range(n_candidates)) - {i for group in groups for i in group})
    if missing and not partial:
        raise FeedbackError(
            f"The ranking leaves out candidate {missing[0]}; the turn has {n_candidates}. "
            "Rank them all, or say that the ranking is partial."
        )
    return groups


def _check_groups(groups: tuple[tuple[int, ...], ...], n_candidates: int) -> None:
    flat = [position for group in groups for position in group]
    for position in flat:
        _check_position(position, n_candidates)
    repeated = sorted({position for position in flat if flat.count(position) > 1})
    if repeated:
        raise FeedbackError(f"The ranking names candidate {repeated[0]} more than once.")
    if len(flat) < 2:
        raise FeedbackError("A ranking must order at least two candidates of its turn.")


def _check_position(position: int, n_candidates: int) -> None:
    if isinstance(position, bool) or not isinstance(position, int):
        raise FeedbackError(f"A candidate is named by its position, but got {position!r}.")
    if not 0 <= position < n_candidates:
        raise FeedbackError(
            f"There is no candidate {position}; the turn has {n_candidates}, counted from 0."
        )


def _check_correction(correction: Correction) -> None:
    check_id(correction.kind, "kind of belief")
    check_text(correction.name, "name of the belief")
    if len(correction.name) > MAX_NAME:
        raise FeedbackError(
            f"The name of a belief has at most {MAX_NAME:,} characters, but got "
            f"{len(correction.name):,}. Give it as the profile does."
        )
    if correction.action not in Correction.ACTIONS:
        raise FeedbackError(
            f"A correction is one of {', '.join(Correction.ACTIONS)}, but got "
            f"{str(correction.action)[:40]!r}."
        )
    if correction.value not in ("", "liked", "disliked"):
        raise FeedbackError(
            f"A belief is 'liked' or 'disliked', but got {str(correction.value)[:40]!r}."
        )
    if correction.value and correction.action not in ("lock", "set"):
        raise FeedbackError(f"To {correction.action} a belief takes no value. Leave it out.")
    if correction.value == "disliked" and correction.family != "tag":
        raise FeedbackError(
            f"Only a tag can be disliked, not a {correction.kind}. Forget it, or say what you want "
            "instead."
        )
    if correction.action == "set" and correction.family == "said":
        raise FeedbackError(
            f"A {correction.kind} cannot be set. Say it, or give it as a fact (describe)."
        )


def _check_score(score: float) -> None:
    if isinstance(score, bool) or not isinstance(score, int | float) or score != score:
        raise FeedbackError(f"A rating is a number, but got {score!r}.")
    if not Rating.LOW <= score <= Rating.HIGH:
        raise FeedbackError(
            f"A rating runs from {Rating.LOW:g} to {Rating.HIGH:g}, but got {str(score)[:20]}."
        )
