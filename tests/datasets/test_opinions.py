"""Opinions of groups and countries, made up in the two published forms."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.datasets.published import write_csv, write_json

from tailorlm.datasets.globalopinionqa import load_globalopinionqa
from tailorlm.datasets.opinionqa import load_opinionqa
from tailorlm.datasets.opinions import GroupOpinion
from tailorlm.errors import InputError

SURVEY = "American_Trends_Panel_W26"
INFO = {
    "key": "SOUP_W26",
    "question": "How good is soup?",
    "references": "['Good', 'Bad', 'In between', 'Refused']",
    "option_ordinal": "[1.0, 2.0, 1.5]",
}
PEOPLE = [
    {"SOUP_W26": "Good", "WEIGHT_W26": "1.5", "AGE": "18-29"},
    {"SOUP_W26": "Bad", "WEIGHT_W26": "0.5", "AGE": "65+"},
    {"SOUP_W26": "Refused", "WEIGHT_W26": "2", "AGE": "65+"},
    {"SOUP_W26": "", "WEIGHT_W26": "9", "AGE": "65+"},
    {"SOUP_W26": "Good", "WEIGHT_W26": "4", "AGE": ""},
]
COUNTRIES = {
    "question": "Is soup good?",
    "selections": "defaultdict(<class 'list'>, {'France': [0.9, 0.3], 'Peru': [0.5, 0.5]})",
    "options": "['Yes', 'No']",
    "source": "GAS",
}


def survey(folder: Path, **change: str) -> Path:
    write_csv(folder / SURVEY / "info.csv", [INFO | change])
    return folder / SURVEY


def test_weighted_answers_lie_from_the_lowest_to_the_highest(tmp_path: Path) -> None:
    folder = survey(tmp_path)
    write_csv(folder / "responses.csv", PEOPLE)
    assert list(load_opinionqa(folder)) == [
        GroupOpinion(
            question_id="SOUP_W26",
            question="How good is soup?",
            group="Overall",
            options=("Good", "In between", "Bad"),
            shares=(5.5 / 6, 0.0, 0.5 / 6),
            positions=(1.0, 1.5, 2.0),
            refused=0.25,
            source=SURVEY,
        )
    ]
    young, old = load_opinionqa(folder, "AGE")
    assert (young.group, young.shares, young.refused) == ("AGE=18-29", (1.0, 0.0, 0.0), 0.0)
    assert (old.group, old.shares, old.refused) == ("AGE=65+", (0.0, 0.0, 1.0), 0.8)


def test_counts_serve_where_there_are_no_responses(tmp_path: Path) -> None:
    folder = survey(tmp_path, option_ordinal="[1, 1, 1]")
    counts = {
        "MC_options": ["Good", "Bad"],
        "question_text": "How good is soup?",
        "18-29": {"Good": 3.0, "Bad": 1.0},
        "65+": {"Refused": 2.0},
        "nan": {},
    }
    write_json(folder / "AGE_data.json", {"SOUP_W26": counts})
    (found,) = load_opinionqa(folder, "AGE")
    assert (found.group, found.shares) == ("AGE=18-29", (0.75, 0.25, 0.0))
    assert found.positions == ()
    with pytest.raises(InputError, match=r"has no Overall_data.json.*responses.csv is needed"):
        list(load_opinionqa(folder))


@pytest.mark.parametrize(
    ("info", "person", "message"),
    [
        ({"references": "['Good'"}, {}, "row 2: 'references' must be a list as Python writes it"),
        ({"option_ordinal": "['a']"}, {}, "row 2: 'option_ordinal' must hold a number for each"),
        ({}, {"WEIGHT_W26": "x"}, "row 2: 'WEIGHT_W26' must be a number, but is 'x'."),
        ({}, {"WEIGHT_W26": "-1"}, "row 2: 'WEIGHT_W26' is -1, but a weight is not below 0."),
    ],
)
def test_errors_name_the_row(
    tmp_path: Path, info: dict[str, str], person: dict[str, str], message: str
) -> None:
    folder = survey(tmp_path, **info)
    write_csv(folder / "responses.csv", [PEOPLE[0] | person])
    with pytest.raises(InputError) as caught:
        list(load_opinionqa(folder))
    assert message in str(caught.value)


def test_each_country_has_an_opinion(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "g.csv", [COUNTRIES, COUNTRIES | {"selections": "{'Peru': [1, 0]}"}]
    )
    first, second, third = load_globalopinionqa(path)
    assert first == GroupOpinion(
        question_id="1",
        question="Is soup good?",
        group="France",
        options=("Yes", "No"),
        shares=(0.9 / 1.2, 0.3 / 1.2),
        source="GAS",
    )
    assert (second.group, second.shares) == ("Peru", (0.5, 0.5))
    assert (third.question_id, third.shares) == ("2", (1.0, 0.0))


@given(
    st.dictionaries(
        st.text(max_size=12),
        st.lists(st.floats(0, 1, width=16), min_size=2, max_size=2).filter(lambda s: sum(s) > 0),
    )
)
def test_what_a_data_frame_wrote_is_read_back(countries: dict[str, list[float]]) -> None:
    row = COUNTRIES | {"selections": repr(defaultdict(list, countries))}
    with tempfile.TemporaryDirectory() as folder:
        found = list(load_globalopinionqa(write_csv(Path(folder) / "g.csv", [row])))
    assert [opinion.group for opinion in found] == list(countries)
    for opinion, shares in zip(found, countries.values(), strict=True):
        assert sum(opinion.shares) == pytest.approx(1)
        assert opinion.shares[0] * sum(shares) == pytest.approx(shares[0])


def test_what_does_not_fit_is_left_out_and_said(tmp_path: Path) -> None:
    rows = [
        COUNTRIES | {"question": ""},
        COUNTRIES | {"selections": "{'Peru': [1.0], 'Chile': [0, 0]}"},
    ]
    said: list[str] = []
    assert (
        list(load_globalopinionqa(write_csv(tmp_path / "g.csv", rows), on_skip=said.append)) == []
    )
    assert [text.partition(": ")[2] for text in said] == [
        "there is no question.",
        "the shares of 'Peru' do not fit.",
        "the shares of 'Chile' do not fit.",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"selections": "none"}, "row 2: 'selections' must hold countries with their shares"),
        ({"selections": "{'Peru': 3}"}, "row 2: 'selections' must list shares for 'Peru'."),
        ({"selections": "{'Peru': [-1, 2]}"}, "a share of 'Peru' that is below 0 or no number."),
        ({"options": "{}"}, "row 2: 'options' must be a list as Python writes it, but is '{}'."),
    ],
)
def test_errors_name_the_row_of_countries(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        list(load_globalopinionqa(write_csv(tmp_path / "g.csv", [COUNTRIES | change])))
    assert message in str(caught.value)
