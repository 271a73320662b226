"""Settings and state of PREMIUM-Embed, and the state as bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from tailorlm.errors import InputError, StateError
from tailorlm.methods._premium_heads import Weights
from tailorlm.methods._said import Said
from tailorlm.methods.base import MethodConfig

_HEAD = struct.Struct("<III")
_RATES = {"head": 1e-3, "full": 5e-5}
_SCALES = {"head": 5.0, "full": 20.0}
_BATCHES = {"head": 30, "full": 15}


@dataclass(frozen=True, slots=True, kw_only=True)
class PremiumEmbedConfig(MethodConfig):
    """Settings of `premium_embed`, with the paper's symbols.

    The values of the paper's Table 8 are not known to us. These were chosen by experiment at 3
    of 50 tags and 112 turns; the page of the method shows what the others gave.

    Attributes:
        form: "head" trains linear maps over the injected encoder, "full" two whole encoders.
        model: Folder or hub name of the sentence-transformers model that "full" starts from.
        tags_per_answer: Ordinary tags of a candidate (k).
        random: Candidates of a turn drawn uniformly (m_r); the first never is.
        buffer: Newest turns that an epoch draws its batches from (s).
        first: Turns before the first epoch.
        new_turns: Turns between two epochs (d).
        batches: Batches of an epoch (bnm); None is 30 for "head" and 15 for "full".
        batch_turns: Turns of a batch (bsz).
        learning_rate: Of AdamW; None is 0.001 for "head" and 0.00005 for "full".
        entropy: Weight of the negative entropy (delta).
        scale: Factor of the dot product of unit vectors; None is 5 for "head" and 20 for "full".
        rank: Rank of the linear maps of "head".
        replay: Whether turns are used again; without, each new turn is in one batch only.
        online: Whether candidates follow what was learned; without, several candidates come from
            the untrained encoders, and only an answer shown alone is a learned one.
        pairs: Whether a candidate has one style of each pair of the library.
    """

    form: Literal["head", "full"] = "head"
    model: str = ""
    tags_per_answer: int = 3
    random: int = 1
    buffer: int = 40
    first: int = 16
    new_turns: int = 8
    batches: int | None = None
    batch_turns: int = 8
    learning_rate: float | None = None
    entropy: float = 0.003
    scale: float | None = None
    rank: int = 16
    replay: bool = True
    online: bool = True
    pairs: bool = True

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if self.form not in ("head", "full"):
            raise InputError(f"form is 'head' or 'full', but got {self.form!r}.")
        if self.form == "full" and not self.model:
            raise InputError(
                "The full form fine-tunes a sentence-transformers model: give its folder or hub "
                "name as `model`."
            )
        if not 1 <= self.tags_per_answer <= 16:
            raise InputError(f"tags_per_answer is 1 to 16, but got {self.tags_per_answer}.")
        for name in ("buffer", "first", "new_turns", "batches", "batch_turns", "rank"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name} is at least 1, but got {value}.")
        for name in ("random", "entropy"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is at least 0, but got {getattr(self, name)}.")
        if not self.factor > 0 or not self.rate > 0:
            raise InputError(
                f"scale and learning_rate are positive, but got {self.factor} and {self.rate}."
            )

    @property
    def rate(self) -> float:
        """The learning rate in use."""
        return _RATES[self.form] if self.learning_rate is None else self.learning_rate

    @property
    def steps(self) -> int:
        """The number of batches in use."""
        return _BATCHES[self.form] if self.batches is None else self.batches

    @property
    def factor(self) -> float:
        """The scale in use."""
        return _SCALES[self.form] if self.scale is None else self.scale


@dataclass(frozen=True)
class PremiumEmbedState:
    """What is known of one user. The turns of the replay buffer are in the log, not here.

    Nothing in it depends on the order or number of the library's tags.

    Attributes:
        weights: What the encoders have learned, flat, in float16; None before the first epoch.
        epochs: Epochs so far.
        fresh: Comparisons since the last one.
        evidence: Comparisons that bear on a tag, and the day of the newest (since 1970-01-01).
        chances: Probability of each tag at the last epoch, averaged over the buffer's queries.
        said: What the user said.
    """

    weights: Weights | None = None
    epochs: int = 0
    fresh: int = 0
    evidence: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    chances: Mapping[str, float] = field(default_factory=dict)
    said: Said = field(default_factory=Said)


def state_to_bytes(state: PremiumEmbedState) -> bytes:
    """Lengths, what is counted and what was said as JSON, and the weights as float16."""
    counted = json.dumps(
        [state.epochs, state.fresh, state.evidence, state.chances], ensure_ascii=False
    ).encode()
    weights = b"" if state.weights is None else state.weights.astype("<f2").tobytes()
    said = state.said.to_bytes()
    return _HEAD.pack(len(counted), len(said), len(weights)) + counted + said + weights


def state_from_bytes(data: bytes, size: int) -> PremiumEmbedState:
    """The state of `state_to_bytes`.

    Args:
        data: The bytes.
        size: Length of the weights that the encoders have.

    Raises:
        StateError: If the bytes are damaged or of other encoders.
    """
    try:
        n_counted, n_said, n_weights = _HEAD.unpack_from(data)
        said_at = _HEAD.size + n_counted
        end = said_at + n_said
        if len(data) != end + n_weights:
            raise ValueError("its length is wrong")
        epochs, fresh, evidence, chances = json.loads(data[_HEAD.size : said_at])
        said = Said.from_bytes(data[said_at:end])
        evidence = {tag: (int(count), int(day)) for tag, (count, day) in evidence.items()}
        weights = np.frombuffer(data, "<f2", offset=end).astype(np.float16)
    except (struct.error, ValueError, TypeError, AttributeError) as error:
        raise StateError(f"The premium_embed state is damaged ({error}). Rebuild it.") from None
    if n_weights and len(weights) != size:
        raise StateError(
            f"The state has {len(weights):,} weights, the encoders {size:,}. Rebuild it."
        )
    trained = weights if n_weights else None
    return PremiumEmbedState(trained, epochs, fresh, evidence, chances, said)
