"""What a user's texts say of the user's taste, facet by facet, in general and in a context."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailorlm.methods._edit_population import (
    AMOUNTS,
    Entry,
    Line,
    Population,
    amount,
    read_population,
    tilted,
)
from tailorlm.methods._edit_series import (
    Amounts,
    Choices,
    Explained,
    FloatArray,
    chance_above,
    context_weights,
    shrunk,
    student_log_density,
)
from tailorlm.methods._edit_state import EditState
from tailorlm.methods._edit_topics import likeness
from tailorlm.writing.differences import BETWEEN, Form

KERNEL = 0.2
"""Loss of likeness by which the weight of a context falls to 1/e."""
_SMOOTH = 0.5
"""Texts of every value together that are added to the drafts of a user."""
_WIDE = 0.35
"""Standard deviation of an amount's logarithm where nothing is known."""
_MOST_PHRASES = 16
_LEAST_FATES = 2
_LEAST_DENSITY = 1e-12
_SURE = 0.98
"""Probability from which contexts need no look."""
_NEVER = 1e-9
"""Pseudo-count of a value that cannot occur."""
_PRESENCE: tuple[Mapping[str, str], Mapping[str, str]] = (
    {"added": "no", "removed": "yes", "kept": "yes", "absent": "no", "?": ""},
    {"added": "yes", "removed": "no", "kept": "yes", "absent": "no", "?": ""},
)
"""Whether a phrase was in a text before, and after, by its fate."""

Alike = Sequence[FloatArray]
"""How alike each entry's context is to one context, (n,) for each kernel."""


@dataclass(frozen=True, eq=False)
class Taste:
    """One facet: V values, n entries, m kernels.

    Attributes:
        facet: Its name, or "phrase" for whether a phrase is in the text.
        phrase: The phrase, or "".
        values: Its values; the last, "", stands for any that did not occur.
        before: Value of what was given, by entry; "" where there was none.
        after: Value of what the user left, by entry; "" where it tells nothing.
        drafts: How often each value is in what the user is given, (V,).
        usual: How often it is expected in the user's texts before any is seen, (V,).
        strength: Texts that `usual` counts for.
        counts: Posterior pseudo-counts of the present taste, (V,).
        rows: What each entry adds to the counts, (n, V).
        present: How likely each entry is of the present taste, (n,).
        weights: How likely each explanation is, that of time first, (1 + m,).
    """

    facet: str
    phrase: str
    values: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    drafts: FloatArray
    usual: FloatArray
    strength: float
    counts: FloatArray
    rows: FloatArray
    present: FloatArray
    weights: FloatArray

    @property
    def by_context(self) -> float:
        """Probability that it depends on what a text is about."""
        return float(1.0 - self.weights[0])

    @property
    def seen(self) -> frozenset[str]:
        """Values that occurred, before or after."""
        return frozenset({*self.before, *self.after} - {""})

    def _mixed(self, alike: Alike | None) -> list[tuple[float, FloatArray]]:
        """Posterior counts of each explanation with its weight; only time's without a context."""
        if alike is None or self.weights[0] > _SURE:
            return [(1.0, self.counts)]
        near = [shrunk(self.counts, one @ self.rows, self.strength) for one in alike]
        return list(zip(self.weights.tolist(), [self.counts, *near], strict=True))

    def shares(self, alike: Alike | None = None) -> FloatArray:
        """Probability that the user's next text has each value, (V,)."""
        parts = [weight * counts / counts.sum() for weight, counts in self._mixed(alike)]
        mixed: FloatArray = np.sum(parts, axis=0)
        return mixed

    def chances(self, alike: Alike | None = None, share: float = 0.5) -> FloatArray:
        """Probability that the user wants each value more often than `share`, (V,)."""
        parts = [
            weight * chance_above(self._apart(counts), share)
            for weight, counts in self._mixed(alike)
        ]
        mixed: FloatArray = np.sum(parts, axis=0)
        return mixed

    def _apart(self, counts: FloatArray) -> FloatArray:
        """Counts with half of what lies between two values given to each of them."""
        if BETWEEN not in self.values:
            return counts
        middle = self.values.index(BETWEEN)
        ends = np.array([value not in ("", BETWEEN) for value in self.values])
        apart: FloatArray = counts + 0.5 * counts[middle] * ends
        apart[middle] = _NEVER
        return apart

    def likeliest(self, alike: Alike | None = None) -> FloatArray:
        """Posterior counts of the likeliest explanation, (V,)."""
        return max(self._mixed(alike), key=lambda part: part[0])[1]

    def place(self, value: str) -> int:
        """Position of a value; that of "" for one that did not occur."""
        return self.values.index(value) if value in self.values else len(self.values) - 1

    def log_share(self, value: str, alike: Alike | None = None) -> float:
        """Log of how likely a value is in the user's texts."""
        return float(np.log(self.shares(alike)[self.place(value)]))

    def gain(self, value: str, alike: Alike | None = None) -> float:
        """Log of how much likelier a value is in the user's texts than in what is given."""
        return self.log_share(value, alike) - float(np.log(self.drafts[self.place(value)]))


