"""What a user has said, with what took its place: the record that methods keep of statements.

A statement holds until a later one, a fact, an edit or a ranking contradicts it. What was replaced
stays in the record with its date and with what replaced it, and is left out of prompts. What a user
corrects (locks, sets, forgets) is kept beside it; see `_corrected`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from functools import lru_cache
from typing import Any

import numpy as np

from tailorlm.encoders.base import Encoder, encode_query
from tailorlm.errors import StateError
from tailorlm.forgetting import forgettable
from tailorlm.methods._corrected import Corrected
from tailorlm.types import (
    Attribute,
    Belief,
    Candidate,
    Correction,
    Edit,
    Event,
    Pick,
    Ranking,
    Statement,
    Turn,
    belief_key,
)
from tailorlm.writing.rules import StyleRule
from tailorlm.writing.statements import (
    Part,
    attribute_part,
    read_statement,
    stems,
    superseded_claims,
)

SAID: frozenset[type] = frozenset({Statement, Attribute, Edit, Ranking, Pick, Correction})
"""Feedback that adds to a record or takes from it; a method that keeps one accepts all of it."""
MAX_BYTES = 4000
"""Size of a record as JSON; what is older is in the log alone."""
_LONGEST = 1000
"""Bytes that are kept of one part of a statement."""
_EXCERPT = 60
_HOW_TO_ANSWER = frozenset({"address", "language", "units"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was said, or one fact that was given.

    Attributes:
        text: A part of a statement as it was said, or the value of a fact.
        since: When it was first said.
        last: When it was last said.
        event: Id of the event that said it last.
        times: How often it was said.
        name: Name of the fact; "" for a statement.
        gone: Places of its claims that were replaced.
        superseded: When all of it was, or None.
        by: What replaced it, in words.
        by_event: Id of the event that did.
    """

    text: str
    since: float
    last: float
    event: str
    times: int = 1
    name: str = ""
    gone: tuple[int, ...] = ()
    superseded: float | None = None
    by: str = ""
    by_event: str = ""

    @property
    def wording(self) -> str:
        """What a prompt and a person read."""
        return f"{self.name}: {self.text}" if self.name else self.text

    @property
    def holds(self) -> bool:
        """Whether nothing has taken its place."""
        return self.superseded is None

    @property
    def describes_user(self) -> bool:
        """Whether it tells who the user is, rather than how to answer."""
        return all(
            claim.kind in ("fact", "taste", "choice") and claim.about not in _HOW_TO_ANSWER
            for claim in self.part.claims
        )

    @property
    def tells_how(self) -> bool:
        """Whether it tells how to answer, as far as that can be read."""
        claims = self.part.claims
        return bool(self.part.rules) or any(claim.about in _HOW_TO_ANSWER for claim in claims)

    @property
    def part(self) -> Part:
        """What it claims."""
        return _part(self.name, self.text)

    @property
    def belief(self) -> Belief:
        """The entry as it appears in a profile."""
        return Belief(
            kind="attribute" if self.name else "statement",
            name=self.wording,
            probability=float(self.holds),
            evidence=self.times,
            last_seen=self.last,
            since=self.since,
            superseded=self.superseded,
            superseded_by=self.by,
        )

    def without(self, claims: Iterable[int], event: Event, by: str) -> Entry:
        """The entry after an event that replaced some of its claims."""
        gone = tuple(sorted({*self.gone, *claims}))
        if gone == self.gone:
            return self
        whole = len(gone) == len(self.part.claims)
        return replace(
            self, gone=gone, superseded=event.time if whole else None, by=by, by_event=event.id
        )


