"""`import tailorlm` is cheap, and its public names are few and documented."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys

import pytest

import tailorlm

SECONDS = 0.3
HEAVY = (
    "torch",
    "transformers",
    "fastapi",
    "openai",
    "matplotlib",
    "sqlalchemy",
    "numpy",
    "scipy",
)
PROBE = f"""
import json, sys, time
start = time.perf_counter()
import tailorlm
seconds = time.perf_counter() - start
print(json.dumps([seconds, sorted(set(sys.modules) & set({HEAVY!r}))]))
"""


EXTRAS = (
    "torch",
    "transformers",
    "peft",
    "llm",
    "sentence_transformers",
    "fastapi",
    "openai",
    "matplotlib",
    "nltk",
    "pyarrow",
    "rouge_score",
)
IMPORT_ALL = f"""
import importlib, sys
for name in {EXTRAS!r}:
    sys.modules[name] = None  # as if it were not installed
for name in sys.argv[1:]:
    importlib.import_module(name)
"""
RUN_ONLY = ("tailorlm.store.migrations.env", "tailorlm.cli.__main__")
NEEDS_ITS_EXTRA = (
    "tailorlm.service",
    "tailorlm.training.losses",
    "tailorlm.training.user_models",
    "tailorlm.training._objectives",
    "tailorlm.training._processes",
    "tailorlm.training._soft_",
)
"""The gateway, and what computes with tensors, are of no use without their extras, so they import
them like anything else. What starts a training does not."""


def import_once() -> tuple[float, list[str]]:
    """Seconds the import takes in a fresh interpreter, and the heavy modules it loads."""
    run = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    seconds, loaded = json.loads(run.stdout)
    return seconds, loaded


def test_import_is_quick_and_loads_nothing_heavy() -> None:
    runs = [import_once() for _ in range(5)]
    assert min(seconds for seconds, _ in runs) < SECONDS
    assert [loaded for _, loaded in runs if loaded] == []


def test_every_module_can_be_imported_without_an_extra() -> None:
    found = pkgutil.walk_packages(tailorlm.__path__, "tailorlm.")
    modules = sorted({module.name for module in found} - set(RUN_ONLY))
    modules = [name for name in modules if not name.startswith(NEEDS_ITS_EXTRA)]
    command = [sys.executable, "-c", IMPORT_ALL, *modules]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]


def test_at_most_twenty_public_names() -> None:
    assert 0 < len(tailorlm.__all__) <= 20
    assert list(tailorlm.__all__) == sorted(tailorlm.__all__)
    assert dir(tailorlm) == sorted(tailorlm.__all__)


@pytest.mark.parametrize("name", tailorlm.__all__)
def test_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(tailorlm, name)
    # `inspect.getdoc` would take a base class's docstring for its own.
    doc = value.__doc__
    assert doc
    assert not doc.startswith(f"{name}("), "the docstring is the one dataclasses generate"
    assert inspect.getmodule(value).__name__.startswith("tailorlm.")


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Taylor'"):
        tailorlm.Taylor  # noqa: B018