@dataclass(frozen=True, eq=False)
class Measure:
    """One of `AMOUNTS`, as logarithms: n entries.

    Attributes:
        name: Which.
        after: The amounts of the texts that the user left.
        ratio: The amounts after less the amounts before.
        before: The amounts of what the user was given.
        explained: `after` with its explanations.
        weights: How likely each explanation is, that of time first.
        line: What users do to it on average, if that is known.
    """

    name: str
    after: Amounts
    ratio: Amounts
    before: Amounts
    explained: Explained
    weights: FloatArray
    line: Line | None

    def predicted(self, alike: Alike | None = None) -> list[tuple[float, FloatArray]]:
        """Student's t (freedom, mean, scale) of each explanation with its weight."""
        lasting = self.explained.lasting
        at_large = self.after.predicted(lasting)
        if alike is None:
            return [(1.0, at_large)]
        near = [self.after.predicted(lasting, one @ self.explained.rows) for one in alike]
        return list(zip(self.weights.tolist(), [at_large, *near], strict=False))

    def bearing(self, alike: Alike | None = None) -> FloatArray:
        """How much each entry bears on the user's next text, (n,)."""
        present = self.explained.present
        if alike is None:
            return self.after.weights * present
        parts = zip(self.weights.tolist(), [present, *alike], strict=False)
        mixed: FloatArray = self.after.weights * np.sum([w * part for w, part in parts], axis=0)
        return mixed

    def given(self) -> FloatArray:
        """Student's t (freedom, mean, scale) of what the user is given."""
        return self.before.predicted(self.before.rows().sum(axis=-2))

    def log_density(self, value: float, alike: Alike | None = None) -> float:
        """Log density of an amount in the user's texts."""
        one = np.array([value])
        own = sum(
            weight * float(np.exp(student_log_density(one, parameters)[0]))
            for weight, parameters in self.predicted(alike)
        )
        return float(np.log(own + _LEAST_DENSITY))

    def gain(self, value: float, alike: Alike | None = None) -> float:
        """Log density of an amount in the user's texts less that in what is given."""
        given = student_log_density(np.array([value]), self.given())[0]
        return self.log_density(value, alike) - float(given)


@dataclass(frozen=True, eq=False)
class Tastes:
    """All that is believed of a user's writing.

    Attributes:
        facets: The facets of `writing.rules`.
        phrases: Whether phrases are in the text, those that came or went most first.
        measures: By name.
        population: What is known of all users.
        entries: What it was learned from.
    """

    facets: tuple[Taste, ...]
    phrases: tuple[Taste, ...]
    measures: Mapping[str, Measure]
    population: Population
    entries: tuple[Entry, ...]


def kernels_of(state: EditState) -> list[FloatArray]:
    """How alike the contexts of entries are, (n, n): by their topics, and by their vectors."""
    if not state.entries:
        return []
    topics, vectors = state.topics, state.memory.vectors.astype(np.float64)
    return [_kernel(likeness(topics, topics)), _kernel(np.minimum(vectors @ vectors.T, 1.0))]


def alike_to(state: EditState, topics: FloatArray, vector: FloatArray) -> list[FloatArray]:
    """How alike each entry's context is to one of these topics and this vector."""
    if not state.entries:
        return []
    cosines = np.minimum(state.memory.vectors.astype(np.float64) @ vector, 1.0)
    return [_kernel(likeness(topics[None], state.topics)[0]), _kernel(cosines)]