@dataclass(frozen=True, slots=True)
class Said:
    """Everything a user has said, as far as it is kept.

    Attributes:
        entries: By when they were last said, the newest last; replaced ones among them.
        dropped: Entries that had to leave for newer ones; the log has them.
        limit: Size in bytes, as JSON, that the entries may have.
        corrected: What the user locked, set and forgot.
    """

    entries: tuple[Entry, ...] = ()
    dropped: int = 0
    limit: int = field(default=MAX_BYTES, compare=False)
    corrected: Corrected = field(default_factory=Corrected)

    def __bool__(self) -> bool:
        return bool(self.entries or self.corrected.marks)

    def observe(self, event: Event) -> Said:
        """The record after an event; only what is said, and what contradicts it, changes it."""
        payload, turn = event.payload, event.turn
        match payload:
            case Statement(text=text):
                record = self
                for part in read_statement(text):
                    record = record._with(Entry(_cut(part.text), event.time, event.time, event.id),
                                          event, f"statement {_quoted(part.text)}")  # fmt: skip
                return record
            case Attribute(name=name, value=value):
                entry = Entry(_cut(value), event.time, event.time, event.id, name=name)
                return self._with(entry, event, f"attribute {_quoted(entry.wording)}")
            case Correction():
                return self._corrected(payload, event)
            case Edit(candidate=candidate, text=text) if turn is not None:
                shown = turn.candidates[candidate]
                return self._against((text,), (shown.text,), (shown,), event)
            case Ranking() | Pick() if turn is not None:
                won, lost = _winners(payload, turn)
                texts = [tuple(candidate.text for candidate in side) for side in (won, lost)]
                return self._against(texts[0], texts[1], (*won, *lost), event)
            case _:
                return self

    def in_force(self) -> tuple[str, ...]:
        """What holds now, with the rules that the user locked or set, oldest first."""
        return tuple(entry.wording for entry in self.holding)

    @property
    def holding(self) -> tuple[Entry, ...]:
        """The entries of `in_force`."""
        said = tuple(entry for entry in self.entries if self.holds(entry))
        rules = self.corrected.followed("rule")
        stated = {belief_key(entry.wording) for entry in said}
        added = (
            Entry(mark.name, mark.time, mark.time, "")
            for mark in rules
            if belief_key(mark.name) not in stated
        )
        return tuple(sorted((*said, *added), key=lambda entry: entry.last))

    def holds(self, entry: Entry) -> bool:
        """Whether nothing has taken an entry's place, and the user has not had it forgotten."""
        return entry.holds and not self.corrected.bars("said", entry.wording)

    def with_tags_in_words(self, known: Collection[str] = ()) -> Said:
        """The same with tags that the user corrected as wishes; see `Corrected.tags_in_words`."""
        if not self.corrected.marks:
            return self
        return replace(self, corrected=self.corrected.tags_in_words(known))

    def claim_order(self, query: str, encoder: Encoder) -> tuple[int, ...]:
        """Places of what holds, in the order of claims on a budget that does not hold all of it.

        First comes how to answer, the newest before the oldest; then what tells of the user, the
        closest to the query first.
        """
        holding = self.holding
        newest = list(reversed(range(len(holding))))
        how = [i for i in newest if holding[i].tells_how or not holding[i].event]
        rest = [i for i in newest if i not in how]
        if not rest:
            return tuple(how)
        near = encoder.encode([holding[i].wording for i in rest]) @ encode_query(encoder, query)
        return (*how, *(rest[i] for i in np.argsort(-near, kind="stable")))

    def outdates(self, line: str) -> bool:
        """Whether a line names what the user said is over, such as an old home or a past taste.

        Only words are compared: "likes the food of Porto" is outdated by a move away from Porto.
        """
        named = set(stems(line))
        gone = {value for e in self.entries if not self.holds(e) for value in e.part.values}
        here = {value for e in self.entries if self.holds(e) for value in e.part.values}
        return any(named.issuperset(value) for value in gone - here)

    def allows(self, rule: StyleRule) -> bool:
        """Whether nothing that holds at all times speaks against a rule of writing."""
        if self.corrected.bars("rule", rule.text):
            return False
        wishes = (entry.part for entry in self.holding if not entry.part.scope)
        return not any(rule.excludes(wish) for part in wishes for wish in part.rules)

    def beliefs(self, learned: Sequence[Belief] = ()) -> tuple[Belief, ...]:
        """What was learned, then what holds, then what was replaced, each newest first.

        All of it is as the user's corrections leave it.
        """
        newest = list(reversed(self.entries))
        order = sorted(newest, key=lambda entry: not entry.holds)
        return self.corrected.on((*learned, *(entry.belief for entry in order)))

    def note(self) -> str:
        """A sentence on what is no longer kept, to end a summary with; "" when nothing is."""
        if not self.dropped:
            return ""
        many = "statement is" if self.dropped == 1 else "statements are"
        return f" {self.dropped} older {many} in the log only."

    def to_bytes(self) -> bytes:
        """The record as JSON."""
        marks = self.corrected.to_json()
        head = [self.dropped, {"corrected": marks}] if marks else [self.dropped]
        return json.dumps(
            [*head, *map(_row, self.entries)], ensure_ascii=False, separators=(",", ":")
        ).encode("utf-8", "replace")

    @classmethod
    def from_bytes(cls, data: bytes, limit: int = MAX_BYTES) -> Said:
        """The record of `to_bytes`.

        Raises:
            StateError: If the bytes are something else.
        """
        try:
            dropped, *rows = json.loads(data)
            if isinstance(dropped, bool) or not isinstance(dropped, int):
                raise TypeError("a number of dropped entries is missing")
            marks = rows.pop(0)["corrected"] if rows and isinstance(rows[0], dict) else []
            entries = tuple(_entry(row) for row in rows)
            return cls(entries, dropped, limit, Corrected.of_json(marks))
        except (ValueError, TypeError, KeyError) as error:
            raise StateError(
                f"The record of statements is damaged ({type(error).__name__}). Rebuild it."
            ) from None

    def _with(self, entry: Entry, event: Event, by: str) -> Said:
        """The record with a new entry in place of what it repeats or contradicts."""
        part = entry.part
        kept, replaced = [], False
        for old in self.entries:
            if old.holds and (old.name, old.text) == (entry.name, entry.text):
                entry = replace(entry, since=old.since, times=old.times + 1)
                continue
            if old.holds:
                after = old.without(superseded_claims(part, old.part), event, by)
                replaced = replaced or after is not old
                old = after
            kept.append(old)
        if not (part.withdraws and replaced):
            kept.append(entry)
        corrected = self.corrected.said(entry.wording, part.rules)
        return replace(self, entries=tuple(kept), corrected=corrected)._bounded()

    def _corrected(self, correction: Correction, event: Event) -> Said:
        """The record after a correction; a rule that is set replaces what it contradicts."""
        entries = self.entries
        if correction.family == "rule" and correction.action in ("lock", "set"):
            part, by = _part("", correction.name), f"rule {_quoted(correction.name)}"
            entries = tuple(
                old.without(superseded_claims(part, old.part), event, by) if old.holds else old
                for old in entries
            )
        corrected = self.corrected.observe(correction, event.time)
        return replace(self, entries=entries, corrected=corrected)

    def _against(
        self,
        preferred: Sequence[str],
        refused: Sequence[str],
        shown: Sequence[Candidate],
        event: Event,
    ) -> Said:
        """The record after texts that break a rule were preferred to ones that keep it.

        It counts only against wishes that the answers were written under, since an answer from
        before a wish says nothing about it, and against a wish for an occasion only where the
        query names it.
        """
        if event.turn is None or not (self.entries and preferred and refused):
            return self
        asked = frozenset(stems(event.turn.query))
        entries = list(self.entries)
        for place, old in enumerate(entries):
            if not old.holds or not old.part.rules or self._is_locked(old):
                continue
            if old.part.scope and not old.part.scope & asked:
                continue
            if any(old.wording not in candidate.plan.rules for candidate in shown):
                continue
            broken = {rule for rule in old.part.rules if _is_broken(rule, preferred, refused)}
            claims = [
                number
                for number, claim in enumerate(old.part.claims)
                if any((claim.about, claim.value) == (r.facet, r.value) for r in broken)
            ]
            entries[place] = old.without(claims, event, _words_for(event))
        return replace(self, entries=tuple(entries))

    def _is_locked(self, entry: Entry) -> bool:
        mark = self.corrected.of("said", entry.wording)
        return mark is not None and mark.word == "locked"

    def _bounded(self) -> Said:
        """The record without what does not fit: what was replaced first, then the oldest."""
        sizes = [len(_encoded(entry)) for entry in self.entries]
        order = sorted(range(len(sizes) - 1), key=lambda i: (self.entries[i].holds, i))
        gone: set[int] = set()
        for place in order:
            if sum(sizes) - sum(sizes[i] for i in gone) <= self.limit:
                break
            gone.add(place)
        kept = tuple(entry for i, entry in enumerate(self.entries) if i not in gone)
        return replace(self, entries=kept, dropped=self.dropped + len(gone))


