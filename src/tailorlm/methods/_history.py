"""What a user's history says without any language model: topics, preferred manners, own habits.

Counts that grow with each event. A manner is a rule of writing that can be checked on a text; it is
preferred as far as texts that keep it were put before texts that break it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from scipy.special import betainc

from tailorlm.errors import StateError
from tailorlm.fence import fenced
from tailorlm.methods._examples import Preference, preference_of
from tailorlm.methods._personal import Line
from tailorlm.methods._said import Said
from tailorlm.types import Belief, Document, Event
from tailorlm.writing import Facts
from tailorlm.writing.mail import own_words
from tailorlm.writing.rules import StyleRule, without_excluded

LIKELY = 0.9
"""Probability from which a manner counts as preferred."""
COLD = 2
"""Events below which the manners that users have in common stand in for the user's."""
_READ = 20_000
"""Characters of a text that are measured."""
_MOST_TOPICS = 400
_SHORTER, _LONGER = 0.75, 1.33
"""Ratio of lengths from which one text is shorter or longer than another."""
MANNERS: tuple[StyleRule, ...] = (
    StyleRule("layout", "prose"), StyleRule("layout", "bullets"), StyleRule("layout", "numbers"),
    StyleRule("detail", "brief"), StyleRule("detail", "thorough"),
    StyleRule("register", "formal"), StyleRule("register", "informal"),
    StyleRule("contractions", "no"), StyleRule("contractions", "yes"),
    StyleRule("exclamation marks", "no"), StyleRule("exclamation marks", "yes"),
    StyleRule("emoji", "no"), StyleRule("emoji", "yes"),
    StyleRule("greeting", "none"), StyleRule("sign-off", "none"),
    StyleRule("sentence length", "short"), StyleRule("sentence length", "long"),
    StyleRule("pleasantries", "no"), StyleRule("hedging", "no"), StyleRule("case", "lower"),
)  # fmt: skip
"""The manners that are looked for."""
_BY_KEY = {f"{rule.facet}={rule.value}": rule for rule in MANNERS}
_WORD = re.compile(r"[^\W\d_][\w'-]{3,}")
_COMMON = frozenset(
    re.findall(
        r"\w+",
        """
        about above after again against also although always another anyone anything around away
        back because been before being below best better between both cannot come could days
        dear does doing done down during each easy either else even every everyone everything
        explain find first from give goes going good great have having hello help here high
        idea ideas into itself just keep kind know last less like little long look made make many
        maybe mine more most much must need never next nothing often once only other others over
        part people please plan question really right said same should show since some someone
        something soon start still such suggest sure take tell than thank thanks that their them
        then there these they thing things think this those through time today together tomorrow
        under until upon used very want week well were what when where which while will with
        within without would write writing wrote year years your yours dont doesn didn
        """,
    )
)


