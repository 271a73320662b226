"""Find a method, an LLM, an encoder, a retriever or a detector of personal data by name.

The names are the files of a folder: ``methods/bayes_tags.py`` holds the method "bayes_tags".
Other packages add theirs by entry points in the groups ``tailorlm.methods``, ``tailorlm.llms``,
``tailorlm.encoders``, ``tailorlm.retrievers`` and ``tailorlm.privacy``, each naming a class.
Nothing is imported until it is asked for; a class that needs an extra imports it in its
constructor.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from tailorlm.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Kind:
    """A folder of things that are found by name.

    Attributes:
        word: What one of them is called in messages.
        folder: The package that holds them, also the entry point group.
        others: Public modules of the folder that hold none.
    """

    word: str
    folder: str
    others: frozenset[str] = frozenset({"base"})


METHODS = Kind("method", "tailorlm.methods")
LLMS = Kind("LLM", "tailorlm.llms")
ENCODERS = Kind("encoder", "tailorlm.encoders")
RETRIEVERS = Kind(
    "retriever",
    "tailorlm.retrievers",
    frozenset({"base", "memory", "prompts", "queries", "wording"}),
)
DETECTORS = Kind(
    "detector",
    "tailorlm.privacy",
    frozenset({"base", "checksums", "placeholders", "pseudonyms", "streaming"}),
)


def names(kind: Kind) -> list[str]:
    """All names of a kind, sorted; nothing is imported but the folder itself."""
    return sorted({*_module_names(kind), *_plugins(kind)})


def find(kind: Kind, name: str) -> Any:
    """The class of a name.

    Raises:
        UnknownNameError: If nothing has that name, with a near one.
    """
    if name in _module_names(kind):
        return _class_of(kind, name)
    plugins = _plugins(kind)
    if name in plugins:
        return plugins[name].load()
    raise UnknownNameError(kind.word, name, names(kind))


def split_model(name: str) -> tuple[str, str]:
    """Split "openai/gpt-4o-mini" into registry name and model ("" when there is none)."""
    entry, _, model = name.partition("/")
    return entry, model


def _module_names(kind: Kind) -> set[str]:
    folder = importlib.import_module(kind.folder)
    found = {module.name for module in pkgutil.iter_modules(folder.__path__)}
    return {name for name in found - kind.others if not name.startswith("_")}


def _plugins(kind: Kind) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=kind.folder)}


def _class_of(kind: Kind, name: str) -> Any:
    module_name = f"{kind.folder}.{name}"
    module = importlib.import_module(module_name)
    for _, value in inspect.getmembers(module, inspect.isclass):
        if value.__module__ == module_name and getattr(value, "name", None) == name:
            return value
    raise UnknownNameError(kind.word, name, names(kind), f"{module_name} holds no such class.")