def _winners(
    payload: Ranking | Pick, turn: Turn
) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
    """The candidates that came first, and those that came after them."""
    if isinstance(payload, Pick):
        groups: tuple[tuple[int, ...], ...] = (
            (payload.candidate,),
            tuple(i for i in range(len(turn.candidates)) if i != payload.candidate),
        )
    else:
        groups = payload.groups
    won = tuple(turn.candidates[i] for i in groups[0]) if groups else ()
    return won, tuple(turn.candidates[i] for group in groups[1:] for i in group)


def _is_broken(rule: StyleRule, preferred: Sequence[str], refused: Sequence[str]) -> bool:
    """Whether what was preferred breaks a rule that all the rest keeps."""
    return all(rule.kept_by(text) is False for text in preferred) and all(
        rule.kept_by(text) is True for text in refused
    )


@forgettable
@lru_cache(maxsize=4096)
def _part(name: str, text: str) -> Part:
    return attribute_part(name, text) if name else read_statement(text)[0]


def _words_for(event: Event) -> str:
    query = _quoted(event.turn.query) if event.turn is not None else ""
    kind = {Edit: "edit", Pick: "pick", Ranking: "ranking"}[type(event.payload)]
    return f"{kind} of an answer to {query}"


def _quoted(text: str) -> str:
    line = " ".join(text.split())
    return f'"{line}"' if len(line) <= _EXCERPT else f'"{line[: _EXCERPT - 3]}..."'