@dataclass(frozen=True, slots=True)
class History:
    """Counts of what a user gave.

    Attributes:
        preferences: Events that put texts before or after others.
        documents: Documents.
        topics: In how many queries and documents a word occurs, for the most frequent ones.
        manners: How often texts that keep a manner won against ones that break it, and lost.
        habits: In how many of the user's own texts a manner is kept.
        own_texts: Own texts that were measured: documents and edits.
        own_words: Words in them.
    """

    preferences: int = 0
    documents: int = 0
    topics: Mapping[str, int] = field(default_factory=dict)
    manners: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    habits: Mapping[str, int] = field(default_factory=dict)
    own_texts: int = 0
    own_words: int = 0

    @property
    def size(self) -> int:
        """Events that taught something."""
        return self.preferences + self.documents

    def observe(self, event: Event) -> History:
        """The history after an event; unchanged by one that says nothing of the kind."""
        if isinstance(event.payload, Document):
            text = own_words(event.payload.text)[:_READ]
            if not text:
                return self
            known = replace(self, documents=self.documents + 1)
            return known._with_topics(f"{event.payload.title} {text}")._with_own(text)
        found = preference_of(event)
        if found is None:
            return self
        known = replace(self, preferences=self.preferences + 1)._with_topics(found.query)
        known = replace(known, manners=_counted(self.manners, found))
        return known._with_own(found.preferred[0][:_READ]) if found.is_edit else known

    def probability(self, manner: StyleRule) -> float:
        """That texts that keep a manner win more often than not, from a uniform prior."""
        won, lost = self.manners.get(_key(manner), (0, 0))
        return float(1.0 - betainc(won + 1, lost + 1, 0.5))

    def preferred(self) -> tuple[StyleRule, ...]:
        """Manners that are probably preferred, the surest first, none against another."""
        sure = [rule for rule in MANNERS if self.probability(rule) >= LIKELY]
        return without_excluded(sorted(sure, key=lambda rule: -self.probability(rule)))

    def favourite_topics(self, count: int) -> tuple[str, ...]:
        """Words of at least two queries or documents, the most frequent first."""
        often = sorted(self.topics.items(), key=lambda item: (-item[1], item[0]))
        return tuple(word for word, times in often[:count] if times > 1)

    def usual(self) -> tuple[StyleRule, ...]:
        """Manners of at least four in five of the user's own texts, from three texts on."""
        if self.own_texts < 3:
            return ()
        kept = [r for r in _TELLING if 5 * self.habits.get(_key(r), 0) >= 4 * self.own_texts]
        return without_excluded(kept)

    def beliefs(self) -> tuple[Belief, ...]:
        """Manners with their probability and evidence, the most probable first."""
        seen = [rule for rule in MANNERS if _key(rule) in self.manners]
        return tuple(
            Belief(
                kind="rule",
                name=rule.text,
                probability=self.probability(rule),
                evidence=sum(self.manners[_key(rule)]),
            )
            for rule in sorted(seen, key=lambda rule: -self.probability(rule))
        )

    def to_json(self) -> list[Any]:
        """The counts as a list."""
        manners = {key: list(pair) for key, pair in self.manners.items()}
        return [
            self.preferences, self.documents, dict(self.topics), manners, dict(self.habits),
            self.own_texts, self.own_words,
        ]  # fmt: skip

    @classmethod
    def of_json(cls, data: Any) -> History:
        """The history of `to_json`; raises ValueError or TypeError on anything else."""
        preferences, documents, topics, manners, habits, own_texts, own = data
        pairs = {str(key): (int(won), int(lost)) for key, (won, lost) in manners.items()}
        return cls(
            int(preferences), int(documents), _counts(topics), pairs, _counts(habits),
            int(own_texts), int(own),
        )  # fmt: skip

    def _with_topics(self, text: str) -> History:
        topics = dict(self.topics)
        for word in sorted({word.casefold() for word in _WORD.findall(text[:_READ])} - _COMMON):
            topics[word] = topics.get(word, 0) + 1
        if len(topics) > 2 * _MOST_TOPICS:
            kept = sorted(topics.items(), key=lambda item: (-item[1], item[0]))[:_MOST_TOPICS]
            topics = dict(kept)
        return replace(self, topics=topics)

    def _with_own(self, text: str) -> History:
        facts = Facts.of(text)
        habits = dict(self.habits)
        for rule in _TELLING:
            if rule.kept_by(facts):
                habits[_key(rule)] = habits.get(_key(rule), 0) + 1
        words = self.own_words + int(facts.traits.words)
        return replace(self, habits=habits, own_texts=self.own_texts + 1, own_words=words)


_TELLING = tuple(
    rule
    for rule in MANNERS
    if (rule.facet, rule.value) in {
        ("layout", "bullets"), ("layout", "numbers"), ("contractions", "yes"),
        ("exclamation marks", "yes"), ("emoji", "yes"), ("case", "lower"), ("register", "formal"),
        ("register", "informal"), ("sentence length", "short"), ("sentence length", "long"),
    }
)  # fmt: skip
"""Manners whose presence in a text says something; most texts have no emoji."""


