"""Retrievers by registry name, and the memories they search."""

from __future__ import annotations

import inspect
from typing import Any

from tailorlm import registry
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError, nearest
from tailorlm.retrievers.base import Hit, Retriever
from tailorlm.retrievers.memory import Item, Memory

__all__ = ["Hit", "Item", "Memory", "Retriever", "create_retriever"]


def create_retriever(name: str, encoder: Encoder | None = None, **settings: Any) -> Retriever:
    """The retriever of a registry name, as ``create_retriever("bm25", k1=1.5)``.

    Args:
        name: Registry name: "bm25", "tfidf", "dense", "recency", "hybrid".
        encoder: The encoder that fills the memories; for those that need it.
        settings: What its constructor takes besides.

    Raises:
        UnknownNameError: If there is none, with a near name.
        InputError: If the encoder is missing, or a setting is unknown or cannot be used.
    """
    found: type[Retriever] = registry.find(registry.RETRIEVERS, name.strip())
    known = list(inspect.signature(found).parameters)[int(found.needs_encoder) :]
    for key in settings:
        if key not in known:
            near = nearest(key, known)
            hint = f" Did you mean {near!r}?" if near else ""
            raise InputError(
                f"The retriever {name!r} has no setting {key!r}.{hint} "
                f"It has: {', '.join(known) or 'none'}."
            )
    if not found.needs_encoder:
        return found(**settings)
    if encoder is None:
        raise InputError(f"The retriever {name!r} compares vectors. Give it an encoder.")
    return found(encoder, **settings)  # type: ignore[call-arg]
