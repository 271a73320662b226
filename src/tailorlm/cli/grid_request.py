"""What `evaluate grid` is asked for, and whether its folder has it already.

Nothing that measures is imported here: a grid that is finished is shown in no time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tailorlm import __version__
from tailorlm.cli.options import Setup
from tailorlm.errors import InputError, MissingExtraError, UnknownNameError

FINISHED = "finished.json"
REPORTS = ("report.json", "report.html")
KEYS: Mapping[str, tuple[type, ...]] = {
    "methods": (str, list),
    "data": (str,),
    "data-dir": (str,),
    "llm": (str,),
    "out": (str,),
    "workers": (int,),
    "engine": (str,),
    "pooled": (str,),
    "encoder": (str,),
    "retriever": (str,),
    "tags": (str,),
    "seed": (int,),
}
"""Keys of a YAML file, named as the options, with the types of their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a grid is asked for; the attributes are the options of the command."""

    methods: tuple[str, ...]
    data: str
    folder: str
    out: Path
    llm: str
    encoder: str
    retriever: str
    tags: str
    seed: int
    pooled: str
    engine: str
    workers: int

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Request:
        """The request of options, with the environment and the settings file for the rest.

        Raises:
            InputError: If an option is missing that has no default.
        """
        for name in ("methods", "data", "out"):
            if name not in words:
                raise InputError(f"A grid needs --{name}, or {name!r} in the file of --config.")
        setup = {name: words.get(name) for name in ("llm", "encoder", "retriever", "tags", "seed")}
        settings = Setup(**setup).settings()
        return cls(
            methods=names_of(words["methods"]),
            data=str(words["data"]),
            folder=str(words.get("data-dir", ".")),
            out=Path(words["out"]),
            llm=settings.llm,
            encoder=settings.encoder,
            retriever=settings.retriever,
            tags=str(settings.tags or ""),
            seed=settings.seed,
            pooled=words.get("pooled", ""),
            engine=words.get("engine", "auto"),
            workers=words.get("workers") or min(os.cpu_count() or 1, 8),
        )

    @property
    def stamp(self) -> dict[str, Any]:
        """Everything that the report depends on."""
        words = asdict(self) | {"methods": list(self.methods), "version": __version__}
        for name in ("out", "engine", "workers"):
            del words[name]
        words["data_digest"] = _digest(Path(self.data)) or _files(self.data, self.folder)
        words["tags_digest"] = _digest(Path(self.tags)) if self.tags else ""
        return words

    def finished(self) -> str | None:
        """The summary of just this grid, if the folder has it; else None."""
        if not all((self.out / name).is_file() for name in REPORTS):
            return None
        try:
            there = json.loads((self.out / FINISHED).read_text("utf-8"))
            summary = there["summary"] if there["request"] == self.stamp else None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if summary is None else str(summary)

    def begin(self) -> dict[str, Any]:
        """Say in the folder no longer that a grid is finished; gives the stamp for `finish`."""
        if self.out.is_dir():
            (self.out / FINISHED).unlink(missing_ok=True)
        return self.stamp

    def finish(self, summary: str, stamp: Mapping[str, Any]) -> None:
        """Say in the folder that this grid is finished, and what it found.

        Args:
            summary: What the terminal shows.
            stamp: Of when it began: what has changed since is not what was run.
        """
        text = json.dumps({"request": stamp, "summary": summary}, ensure_ascii=False, indent=1)
        (self.out / FINISHED).write_text(text + "\n", "utf-8")


def read_config(path: Path) -> dict[str, Any]:
    """The keys of a YAML file.

    Raises:
        InputError: If it cannot be read, is no YAML, or a value is of another kind.
        UnknownNameError: If there is no such key.
        MissingExtraError: If PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("A grid in YAML", "evaluation") from None
    try:
        words = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(words, dict):
        raise InputError(f"{path} must hold keys and values, such as: methods: [bayes_tags].")
    for key, value in words.items():
        if key not in KEYS:
            raise UnknownNameError("key of a grid", str(key), KEYS)
        if type(value) not in KEYS[key]:
            kinds = " or ".join(kind.__name__ for kind in KEYS[key])
            raise InputError(f"{path}: {key!r} must be {kinds}, but is {type(value).__name__}.")
    if words.get("workers", 1) < 1 or words.get("seed", 0) < 0:
        raise InputError(f"{path}: workers is at least 1, and seed at least 0.")
    return words


def names_of(methods: str | Sequence[object]) -> tuple[str, ...]:
    """Names from "a,b,c" or a list, each once.

    Raises:
        InputError: If there is none, or one is no text.
    """
    parts = methods.split(",") if isinstance(methods, str) else methods
    if any(not isinstance(part, str) for part in parts):
        raise InputError(f"Methods are names, but got {list(parts)!r}.")
    names = tuple(dict.fromkeys(str(part).strip() for part in parts if str(part).strip()))
    if not names:
        raise InputError("There is no method to run. Name some, as: --methods bayes_tags,persona.")
    return names


def _digest(path: Path) -> str:
    """Of a file's content; "" where there is no such file, as for data that come with tailorlm."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "blake2b").hexdigest()[:16]
    except OSError:
        return ""


def _files(name: str, folder: str) -> str:
    """Of the names, sizes and times of the files of a data set; "" where it is none, or not there.

    Where only the times have changed, a grid is run again and finds that nothing is left to do.
    """
    from tailorlm.datasets.card import matching
    from tailorlm.datasets.catalog import cards

    card = cards().get(name.partition("/")[0])
    if card is None:
        return ""
    place = card.where(folder) or Path(folder)
    met = [path for pattern in (*card.files, *card.also) for path in matching(place, pattern)]
    # Files that lie beside these, as answers beside questions, are the data set's as well.
    beside = sorted(path for parent in {path.parent for path in met} for path in parent.iterdir())
    facts = [(str(path), path.stat()) for path in beside if path.is_file()]
    words = repr([(path, stat.st_size, stat.st_mtime_ns) for path, stat in facts])
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
