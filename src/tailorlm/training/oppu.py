"""OPPU: a LoRA adapter for each user, trained on what that user prefers or wrote.

The paper is "Democratizing Large Language Models via Personalized Parameter-Efficient Fine-tuning"
(Tan et al., 2024). It takes no account of users' comparisons: an adapter learns the best answers
alone. Compare its storage with that of a user model, which is a few vectors per user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

from tailorlm.errors import InputError
from tailorlm.llms._local_load import ADAPTER_FILE
from tailorlm.training._personal import needs_training_packages
from tailorlm.training._run import OnStep, where_is
from tailorlm.training.log import LOG_FILE, TrainingLog, read_log
from tailorlm.training.preferences import Preferences
from tailorlm.training.settings import SftSettings
from tailorlm.training.sft import train_sft

USERS_FILE = "users.json"
_LONGEST_NAME = 100

OnUser = Callable[[str, int, int], None]
"""Told each user before their training: the id, the number from 1, and how many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OppuSettings(SftSettings):
    """How each user's adapter is trained.

    The paper at hand names the method and no settings; these are those of P-DPO, but for steps that
    fit tens of texts.

    Attributes:
        batch_size: Texts per step; ours.
        epochs: Passes over them; ours.
        learning_rate: Of AdamW at its highest; ours.
    """

    batch_size: int = 4
    epochs: int = 3
    learning_rate: float = 2e-4


def train_oppu(
    preferences: Preferences,
    base: str,
    out: str | Path,
    settings: OppuSettings | None = None,
    *,
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
    on_user: OnUser | None = None,
) -> dict[str, TrainingLog]:
    """Train an adapter for each user on the best answers of their comparisons.

    A run that was interrupted goes on with the first user who is not finished.

    Args:
        preferences: What to learn; comparisons of nobody in particular are left out.
        base: A folder, a .gguf file or a hub name of a causal language model.
        out: Folder for the adapters, one folder each, which `local/FOLDER` serves, and
            `users.json`, which says whose each is.
        settings: How to train; None for the defaults.
        device: As torch names it; None takes a CUDA device if there is one.
        replace_old: Whether what `out` holds of another run is replaced.
        on_step: Told each step.
        on_user: Told each user.

    Returns:
        Each user's log.

    Raises:
        InputError: If nobody gave a comparison, or `out` holds a finished run.
        TailorError: As `tailorlm.training.sft.train_sft`.
    """
    needs_training_packages("OPPU")
    settings = settings or OppuSettings()
    out = Path(out)
    users = preferences.users
    _check(users, out, replace_old=replace_old)
    logs: dict[str, TrainingLog] = {}
    for number, user in enumerate(users, start=1):
        if on_user is not None:
            on_user(user, number, len(users))
        folder = out / folder_name(user)
        own = tuple(one for one in preferences.comparisons if one.user == user)
        done = None if replace_old else _finished(folder, base, settings, len(own))
        if done is not None:
            logs[user] = done
            continue
        logs[user] = train_sft(
            Preferences(own),
            base,
            folder,
            settings,
            device=device,
            replace_old=replace_old,
            on_step=on_step,
        )
    _write_index(out, users)
    return logs


def _check(users: Sequence[str], out: Path, *, replace_old: bool) -> None:
    if not users:
        raise InputError("No comparison names a user. OPPU trains one adapter for each.")
    if (out / USERS_FILE).exists() and not replace_old:
        raise InputError(f"{out} holds adapters already. Use --force, or another --out.")


def _write_index(out: Path, users: Sequence[str]) -> None:
    """Write whose adapter lies where."""
    index = {"format": 1, "users": {user: folder_name(user) for user in users}}
    (out / USERS_FILE).write_text(json.dumps(index, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _finished(folder: Path, base: str, settings: OppuSettings, count: int) -> TrainingLog | None:
    """The log of a user's finished training of the same kind, or None."""
    if not ((folder / ADAPTER_FILE).exists() and (folder / LOG_FILE).exists()):
        return None
    log = read_log(folder)
    is_same = log.base == where_is(base) and log.settings == asdict(settings)
    return log if is_same and log.pairs + log.held_out == count else None


def folder_name(user: str) -> str:
    """The name of a user's folder.

    It is the id itself, or where some system could not have it as a name, a form of it that no
    other id has.
    """
    name = quote(user, safe="@+-_,=", errors="replace")
    if name == user.lower() and not name.startswith(".") and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(user.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{name[:_LONGEST_NAME].lstrip('.%')}~{digest}"
