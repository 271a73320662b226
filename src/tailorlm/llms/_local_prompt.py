"""A conversation as the tokens that a local model reads, within its context."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import groupby
from typing import Any

from tailorlm.errors import InputError, LLMContextError
from tailorlm.types import Message

PLAIN_STOP = "\n### "
"""Ends an answer of a model without a chat template: the next heading."""

_HEADINGS = {"system": "Instructions", "user": "User", "assistant": "Answer"}


def has_template(tokenizer: Any) -> bool:
    """Whether the model brings a chat template."""
    return bool(getattr(tokenizer, "chat_template", None))


def render(tokenizer: Any, messages: Sequence[Message]) -> str:
    """A conversation as one text that ends where the answer begins.

    Where a template knows no system messages, or wants the roles to take turns, the system message
    is put before the first user message and neighbours of one role are joined. A model without a
    template is given plain headings ("### User"), and its answer ends at the next one.

    Raises:
        InputError: If the template refuses the conversation even so.
    """
    if not has_template(tokenizer):
        parts = [f"### {_HEADINGS[message.role]}\n{message.content}" for message in messages]
        return "\n\n".join([*parts, f"### {_HEADINGS['assistant']}\n"])
    refusal: Exception | None = None
    for turns in (messages, in_turns(messages)):
        try:
            return _templated(tokenizer, turns)
        except Exception as error:  # noqa: BLE001 - templates are programs and raise what they like
            refusal = error
    raise InputError(
        f"The model's chat template refuses the conversation: {str(refusal)[:200]}. It has to "
        "begin with the user, and the roles have to take turns."
    ) from refusal


def in_turns(messages: Sequence[Message]) -> list[Message]:
    """The conversation without a system role, its roles taking turns, nothing left out."""
    as_user = [
        Message("user", message.content) if message.role == "system" else message
        for message in messages
    ]
    return [
        Message(role, "\n\n".join(message.content for message in group))
        for role, group in groupby(as_user, key=lambda message: message.role)
    ]


def token_ids(tokenizer: Any, messages: Sequence[Message]) -> list[int]:
    """The tokens of `render`; a template writes the model's special tokens itself."""
    text = render(tokenizer, messages)
    # A lone surrogate is valid in a Python string and an error in a tokenizer.
    text = text.encode("utf-8", "replace").decode()
    encoded = tokenizer(text, add_special_tokens=not has_template(tokenizer))
    return [int(token) for token in encoded["input_ids"]]


def user_text_ids(tokenizer: Any, text: str) -> list[int]:
    """The tokens of what is known of a user as text, read before a prompt; none for a blank one."""
    text = text.encode("utf-8", "replace").decode().strip()
    if not text:
        return []
    encoded = tokenizer(text + "\n\n", add_special_tokens=False)
    return [int(token) for token in encoded["input_ids"]]


def fitted_ids(tokenizer: Any, messages: Sequence[Message], room: int, least: int) -> list[int]:
    """The tokens of a conversation, without its oldest turns where they leave too little room.

    System messages and the last message always stay, and count.

    Args:
        tokenizer: The model's.
        messages: The conversation, ending with the message to answer.
        room: Tokens that the prompt should have at most.
        least: Tokens that it must have at most: a prompt between the two leaves a shorter answer.

    Raises:
        LLMContextError: If the instructions and the last message alone do not fit `least`.
    """
    ids = token_ids(tokenizer, messages)
    if len(ids) <= room:
        return ids
    system = [message for message in messages if message.role == "system"]
    rest = [message for message in messages if message.role != "system"]
    starts = [place for place, message in enumerate(rest) if message.role == "user" and place]
    cuts = [*(start for start in starts if start < len(rest) - 1), max(len(rest) - 1, 0)]

    def shortened(cut: int) -> list[int]:
        return token_ids(tokenizer, [*system, *rest[cut:]])

    first = bisect_left(cuts, True, key=lambda cut: len(shortened(cut)) <= room)
    ids = shortened(cuts[min(first, len(cuts) - 1)])
    if len(ids) > least:
        raise LLMContextError(
            f"The instructions and the message to answer take {len(ids):,} tokens, and the model "
            f"reads {least:,} at most. Shorten them, or use a model with a longer context."
        )
    return ids


def _templated(tokenizer: Any, messages: Sequence[Message]) -> str:
    turns = [{"role": message.role, "content": message.content} for message in messages]
    text: str = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    return text
