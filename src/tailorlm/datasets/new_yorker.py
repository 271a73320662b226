"""Articles of The New Yorker by author, out of All the News 2.0.

Shashidhar et al. (2024) let preference agents write like them. All the News 2.0 (Thompson 2020) is
one CSV file, ``all-the-news-2-1.csv``, with the columns ``date``, ``year``, ``month``, ``day``,
``author``, ``title``, ``article``, ``url``, ``section`` and ``publication``; other columns, such as
numbers of rows, are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import read_table
from tailorlm.datasets.card import Card, find_file

LICENCE = (
    "All the News 2.0 (components.one): for research, not commercial; the articles belong to their "
    "publishers. Not part of this package."
)
NEW_YORKER = "New Yorker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One article.

    Attributes:
        author: Who wrote it, as the file has it.
        title: Its headline.
        date: When it came out, as the file has it.
        text: The article.
    """

    author: str
    title: str
    date: str
    text: str


def load_articles(path: str | Path, publication: str = NEW_YORKER) -> Iterator[Article]:
    """Read the articles of one publication, plain or gzip, in the order of the file.

    Articles without an author or a text are passed over.

    Args:
        path: The CSV file.
        publication: Whose, as the file has it; a leading "The" and case make no difference.

    Raises:
        InputError: If the file cannot be read or lacks a column, with the line a row ends on.
    """
    wanted = _plain_name(publication)
    for row in read_table(path):
        author, text = row.get("author", str).strip(), row.get("article", str).strip()
        if _plain_name(row.get("publication", str)) == wanted and author and text:
            yield Article(
                author=author,
                title=row.get("title", str).strip(),
                date=row.get("date", str).strip(),
                text=text,
            )


def _plain_name(publication: str) -> str:
    return publication.strip().casefold().removeprefix("the ")


def _open(folder: Path, split: str) -> Iterator[Article]:
    return load_articles(find_file(folder, "all-the-news-2-1.csv", "*.csv"))


CARDS = (
    Card(
        name="new_yorker",
        title="New Yorker, articles by author",
        use="long texts in a house's or an author's style",
        terms="research, not commercial",
        licence=LICENCE,
        source="https://components.one/datasets/all-the-news-2-news-articles-dataset",
        citation="Thompson 2020, All the News 2.0",
        fields={
            "date": "when it came out",
            "author": "who wrote it",
            "title": "the headline",
            "article": "the text",
            "publication": "who published it; only The New Yorker is read",
        },
        files=("*.csv",),
        open=_open,
        folders=("all_the_news", "all-the-news-2-1"),
    ),
)
