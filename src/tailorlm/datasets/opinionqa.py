"""OpinionQA: how groups of Americans answered the surveys of Pew's American Trends Panel.

Santurkar et al. (2023, "Whose Opinions Do Language Models Reflect?") publish a folder for each
survey (github.com/tatsu-lab/opinions_qa), ``human_resp/American_Trends_Panel_W26`` and so on:

- ``info.csv``, a question per row: ``key``, ``question``, ``references`` (the answers, refusals
  last) and ``option_ordinal`` (where the answers lie, without the refusals), both as Python writes
  lists.
- ``responses.csv``, a person per row: the answer under each question's key, the weight under
  ``WEIGHT_W26``, and attributes such as ``AGE``. It is in the bundle on CodaLab only.
- ``AGE_data.json`` and so on, for some attributes: an object from key to one that has, beside
  ``MC_options`` and ``question_text``, the unweighted counts of answers by group.

Weighted responses are read where they are there, as in the authors' code, otherwise the counts.
"""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_json, read_table
from tailorlm.datasets.card import Card, matching
from tailorlm.datasets.opinions import GroupOpinion
from tailorlm.errors import InputError

LICENCE = (
    "OpinionQA (github.com/tatsu-lab/opinions_qa): no licence could be verified; the responses are "
    "of Pew Research Center and under its terms of use. Not part of this package."
)
OVERALL = "Overall"
ATTRIBUTES = (
    OVERALL,
    "AGE",
    "CREGION",
    "EDUCATION",
    "INCOME",
    "POLIDEOLOGY",
    "POLPARTY",
    "RACE",
    "SEX",
)
"""Attributes that the groups of the published counts differ by, and "Overall" for everybody."""
_SURVEY = re.compile(r"_W(\d+)\Z")
_BESIDE = ("MC_options", "question_text", "nan")
"""Keys of a question's counts that are no groups."""

Counts = dict[str, dict[str, dict[str, float]]]
"""By question, group and answer."""


@dataclass(frozen=True, slots=True)
class _Question:
    key: str
    text: str
    options: tuple[str, ...]
    positions: tuple[float, ...]
    refusals: tuple[str, ...]


def load_opinionqa(folder: str | Path, attribute: str = OVERALL) -> Iterator[GroupOpinion]:
    """Read the opinions of one survey, by the groups of one attribute.

    Groups of which nobody answered a question have no opinion on it.

    Args:
        folder: The survey's folder.
        attribute: What groups differ by; "Overall" for one group, which needs ``responses.csv``.

    Raises:
        InputError: If a file is missing or cannot be read, or a row is not as described, with its
            number.
    """
    folder = Path(folder)
    questions = [_question(row) for row in read_table(_file(folder, "info.csv"))]
    responses = matching(folder, "responses.csv")
    if responses:
        counts = _weighted(responses[0], folder.name, questions, attribute)
    else:
        counts = _counted(_file(folder, f"{attribute}_data.json"), questions)
    for question in questions:
        for group, answers in counts.get(question.key, {}).items():
            chosen = [answers.get(option, 0.0) for option in question.options]
            total = sum(chosen)
            if total:
                refused = sum(answers.get(option, 0.0) for option in question.refusals)
                yield GroupOpinion(
                    question_id=question.key,
                    question=question.text,
                    group=OVERALL if attribute == OVERALL else f"{attribute}={group}",
                    options=question.options,
                    shares=tuple(share / total for share in chosen),
                    positions=question.positions,
                    refused=refused / (refused + total),
                    source=folder.name,
                )


def _file(folder: Path, name: str) -> Path:
    found = matching(folder, name)
    if not found:
        raise InputError(
            f"{folder} has no {name}. Name the folder of one survey, as American_Trends_Panel_W26; "
            "for everybody's opinion responses.csv is needed."
        )
    return found[0]


def _question(row: Row) -> _Question:
    """A question with its options from the lowest to the highest."""
    references = [str(option) for option in row.literal("references", list)]
    ordinal = row.literal("option_ordinal", list)
    if any(type(place) not in (int, float) for place in ordinal) or len(ordinal) > len(references):
        row.fail("'option_ordinal' must hold a number for each of 'references' but the refusals.")
    ordered = sorted(zip(map(float, ordinal), references, strict=False), key=lambda pair: pair[0])
    positions = tuple(place for place, _ in ordered)
    rises = all(one < other for one, other in itertools.pairwise(positions))
    return _Question(
        key=row.text("key"),
        text=row.text("question").strip(),
        options=tuple(option for _, option in ordered),
        positions=positions if rises else (),
        refusals=tuple(references[len(ordinal) :]),
    )


def _weighted(
    path: Path, survey: str, questions: list[_Question], attribute: str
) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    """Weights added up by question, group and answer; the group's name is "" for everybody."""
    wave = _SURVEY.search(survey)
    if wave is None:
        raise InputError(f"The folder {survey} must end in the wave, as American_Trends_Panel_W26.")
    counts: Counts = defaultdict(lambda: defaultdict(lambda: defaultdict(float)))
    for row in read_table(path):
        group = "" if attribute == OVERALL else row.get(attribute, str).strip()
        weight = row.numeric(f"WEIGHT_W{wave[1]}")
        if weight < 0:
            row.fail(f"'WEIGHT_W{wave[1]}' is {weight:g}, but a weight is not below 0.")
        if attribute != OVERALL and group in ("", "nan", "Refused"):
            continue
        for question in questions:
            answer = row.get(question.key, str).strip()
            if answer:
                counts[question.key][group][answer] += weight
    return counts


def _counted(
    path: Path, questions: list[_Question]
) -> Mapping[str, Mapping[str, Mapping[str, float]]]:
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} must hold an object of questions.")
    whole = Row(path, 1, data)
    counts: Counts = {}
    for question in questions:
        if question.key not in data:
            continue
        groups = Row(path, 1, whole.get(question.key, dict), f"{question.key}: ")
        counts[question.key] = {}
        for group in groups.data:
            if group not in (*_BESIDE, "Refused"):
                answers = Row(path, 1, groups.get(group, dict), f"{question.key}, {group}: ")
                counts[question.key][group] = {
                    answer: answers.numeric(answer) for answer in answers.data
                }
    return counts


def _open(folder: Path, split: str) -> Iterator[GroupOpinion]:
    """The opinions of all surveys that have what the attribute needs."""
    surveys = [file.parent for file in matching(folder, "**/American_Trends_Panel_W*/info.csv")]
    able = [
        survey
        for survey in surveys
        if matching(survey, "responses.csv") or matching(survey, f"{split}_data.json")
    ]
    if not able:
        raise InputError(f"No survey in {folder} has responses.csv or {split}_data.json.")
    for survey in able:
        yield from load_opinionqa(survey, split)


CARDS = (
    Card(
        name="opinionqa",
        title="OpinionQA, opinions of groups",
        use="whose opinions a model has; representativeness, steerability, consistency",
        terms="Pew's terms; not verified",
        licence=LICENCE,
        source="https://github.com/tatsu-lab/opinions_qa (responses: CodaLab)",
        citation="Santurkar et al. 2023, Whose Opinions Do Language Models Reflect?",
        fields={
            "key, question, references, option_ordinal": "a question, its answers and their order",
            "WEIGHT_W..": "a person's weight",
            "AGE and so on": "attributes, by which groups are made",
        },
        files=("**/American_Trends_Panel_W*/info.csv",),
        open=_open,
        splits=ATTRIBUTES,
        folders=("opinions_qa", "OpinionQA"),
    ),
)
