"""How one person writes, counted text by text: habits by occasion, lengths, and phrases.

A `WritingProfile` is what remains of a person's texts: for each facet how often each value was
seen, on all occasions and on those of one kind, size or recipient. Probabilities are posterior
means with what is known of other writers as their prior, so that one text says little and many say
it all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tailorlm.writing._habits import FORM, NONE, habits_of, wording
from tailorlm.writing._lengths import Lengths
from tailorlm.writing._phrases import Phrase, Phrases
from tailorlm.writing.mail import split_mail
from tailorlm.writing.occasion import Occasion
from tailorlm.writing.rules import signature_kind
from tailorlm.writing.traits import words_of

ALWAYS = "always"
"""The condition that holds on every occasion."""
MAX_ENTRIES = 20_000
"""Values that are counted; beyond it those seen once leave."""
_MOST_READ = 20_000
_LEAST_WRITERS = 3
"""Writers who must share a value before it is told of all."""
_PRIOR = 2.0
"""Texts that the habits of others count for."""
_POOLED = 8.0
"""Texts of a kind, size or recipient from which their own habits count for more than the rest."""
_LIKELY: Mapping[str, float] = {"first words": 0.3, "last sentence": 0.3}
_ENOUGH, _NEVER = 0.6, 0.9
"""Probability from which a habit is a rule, unless `_LIKELY` says otherwise; and from which it is a
rule not to do something: who mostly does not is not asked never to."""
_MOST_SENTENCES, _MOST_TURNS = 2, 5
_OFTEN = 0.25
"""Share of texts from which a sentence belongs into every text."""
SIGNATURES = (NONE, "initials", "first name", "full name")
"""Kinds of a signature; any other value is one in its own words."""
_RARE = 0.01
"""Share of others that a value is taken to have at least."""
_EITHER = frozenset({"yes", "no"})
_NAMED = ("greeting", "sign-off", "signature")
"""Facets of parts: whether there is one is asked first, then which."""

__all__ = ["NONE", "SIGNATURES", "Habit", "WritingProfile", "habits_of", "pooled", "wording"]

Counts = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Facet, then condition, then value, to the number of texts."""


@dataclass(frozen=True, slots=True)
class Habit:
    """One thing that a person does, or does not do, when writing.

    Attributes:
        facet: What it is about, as "greeting"; "length" and "phrase used" are facets as well.
        value: How it is.
        text: The rule in words, for a prompt or a person.
        probability: That it holds on the occasion, from 0 to 1.
        evidence: Texts of the person that say something on the facet.
    """

    facet: str
    value: str
    text: str
    probability: float
    evidence: int


