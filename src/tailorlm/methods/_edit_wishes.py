"""Rules out of tastes: what is sure enough to be said, in general and in a context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import betaincc, stdtr

from tailorlm.errors import InputError
from tailorlm.methods._edit_phrases import is_part
from tailorlm.methods._edit_series import Explained, FloatArray
from tailorlm.methods._edit_tastes import Alike, Measure, Taste, Tastes
from tailorlm.writing.rules import StyleRule, without_excluded

KEPT = 0.1
"""Gain from which a rule asks for something that is not done anyway."""
BY_CONTEXT = 0.5
"""Probability from which a taste is said to turn on the context."""

_LEAST_OFTEN = 0.3
"""Share of texts from which an added phrase is a habit."""
_LEAST_FATES = 3
_LEAST_TEXTS = 2
_GONE = 0.3
"""Probability below which a text, or a rule, is no longer of the present taste."""
_LONGER = 0.1
"""Change of the logarithm of the length from which texts are longer or shorter."""
_SURELY, _MOST = 0.9, 0.8
"""How surely a text must be shorter for a limit in words, and the share of texts below that."""
_ROUND = 5
_TINY = 1e-6
_NEVER_ELSE = 0.9
"""Share from which a value that alone occurs is no taste but a matter of course."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A rule that a user's texts show.

    Attributes:
        rule: The rule.
        probability: That it is what the user wants most of the time.
        gain: Log of how much likelier the user's texts keep it than what is given; about 0 for what
            is done anyway.
        error: Standard deviation of the gain.
        evidence: Texts that show it.
        last: Place of the newest of them among the entries; -1 for none.
    """

    rule: StyleRule
    probability: float
    gain: float
    error: float
    evidence: int
    last: int

    @property
    def low(self) -> float:
        """Lower end of the gain's 95% interval."""
        return self.gain - 1.96 * self.error

    @property
    def high(self) -> float:
        """Upper end of it."""
        return self.gain + 1.96 * self.error

    @property
    def is_kept(self) -> bool:
        """Whether what is given mostly keeps it already."""
        return self.gain < KEPT


def wishes_of(
    tastes: Tastes, alike: Alike | None, *, least: float, phrases: int
) -> tuple[Wish, ...]:
    """The rules for a context: what changes texts before what keeps them, the surest first.

    Args:
        tastes: Of the user.
        alike: How alike the contexts of the entries are; None for the user in general.
        least: Least probability of a rule.
        phrases: Most phrases to use, and most to avoid.
    """
    found = [
        wish
        for taste in tastes.facets
        if (wish := wish_of(taste, alike, least))
        and (wish.gain > -KEPT or taste.by_context > BY_CONTEXT)
    ]
    found += [wish for wish in (_length(tastes.measures["words"], alike),) if wish]
    found = [wish for wish in found if wish.probability >= least and _is_shown(wish, tastes)]
    said = [*_used(tastes.phrases, alike, least)[:phrases],
            *_avoided(tastes, least)[:phrases]]  # fmt: skip
    ordered = sorted([*found, *said], key=lambda w: (w.is_kept, -round(w.probability, 3), -w.gain))
    rules = without_excluded(wish.rule for wish in ordered)
    by_rule = {wish.rule: wish for wish in reversed(ordered)}
    return tuple(by_rule[rule] for rule in rules)


def wish_of(taste: Taste, alike: Alike | None, least: float = 0.0) -> Wish | None:
    """The rule of a facet's likeliest value.

    Args:
        taste: Of the facet.
        alike: How alike the contexts of the entries are; None for the user in general.
        least: Least probability of the rule.

    Returns:
        None if it is less likely, has no words, or is a matter of course.
    """
    chances = taste.chances(alike)
    place = int(np.argmax(chances))
    if chances[place] < least:
        return None
    value = taste.values[place]
    rule = _rule(taste.facet, value) if value else None
    if rule is None:
        return None
    if _is_absence(rule) and not taste.seen - {value} and taste.usual[place] > _NEVER_ELSE:
        return None
    return _wish(rule, taste, value, float(chances[place]), alike)


