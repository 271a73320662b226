"""Data sets by name: what is known of them, where they are found, and how they are got."""

from __future__ import annotations

import importlib
import os
import pkgutil
import re
import sys
from itertools import islice
from pathlib import Path

import pytest
from tests.datasets.hub import fake_hub
from tests.datasets.published import write_csv, write_json, write_lines

from tailorlm import datasets
from tailorlm.datasets import catalog
from tailorlm.datasets.card import Card
from tailorlm.datasets.catalog import cards, find_card, get_dataset, open_dataset
from tailorlm.errors import InputError, MissingExtraError, UnknownNameError

DATA = Path(os.environ.get("TAILORLM_DATA", "../shared/data"))
RATING = {"userId": "1", "movieId": "3", "rating": "4.5", "timestamp": "9"}
PUBLISHED = {
    *(f"lamp_{number}" for number in range(1, 8)),
    *("longlamp", "enron_42k", "new_yorker", "lamp_3u", "tldr", "personalized_soups", "prism"),
    *("ranking_tager", "prefeval", "personamem", "opinionqa", "globalopinionqa", "movielens"),
}


@pytest.fixture(autouse=True)
def _unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalog, "_announced", set())


@pytest.mark.parametrize("card", cards().values(), ids=list(cards()))
def test_a_card_says_everything(card: Card) -> None:
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", card.name)
    told = (card.title, card.use, card.terms, card.licence, card.source, card.citation)
    assert all(text.strip() for text in told)
    assert card.fields
    assert all(meaning for meaning in card.fields.values())
    assert card.files
    assert len(set(card.splits)) == len(card.splits) > 0


def test_all_are_there_and_no_two_have_one_name() -> None:
    assert set(cards()) >= PUBLISHED
    assert list(cards()) == sorted(cards())
    modules = [
        importlib.import_module(f"{datasets.__name__}.{module.name}")
        for module in pkgutil.iter_modules(datasets.__path__)
    ]
    names = [card.name for module in modules for card in getattr(module, "CARDS", ())]
    assert sorted(names) == list(cards())


def test_the_page_has_all_of_them() -> None:
    page = (Path(__file__).parents[2] / "docs" / "data.md").read_text("utf-8")
    between = [f"lamp_{number}" for number in range(2, 7)]
    assert [name for name in cards() if f"`{name}`" not in page and name not in between] == []


def test_a_name_may_be_written_in_other_ways() -> None:
    assert find_card("LaMP-3") is find_card("lamp_3")
    assert find_card("OpinionQA").name == "opinionqa"
    with pytest.raises(UnknownNameError, match="Did you mean 'prism'"):
        find_card("prims")


def test_rows_are_read_from_a_folder_of_the_name_or_from_its_own(tmp_path: Path) -> None:
    write_csv(tmp_path / "ml-latest-small" / "ratings.csv", [RATING])
    for folder in (tmp_path, tmp_path / "ml-latest-small"):
        (row,) = open_dataset("ml_latest_small", folder)
        assert row.rating == 4.5


def test_the_licence_is_said_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_csv(tmp_path / "ml_latest_small" / "ratings.csv", [RATING])
    for _ in range(2):
        open_dataset("ml_latest_small", tmp_path)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"ml_latest_small: {find_card('ml_latest_small').licence}\n"
    heard: list[str] = []
    open_dataset("ml_latest_small", tmp_path, say=heard.append)
    assert heard == []


def test_splits_are_checked(tmp_path: Path) -> None:
    write_json(tmp_path / "lamp_1" / "dev_questions.json", [])
    write_json(tmp_path / "lamp_1" / "dev_outputs.json", {"task": "LaMP_1", "golds": []})
    assert list(open_dataset("lamp_1", tmp_path)) == []
    with pytest.raises(InputError, match=r"lacks train_questions\.json or train_outputs\.json"):
        list(open_dataset("lamp_1", tmp_path, "train"))
    with pytest.raises(UnknownNameError, match="There is no split of lamp_1 named 'test'"):
        open_dataset("lamp_1", tmp_path, "test")


def test_what_is_not_there_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        open_dataset("prism", tmp_path)
    assert "expected conversations.jsonl or utterances.jsonl in its folder 'prism'" in str(
        caught.value
    )
    assert f"Run: tailorlm data get prism --out {tmp_path / 'prism'}" in str(caught.value)
    with pytest.raises(InputError, match=r"Get it from https://lamp-benchmark\.github\.io"):
        open_dataset("lamp_4", tmp_path)


def test_rows_of_families_that_were_there_before(tmp_path: Path) -> None:
    pair = {"user_input": "Hi", "completion_a": "Yes.", "completion_b": "No."}
    write_json(tmp_path / "psoups" / "P2A.json", [pair])
    (found,) = open_dataset("personalized_soups", tmp_path, "P2A")
    assert (found.user, found.responses) == ("P2A", ("Yes.", "No."))
    row = {"topic": "food", "preference": "No soup.", "question": "What to eat?"}
    write_lines(tmp_path / "prefeval" / "explicit_preference.jsonl", [row])
    (held,) = open_dataset("prefeval", tmp_path)
    assert held.messages == ("No soup.",)
    mail = {"owner": "ana", "folder": "sent", "split": "dev", "num": 1, "subject": "", "body": "Hi"}
    write_lines(tmp_path / "enron_aeslc" / "aeslc_sent.jsonl", [mail])
    assert [one.sender for one in open_dataset("enron_aeslc", tmp_path)] == ["ana"]


def test_a_data_set_is_got_from_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "question,selections,options,source\nIs it?,{'Peru': [1]},['Yes'],GAS\n"
    files = {"Anthropic/llm_global_opinions": {"data/global_opinions.csv": text}}
    hub = fake_hub(monkeypatch, files)
    folder = get_dataset("globalopinionqa", tmp_path / "globalopinionqa")
    assert hub.asked == [
        {
            "name": "Anthropic/llm_global_opinions",
            "repo_type": "dataset",
            "local_dir": folder,
            "allow_patterns": ["data/global_opinions.csv"],
        }
    ]
    (found,) = open_dataset("globalopinionqa", tmp_path)
    assert (found.group, found.shares) == ("Peru", (1.0,))


def test_without_a_network_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_hub(monkeypatch, None)
    with pytest.raises(InputError) as caught:
        get_dataset("prism", tmp_path / "prism")
    assert (
        "Name or service not known. Offline, download https://huggingface.co/datasets/Hannah"
        in (str(caught.value))
    )
    assert f"copy its files into {tmp_path / 'prism'}." in str(caught.value)
    assert not (tmp_path / "prism").exists()
    fake_hub(monkeypatch, {})
    with pytest.raises(InputError, match="404 HannahRoseKirk/prism-alignment"):
        get_dataset("prism", tmp_path / "prism")
    with pytest.raises(InputError, match=r"lamp_1 is not on the hub\. Get it from https://lamp"):
        get_dataset("lamp_1", tmp_path)


def test_without_the_library_it_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"tailorlm\[hub\]"):
        get_dataset("prism", tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="the shared data are not on this machine")
@pytest.mark.parametrize(
    "folder", sorted(path.name for path in DATA.glob("*") if path.is_dir()) or [""]
)
def test_real_folders_are_found_under_their_names(folder: str) -> None:
    card = find_card(folder)
    assert card.where(DATA) == DATA / folder
    rows = list(islice(open_dataset(folder, DATA, say=lambda _: None), 3))
    assert len(rows) == 3
