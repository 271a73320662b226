"""Rewrites by people: with and without a user, and what is refused."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from tailorlm.datasets.rewrites import DEMOGRAPHICS, Rewrite, load_rewrites
from tailorlm.errors import InputError

HEADER = ("instance_id", "user_id", "original email", "revised email", *DEMOGRAPHICS)
KNOWN = ("7", "12", "send it\nnow", "Could you send it, please?", "Man", "", "", "Student", "")
UNKNOWN = ("7", "", "send it\nnow", "Please send it.", "", "", "", "", "")


def write(path: Path, rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER) -> Path:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([header, *rows])
    content = stream.getvalue().encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def test_fields(tmp_path: Path) -> None:
    known, unknown = load_rewrites(write(tmp_path / "r.csv.gz", [KNOWN, UNKNOWN]))
    assert known == Rewrite(
        instance="7",
        user="12",
        original="send it\nnow",
        revised="Could you send it, please?",
        demographics={"gender": "Man", "occupation": "Student"},
    )
    assert unknown.user is None
    assert unknown.demographics == {}


def test_what_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with pytest.raises(InputError, match="row 5: 'revised email' is empty"):
        load_rewrites(write(path, [KNOWN, (*UNKNOWN[:3], " ", *UNKNOWN[4:])]))
    with pytest.raises(InputError, match="row 3: there is no field 'original email'"):
        load_rewrites(write(path, [KNOWN], (*HEADER[:2], "original", *HEADER[3:])))
    with pytest.raises(InputError, match="'age' must be a text, but is null"):
        load_rewrites(write(path, [KNOWN[:6]]))
    with pytest.raises(InputError, match="holds no rows"):
        load_rewrites(write(path, []))


def test_the_real_data() -> None:
    folder = Path(os.environ.get("TAILORLM_DATA", "../shared/data")) / "popquorn"
    if not folder.is_dir():
        pytest.skip(f"there is no folder {folder}")
    rewrites = load_rewrites(folder / "email_rewriting_raw.csv.gz")
    assert len(rewrites) == 2346
    assert len({row.user for row in rewrites if row.user is not None}) == 227
    assert sum(row.user is None for row in rewrites) == 80
