"""The folder of a trained soft prompt: which base it is for, and every user's own prefix.

`soft_prompt.json` says what it is, `user_model.safetensors` holds the embeddings. A LoRA adapter of
the base lies beside them, or the whole base in `model/` where all of it was trained.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from tailorlm.errors import InputError
from tailorlm.hub import first_line
from tailorlm.llms._local_load import Source, parse_source

FORMAT = 1
FACTS_FILE = "soft_prompt.json"
WEIGHTS_FILE = "user_model.safetensors"
MODEL_FOLDER = "model"
"""Where the base lies if all of its weights were trained."""
KINDS = ("uniform", "individual", "cluster")

_SAMPLED_ROWS = 4096
"""Rows of the base's embeddings, at most, that its identity is made from, besides its shape."""
_SHAPE_NAMES = (
    "model_type", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
    "num_key_value_heads", "vocab_size",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftPromptFacts:
    """What `soft_prompt.json` says.

    Attributes:
        base: Folder, .gguf file or hub name of the base.
        base_identity: What `base_identity` gave for it.
        user_model: "uniform", "individual" or "cluster".
        user_tokens: Tokens of an implicit prefix, T_u.
        width: Length d of a token's embedding.
        clusters: Centres K of a cluster model, else None.
        generic: Whether an individual model has a shared part e0; the others always do.
        users: Ids in the order of the rows, without the unknown user.
        adapter: Whether a LoRA adapter of the base lies in the folder.
        user_texts: Whether training put texts about the users behind their prefixes.
        rewards: Whether it was trained to tell what answers are worth, not to write them.
    """

    base: str
    base_identity: str
    user_model: str
    user_tokens: int
    width: int
    clusters: int | None = None
    generic: bool = True
    users: tuple[str, ...] = ()
    adapter: bool = False
    user_texts: bool = False
    rewards: bool = False

    def as_json(self) -> str:
        """The content of `soft_prompt.json`."""
        row = {"format": FORMAT, **asdict(self), "users": list(self.users)}
        return json.dumps(row, indent=1, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Prefixes:
    """The prefix of every user of a folder.

    Attributes:
        folder: Where they were read from.
        facts: What the folder is.
        rows: Prefix of the unknown user, then of each user in order, shape (m + 1, T_u, d).
    """

    folder: Path
    facts: SoftPromptFacts
    rows: Any
    _row_of: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        places = {user: place for place, user in enumerate(self.facts.users, start=1)}
        object.__setattr__(self, "_row_of", places)

    def knows(self, user: str) -> bool:
        """Whether a prefix was trained for a user."""
        return user in self._row_of

    def row_of(self, user: str) -> int:
        """The row of a user's prefix; 0 for an unknown user, whose prefix is the generic one."""
        return self._row_of.get(user, 0)

    def of(self, user: str) -> Any:
        """A user's prefix, shape (T_u, d)."""
        return self.rows[self.row_of(user)]

    @property
    def source(self) -> Source:
        """The model that the prefixes go before.

        Raises:
            InputError: If it is not where it was.
        """
        if (self.folder / MODEL_FOLDER).is_dir():
            return Source(str(self.folder / MODEL_FOLDER))
        base = Path(self.facts.base).expanduser()
        if base.is_absolute() and not base.exists():
            raise InputError(
                f"{self.folder} was trained on {base}, which is not there. Put it back, or write "
                f"where it is now as 'base' in {FACTS_FILE}."
            )
        return parse_source(self.facts.base, self.folder if self.facts.adapter else None)


def read_facts(folder: str | Path) -> SoftPromptFacts:
    """What a folder says of itself.

    Raises:
        InputError: If it holds no soft prompt, a damaged one, or one of a newer tailorlm.
    """
    path = Path(folder).expanduser() / FACTS_FILE
    try:
        row = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(
            f"{path.parent} holds no soft prompt: there is no {FACTS_FILE} in it. Name the folder "
            "that `tailorlm train pdpo --out` wrote."
        ) from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {first_line(error)}.") from None
    if not isinstance(row, dict) or "format" not in row:
        raise InputError(f"{path} describes no soft prompt.")
    if row["format"] != FORMAT:
        raise InputError(f"{path} has format {str(row['format'])[:20]}. Update tailorlm.")
    known = {each.name for each in fields(SoftPromptFacts)}
    values: dict[str, Any] = {name: value for name, value in row.items() if name in known}
    try:
        values["users"] = tuple(values.get("users", ()))
        facts = SoftPromptFacts(**values)
    except TypeError as error:
        raise InputError(f"{path} is damaged: {first_line(error)}.") from None
    _check_facts(facts, path)
    return facts


def read_prefixes(folder: str | Path) -> Prefixes:
    """The prefixes of a folder.

    Raises:
        InputError: If it holds no soft prompt, a damaged one, or one of a newer tailorlm.
    """
    folder = Path(folder).expanduser()
    facts = read_facts(folder)
    path = folder / WEIGHTS_FILE
    weights = named_weights(facts, read_weights(path))
    check_weights(facts, weights, path)
    return Prefixes(folder, facts, user_rows(facts, weights))


def read_weights(path: Path) -> dict[str, Any]:
    """The tensors of a user model's file, in float32.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return {name: value.float() for name, value in load(path.read_bytes()).items()}
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path} cannot be read: {first_line(error)}.") from None


def weight_shapes(facts: SoftPromptFacts) -> dict[str, tuple[int, ...]]:
    """The tensors that a user model consists of, with their shapes (section 4.3)."""
    token = (facts.user_tokens, facts.width)
    users = len(facts.users)
    if facts.user_model == "cluster":
        clusters = facts.clusters or 0
        return {"centres": (clusters, *token), "weights": (users + 1, clusters)}
    if facts.user_model == "uniform":
        return {"generic": token}
    offsets = (users, *token)
    return {"generic": token, "offsets": offsets} if facts.generic else {"offsets": offsets}


def named_weights(facts: SoftPromptFacts, weights: dict[str, Any]) -> dict[str, Any]:
    """The tensors without rows behind those of the users that the facts name.

    There are such rows while users are being added: their weights are written before their names,
    so that a folder is whole at every moment.
    """
    rows = {name: shape[0] for name, shape in weight_shapes(facts).items()}
    own = {"offsets", "weights"}
    return {
        name: value[: rows[name]] if name in own and name in rows else value
        for name, value in weights.items()
    }


def check_weights(facts: SoftPromptFacts, weights: dict[str, Any], path: Path) -> None:
    """Raise `InputError` unless the tensors of a file are those that the facts promise."""
    for name, shape in weight_shapes(facts).items():
        found = tuple(weights[name].shape) if name in weights else "missing"
        if found != shape:
            raise InputError(
                f"{path} does not fit {FACTS_FILE}: {name!r} is {found}, and should be {shape}. "
                "Take both files from the same run."
            )
        if not bool(weights[name].isfinite().all()):
            raise InputError(f"{path} is damaged: {name!r} holds what is no number.")


def user_rows(facts: SoftPromptFacts, weights: dict[str, Any]) -> Any:
    """Every user's prefix from a user model's tensors, the unknown user's first.

    A uniform model gives all the same; an individual one e0 + o_i, and e0 for the unknown user, or
    without e0 the mean of the offsets; a cluster model V w_i (section 4.3, examples 1 to 3).

    Returns:
        Shape (m + 1, T_u, d), differentiable in the weights.
    """
    import torch

    if facts.user_model == "cluster":
        return torch.einsum("uk,ktd->utd", weights["weights"], weights["centres"])
    if facts.user_model == "uniform":
        return weights["generic"].expand(len(facts.users) + 1, -1, -1)
    offsets = weights["offsets"]
    if not facts.generic:
        return torch.cat([offsets.mean(0, keepdim=True), offsets])
    generic = weights["generic"][None]
    return torch.cat([generic, generic + offsets])


def base_identity(model: Any) -> str:
    """A digest that tells one base from another, also from one of the same shape.

    It is made of the architecture's sizes and of the signs of the token embeddings, in rows evenly
    apart: no rounding changes a sign, so it is the same in any precision and on any device.
    """
    import torch

    config = model.config.get_text_config()
    weight = model.get_input_embeddings().weight.detach()
    sizes = {name: getattr(config, name, None) for name in _SHAPE_NAMES}
    described = json.dumps({**sizes, "embeddings": list(weight.shape)}, sort_keys=True)
    rows = weight[:: -(-len(weight) // _SAMPLED_ROWS)]
    signs = torch.signbit(rows).cpu().numpy()
    return hashlib.sha256(described.encode() + np.packbits(signs).tobytes()).hexdigest()


def check_base(model: Any, prefixes: Prefixes) -> None:
    """Raise `InputError` unless prefixes were trained on this model."""
    facts = prefixes.facts
    width = model.get_input_embeddings().weight.shape[1]
    is_own = (prefixes.folder / MODEL_FOLDER).is_dir()
    if width == facts.width and (is_own or base_identity(model) == facts.base_identity):
        return
    raise InputError(
        f"{prefixes.folder} was trained on another model than {prefixes.source.base!r} is now "
        f"(embeddings of {facts.width:,} numbers there, {width:,} here). Put the model back that "
        f"it was trained on, or name it as 'base' in {FACTS_FILE}."
    )


def _check_facts(facts: SoftPromptFacts, path: Path) -> None:
    wrong = ""
    if facts.user_model not in KINDS:
        wrong = f"the user model is {str(facts.user_model)[:40]!r}, not one of {', '.join(KINDS)}"
    elif facts.user_model == "cluster" and not _is_count(facts.clusters):
        wrong = "a cluster model has a number of 'clusters' from 1"
    elif not (_is_count(facts.width) and isinstance(facts.user_tokens, int)):
        wrong = "'width' and 'user_tokens' are whole numbers"
    elif facts.user_tokens < (0 if facts.user_model == "uniform" else 1):
        wrong = "there are no user tokens"
    elif not all(isinstance(user, str) and user for user in facts.users):
        wrong = "'users' are not all names"
    elif len(set(facts.users)) < len(facts.users):
        wrong = "a user is named twice"
    elif facts.user_model == "individual" and not (facts.generic or facts.users):
        wrong = "it has neither users nor a generic part"
    if wrong:
        raise InputError(f"{path} is damaged: {wrong}.")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
