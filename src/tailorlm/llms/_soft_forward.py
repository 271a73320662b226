"""A causal language model that reads embeddings before its text: inputs, masks, log-probabilities.

A row of a batch is concat(implicit prefix, explicit user text, prompt, response): the first as
embeddings, the rest as tokens that the model's own table embeds (Li et al., 2024, sections 4.3
and 4.4). Rows are filled up on either side and the mask hides the filling; positions count from 0
at each row's first token, so that neither the side nor the company changes what a row gives.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tailorlm.errors import InputError

Side = Literal["left", "right"]

FILLER = 0
"""The token that rows are filled up with. The mask hides it, so that any will do."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model reads behind an implicit prefix, in tokens.

    Attributes:
        prompt: What is asked, as the model's own template writes it.
        response: What is answered, with the token that ends it; () where it is to be written.
        text: What is known of the user as text, before the prompt.
    """

    prompt: tuple[int, ...]
    response: tuple[int, ...] = ()
    text: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """All tokens in order."""
        return (*self.text, *self.prompt, *self.response)


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch of n rows for a model.

    Attributes:
        embeddings: Shape (n, width, d).
        mask: 1 where there is something to read, shape (n, width).
        positions: Of each token in its row, from 0, shape (n, width).
        lengths: How much there is to read in each row.
    """

    embeddings: Any
    mask: Any
    positions: Any
    lengths: tuple[int, ...]

    def for_model(self, model: Any) -> dict[str, Any]:
        """The arguments of the model's call. Models without positions go by the mask alone."""
        given = {"inputs_embeds": self.embeddings, "attention_mask": self.mask}
        if "position_ids" in forward_parameters(model):
            given["position_ids"] = self.positions
        return given


def forward_parameters(model: Any) -> frozenset[str]:
    """The names of what a model's call takes, those of the base if an adapter is on it."""
    base = model.get_base_model() if hasattr(model, "get_base_model") else model
    return frozenset(inspect.signature(base.forward).parameters)


def inputs_of(
    model: Any, readings: Sequence[Reading], prefixes: Any = None, side: Side = "left"
) -> Inputs:
    """A batch as embeddings.

    Args:
        model: Embeds the tokens.
        readings: The rows, at least one.
        prefixes: Implicit prefixes, shape (n, T_u, d); None for none. Gradients reach them.
        side: Where shorter rows are filled up.

    Raises:
        InputError: If there is no row, or one with nothing to read.
    """
    import torch

    count = 0 if prefixes is None else prefixes.shape[1]
    if not readings or any(not (reading.prompt or reading.text or count) for reading in readings):
        raise InputError("There is no prompt to read. Give every example a prompt.")
    table = model.get_input_embeddings()
    place = table.weight.device
    longest = max(len(reading.ids) for reading in readings)
    ids = torch.full((len(readings), longest), FILLER, dtype=torch.long)
    mask = torch.zeros((len(readings), longest), dtype=torch.long)
    starts = [longest - len(reading.ids) if side == "left" else 0 for reading in readings]
    for row, (start, reading) in enumerate(zip(starts, readings, strict=True)):
        end = start + len(reading.ids)
        ids[row, start:end] = torch.tensor(reading.ids, dtype=torch.long)
        mask[row, start:end] = 1
    embedded, mask = table(ids.to(place)), mask.to(place)
    if count:
        front = prefixes.to(embedded.device, embedded.dtype)
        embedded = torch.cat([front, embedded], 1)
        mask = torch.cat([mask.new_ones((len(readings), count)), mask], 1)
        if side == "left":
            order = _moved_behind_filling(starts, count, embedded.shape[1]).to(place)
            embedded = embedded.gather(1, order[..., None].expand_as(embedded))
            mask = mask.gather(1, order)
    positions = (mask.cumsum(-1) - 1).clamp(min=0)
    lengths = tuple(count + len(reading.ids) for reading in readings)
    return Inputs(embedded, mask, positions, lengths)


