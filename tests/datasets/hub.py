"""A hub in the place of the real one: it has some data sets, or nobody reaches it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


class FakeHub:
    """Writes the files of the data sets it is given, and remembers what it was asked."""

    def __init__(self, files: dict[str, dict[str, str]] | None) -> None:
        self.files = files
        self.asked: list[dict[str, Any]] = []

    def dataset_info(self, name: str, timeout: float) -> None:
        if self.files is None:
            raise ConnectionError("Name or service not known.\nmore")
        if name not in self.files:
            raise ValueError(f"404 {name}")

    def snapshot_download(self, name: str, **options: Any) -> str:
        assert self.files is not None
        self.asked.append({"name": name, **options})
        folder = Path(options["local_dir"])
        for file, text in self.files[name].items():
            path = folder / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return str(folder)


def fake_hub(monkeypatch: pytest.MonkeyPatch, files: dict[str, dict[str, str]] | None) -> FakeHub:
    """Put a hub with these files by data set in place; None for one that nobody reaches."""
    hub = FakeHub(files)
    module = ModuleType("huggingface_hub")
    module.HfApi = lambda: hub  # type: ignore[attr-defined]
    module.snapshot_download = hub.snapshot_download  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    return hub