def tastes_of(state: EditState) -> Tastes:
    """What the entries of a state say."""
    population, entries = read_population(state.population), state.entries
    kernels = kernels_of(state)
    facets = sorted({f for entry in entries for f in entry.after.values} | {*population.moves})
    counts = np.array([entry.weight for entry in entries])
    named = [_facet_series(facet, entries, population) for facet in facets]
    said = _phrase_series(state)
    # Apart, since phrases have two values and facets may have many.
    by_facet = _side_by_side(named, counts, kernels)
    by_phrase = _side_by_side(said, counts, kernels)
    measures = [_measure(name, entries, population, kernels) for name in AMOUNTS]
    amounts = [measure.explained.evidences for measure in measures]
    evidences = np.concatenate([by_facet.evidences, by_phrase.evidences, np.stack(amounts)])
    weights = iter(context_weights(evidences))
    return Tastes(
        tuple(_taste(one, i, by_facet, next(weights)) for i, one in enumerate(named)),
        tuple(_taste(one, i, by_phrase, next(weights)) for i, one in enumerate(said)),
        {measure.name: replace(measure, weights=next(weights)) for measure in measures},
        population,
        entries,
    )


def score(
    tastes: Tastes,
    form: Form,
    says: Iterable[bool],
    alike: Alike | None,
    *,
    beside_drafts: bool = True,
) -> float:
    """Log likelihood of a text's form under the user's taste, less that under what is given.

    Args:
        tastes: Of the user.
        form: Of the text.
        says: Whether the text holds each phrase of `tastes.phrases`.
        alike: How alike the contexts of the entries are to that of the text.
        beside_drafts: Whether to subtract the latter. Without, scores of users who were given
            other drafts can be compared; phrases, which are each user's own, count as ever.
    """
    total = 0.0
    for taste in tastes.facets:
        if taste.facet in form.values:
            told = taste.gain if beside_drafts else taste.log_share
            total += told(form.values[taste.facet], alike)
    for taste, held in zip(tastes.phrases, says, strict=True):
        total += taste.gain("yes" if held else "no", alike)
    for name, measure in tastes.measures.items():
        density = measure.gain if beside_drafts else measure.log_density
        total += density(amount(form, name), alike)
    return total


def expected_shares(taste: Taste, tastes: Tastes, before: str) -> FloatArray:
    """Probability of each value of a facet after an edit of a text that has the value `before`.

    It is what users make of that value on average, moved towards what this user left more often
    than users would have of the same texts.
    """
    population, values = tastes.population, taste.values
    counts, expected = np.zeros(len(values)), np.zeros(len(values))
    for place, (was, after) in enumerate(zip(taste.before, taste.after, strict=True)):
        if after:
            weight = tastes.entries[place].weight * taste.present[place]
            counts[taste.place(after)] += weight
            expected += weight * _made_of(taste.facet, was, values, population)
    strength = population.strengths.get(taste.facet, 1.0)
    return tilted(_made_of(taste.facet, before, values, population), counts, expected, strength)


def expected_amount(measure: Measure, tastes: Tastes, before: float) -> tuple[float, float]:
    """Mean and standard deviation of an amount's logarithm after an edit, from that before."""
    line = measure.line or Line(1.0, 0.0, _WIDE, 1.0, 0.0, 1.0)
    pairs = [
        (amount(e.before, measure.name), amount(e.after, measure.name))
        for e in tastes.entries
        if e.before is not None and e.kind == "edit"
    ]
    residuals = np.array([after - line.level - line.slope * was for was, after in pairs])
    family = Amounts(residuals, np.ones(len(pairs)), 0.0, line.spread, line.strength)
    _, mean, scale = family.predicted(Explained(family, ()).lasting)
    if measure.line is not None:
        # How far users scatter is known far better from all of them than from this one.
        scale = line.spread * np.sqrt(1.0 + 1.0 / (line.strength + len(pairs)))
    return line.level + line.slope * before + float(mean), float(scale)


def _kernel(alike: FloatArray) -> FloatArray:
    result: FloatArray = np.exp((alike - 1.0) / KERNEL)
    return result