def response_log_probs(
    model: Any, readings: Sequence[Reading], prefixes: Any = None, side: Side = "left"
) -> Any:
    """Log-probabilities of responses, log pi(y | x, u), summed over their tokens.

    Args:
        model: A causal language model of transformers, with or without an adapter.
        readings: Prompts with their responses. An empty response has log-probability 0.
        prefixes: Implicit prefixes, shape (n, T_u, d); None for the base as it is.
        side: Where shorter rows are filled up; it does not change the result. On the left the
            model's last layer is computed for the responses alone, which is faster.

    Returns:
        Shape (n,), float32, differentiable.

    Raises:
        InputError: If there is no row, or a row without anything before its response.
    """
    token_log_probs, mask = response_token_log_probs(model, readings, prefixes, side)
    return (token_log_probs * mask).sum(-1)


def response_token_log_probs(
    model: Any, readings: Sequence[Reading], prefixes: Any = None, side: Side = "left"
) -> tuple[Any, Any]:
    """Log-probability of each token of each response; takes and raises what the sum does.

    Returns:
        Log-probabilities of shape (n, longest response), float32, and the mask of the same shape
        that is True where there is a token. What is masked is 0.
    """
    import torch

    batch = inputs_of(model, readings, prefixes, side)
    longest = max(len(reading.response) for reading in readings)
    shape = (len(readings), longest)
    targets = torch.full(shape, FILLER, dtype=torch.long)
    mask = torch.zeros(shape, dtype=torch.bool)
    for row, reading in enumerate(readings):
        kept = len(reading.response)
        targets[row, longest - kept :] = torch.tensor(reading.response, dtype=torch.long)
        mask[row, longest - kept :] = True
    device = batch.embeddings.device
    targets, mask = targets.to(device), mask.to(device)
    logits = _logits_before_responses(model, batch, longest, side).float()
    # Not log_softmax, which would hold the whole vocabulary's log-probabilities for the gradient.
    chosen = logits.gather(-1, targets[..., None])[..., 0] - logits.logsumexp(-1)
    return chosen.masked_fill(~mask, 0.0), mask


def last_hidden(
    model: Any, readings: Sequence[Reading], prefixes: Any = None, side: Side = "left"
) -> Any:
    """The last layer's state at each row's last token, shape (n, d): what a reward head reads.

    The arguments are those of `response_log_probs` (appendix F.2, soft prompting).
    """
    batch = inputs_of(model, readings, prefixes, side)
    given = batch.for_model(model) | {"output_hidden_states": True, "use_cache": False}
    if "logits_to_keep" in forward_parameters(model):
        given["logits_to_keep"] = 1
    states = model(**given).hidden_states[-1]
    if side == "left":
        return states[:, -1]
    rows = range(len(readings))
    return states[list(rows), [length - 1 for length in batch.lengths]]


def _logits_before_responses(model: Any, batch: Inputs, longest: int, side: Side) -> Any:
    """The logits that foretell each row's response, aligned on their right: (n, longest, words)."""
    import torch

    given = batch.for_model(model) | {"use_cache": False}
    if side == "left":
        if "logits_to_keep" in forward_parameters(model):
            given["logits_to_keep"] = longest + 1
        logits = model(**given).logits
        return logits[:, -longest - 1 : -1]
    logits = model(**given).logits
    ends = torch.tensor(batch.lengths, device=logits.device)[:, None]
    places = ends - 1 - torch.arange(longest, 0, -1, device=logits.device)
    places = places.clamp(min=0)
    return logits.gather(1, places[..., None].expand(-1, -1, logits.shape[-1]))


def _moved_behind_filling(starts: Sequence[int], count: int, width: int) -> Any:
    """Where each place of a row is taken from, so that the filling comes before the prefix.

    A row is prefix (`count`), filling (`start`), tokens; it becomes filling, prefix, tokens.
    """
    import torch

    order = torch.arange(width).repeat(len(starts), 1)
    for row, start in enumerate(starts):
        order[row, :start] = torch.arange(count, count + start)
        order[row, start : start + count] = torch.arange(count)
    return order