@dataclass(frozen=True, slots=True)
class WritingProfile:
    """What is known of how somebody writes; immutable, grows by `add`.

    Attributes:
        texts: Texts that it rests on.
        counts: Values seen of each facet.
        lengths: Lengths of the texts for what they say.
        phrases: Runs of words by how many texts they are in.
    """

    texts: int = 0
    counts: Counts = field(default_factory=dict)
    lengths: Lengths = field(default_factory=Lengths)
    phrases: Phrases = field(default_factory=Phrases)

    def add(self, text: str, occasion: Occasion) -> WritingProfile:
        """The profile with one more text.

        Args:
            text: The writer's own words (see `writing.own_words`); a blank one changes nothing,
                and of a long one the first 20,000 characters are read.
            occasion: What it was written for, with the size of its intent.
        """
        text = text[:_MOST_READ]
        seen = habits_of(text)
        if not seen:
            return self
        counts = {facet: dict(by) for facet, by in self.counts.items() if facet in seen}
        for facet, value in seen.items():
            by = counts.setdefault(facet, {})
            for condition in _conditions(facet, occasion):
                values = dict(by.get(condition, {}))
                values[value] = values.get(value, 0) + 1
                by[condition] = values
        return WritingProfile(
            self.texts + 1,
            _bounded({**self.counts, **counts}),
            self.lengths.add(occasion.size, len(words_of(text)), occasion.kind),
            self.phrases.add(split_mail(text).body),
        )

    def shares(
        self, facet: str, occasion: Occasion, others: WritingProfile | None = None
    ) -> dict[str, float]:
        """The probability of each value of a facet that was seen; they sum to 1 or less.

        With n_v of N texts of the person and the share q_v of others (1/2 for yes and no where
        nothing is known of others), the probability is
        ``p_v = (n_v + k q_v) / (N + k)``, k = 2. Each condition c of the occasion (kind, size,
        recipient) corrects it: with its own counts m_v of M and
        ``p_v|c = (m_v + s p_v) / (M + s)``, s = 8, the values are weighed by
        ``p_v * prod_c (p_v|c / p_v)``, as if conditions were independent given the value.
        """
        own = self.counts.get(facet, {})
        usual = _share_of(others.counts.get(facet, {}).get(ALWAYS, {})) if others else {}
        if not usual and own and _EITHER.issuperset(own[ALWAYS]):
            usual = dict.fromkeys(sorted(_EITHER), 0.5)
        base = _posterior(own.get(ALWAYS, {}), usual, _PRIOR)
        weights = dict(base)
        for condition in _conditions(facet, occasion)[1:]:
            if condition in own:
                given = _posterior(own[condition], base, _POOLED)
                weights = {v: w * given[v] / base[v] for v, w in weights.items() if base[v] > 0}
        total = sum(weights.values())
        known = sum(base.values())
        return {value: known * weight / total for value, weight in weights.items()} if total else {}

    def habit(
        self,
        facet: str,
        occasion: Occasion,
        others: WritingProfile | None = None,
        *,
        besides: str = "",
    ) -> Habit | None:
        """The most probable habit of a facet on an occasion; None where there is none to name.

        For a part that may be missing, whether it is there is decided first, then how it reads.

        Args:
            facet: The facet.
            occasion: What is to be written.
            others: What is known of other writers.
            besides: A value that is not to be named, for the next most probable; "" for none.
        """
        shares = self.shares(facet, occasion, others)
        if facet in _NAMED and NONE in shares and not besides:
            absent = shares.pop(NONE)
            if absent >= sum(shares.values()):
                shares = {NONE: absent}
        shares.pop(besides, None)
        if not shares:
            return None
        value = max(sorted(shares), key=lambda name: shares[name])
        evidence = self.counts.get(facet, {}).get(ALWAYS, {})
        text = wording(facet, value)
        return Habit(facet, value, text, min(shares[value], 1.0), round(sum(evidence.values())))

    def habits(self, occasion: Occasion, others: WritingProfile | None = None) -> tuple[Habit, ...]:
        """What the person does on an occasion, as rules, the most telling first.

        The expected length comes first, then greeting and closing, then all other facets whose
        most probable value is probable enough and needs a rule, by how much it tells the person
        from others, then phrases that the person uses far more often than others do.
        """
        if not self.texts and (others is None or not others.texts):
            return ()
        words = self.lengths.words(
            occasion.size, occasion.kind, None if others is None else others.lengths
        )
        value = f"about {words}"
        found = [Habit("length", value, wording("length", value), 0.5, self.texts)]
        facets = {*self.counts, *(others.counts if others else ())}
        found += filter(None, (self.habit(facet, occasion, others) for facet in _NAMED))
        manners = []
        for facet in sorted(facets - set(_NAMED)):
            habit = self.habit(facet, occasion, others)
            if habit and habit.text and habit.probability >= _least(habit):
                manners.append(habit)
        manners.sort(key=lambda habit: -self._telling(habit, others))
        return (*found, *manners, *self._phrase_habits(others))

    def characteristic(self, others: WritingProfile | None = None) -> tuple[Phrase, ...]:
        """Phrases that tell the person from others, the most telling first."""
        reference = None if others is None else (others.phrases, others.texts)
        return self.phrases.characteristic(self.texts, reference)

    def _telling(self, habit: Habit, others: WritingProfile | None) -> float:
        """How much a habit tells the person from others: p ln (p / q), the habit's information."""
        usual = others.shares(habit.facet, Occasion()) if others is not None else {}
        share = max(usual.get(habit.value, 0.0), _RARE)
        return habit.probability * math.log(max(habit.probability, _RARE) / share)

    def _phrase_habits(self, others: WritingProfile | None) -> list[Habit]:
        """Sentences that the person often writes, then turns of phrase in one rule."""
        found = self.characteristic(others)
        habits = [
            Habit("phrase used", text, wording("phrase used", text), phrase.share, phrase.texts)
            for phrase in found
            if phrase.is_sentence and phrase.share >= _OFTEN
            for text in (phrase.text[0].upper() + phrase.text[1:],)
        ][:_MOST_SENTENCES]
        turns = [phrase for phrase in found if not phrase.is_sentence][:_MOST_TURNS]
        if turns:
            named = "”, “".join(phrase.text for phrase in turns)
            share = sum(phrase.share for phrase in turns) / len(turns)
            texts = max(phrase.texts for phrase in turns)
            habits.append(Habit("turns", named, wording("turns", named), share, texts))
        return habits

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return {
            "texts": self.texts,
            "counts": self.counts,
            "lengths": self.lengths.as_json(),
            "phrases": self.phrases.as_json(),
        }

    @classmethod
    def of_json(cls, data: Any) -> WritingProfile:
        """The profile of `as_json`.

        Raises:
            ValueError: If the data is something else, or KeyError, TypeError, AttributeError.
        """
        counts = {
            str(facet): {
                str(condition): {str(value): _count(n) for value, n in values.items()}
                for condition, values in by.items()
            }
            for facet, by in data["counts"].items()
        }
        texts = data["texts"]
        if isinstance(texts, bool) or not isinstance(texts, int) or texts < 0:
            raise ValueError("texts is a number")
        return cls(
            texts, counts, Lengths.of_json(data["lengths"]), Phrases.of_json(data["phrases"])
        )


