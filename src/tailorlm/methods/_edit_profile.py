"""A user's rules as a person reads them: in general, by subject, and those that were given up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from tailorlm.methods._edit_phrases import is_part
from tailorlm.methods._edit_series import FloatArray
from tailorlm.methods._edit_state import EditState
from tailorlm.methods._edit_tastes import Taste, Tastes, alike_to
from tailorlm.methods._edit_topics import TOPICS
from tailorlm.methods._edit_wishes import (
    BY_CONTEXT,
    Wish,
    given_up,
    topics_of_value,
    used,
    wish_of,
)
from tailorlm.types import Belief, Profile
from tailorlm.writing.traits import words_of

_TOPICS, _WORDS = 3, 3
_LEAST_TEXTS = 2
_LEAST_CHANCE = 0.5
_LEAST_LIFT = 0.03
_LEAST_LETTERS = 4


def profile_of(
    method: str,
    state: EditState,
    tastes: Tastes,
    wishes: Sequence[Wish],
    least: float,
    user: str,
) -> Profile:
    """The profile of a user with these tastes and general rules."""
    local = {t.facet: found for t in tastes.facets if len(found := _by_subject(t, state)) > 1}
    beliefs = [_belief(wish, state) for wish in wishes if wish.rule.facet not in local]
    beliefs += [belief for found in local.values() for belief in found]
    general = [w.rule.value for w in wishes if w.rule.facet == "phrase used"]
    beliefs += _phrases_by_subject(tastes, state, general, least)
    beliefs.sort(key=lambda belief: (-round(belief.probability, 2), -belief.effect))
    beliefs += [belief for taste in tastes.facets for belief in _given_up(taste, state)]
    beliefs = list(state.said.beliefs(beliefs))
    sure = [b.probability for b in beliefs if b.kind == "rule" and b.superseded is None
            and b.correction != "forgotten"]  # fmt: skip
    return Profile(
        user=user,
        method=method,
        beliefs=tuple(beliefs),
        certainty=float(np.mean(sure)) if sure else 0.0,
        summary=_summary(state, tastes, len(sure), len(local), user),
    )


def _belief(wish: Wish, state: EditState, suffix: str = "") -> Belief:
    return Belief(
        kind="rule",
        name=f"{wish.rule.text}{suffix}",
        probability=float(np.clip(wish.probability, 0.0, 1.0)),
        effect=wish.gain,
        low=wish.low,
        high=wish.high,
        evidence=wish.evidence,
        last_seen=state.entries[wish.last].time if wish.last >= 0 else None,
    )


def _by_subject(taste: Taste, state: EditState) -> list[Belief]:
    """A rule for each value that prevails in some contexts, with what those are about."""
    if taste.by_context <= BY_CONTEXT:
        return []
    topics, vectors = state.topics, state.memory.vectors.astype(np.float64)
    beliefs = []
    for value in sorted(taste.seen & set(taste.after)):
        places = [i for i, after in enumerate(taste.after) if after == value]
        if len(places) < _LEAST_TEXTS:
            continue
        wishes = [wish_of(taste, alike_to(state, topics[i], vectors[i])) for i in places]
        found = [wish for wish in wishes if wish is not None and wish.rule.value == value]
        if 2 * len(found) >= len(places):
            middle = sorted(found, key=lambda wish: wish.probability)[len(found) // 2]
            if middle.probability < _LEAST_CHANCE:
                continue
            where = _about(taste, value, topics, state)
            beliefs.append(_belief(middle, state, f" (by subject: {where})"))
    return beliefs


def _phrases_by_subject(
    tastes: Tastes, state: EditState, general: Sequence[str], least: float
) -> Iterator[Belief]:
    """Phrases that are added in some contexts only."""
    topics, vectors = state.topics, state.memory.vectors.astype(np.float64)
    taken = list(general)
    for taste in tastes.phrases:
        places = [i for i, after in enumerate(taste.after) if after == "yes"]
        if taste.by_context <= BY_CONTEXT or is_part(taste.phrase, taken):
            continue
        wishes = [used(taste, alike_to(state, topics[i], vectors[i])) for i in places]
        found = sorted((w for w in wishes if w is not None), key=lambda wish: wish.probability)
        if found and found[len(found) // 2].probability >= least:
            taken.append(taste.phrase)
            where = _about(taste, "yes", topics, state)
            yield _belief(found[len(found) // 2], state, f" (by subject: {where})")


def _about(taste: Taste, value: str, topics: FloatArray, state: EditState) -> str:
    """The topics and words that set the contexts of a value apart."""
    lift = topics_of_value(taste, value, topics)
    names = list(TOPICS)
    order = np.argsort(-lift, kind="stable")[:_TOPICS]
    said = [names[i] for i in order if lift[i] >= _LEAST_LIFT] or ["others"]
    words = _telling_words(taste, value, state)
    return ", ".join(said) + (f"; words: {', '.join(words)}" if words else "")


def _telling_words(taste: Taste, value: str, state: EditState) -> list[str]:
    """Words that several contexts of a value share and few others have."""
    here: Counter[str] = Counter()
    there: Counter[str] = Counter()
    for i, after in enumerate(taste.after):
        if after:
            words = {w.lower() for w in words_of(state.memory[i].text) if len(w) >= _LEAST_LETTERS}
            (here if after == value else there).update(words)
    worth = {w: n - 1.5 * there[w] for w, n in here.items() if n >= 2 and w.isalpha()}
    ordered = sorted(worth, key=lambda word: (-worth[word], -len(word), word))
    return [word for word in ordered if worth[word] > 0][:_WORDS]


def _given_up(taste: Taste, state: EditState) -> Iterator[Belief]:
    """The rule that newer edits contradict, with when that began."""
    gone = given_up(taste)
    now = wish_of(taste, None)
    if gone is not None and now is not None:
        rule, since = gone
        shown = [i for i, after in enumerate(taste.after) if after == rule.value]
        yield Belief(
            kind="rule",
            name=rule.text,
            probability=float(taste.chances()[taste.place(rule.value)]),
            evidence=len(shown),
            last_seen=state.entries[shown[-1]].time,
            since=state.entries[shown[0]].time,
            superseded=state.entries[since].time,
            superseded_by=f"edits that show: {now.rule.text}",
        )


def _summary(state: EditState, tastes: Tastes, rules: int, split: int, user: str) -> str:
    if not state.entries:
        if tastes.population.users and rules:
            return (
                f"Nothing is known of {user} yet: {_many(rules, 'rule')} of "
                f"{_many(tastes.population.users, 'other user')}." + state.said.note()
            )
        return f"Nothing is known of {user} yet: answers are generic." + state.said.note()
    by_subject = f", {_many(split, 'aspect')} by subject" if split else ""
    return (
        f"{_many(rules, 'rule')} from {_many(state.seen, 'text')} that {user} edited, wrote or "
        f"chose{by_subject}." + state.said.note()
    )


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
