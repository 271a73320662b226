"""User models: from a user to the soft prompt that goes before what the base reads.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
section 4.3. A user model gives the implicit embedding of T_u tokens of width d. The unknown user
has row 0, the others rows 1 to m in the order of `users`. What is known of a user as text goes
behind it as token embeddings, which takes no weights; `tailorlm.llms._soft_forward` does it.

The paper does not say how the weights begin. Here a user's embedding begins at about the scale of
the base's own token embeddings, and with a shared part every user begins as the unknown one. Nor
does it say at which rate the weights over the centres are learned: see `Cluster.own_rate`.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, TypeVar

import torch
from torch import nn

from tailorlm.errors import InputError
from tailorlm.llms._soft_prefixes import (
    FACTS_FILE,
    KINDS,
    WEIGHTS_FILE,
    SoftPromptFacts,
    check_weights,
    named_weights,
    read_facts,
    read_weights,
    weight_shapes,
)

Model = TypeVar("Model", bound="UserModel")

DEFAULT_SCALE = 0.02
"""Standard deviation of first embeddings where no base is given to take it from."""


class UserModel(nn.Module):  # type: ignore[misc]  # torch brings no types here
    """From rows of users to their soft prompts.

    Attributes:
        kind: "uniform", "individual" or "cluster".
        users: Ids of rows 1 to m.
        tokens: T_u, tokens of a prefix.
        width: d, the length of a token's embedding.
    """

    kind: ClassVar[str]

    def __init__(self, users: Sequence[str], *, tokens: int, width: int) -> None:
        super().__init__()
        if tokens < (0 if self.kind == "uniform" else 1) or width < 1:
            raise InputError(
                "A user model has at least one token (a uniform one may have none) of width 1 or "
                f"more, but got {tokens} and {width}."
            )
        if len(set(users)) < len(users):
            raise InputError("A user is named twice. Name each once.")
        self.users = tuple(users)
        self.tokens = tokens
        self.width = width
        self._row_of = {user: row for row, user in enumerate(self.users, start=1)}

    def rows(self, users: Sequence[str]) -> torch.Tensor:
        """The rows of users, shape (n,), int64; of a user who was never seen it is 0."""
        return torch.tensor([self._row_of.get(user, 0) for user in users], dtype=torch.long)

    @abstractmethod
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The implicit prefixes of rows of shape (n,): shape (n, T_u, d)."""

    @abstractmethod
    def own_parameters(self) -> list[nn.Parameter]:
        """The weights that belong to single users: the offsets o_i, or the weights w_i."""

    @property
    def own_rate(self) -> float:
        """How much faster than its other weights a model's own ones are learned, above 0."""
        return 1.0

    @abstractmethod
    def with_users(self, users: Sequence[str]) -> UserModel:
        """A copy with more users at the end, each of whom begins as the unknown user."""

    @property
    def size(self) -> int:
        """Weights in all."""
        return sum(weight.numel() for weight in self.parameters())

    def facts(
        self,
        base: str,
        base_identity: str,
        *,
        adapter: bool = False,
        user_texts: bool = False,
        rewards: bool = False,
    ) -> SoftPromptFacts:
        """What `soft_prompt.json` says of it; the arguments are those of `SoftPromptFacts`."""
        return SoftPromptFacts(
            base=base,
            base_identity=base_identity,
            user_model=self.kind,
            user_tokens=self.tokens,
            width=self.width,
            clusters=getattr(self, "clusters", None),
            generic=getattr(self, "generic", True) is not None,
            users=self.users,
            adapter=adapter,
            user_texts=user_texts,
            rewards=rewards,
        )

    def filled(self, tensors: Mapping[str, torch.Tensor]) -> UserModel:
        """A copy on the CPU with other weights, given by name."""
        model = make_user_model(
            self.kind,
            self.users,
            tokens=self.tokens,
            width=self.width,
            clusters=getattr(self, "clusters", None),
            generic=getattr(self, "generic", True) is not None,
        )
        return _filled(model, tensors)

    def is_finite(self) -> bool:
        """Whether every weight is a number."""
        return all(bool(torch.isfinite(weight).all()) for weight in self.parameters())

    def tensors(self) -> dict[str, torch.Tensor]:
        """A copy of the weights by name, on the CPU in float32."""
        return {
            name: weight.detach().to("cpu", torch.float32).clone().contiguous()
            for name, weight in self.named_parameters()
        }