def _is_shown(wish: Wish, tastes: Tastes) -> bool:
    """Whether more than one text shows a rule, or other users do."""
    return wish.evidence >= _LEAST_TEXTS or tastes.population.users > 0


def given_up(taste: Taste) -> tuple[StyleRule, int] | None:
    """The rule that the present taste took the place of, and the first entry of the present one."""
    if taste.by_context > BY_CONTEXT:
        return None  # what is not asked for here is still asked for elsewhere
    pairs = zip(taste.after, taste.present, strict=True)
    gone = [after for after, now in pairs if after and now < _GONE]
    if not gone:
        return None
    value, times = Counter(gone).most_common(1)[0]
    if times < _LEAST_FATES:
        return None
    now = taste.values[int(np.argmax(taste.shares()))]
    rule = _rule(taste.facet, value)
    if value == now or rule is None or taste.chances()[taste.place(value)] > _GONE:
        return None
    later = [i for i, share in enumerate(taste.present) if share >= 0.5]
    return (rule, later[0]) if later else None


def variants(
    tastes: Tastes, alike: Alike | None, wishes: Sequence[Wish], n: int
) -> list[StyleRule]:
    """At most `n` rules to try: what is least sure first, then what people often differ in."""
    taken = [wish.rule for wish in wishes]
    unsure: list[tuple[float, StyleRule]] = []
    for taste in tastes.facets:
        chances = taste.chances(alike)
        for place, value in enumerate(taste.values):
            rule = _rule(taste.facet, value) if value else None
            if rule is not None and rule not in taken and chances[place] > 0.1:
                unsure.append((abs(float(chances[place]) - 0.5), rule))
    tried = [rule for _, rule in sorted(unsure)] + list(_CONTRASTS)
    fresh = [rule for rule in dict.fromkeys(tried) if rule not in taken]
    return fresh[:n]


def _wish(
    rule: StyleRule, taste: Taste, value: str, probability: float, alike: Alike | None
) -> Wish:
    place, counts, gain = taste.place(value), taste.likeliest(alike), taste.gain(value, alike)
    total, share = float(counts.sum()), float(counts[place] / counts.sum())
    # The standard deviation of the logarithm of a share, by the delta method.
    error = float(np.sqrt((1.0 - share) / (max(share, _TINY) * (total + 1.0))))
    shown = [i for i, after in enumerate(taste.after) if after == value]
    return Wish(rule, probability, gain, error, len(shown), shown[-1] if shown else -1)


def used(taste: Taste, alike: Alike | None) -> Wish | None:
    """The rule to use a phrase that the user puts where it was not; None for any other phrase."""
    if _added(taste) < _LEAST_FATES:
        return None
    chance = float(taste.chances(alike, _LEAST_OFTEN)[taste.place("yes")])
    wish = _wish(StyleRule("phrase used", taste.phrase), taste, "yes", chance, alike)
    return wish if wish.gain > KEPT else None


def _used(phrases: Iterable[Taste], alike: Alike | None, least: float) -> list[Wish]:
    """Phrases that the user puts into many texts; of two that overlap, the more telling one."""
    found: list[Wish] = []
    for taste in sorted(phrases, key=lambda taste: -_added(taste) * len(taste.phrase.split())):
        wish = used(taste, alike)
        taken = [other.rule.value for other in found]
        if wish is not None and wish.probability >= least and not is_part(taste.phrase, taken):
            found.append(wish)
    return found


def _avoided(tastes: Tastes, least: float) -> list[Wish]:
    """Phrases that the user takes out, more often than texts lose words anyway."""
    found: list[Wish] = []
    lost = 1.0 - np.exp(min(_mean_ratio(tastes.measures["words"]), 0.0))
    bound = 0.5 + 0.5 * float(lost)
    for taste in sorted(
        tastes.phrases, key=lambda taste: -_removed(taste) * len(taste.phrase.split())
    ):
        taken = [wish.rule.value for wish in found]
        removed = _removed(taste)
        if removed < _LEAST_FATES or is_part(taste.phrase, taken):
            continue
        stayed = taste.before.count("yes") - removed
        chance = float(betaincc(removed + 0.5, stayed + 0.5, bound))
        if chance >= least and taste.gain("no") > 0:
            rule = StyleRule("phrase avoided", taste.phrase)
            found.append(_wish(rule, taste, "no", chance, None))
    return found


