"""Find a model of transformers by what it is called, and load it with its tokenizer."""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tailorlm.errors import InputError, LLMError, MissingExtraError
from tailorlm.hub import first_line, is_downloaded

EXTRA = "local"
ADAPTER_FILE = "adapter_config.json"
"""What tells a folder with an adapter from one with a model."""

_EXAMPLES = (
    '"local/HuggingFaceTB/SmolLM2-135M-Instruct" (a hub name), "local/models/smollm2" (a folder) '
    'or "local/smollm2.gguf"'
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a model comes from.

    Attributes:
        base: A folder, a .gguf file, or a hub name.
        adapter: Folder of a LoRA adapter for it, or None.
    """

    base: str
    adapter: Path | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready to use, with its tokenizer, on `device`."""

    model: Any
    tokenizer: Any
    device: Any


def parse_source(name: str, adapter: str | Path | None = None) -> Source:
    """What "BASE", "BASE+ADAPTER" or "ADAPTER" means; an adapter's folder names its base itself.

    Raises:
        InputError: If nothing is named, a path does not exist, or a folder holds no adapter.
    """
    name = name.strip()
    if not name:
        raise InputError(f"The model is missing. Write it after the slash: {_EXAMPLES}.")
    base, plus, added = name.rpartition("+")
    if adapter is None and plus and not Path(name).expanduser().exists():
        name, adapter = base.strip(), added.strip()
    folder = Path(name).expanduser()
    if adapter is None and (folder / ADAPTER_FILE).is_file():
        return Source(_base_of(folder), folder)
    if adapter is not None:
        _read_config(Path(adapter).expanduser())
    if name.endswith(".gguf") and not folder.is_file():
        raise InputError(f"There is no file {name}. Check the path.")
    if not folder.exists() and (folder.is_absolute() or name.startswith((".", "~"))):
        raise InputError(f"There is no folder {name} with a model. Check the path.")
    base = str(folder) if folder.exists() else name
    return Source(base, None if adapter is None else Path(adapter).expanduser())


def check_installed(what: str, extra: str, *packages: str) -> None:
    """Raise `MissingExtraError` unless every one of `packages` can be imported."""
    if any(find_spec(package) is None for package in packages):
        raise MissingExtraError(what, extra)


def load(
    source: Source, device: str | None = None, quantization: Any = None, dtype: str | None = None
) -> Loaded:
    """The model of a source, in evaluation mode.

    Args:
        source: What to load.
        device: As torch names it ("cpu", "cuda:0"); None takes a CUDA device if there is one.
        quantization: A quantization config of transformers, or None.
        dtype: As torch names it ("float32", "bfloat16"); None takes float32 on a CPU and the
            model's own elsewhere.

    Raises:
        MissingExtraError: If a package is not installed.
        LLMError: If the model is not here, or cannot be loaded.
    """
    file = Path(source.base)
    is_gguf = file.suffix == ".gguf"
    needed = ["torch", "transformers", *(["gguf"] if is_gguf else [])]
    check_installed(
        "The LLM 'local'", EXTRA, *needed, *(["peft"] if source.adapter is not None else [])
    )
    import torch
    import transformers

    place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    where: dict[str, Any] = {"pretrained_model_name_or_path": source.base}
    if is_gguf:
        where = {"pretrained_model_name_or_path": str(file.parent), "gguf_file": file.name}
    elif not file.exists():
        where["local_files_only"] = is_downloaded(source.base, LLMError)
    settings: dict[str, Any] = {"dtype": dtype or ("float32" if place.type == "cpu" else "auto")}
    if quantization is not None:
        settings |= {"quantization_config": quantization, "device_map": {"": place}}
    try:
        with quiet():
            tokenizer = transformers.AutoTokenizer.from_pretrained(**where)
            model = transformers.AutoModelForCausalLM.from_pretrained(**where, **settings)
            model = model if quantization is not None else model.to(place)
    # Loading runs code of several libraries, which raise almost anything for a damaged model.
    except Exception as error:
        raise LLMError(
            f"The model {source.base!r} cannot be loaded: {first_line(error)}. Is it a complete "
            "causal language model of transformers, or a .gguf file that transformers reads?"
        ) from error
    if source.adapter is not None:
        model = _adapted(model, source)
    return Loaded(model.eval(), tokenizer, place)


def _adapted(model: Any, source: Source) -> Any:
    import peft

    try:
        with quiet():
            return peft.PeftModel.from_pretrained(model, str(source.adapter))
    except Exception as error:
        raise LLMError(
            f"The adapter {source.adapter} cannot be put on {source.base!r}: {first_line(error)}. "
            "Was it trained on this model?"
        ) from error


def _base_of(folder: Path) -> str:
    """The base that an adapter names."""
    base = _read_config(folder).get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise InputError(f"{folder / ADAPTER_FILE} names no base. Write local/BASE+{folder}.")
    path = Path(base).expanduser()
    if path.is_absolute() and not path.exists():
        raise InputError(
            f"The adapter {folder} was trained on {base}, which is not there. Say where the model "
            f"is now: local/BASE+{folder}."
        )
    return base


def _read_config(folder: Path) -> dict[str, Any]:
    path = folder / ADAPTER_FILE
    try:
        config = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(f"{folder} holds no adapter: there is no {ADAPTER_FILE} in it.") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {first_line(error)}.") from None
    if not isinstance(config, dict):
        raise InputError(f"{path} is no adapter's configuration.")
    return config


@contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, and no advice that the libraries have for each other."""
    from transformers.utils import logging

    had_bars, level = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    try:
        # Reading a .gguf file shows a bar that cannot be switched off.
        with redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.set_verbosity(level)
        if had_bars:
            logging.enable_progress_bar()
