"""TF-IDF: the cosine between the words of the query and those of an item."""

from __future__ import annotations

import numpy as np

from tailorlm.retrievers.base import FloatArray, Retriever
from tailorlm.retrievers.memory import Memory


class TfidfRetriever(Retriever):
    """The scheme lnc.ltc of SMART (Manning, Raghavan and Schuetze 2008, section 6.4.3).

    An item's word weighs ``1 + log(count)``, a query's word ``(1 + log(count)) log(N / n)``, where
    n of N items have it, and both are divided by their lengths. Rarity counts on the query's side
    alone, so that an item's weights do not change when others come.
    """

    name = "tfidf"

    def scores(self, memory: Memory, query: str, now: float | None = None) -> FloatArray:
        """Cosines from 0 to 1, shape (items,)."""
        found = memory.matches(query)
        having = np.bincount(found.words, minlength=len(found.repeats))
        # A word that no item has matches nothing and is taken for one that all have.
        rarity = np.log(max(len(memory), 1) / np.where(having > 0, having, max(len(memory), 1)))
        weights = (1.0 + np.log(found.repeats)) * rarity
        length = float(np.linalg.norm(weights))
        if length == 0.0:
            return np.zeros(len(memory))
        columns = memory.columns
        often = 1.0 + np.log(columns.counts.astype(np.float64))
        norms = np.sqrt(np.bincount(columns.owners, weights=often**2, minlength=len(memory)))
        shares = weights[found.words] / length * (1.0 + np.log(found.counts))
        cosines = np.bincount(found.items, weights=shares, minlength=len(memory))
        return cosines / np.maximum(norms, 1.0)