def topic_lines(history: History, said: Said, topics: int) -> list[Line]:
    """The topics and the user's own habits as lines that are data."""
    lines = []
    named = [topic for topic in history.favourite_topics(topics) if not said.outdates(topic)]
    if named:
        lines.append(f"The reader often asks or writes about: {', '.join(named)}.")
    if history.own_texts:
        mean = round(history.own_words / history.own_texts)
        says = f"The reader's own texts have about {mean} words"
        usual = [f"{rule.facet}: {rule.value}" for rule in history.usual()]
        lines.append(f"{says} ({'; '.join(usual)})." if usual else f"{says}.")
    return [Line((fenced(line),), line) for line in lines]


def manner_lines(history: History, common: History, said: Said) -> list[Line]:
    """Manners that are probably preferred, as rules, but for those the user spoke against.

    Below `COLD` events of the user's own, what users have in common stands in.
    """
    source = common if history.size < COLD else history
    return [
        Line((rule.text,), rule.text, is_rule=True)
        for rule in source.preferred()
        if said.allows(rule)
    ]


def fit_common(logs: Mapping[str, Sequence[Event]]) -> History:
    """What users have in common: for each manner, how many users prefer it and how many do not.

    Only counts are taken over: no word of anybody's.
    """
    manners: dict[str, tuple[int, int]] = {}
    for user in sorted(logs):
        history = History()
        for event in logs[user]:
            history = history.observe(event)
        for key, rule in _BY_KEY.items():
            likes = history.probability(rule)
            won, lost = manners.get(key, (0, 0))
            manners[key] = (won + (likes >= LIKELY), lost + (likes <= 1 - LIKELY))
    found = {key: pair for key, pair in manners.items() if any(pair)}
    return History(preferences=len(logs), manners=found)


def common_of(population: bytes | None) -> History:
    """What users have in common; nothing without a population, or with another version's."""
    try:
        return History() if population is None else read_history(population)
    except StateError:
        return History()


def read_history(data: bytes) -> History:
    """The counts of JSON bytes.

    Raises:
        StateError: If they are something else.
    """
    try:
        return History.of_json(json.loads(data))
    except (ValueError, TypeError, AttributeError):
        raise StateError("The counts of a history are damaged. Rebuild them.") from None


def _counted(
    manners: Mapping[str, tuple[int, int]], found: Preference
) -> Mapping[str, tuple[int, int]]:
    """Counts of manners after a preference."""
    if not found.preferred or not found.refused:
        return manners
    won = [Facts.of(text[:_READ]) for text in found.preferred]
    lost = [Facts.of(text[:_READ]) for text in found.refused]
    counts = dict(manners)
    for key, rule in _BY_KEY.items():
        gain = _share_kept(rule, won, lost) - _share_kept(rule, lost, won)
        if abs(gain) >= 0.5:
            before = counts.get(key, (0, 0))
            counts[key] = (before[0] + (gain > 0), before[1] + (gain < 0))
    return counts


def _share_kept(rule: StyleRule, texts: Sequence[Facts], others: Sequence[Facts]) -> float:
    """The share of texts that keep a rule; shortness and length are told by comparison."""
    if rule.facet != "detail":
        return sum(bool(rule.kept_by(facts)) for facts in texts) / len(texts)
    usual = sum(facts.traits.words for facts in others) / len(others)
    if rule.value == "brief":
        return sum(facts.traits.words <= _SHORTER * usual for facts in texts) / len(texts)
    return sum(facts.traits.words >= _LONGER * usual for facts in texts) / len(texts)


def _key(rule: StyleRule) -> str:
    return f"{rule.facet}={rule.value}"


def _counts(data: Mapping[str, Any]) -> dict[str, int]:
    return {str(key): int(value) for key, value in data.items()}