def _cut(text: str) -> str:
    """At most the first `_LONGEST` bytes of a text, on one line."""
    line = " ".join(text.split())
    return line.encode("utf-8", "replace")[:_LONGEST].decode(errors="ignore")


def _row(entry: Entry) -> list[Any]:
    """An entry as a list, without the defaults at its end."""
    row = list(astuple(entry))
    defaults = list(astuple(Entry("", 0.0, 0.0, "")))
    while len(row) > 4 and row[-1] == defaults[len(row) - 1]:
        row.pop()
    return row


def _encoded(entry: Entry) -> bytes:
    return json.dumps(_row(entry), ensure_ascii=False).encode("utf-8", "replace")


def _entry(row: Any) -> Entry:
    """The entry of a list; raises TypeError or ValueError on anything else."""
    entry = Entry(*row)
    texts = (entry.text, entry.event, entry.name, entry.by, entry.by_event)
    if not all(isinstance(text, str) for text in texts) or not entry.text:
        raise TypeError("a text is missing")
    times = [entry.since, entry.last]
    times += [] if entry.superseded is None else [entry.superseded]
    if any(isinstance(time, bool) or not isinstance(time, int | float) for time in times):
        raise TypeError("a time is missing")
    gone = tuple(entry.gone)
    if not isinstance(entry.times, int) or not all(isinstance(i, int) for i in gone):
        raise TypeError("a count is missing")
    return replace(entry, gone=gone)
