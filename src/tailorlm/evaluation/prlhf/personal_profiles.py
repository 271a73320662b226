"""Users of recorded profiles, learned by P-DPO: whose answer is whose, and what is written.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
section 5.2. A user of a profile prefers its answer to the opposite one, to the one written for
nobody, and to one of the others. `profiles` measures linear reward heads on the same answers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tailorlm.datasets.comparisons import Comparison
from tailorlm.datasets.profile_answers import GENERIC, ProfileAnswers
from tailorlm.evaluation.prlhf import paper
from tailorlm.evaluation.prlhf.bench import Bench, Learned
from tailorlm.evaluation.prlhf.heads import SUITE, Draws, FloatArray, Part, Tally
from tailorlm.evaluation.prlhf.judges import WANTED, verdict
from tailorlm.evaluation.prlhf.measures import standard_error
from tailorlm.evaluation.prlhf.trainers import VANILLA_TOKENS, Asked
from tailorlm.evaluation.prlhf.worlds import NOBODY
from tailorlm.evaluation.report import Cell, Grid, Row, Section, measured, number

ACCURACY_TABLE = "Profiles, P-DPO"
WIN_TABLE = "Table 1"
ACCURACY = "accuracy on unseen prompts"
WIN_RATE = "win rate of P-DPO"
SFT, ORACLE = "SFT", "the profile in the prompt"
MEAN = "mean"
ERROR = ", standard error"
_OPPOSITE = {"A": "B", "B": "A"}
_HELD_OUT = 0.25
_MAX_TOKENS = 192
_STEPS_SHARE = 0.5
"""Of the steps of other trainings: answers to prompts are longer than summaries."""

_TEXT = (
    "Forty prompts were answered under six profiles and once for nobody. A user of a profile "
    "prefers its answer to each of the others. P-DPO learns from three pairs per training prompt: "
    "against the opposite profile's answer, against the one for nobody, and against one of the "
    "others, drawn. {begin} Accuracy is how often the implicit reward puts the user's own answer "
    "before each of the six others, on prompts that were held out. SFT, whose implicit reward is 0 "
    "for every answer, is at 0.50 by that. Linear reward heads on the same answers stand in a part "
    "of their own."
)
_WIN_TEXT = (
    "Each user's answers to held-out prompts are set against the answer of SFT and of vanilla DPO "
    "to the same prompt. The judge measures what the profile asks for: {judges}. It says nothing "
    "about whether an answer is right or makes sense. {oracle} The paper's win rates, judged by a "
    "large language model on a model of 7 billion parameters, stand beside ours and were not "
    "measured alike."
)
_OWN_BASE = (
    "The suite's own base has read posts and summaries alone, so it is trained further on all "
    "answers to the training prompts, which is the SFT model here."
)
_NO_ORACLE = (
    "The oracle of the paper, the base with the profile in its prompt, is left out: a base of a "
    "few million weights does not follow instructions."
)


@dataclass(frozen=True, slots=True)
class Personal:
    """What was trained and written.

    Attributes:
        users: The profiles.
        personal: Accuracy of P-DPO, by user.
        vanilla: Of vanilla DPO.
        wins: By opponent, each user's verdicts, shape (users, prompts).
        steps: Of P-DPO and of vanilla DPO.
        has_oracle: Whether the base with the profile in its prompt wrote too.
    """

    users: tuple[str, ...]
    personal: Tally
    vanilla: Tally
    wins: dict[str, FloatArray]
    steps: tuple[int, int]
    has_oracle: bool


def run_profiles(
    bench: Bench, answers: Sequence[ProfileAnswers], profiles: Mapping[str, str], base: str
) -> Personal:
    """Train P-DPO and vanilla DPO on the users' pairs, score held-out prompts and write to them."""
    users = tuple(name for name in WANTED if name in answers[0].answers)
    order = np.random.default_rng([bench.seed, 2]).permutation(len(answers)).tolist()
    cut = max(1, round(_HELD_OUT * len(answers)))
    held, seen = [answers[i] for i in order[:cut]], [answers[i] for i in order[cut:]]
    if not bench.base:
        base, _ = bench.tune_base("profiles-sft", _texts(seen), base)
    learned = _pairs(bench, seen, users)
    recipe = replace(bench.sizes.recipe, beta=0.1, max_tokens=_MAX_TOKENS, checks=1)
    recipe = bench.sizes.timed(recipe, len(learned), _STEPS_SHARE)
    if bench.base:
        recipe = replace(recipe, lora_alpha=32, lora_dropout=0.1)
    watch = [one for user in users for one in _judged(held, user)]
    personal = bench.prefer("profiles-individual", learned, base, recipe, watch)
    vanilla = bench.prefer(
        "profiles-vanilla",
        learned,
        base,
        replace(recipe, user_model="uniform", user_tokens=VANILLA_TOKENS),
        watch,
    )
    return Personal(
        users=users,
        personal=_tally(personal, users),
        vanilla=_tally(vanilla, users),
        wins=_wins(bench, held, users, base, (personal, vanilla), profiles),
        steps=(personal.trained.steps, vanilla.trained.steps),
        has_oracle=bool(bench.base),
    )