class Uniform(UserModel):
    """Example 1: one embedding for all users, which may have no tokens: vanilla training."""

    kind = "uniform"

    def __init__(
        self,
        users: Sequence[str],
        *,
        tokens: int,
        width: int,
        scale: float = DEFAULT_SCALE,
        seed: int = 0,
    ) -> None:
        super().__init__(users, tokens=tokens, width=width)
        self.generic = nn.Parameter(_drawn((tokens, width), scale, seed))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The same for every row, shape (n, T_u, d)."""
        return self.generic.expand(len(rows), -1, -1)

    def own_parameters(self) -> list[nn.Parameter]:
        """None: nobody has weights of their own."""
        return []

    def with_users(self, users: Sequence[str]) -> Uniform:
        """A copy that names more users."""
        more = Uniform((*self.users, *users), tokens=self.tokens, width=self.width)
        return _filled(more, {"generic": self.generic})


class Individual(UserModel):
    """Example 2: a shared embedding and an offset of each user, e0 + o_i.

    Without the shared part a prefix is the offset alone, and the unknown user has the mean of all
    offsets.
    """

    kind = "individual"

    def __init__(
        self,
        users: Sequence[str],
        *,
        tokens: int,
        width: int,
        generic: bool = True,
        scale: float = DEFAULT_SCALE,
        seed: int = 0,
    ) -> None:
        super().__init__(users, tokens=tokens, width=width)
        if not (generic or users):
            raise InputError("Without users and without a shared part there is nothing to learn.")
        first = (tokens, width)
        self.generic = nn.Parameter(_drawn(first, scale, seed)) if generic else None
        offsets = (
            torch.zeros((len(users), *first))
            if generic
            else _drawn((len(users), *first), scale, seed)
        )
        self.offsets = nn.Parameter(offsets)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The shared part with each row's offset, shape (n, T_u, d)."""
        unknown = (rows == 0)[:, None, None]
        if self.generic is None:
            offsets = self.offsets[(rows - 1).clamp(min=0)]
            return torch.where(unknown, self.offsets.mean(0), offsets)
        if not self.users:
            return self.generic.expand(len(rows), -1, -1)
        return self.generic + self.offsets[(rows - 1).clamp(min=0)].masked_fill(unknown, 0.0)

    def own_parameters(self) -> list[nn.Parameter]:
        """The offsets."""
        return [self.offsets]

    def with_users(self, users: Sequence[str]) -> Individual:
        """A copy with more users at the end, each of whom begins as the unknown user."""
        more = Individual(
            (*self.users, *users),
            tokens=self.tokens,
            width=self.width,
            generic=self.generic is not None,
        )
        shape = (len(users), self.tokens, self.width)
        if self.generic is not None:
            new = self.offsets.new_zeros(shape)
            old = {"generic": self.generic}
        else:
            new = self.offsets.mean(0).expand(shape)
            old = {}
        return _filled(more, {**old, "offsets": torch.cat([self.offsets, new])})


class Cluster(UserModel):
    """Example 3: each user, the unknown one too, mixes K shared centres, V w_i."""

    kind = "cluster"

    def __init__(
        self,
        users: Sequence[str],
        *,
        tokens: int,
        width: int,
        clusters: int,
        scale: float = DEFAULT_SCALE,
        seed: int = 0,
    ) -> None:
        super().__init__(users, tokens=tokens, width=width)
        if clusters < 1:
            raise InputError(f"clusters is a whole number from 1, but got {clusters}.")
        self.clusters = clusters
        self.centres = nn.Parameter(_drawn((clusters, tokens, width), scale, seed))
        # Independent centres at these equal weights add up to an embedding of the same scale.
        weights = torch.full((len(users) + 1, clusters), 1 / math.sqrt(clusters))
        self.weights = nn.Parameter(weights)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """The centres as each row mixes them, shape (n, T_u, d)."""
        return torch.einsum("nk,ktd->ntd", self.weights[rows], self.centres)

    def own_parameters(self) -> list[nn.Parameter]:
        """The weights w_i, those of the unknown user first."""
        return [self.weights]

    @property
    def own_rate(self) -> float:
        """So much that a step of the weights moves a prefix as far as a step of an offset does.

        AdamW moves every weight by about its rate. With all of w_i, that moves an entry of V w_i
        by the rate times sqrt(K) and the size of the centres' entries, which is far below 1.
        """
        size = float(self.centres.detach().square().mean().sqrt())
        return 1 / max(math.sqrt(self.clusters) * size, 1e-6)

    def with_users(self, users: Sequence[str]) -> Cluster:
        """A copy with more users at the end, each of whom begins as the unknown user."""
        more = Cluster(
            (*self.users, *users), tokens=self.tokens, width=self.width, clusters=self.clusters
        )
        new = self.weights[:1].expand(len(users), -1)
        old = {"centres": self.centres, "weights": torch.cat([self.weights, new])}
        return _filled(more, old)