def _added(taste: Taste) -> int:
    return _moves(taste, "no", "yes")


def _removed(taste: Taste) -> int:
    return _moves(taste, "yes", "no")


def _moves(taste: Taste, was: str, now: str) -> int:
    """Entries in which one value became another."""
    return list(zip(taste.before, taste.after, strict=True)).count((was, now))


def _length(measure: Measure, alike: Alike | None) -> Wish | None:
    """A rule on length: a number of words where that can be told, else shorter or longer."""
    n = len(measure.explained.rows)
    if not n:
        return None
    _, (freedom, mean, scale) = max(measure.predicted(alike), key=lambda part: part[0])
    _, usual, _ = measure.given()
    shorter = float(stdtr(freedom, (usual - _LONGER - mean) / scale))
    longer = float(1.0 - stdtr(freedom, (usual + _LONGER - mean) / scale))
    if max(shorter, longer) < _SURELY or not measure.before.weights.any():
        return _relative_length(measure, n)
    amounts, weights = np.exp(measure.after.values), measure.bearing(alike)
    if shorter > longer:
        value = f"at most {_rounded(_quantile(amounts, weights, _MOST))}"
    else:
        value = f"about {_rounded(_quantile(amounts, weights, 0.5))}"
    gain = abs(float(mean - usual))
    rule = StyleRule("length", value)
    return Wish(rule, max(shorter, longer), gain, float(scale), n, n - 1)


def _quantile(values: FloatArray, weights: FloatArray, share: float) -> float:
    """The smallest value below which `share` of the weight lies."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) / weights.sum()
    place = int(np.searchsorted(reached, share - 1e-9))
    return float(values[order][min(place, len(values) - 1)])


def _relative_length(measure: Measure, n: int) -> Wish:
    """Shorter or longer than what is given."""
    sums = Explained(measure.ratio, ()).lasting
    strength, ratio, shape, rate = measure.ratio.posterior(sums)
    error = float(np.sqrt(rate / (shape * strength)))
    brief = float(stdtr(2 * shape, (-_LONGER - ratio) / error))
    thorough = float(1.0 - stdtr(2 * shape, (_LONGER - ratio) / error))
    rule = StyleRule("detail", "brief" if brief > thorough else "thorough")
    gain = abs(float(ratio))
    return Wish(rule, max(brief, thorough), gain, error, n, n - 1)


def _is_absence(rule: StyleRule) -> bool:
    """Whether a rule asks that something is not there, as it is not in most texts."""
    return rule.value in ("no", "none", "prose", "normal") and rule.facet != "contractions"


def _mean_ratio(measure: Measure) -> float:
    return float(measure.ratio.posterior(Explained(measure.ratio, ()).lasting)[1])


def _rounded(words: float) -> int:
    """Words to the next 5 up to 50, and to the next 10 beyond."""
    step = _ROUND if words <= 50 else 2 * _ROUND
    return max(int(np.ceil(round(words) / step)) * step, step)


def _rule(facet: str, value: str) -> StyleRule | None:
    """The rule of a facet's value; None if it has no words."""
    if (facet, value) == ("please", "no"):
        return StyleRule("phrase avoided", "please")
    try:
        return StyleRule(facet, value)
    except InputError:
        return None


_CONTRASTS = (
    StyleRule("detail", "brief"),
    StyleRule("layout", "bullets"),
    StyleRule("register", "informal"),
    StyleRule("detail", "thorough"),
    StyleRule("register", "formal"),
)
"""What is tried on a user of whom nothing is known."""


def topics_of_value(taste: Taste, value: str, topics: FloatArray) -> FloatArray:
    """How much more the texts that have a value are about each topic than the others are."""
    has = np.array([after == value for after in taste.after])
    told = np.array([bool(after) for after in taste.after])
    if not has.any() or not (told & ~has).any():
        return np.zeros(topics.shape[1])
    result: FloatArray = topics[has].mean(axis=0) - topics[told & ~has].mean(axis=0)
    return result