def _texts(seen: Sequence[ProfileAnswers]) -> list[Comparison]:
    return [
        Comparison.of_prompt(NOBODY, one.prompt, text)
        for one in seen
        for text in one.answers.values()
    ]


def _pairs(bench: Bench, seen: Sequence[ProfileAnswers], users: Sequence[str]) -> list[Comparison]:
    """Each user's answer before others: the opposite, nobody's, and as many drawn as fit."""
    rng = np.random.default_rng([bench.seed, 3])
    found = []
    for user in users:
        opposite = user[:-1] + _OPPOSITE[user[-1]]
        for one in seen:
            rest = [name for name in users if name not in (user, opposite)]
            drawn = [rest[i] for i in rng.permutation(len(rest)).tolist()]
            others = [opposite, GENERIC, *drawn][: bench.sizes.pairs]
            found += [
                Comparison.of_prompt(user, one.prompt, one.answers[user], one.answers[name])
                for name in others
                if name in one.answers
            ]
    return found


def _judged(held: Sequence[ProfileAnswers], user: str) -> list[Comparison]:
    """Held-out prompts with all answers, the user's own first."""
    return [
        Comparison.of_prompt(
            user,
            one.prompt,
            one.answers[user],
            *(text for name, text in one.answers.items() if name != user),
        )
        for one in held
    ]


def _tally(learned: Learned, users: Sequence[str]) -> Tally:
    """How often each user's own answer has the higher reward; ties count one half."""
    rows = np.array(learned.rewards).reshape(len(users), -1, len(learned.rewards[0]))
    gaps = rows[:, :, :1] - rows[:, :, 1:]
    right = (gaps > 0).sum((1, 2)) + 0.5 * (gaps == 0).sum((1, 2))
    return Tally(right.astype(float), np.full(len(users), float(gaps[0].size)))


def _wins(
    bench: Bench,
    held: Sequence[ProfileAnswers],
    users: Sequence[str],
    base: str,
    models: tuple[Learned, Learned],
    profiles: Mapping[str, str],
) -> dict[str, FloatArray]:
    """By opponent, the verdicts on P-DPO's answers, shape (users, prompts)."""
    personal, vanilla = models
    prompts = [one.prompt for one in held]
    own = bench.write(
        "profiles-individual",
        personal.folder,
        [Asked(user, prompt) for user in users for prompt in prompts],
    )
    nobody = [Asked(NOBODY, prompt) for prompt in prompts]
    others = {
        SFT: bench.write("profiles-sft", base, nobody) * len(users),
        paper.VANILLA: bench.write("profiles-vanilla", vanilla.folder, nobody) * len(users),
    }
    if bench.base:
        told = [
            Asked(NOBODY, f"{prompt}\n\nAnswer so that it is {profiles[user]}.")
            for user in users
            for prompt in prompts
        ]
        others[ORACLE] = bench.write("profiles-oracle", base, told)
    asked = [user for user in users for _ in prompts]
    return {
        name: np.array([verdict(*three) for three in zip(asked, own, texts, strict=True)]).reshape(
            len(users), -1
        )
        for name, texts in others.items()
    }