def pooled(profiles: Iterable[WritingProfile]) -> WritingProfile:
    """What many writers have in common: a start for a writer of whom nothing is known.

    Every writer counts by the number of texts, and nothing is kept that fewer than three of them
    share: no name, no phrase of one person. Signatures are kept as kinds ("initials").
    """
    known = [profile for profile in profiles if profile.texts]
    counts: dict[str, dict[str, dict[str, float]]] = {}
    writers: dict[tuple[str, str], int] = {}
    for profile in known:
        for facet, by in profile.counts.items():
            values = _shared_values(facet, by.get(ALWAYS, {}))
            total = counts.setdefault(facet, {ALWAYS: {}})[ALWAYS]
            for value, n in values.items():
                total[value] = total.get(value, 0) + n
                writers[facet, value] = writers.get((facet, value), 0) + 1
    shared = {
        facet: {
            ALWAYS: {v: n for v, n in by[ALWAYS].items() if writers[facet, v] >= _LEAST_WRITERS}
        }
        for facet, by in counts.items()
    }
    lengths = Lengths()
    for profile in known:
        lengths = lengths.plus(replace(profile.lengths, kinds={}))
    phrases = Phrases.shared((profile.phrases for profile in known), _LEAST_WRITERS)
    return WritingProfile(sum(profile.texts for profile in known), shared, lengths, phrases)


def _least(habit: Habit) -> float:
    """The probability from which a habit is a rule."""
    return _NEVER if habit.value == "no" else _LIKELY.get(habit.facet, _ENOUGH)


def _shared_values(facet: str, values: Mapping[str, float]) -> dict[str, float]:
    """The values that may be told of many: signatures by their kind, all others as they are."""
    if facet != "signature":
        return dict(values)
    kinds: dict[str, float] = {}
    for value, n in values.items():
        kind = NONE if value == NONE else signature_kind(value)
        kinds[kind] = kinds.get(kind, 0) + n
    return kinds


def _conditions(facet: str, occasion: Occasion) -> tuple[str, ...]:
    """What a facet is counted by; whom a text is for matters for its form alone."""
    named = occasion.conditions
    if facet not in FORM:
        named = tuple(name for name in named if not name.startswith("to: "))
    return (ALWAYS, *named)


def _share_of(values: Mapping[str, float]) -> dict[str, float]:
    total = sum(values.values())
    return {value: n / total for value, n in values.items()} if total else {}


def _posterior(
    values: Mapping[str, float], prior: Mapping[str, float], strength: float
) -> dict[str, float]:
    """Posterior means of the shares; without a prior, unseen values keep its part."""
    total = sum(values.values()) + strength
    names = sorted({*values, *prior})
    return {v: (values.get(v, 0) + strength * prior.get(v, 0.0)) / total for v in names}


def _bounded(counts: Counts) -> Counts:
    """The counts without values seen once where there are too many; closed facets stay."""
    size = sum(len(values) for by in counts.values() for values in by.values())
    if size <= MAX_ENTRIES:
        return counts
    return {
        facet: {
            condition: {v: n for v, n in values.items() if n > 1 or v == NONE}
            for condition, values in by.items()
        }
        for facet, by in counts.items()
    }


def _count(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise ValueError("a count is a number from 0")
    return value
