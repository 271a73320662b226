"""Articles by author and pairs of captions, made up in the published forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.datasets.published import write_csv, write_json, write_lines

from tailorlm.datasets.catalog import open_dataset
from tailorlm.datasets.new_yorker import Article, load_articles
from tailorlm.datasets.new_yorker_captions import (
    caption_prompt,
    load_caption_rankings,
    load_descriptions,
    load_hub_rankings,
)
from tailorlm.errors import InputError

ARTICLE = {
    "date": "2019-05-01 00:00:00",
    "year": "2019",
    "month": "5.0",
    "day": "1",
    "author": "Ana A.",
    "title": "On soup",
    "article": "word " * 40_000,
    "url": "https://example.org",
    "section": "",
    "publication": "New Yorker",
}
PAIR = {"A": "First.", "B": "Second!", "contest_number": 509, "label": "B", "winner_source": "x"}
HUB = {"caption_choices": ["One.", "Two."], "label": "A", "image_description": "A fish."}


def test_articles_of_one_publication_longer_than_csv_allows_by_itself(tmp_path: Path) -> None:
    rows = [
        ARTICLE,
        ARTICLE | {"publication": "Vox"},
        ARTICLE | {"author": ""},
        ARTICLE | {"article": " "},
    ]
    path = write_csv(tmp_path / "all-the-news-2-1.csv", rows)
    text = ARTICLE["article"].strip()
    expected = Article(author="Ana A.", title="On soup", date=ARTICLE["date"], text=text)
    assert list(load_articles(path)) == [expected]
    assert list(load_articles(path, "The new yorker")) == [expected]
    assert len(list(load_articles(path, "Vox"))) == 1


def test_a_table_without_a_column(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"author": "Ana", "content": "x"}])
    with pytest.raises(InputError, match="row 2: there is no field 'article'"):
        list(load_articles(path))


def test_the_better_caption_comes_first(tmp_path: Path) -> None:
    path = write_json(tmp_path / "r.json", {"train": [], "val": [PAIR], "test": [PAIR]})
    notes = {"509": {"mturk_annotations": {"description_hit": [{"image_description": "A bear."}]}}}
    described = load_descriptions(write_json(tmp_path / "n.json", notes))
    (found,) = load_caption_rankings(path, "val", described)
    assert found.responses == ("Second!", "First.")
    assert (found.user, found.messages[0].content) == ("", caption_prompt("A bear."))
    assert next(load_caption_rankings(path)).messages[0].content == caption_prompt()


def test_the_hub_has_another_form(tmp_path: Path) -> None:
    folder = tmp_path / "new_yorker_captions" / "ranking"
    write_lines(folder / "validation-00000-of-00001.jsonl", [HUB])
    (found,) = open_dataset("new_yorker_captions", tmp_path, "val")
    assert found.responses == ("One.", "Two.")
    assert found.messages[0].content == caption_prompt("A fish.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label": "C"}, "row 1: 'label' must be 'A' or 'B', but is 'C'."),
        ({"caption_choices": ["One."]}, "row 1: 'caption_choices' must hold two, but holds 1."),
        ({"image_description": None}, "row 1: 'image_description' must be a text, but is null."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(load_hub_rankings(write_lines(tmp_path / "a.jsonl", [HUB | change])))
    assert message in str(caught.value)


def test_files_of_captions_that_are_something_else(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the lists test, val, train"):
        list(load_caption_rankings(write_json(tmp_path / "a.json", {"train": []})))
    with pytest.raises(InputError, match="row 1: one of the objects of 'test' is no object"):
        list(load_caption_rankings(write_json(tmp_path / "b.json", {"test": [1]})))
    with pytest.raises(InputError, match="there is no field 'mturk_annotations'"):
        load_descriptions(write_json(tmp_path / "c.json", {"5": {}}))