def profile_part(found: Personal, draws: Draws) -> Part:
    """Everything for the report."""
    rows = [
        *_accuracy_rows(found.personal, paper.INDIVIDUAL, found.users, draws),
        *_accuracy_rows(found.vanilla, paper.VANILLA, found.users, draws),
        *_win_rows(found, draws),
    ]
    judges = "; ".join(f"{user}, {WANTED[user][0]}" for user in found.users)
    sections = (
        Section(
            "Profiles: P-DPO",
            _TEXT.format(begin="" if found.has_oracle else _OWN_BASE)
            + f" P-DPO took {found.steps[0]} steps, vanilla DPO {found.steps[1]}.",
            (_grid(rows, ACCURACY_TABLE, ACCURACY, "Accuracy by user", 3),),
        ),
        Section(
            "Profiles: what is written",
            _WIN_TEXT.format(judges=judges, oracle="" if found.has_oracle else _NO_ORACLE),
            (_grid(rows, WIN_TABLE, WIN_RATE, "Table 1: win rates of P-DPO, and the paper's", 2),),
        ),
    )
    return Part(tuple(rows), sections, ())


def _accuracy_rows(tally: Tally, model: str, users: Sequence[str], draws: Draws) -> list[Row]:
    words: dict[str, Any] = {"suite": SUITE, "table": ACCURACY_TABLE, "method": model}
    rows = [
        Row(case=user, metric=ACCURACY, value=float(value), n=int(pairs), **words)
        for user, value, pairs in zip(users, tally.by_user, tally.pairs, strict=True)
    ]
    mean = Row.of(draws.accuracy(tally), case=MEAN, metric=ACCURACY, **words)
    error = standard_error(tally.by_user)
    return [
        *rows,
        mean,
        Row(case=MEAN, metric=ACCURACY + ERROR, value=error, n=len(users), **words),
    ]


def _win_rows(found: Personal, draws: Draws) -> list[Row]:
    rows = []
    for opponent, verdicts in found.wins.items():
        method = f"against {opponent}"
        words: dict[str, Any] = {"suite": SUITE, "table": WIN_TABLE, "method": method}
        told = dict(zip(WANTED, paper.WIN_RATES.get(opponent, ()), strict=False))
        for user, values in zip(found.users, verdicts, strict=True):
            share = round(told[user] / 100, 4) if user in told else None
            rows.append(
                Row(case=user, metric=WIN_RATE, value=float(values.mean()), n=len(values),
                    paper=share, **words)
            )  # fmt: skip
        tally = Tally(verdicts.sum(1), np.full(len(verdicts), float(verdicts.shape[1])))
        mean = round(float(np.mean(list(told.values()))) / 100, 4) if told else None
        interval = draws.accuracy(tally)
        rows.append(Row.of(interval, case=MEAN, metric=WIN_RATE, paper=mean, **words))
        rows.append(
            Row(case=MEAN, metric=WIN_RATE + ERROR, value=standard_error(tally.by_user),
                n=len(verdicts), **words)
        )  # fmt: skip
    return rows


def _grid(rows: Sequence[Row], table: str, metric: str, caption: str, digits: int) -> Grid:
    """A line per model and a column per user, the paper's figure below where it gives one."""
    here = {(r.method, r.case): r for r in rows if (r.table, r.metric) == (table, metric)}
    errors = {r.method: r for r in rows if (r.table, r.metric) == (table, metric + ERROR)}
    cases = list(dict.fromkeys(case for _, case in here))
    lines = []
    for method in dict.fromkeys(method for method, _ in here):
        cells = [Cell(method)]
        for case in cases:
            row = here[method, case]
            text = number(row.value, digits)
            if case == MEAN and method in errors:
                text += f" ± {number(errors[method].value, digits)}"
            small = measured(row, digits).interval
            told = "" if row.paper is None else f"paper {number(row.paper, digits)}"
            cells.append(Cell(text, "; ".join(part for part in (small, told) if part)))
        lines.append(tuple(cells))
    return Grid(caption, ("model", *cases), tuple(lines))
