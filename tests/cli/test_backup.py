"""`tailorlm backup`: a whole copy while others write, and why there is none."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from tests.cli.conftest import Cli

from tailorlm.store import open_store
from tailorlm.types import Statement


@pytest.fixture
def cli() -> Cli:
    return Cli()


def test_a_copy_made_while_others_write_is_whole(cli: Cli, tmp_path: Path) -> None:
    store = open_store(tmp_path / "tailor.db")
    for number in range(200):
        store.append("ana", Statement(f"Before {number}."))
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            store.append("ana", Statement("Meanwhile."))

    writer = threading.Thread(target=write)
    writer.start()
    said = cli("backup", tmp_path / "copy.db", "--store", tmp_path / "tailor.db")
    stop.set()
    writer.join()
    store.close()
    assert "bytes" in said
    assert sorted(p.name for p in tmp_path.iterdir() if "copy" in p.name) == ["copy.db"]
    copy = open_store(tmp_path / "copy.db")
    positions = [event.position for event in copy.events("ana")]
    assert len(positions) >= 200
    assert positions == list(range(1, len(positions) + 1))
    copy.close()


def test_only_its_owner_reads_a_copy(cli: Cli, tmp_path: Path) -> None:
    open_store(tmp_path / "tailor.db").close()
    cli("backup", tmp_path / "copy.db", "--store", tmp_path / "tailor.db")
    assert (tmp_path / "copy.db").stat().st_mode & 0o077 == 0


def test_a_file_is_replaced_only_if_asked(cli: Cli, tmp_path: Path) -> None:
    store = ("--store", tmp_path / "tailor.db")
    open_store(tmp_path / "tailor.db").close()
    (tmp_path / "copy.db").write_text("mine")
    assert "--force" in cli.error("backup", tmp_path / "copy.db", *store)
    assert (tmp_path / "copy.db").read_text() == "mine"
    cli("backup", tmp_path / "copy.db", "--force", *store)
    open_store(tmp_path / "copy.db").close()
    assert "itself" in cli.error("backup", tmp_path / "tailor.db", "--force", *store)


def test_what_cannot_be_copied_is_explained(cli: Cli, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    missing = cli.error("backup", copy, "--store", tmp_path / "none.db")
    assert "no database" in missing
    assert "memory" in cli.error("backup", copy, "--store", "sqlite://")
    said = cli.error("backup", copy, "--store", "postgresql://ana:secret@host/tailor")
    assert "pg_dump" in said
    assert "secret" not in said
    open_store(tmp_path / "tailor.db").close()
    nowhere = tmp_path / "missing" / "copy.db"
    cli.error("backup", nowhere, "--store", tmp_path / "tailor.db", code=1)
    (tmp_path / "broken.db").write_bytes(b"SQLite format 3\x00" + b"\xff" * 4096)
    assert "not made" in cli.error("backup", copy, "--store", tmp_path / "broken.db", code=1)
    assert not copy.exists()
