from __future__ import annotations

import subprocess
import sys

import pytest

from tailorlm.errors import InputError, UnknownNameError
from tailorlm.llms import create_llm


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openai/meta-llama/Llama-3.1-8B:free", "meta-llama/Llama-3.1-8B:free"),
        (" openai/llama3.2:3b ", "llama3.2:3b"),
    ],
)
def test_models_keep_their_slashes_and_colons(name: str, model: str) -> None:
    llm = create_llm(name)
    assert (llm.name, llm.model, llm.label) == ("openai", model, f"openai/{model}")
    llm.close()


def test_writers_without_models() -> None:
    assert create_llm("builtin").is_demo
    assert create_llm("scripted").label == "scripted"
    with pytest.raises(InputError, match="no models to choose from"):
        create_llm("builtin/large")


@pytest.mark.parametrize("name", ["openai", "openai/", "openai/  "])
def test_a_missing_model_says_how_to_write_it(name: str) -> None:
    with pytest.raises(InputError, match="openai/MODEL"):
        create_llm(name)


@pytest.mark.parametrize("name", ["gpt-4o-mini", "meta-llama/Llama-3.1-8B"])
def test_a_model_alone_is_told_where_it_belongs(name: str) -> None:
    with pytest.raises(UnknownNameError, match=f'"openai/{name}"'):
        create_llm(name)


def test_a_near_name_is_suggested() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'builtin'"):
        create_llm("buildin")
    with pytest.raises(UnknownNameError, match="Did you mean 'openai'"):
        create_llm("OpenAI/gpt-4o-mini")


@pytest.mark.parametrize("name", ["", "/", "/x", "base", "_chat_wire", "x" * 100_000])
def test_other_names_are_unknown_in_one_short_line(name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        create_llm(name)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_demo_and_test_writers_need_no_http_library() -> None:
    code = (
        "import sys; from tailorlm.llms import create_llm; create_llm('builtin');"
        "create_llm('scripted'); sys.exit('httpx' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