def _made_of(facet: str, before: str, values: Sequence[str], population: Population) -> FloatArray:
    """What becomes of a value; without a population, most often it stays."""
    if facet in population.moves:
        return population.shares(facet, before, values)
    shares = np.full(len(values), 1.0 / len(values))
    if before in values:
        shares *= 0.5
        shares[values.index(before)] += 0.5
    return shares


@dataclass(frozen=True, eq=False)
class _Series:
    """A facet before its explanations; the names are those of `Taste`."""

    facet: str
    phrase: str
    values: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    drafts: FloatArray
    prior: FloatArray


def _facet_series(facet: str, entries: Sequence[Entry], population: Population) -> _Series:
    before = tuple("" if e.before is None else e.before.values.get(facet, "") for e in entries)
    after = tuple(entry.after.values.get(facet, "") for entry in entries)
    values = (*sorted({*before, *after, *population.values(facet)} - {""}), "")
    drafts = _rates(before, values)
    usual = drafts
    if facet in population.moves:
        given = [was for was, left in zip(before, after, strict=True) if left] or [""]
        usual = np.mean([population.shares(facet, was, values) for was in given], axis=0)
    strength = population.strengths.get(facet, 1.0)
    return _Series(facet, "", values, before, after, drafts, strength * usual)


def _phrase_series(state: EditState) -> list[_Series]:
    """The phrases that came or went most often; parts of one another are among them."""
    made = []
    at = [entry.position if entry.kind == "edit" else None for entry in state.entries]
    for phrase, fates in list(state.phrases.followed.items())[:_MOST_PHRASES]:
        if sum(fate != "kept" for fate in fates.values()) < _LEAST_FATES:
            continue
        told = ["?" if place is None else fates.get(place, "absent") for place in at]
        before, after = (tuple(map(words.__getitem__, told)) for words in _PRESENCE)
        drafts = _rates(before, ("no", "yes"))
        made.append(_Series("phrase", phrase, ("no", "yes"), before, after, drafts, drafts))
    return made


def _side_by_side(
    series: Sequence[_Series], weights: FloatArray, kernels: Sequence[FloatArray]
) -> Explained:
    """All series in one; those with fewer values have others that never occur."""
    n, width = len(weights), max((len(one.values) for one in series), default=1)
    codes = np.zeros((len(series), n), dtype=np.intp)
    prior = np.full((len(series), width), _NEVER)
    known = np.zeros((len(series), n))
    for i, one in enumerate(series):
        place = {value: v for v, value in enumerate(one.values)}
        codes[i] = [place.get(after, 0) for after in one.after]
        known[i] = [bool(after) for after in one.after]
        prior[i, : len(one.values)] = one.prior
    return Explained(Choices(codes, known * weights, prior), kernels)


def _taste(series: _Series, i: int, choices: Explained, weights: FloatArray) -> Taste:
    width = len(series.values)
    return Taste(
        series.facet,
        series.phrase,
        series.values,
        series.before,
        series.after,
        series.drafts,
        series.prior / series.prior.sum(),
        float(series.prior.sum()),
        series.prior + choices.lasting[i, :width],
        choices.rows[i, :, :width],
        choices.present[i],
        weights,
    )


def _rates(given: Sequence[str], values: Sequence[str]) -> FloatArray:
    """How often values were given, all of them together counting as `_SMOOTH` texts more."""
    counts = np.array([given.count(value) if value else 0 for value in values], dtype=np.float64)
    counts += _SMOOTH / len(values)
    rates: FloatArray = counts / counts.sum()
    return rates


def _measure(
    name: str, entries: Sequence[Entry], population: Population, kernels: Sequence[FloatArray]
) -> Measure:
    line = population.lines.get(name)
    after = np.array([amount(entry.after, name) for entry in entries])
    given = np.array([entry.before is not None for entry in entries], dtype=np.float64)
    before = np.array([0.0 if e.before is None else amount(e.before, name) for e in entries])
    weights = np.array([entry.weight for entry in entries])
    usual = float(before[given > 0].mean()) if given.any() else (line.mean if line else 4.0)
    spread = _WIDE if line is None else line.wide
    family = Amounts(after, weights, usual, spread)
    return Measure(
        name,
        family,
        Amounts(after - before, weights * given, 0.0, _WIDE),
        Amounts(before, given, usual, spread),
        Explained(family, kernels),
        np.ones(1),
        line,
    )