def make_user_model(
    kind: str,
    users: Sequence[str],
    *,
    tokens: int,
    width: int,
    clusters: int | None = None,
    generic: bool = True,
    scale: float = DEFAULT_SCALE,
    seed: int = 0,
) -> UserModel:
    """A user model by its name.

    Args:
        kind: "uniform", "individual" or "cluster".
        users: Ids of the users, each once.
        tokens: T_u, from 1; for a uniform model from 0.
        width: d, the base's embedding width.
        clusters: K, for a cluster model alone.
        generic: Whether an individual model has a shared part.
        scale: Standard deviation of the first embeddings; see `embedding_scale`.
        seed: Of the first embeddings.

    Raises:
        InputError: If a setting cannot be used.
    """
    if kind not in KINDS:
        raise InputError(f"A user model is one of {', '.join(KINDS)}, but got {kind[:40]!r}.")
    if kind == "cluster" and clusters is None:
        raise InputError("A cluster model needs a number of clusters. Give it.")
    if kind == "uniform":
        return Uniform(users, tokens=tokens, width=width, scale=scale, seed=seed)
    if kind == "individual":
        return Individual(
            users, tokens=tokens, width=width, generic=generic, scale=scale, seed=seed
        )
    return Cluster(
        users, tokens=tokens, width=width, clusters=clusters or 0, scale=scale, seed=seed
    )


def embedding_scale(embeddings: torch.Tensor) -> float:
    """Standard deviation of a base's token embeddings, shape (vocabulary, d)."""
    return float(embeddings.detach().float().std())


def parameter_count(
    kind: str,
    users: int,
    *,
    tokens: int,
    width: int,
    clusters: int | None = None,
    generic: bool = True,
) -> int:
    """Weights of a user model for m users, as section 4.3 counts them.

    Uniform: T_u d. Individual: (m + 1) T_u d with a shared part, m T_u d without. Cluster: K T_u d
    for the centres, and (m + 1) K weights.
    """
    each = tokens * width
    if kind == "uniform":
        return each
    if kind == "individual":
        return (users + generic) * each
    return (clusters or 0) * (each + users + 1)


def write_user_model(folder: str | Path, model: UserModel, facts: SoftPromptFacts) -> None:
    """Write `soft_prompt.json` and `user_model.safetensors`; the folder is there already.

    The weights come first, so that a folder with the facts has them too.

    Raises:
        InputError: If the facts are about another model.
    """
    from safetensors.torch import save

    tensors = model.tensors()
    shapes = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    if shapes != weight_shapes(facts):
        raise InputError("What is to be written of a user model does not describe this one.")
    folder = Path(folder)
    for name, content in (
        (WEIGHTS_FILE, save(tensors, metadata={"format": "pt"})),
        (FACTS_FILE, facts.as_json().encode()),
    ):
        part = folder / f"{name}.part"
        part.write_bytes(content)
        part.replace(folder / name)


def read_user_model(folder: str | Path) -> tuple[UserModel, SoftPromptFacts]:
    """The user model of a folder, to train on, and what the folder says of it.

    Raises:
        InputError: If it holds none, or a damaged one.
    """
    folder = Path(folder).expanduser()
    facts = read_facts(folder)
    tensors = named_weights(facts, read_weights(folder / WEIGHTS_FILE))
    check_weights(facts, tensors, folder / WEIGHTS_FILE)
    model = make_user_model(
        facts.user_model,
        facts.users,
        tokens=facts.user_tokens,
        width=facts.width,
        clusters=facts.clusters,
        generic=facts.generic,
    )
    return _filled(model, tensors), facts


def _drawn(shape: tuple[int, ...], scale: float, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(shape, generator=generator)


def _filled(model: Model, tensors: Mapping[str, torch.Tensor]) -> Model:
    """A model with these weights, its own copies."""
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.data = tensors[name].detach().clone()
    return model
