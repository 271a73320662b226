"""The tables of the suite and its bars, from what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.evaluation.edits.recorded import Named, Scored, Written
from tailorlm.evaluation.edits.rewritten import MODELS, Predicted
from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.report import Bar, Cell, Grid, Row, Section, number, side_by_side

SUITE = "edits"
METHOD = "edit_rules"
ABOVE, AMONG = 0.95, 0.80
"""Least share of later edits scored above their drafts, and of edits whose user is told."""
ALL = "all users"
AMOUNTS = ("length", "sentence length")
_TEXTS = (
    ("draft", "draft"),
    ("generic", "from points, no rules"),
    ("rules", "from points, learned rules"),
    ("rewritten", "draft rewritten by them"),
)
_BY_RULES = ("rules", "rewritten")
_BESIDE_DRAFT: tuple[tuple[str, Callable[[Written, Written], float]], ...] = (
    ("share nearer in style than the draft", lambda one, draft: one.distance < draft.distance),
    ("distance, draft less this", lambda one, draft: draft.distance - one.distance),
    ("share with more ROUGE-L than the draft", lambda one, draft: one.rouge > draft.rouge),
    ("ROUGE-L, this less draft", lambda one, draft: one.rouge - draft.rouge),
)
"""What is told of a text beside the draft it replaces."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the suite found."""

    rows: tuple[Row, ...]
    sections: tuple[Section, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn: anew from the seed for each, so that none depends on another."""

    seed: int
    resamples: int

    def mean(self, pairs: Iterable[tuple[str, float]]) -> Interval:
        """The mean of numbers, each with its user, and its interval by users."""
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for user, value in pairs:
            sums[user] = sums.get(user, 0.0) + value
            counts[user] = counts.get(user, 0) + 1
        rng = np.random.default_rng(self.seed)
        return ratio_interval(
            list(sums.values()), list(counts.values()), rng, resamples=self.resamples
        )


def recorded_part(
    named: Sequence[Named],
    scores: Sequence[Scored],
    texts: Sequence[Written],
    users: Sequence[str],
    draws: Draws,
) -> Part:
    """Rules, scores and mails of users whose preference is known."""
    rows = [
        *_named_rows(named, draws),
        *_score_rows(scores, users, draws),
        *_text_rows(texts, users, draws),
    ]
    sections = (
        _named_section(named),
        _score_section(rows),
        _text_section(rows),
    )
    return Part(tuple(rows), sections, _recorded_bars(named, rows))


def rewritten_part(predicted: Sequence[Predicted], draws: Draws) -> Part:
    """How well later rewrites are predicted."""
    rows: list[Row] = []
    for target in dict.fromkeys(one.target for one in predicted):
        losses = {m: [p for p in predicted if (p.target, p.model) == (target, m)] for m in MODELS}
        error = "absolute error of the logarithm" if target in AMOUNTS else "Brier score"
        for metric, value in (("log loss", _loss), (error, _error)):
            for model in MODELS:
                mean = draws.mean([(p.user, value(p)) for p in losses[model]])
                rows.append(_row("Rewrites", target, model, metric, mean))
            gains = [
                (pooled.user, value(pooled) - value(own))
                for own, pooled in zip(losses["user"], losses["pooled"], strict=True)
            ]
            gain = draws.mean(gains)
            rows.append(_row("Rewrites", target, "user", f"{metric}, pooled less user", gain))
    rows += _over_all(predicted, draws)
    return Part(tuple(rows), (_rewritten_section(rows),), _rewritten_bars(rows))


def _loss(predicted: Predicted) -> float:
    return predicted.loss


def _error(predicted: Predicted) -> float:
    return predicted.error


def _over_all(predicted: Sequence[Predicted], draws: Draws) -> list[Row]:
    """The gains over all properties together, each prediction counting the same."""
    found = []
    for metric, value, is_amount in (
        ("log loss", _loss, False),
        ("Brier score", _error, False),
        ("absolute error of the logarithm", _error, True),
    ):
        chosen = [p for p in predicted if (p.target in AMOUNTS) == is_amount]
        own, pooled = ([p for p in chosen if p.model == model] for model in ("user", "pooled"))
        gains = [(b.user, value(b) - value(a)) for a, b in zip(own, pooled, strict=True)]
        case = "both lengths" if is_amount else "all properties"
        gain = draws.mean(gains)
        found.append(_row("Rewrites", case, "user", f"{metric}, pooled less user", gain))
    return found


def _row(table: str, case: str, method: str, metric: str, mean: Interval) -> Row:
    return Row.of(mean, suite=SUITE, table=table, case=case, method=method, metric=metric)


def _named_rows(named: Sequence[Named], draws: Draws) -> list[Row]:
    rows = []
    for user in dict.fromkeys(one.user for one in named):
        found = draws.mean((one.user, float(one.named)) for one in named if one.user == user)
        rows.append(_row("Rules", user, METHOD, "share of the preference's parts named", found))
    whole = draws.mean((one.user, float(one.named)) for one in named)
    rows.append(_row("Rules", ALL, METHOD, "share of the preference's parts named", whole))
    return rows


def _score_rows(scores: Sequence[Scored], users: Sequence[str], draws: Draws) -> list[Row]:
    measures: tuple[tuple[str, Callable[[Scored], float]], ...] = (
        ("share of edits above their drafts", lambda one: float(one.above)),
        ("edit less draft, nats", lambda one: one.margin),
        (
            "share of edits whose user is told",
            lambda one: float(users[int(np.argmax(one.scores))] == one.user),
        ),
        ("gain of rules by subject, nats", lambda one: one.by_subject),
        ("share of the rules that edits keep", lambda one: one.kept),
        ("share of the rules that drafts keep", lambda one: one.in_draft),
    )
    rows = []
    for metric, value in measures:
        for case in (*users, ALL):
            chosen = [one for one in scores if case in (one.user, ALL)]
            mean = draws.mean([(one.user, value(one)) for one in chosen])
            rows.append(_row("Later edits", case, METHOD, metric, mean))
    return rows


def _text_rows(texts: Sequence[Written], users: Sequence[str], draws: Draws) -> list[Row]:
    rows = []
    for case in (*users, ALL):
        chosen = [one for one in texts if case in (one.user, ALL)]
        by_text = {name: [one for one in chosen if one.text == name] for name, _ in _TEXTS}
        for name, own in by_text.items():
            distance = draws.mean([(one.user, one.distance) for one in own])
            rouge = draws.mean([(one.user, one.rouge) for one in own])
            rows.append(_row("Mails", case, name, "stylometric distance", distance))
            rows.append(_row("Mails", case, name, "ROUGE-L", rouge))
        for name in _BY_RULES:
            pairs = list(zip(by_text[name], by_text["draft"], strict=True))
            for metric, value in _BESIDE_DRAFT:
                mean = draws.mean([(a.user, float(value(a, b))) for a, b in pairs])
                rows.append(_row("Mails", case, name, metric, mean))
    return rows


def _named_section(named: Sequence[Named]) -> Section:
    lines = tuple(
        (
            Cell(one.user),
            Cell(f"for {one.part.scope}: {one.part.words}" if one.part.scope else one.part.words),
            Cell(one.part.facet),
            Cell("yes" if one.named else "no"),
            Cell(number(one.kept)),
            Cell(number(one.in_drafts)),
        )
        for one in named
    )
    header = ("user", "part of the preference", "facet", "named", "kept by edits", "by drafts")
    return Section(
        "Rules",
        "Each preference was read as rules of writing. A part counts if at least two thirds of the "
        "user's own texts keep it, since a text cannot show what its writer does not do; a part "
        "that is for some subjects is looked for at these subjects, each by itself. It is named if "
        "a rule that was learned from the first edits says the same.",
        (Grid("What was to be found, and what was", header, lines),),
    )


def _score_section(rows: Sequence[Row]) -> Section:
    chosen = [row for row in rows if row.table == "Later edits"]
    metrics = tuple(dict.fromkeys(row.metric for row in chosen))
    turned = [
        Row(
            suite=row.suite,
            table=row.table,
            case=row.case,
            method=row.metric,
            metric="",
            value=row.value,
            low=row.low,
            high=row.high,
            n=row.n,
        )
        for row in chosen
    ]
    grid = side_by_side(
        turned, [(name, name) for name in metrics], caption="Held-out edits", label="user"
    )
    return Section(
        "Later edits",
        "The learned profile scores a text by how much likelier its form is in the user's texts "
        "than in what the user is given. Whose edit it is, is told by the profile under which it "
        "is likeliest.",
        (grid,),
    )


def _text_section(rows: Sequence[Row]) -> Section:
    grids = tuple(
        side_by_side(
            [row for row in rows if row.table == "Mails" and row.metric == metric],
            list(_TEXTS),
            caption=f"{metric} to what the user made of the draft",
            label="user",
        )
        for metric in ("stylometric distance", "ROUGE-L")
    )
    return Section(
        "Mails",
        "The writer gets the subject, the points and the learned rules, and in the last column "
        "the draft as well. The draft was made by a large language model, and the user's text of "
        "the draft, so that the two share their words; a text from points alone does not.",
        grids,
    )


def _rewritten_section(rows: Sequence[Row]) -> Section:
    grids = []
    for metric in ("log loss", "Brier score", "absolute error of the logarithm"):
        gain = f"{metric}, pooled less user"
        chosen = [row for row in rows if row.metric == metric]
        chosen += [
            Row(
                suite=row.suite, table=row.table, case=row.case, method="gain", metric=metric,
                value=row.value, low=row.low, high=row.high, n=row.n,
            )
            for row in rows if row.metric == gain
        ]  # fmt: skip
        columns = [*((model, model) for model in MODELS), ("gain", "pooled less user")]
        grids.append(
            side_by_side(
                chosen, columns, caption=f"{metric}, less is better", label="property", digits=3
            )
        )
    return Section(
        "Rewrites",
        "The pooled model knows what other people make of a text with the same property. The user "
        "model starts there and moves to what this user did, as far as users differ. The last "
        "value stays with probability 0.7. A gain above 0 speaks for the user model.",
        tuple(grids),
    )


def _recorded_bars(named: Sequence[Named], rows: Sequence[Row]) -> tuple[Bar, ...]:
    n_named = sum(one.named for one in named)
    above = _value(rows, ALL, METHOD, "share of edits above their drafts")
    told = _value(rows, ALL, METHOD, "share of edits whose user is told")
    return (
        Bar(
            "The learned rules name every part of the preferences that texts show",
            f"{n_named} of {len(named)}",
            n_named == len(named),
        ),
        Bar(
            f"Later edits score above their drafts in at least {ABOVE:.0%}",
            f"{above:.0%}",
            above >= ABOVE,
        ),
        Bar(
            f"The user of an edit is told in at least {AMONG:.0%}",
            f"{told:.0%}",
            told >= AMONG,
        ),
        *(_nearer(rows, text) for text in _BY_RULES),
    )


def _nearer(rows: Sequence[Row], text: str) -> Bar:
    """Whether a text made by the rules is nearer to the edit than the draft, in both measures."""
    distance, rouge = (
        [_value(rows, ALL, one, metric) for one in (text, "draft")]
        for metric in ("stylometric distance", "ROUGE-L")
    )
    return Bar(
        f"A mail made by the rules is nearer to the edit than the draft is: {dict(_TEXTS)[text]}",
        f"distance of style {distance[0]:.2f}, draft {distance[1]:.2f}; "
        f"ROUGE-L {rouge[0]:.2f}, draft {rouge[1]:.2f}",
        distance[0] < distance[1] and rouge[0] > rouge[1],
    )


def _rewritten_bars(rows: Sequence[Row]) -> tuple[Bar, ...]:
    bars = []
    for case, metric in (
        ("all properties", "log loss"),
        ("all properties", "Brier score"),
        ("both lengths", "absolute error of the logarithm"),
    ):
        row = next(r for r in rows if (r.case, r.metric) == (case, f"{metric}, pooled less user"))
        known = row.low is not None and row.high is not None and row.value is not None
        ends = f"{row.value:+.4f} ({row.low:+.4f} to {row.high:+.4f})" if known else "–"
        met = row.low > 0 if row.low is not None else None
        bars.append(Bar(f"A user's own rewrites lower the {metric} of {case}", ends, met))
    return tuple(bars)


def _value(rows: Sequence[Row], case: str, method: str, metric: str) -> float:
    """The value of a row; 0 if there was nothing to measure."""
    found = (r.value for r in rows if (r.case, r.method, r.metric) == (case, method, metric))
    return next(found, None) or 0.0
