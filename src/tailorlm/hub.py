"""Models and data sets by hub name, without waiting for a network that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tailorlm.errors import InputError, MissingExtraError, TailorError

PATIENCE = 5.0
"""Seconds that the hub has to answer."""


def is_downloaded(name: str, failure: type[TailorError]) -> bool:
    """Whether a hub model is here; False if it is not and the hub has it.

    Whether the hub answers is asked once and briefly: a machine that is offline would otherwise
    wait through the retries of each file.

    Args:
        name: The model, as "sentence-transformers/all-MiniLM-L6-v2".
        failure: The error to raise.

    Raises:
        TailorError: `failure`, if it is not here and the hub does not have it or cannot be reached.
    """
    import huggingface_hub

    try:
        huggingface_hub.snapshot_download(name, local_files_only=True)
        return True
    except (OSError, ValueError):
        pass
    try:
        huggingface_hub.HfApi().model_info(name, timeout=PATIENCE)
        return False
    # What fails here depends on the hub library's version and its network stack.
    except Exception as error:
        raise failure(
            f"The model {name!r} is neither a folder nor downloaded, and the hub does not give it: "
            f"{first_line(error)}. Offline, give the folder of a model, or download it where "
            "there is a network and copy it into the hub cache (HF_HOME). HF_HUB_OFFLINE=1 keeps "
            "the network from being tried."
        ) from error


def download_dataset(name: str, folder: Path, patterns: Sequence[str] = ()) -> None:
    """Copy the files of a data set on the hub into a folder; what is there already is kept.

    Args:
        name: The data set, as "HannahRoseKirk/prism-alignment".
        folder: Where the files go.
        patterns: Which files, as "*.jsonl"; empty for all.

    Raises:
        InputError: If the hub cannot be reached, does not have it, or breaks off.
        MissingExtraError: If the hub's library is not installed.
    """
    try:
        import huggingface_hub
    except ImportError:
        raise MissingExtraError("Downloading from the hub", "hub") from None
    try:
        huggingface_hub.HfApi().dataset_info(name, timeout=PATIENCE)
        huggingface_hub.snapshot_download(
            name,
            repo_type="dataset",
            local_dir=folder,
            allow_patterns=list(patterns) or None,
        )
    # What fails here depends on the hub library's version and its network stack.
    except Exception as error:
        raise InputError(
            f"The hub does not give the data set {name!r}: {first_line(error)}. Offline, download "
            f"https://huggingface.co/datasets/{name} where there is a network and copy its files "
            f"into {folder}."
        ) from error


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its type, without a full stop."""
    text = str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:300]
