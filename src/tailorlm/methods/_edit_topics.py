"""What a text is about, among kinds of matter on which people's wishes for style tend to turn.

Vectors of two short requests say little on whether they are of a kind. How near each lies to a few
broad topics says more: ten edits then suffice to see that somebody writes otherwise to friends than
about money.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tailorlm.encoders.base import MAX_READ, Encoder, encode_query

FloatArray = npt.NDArray[np.float64]

TOPICS: Mapping[str, str] = MappingProxyType(
    {
        "private life": "birthday, wedding, party, family, friends, lunch, dinner, weekend,"
        " congratulations, love, holiday",
        "meetings": "meeting, schedule, calendar, appointment, phone call, available on Monday,"
        " tomorrow at 3 p.m., agenda, invitation",
        "contracts and law": "contract, agreement, legal, lawyer, clause, terms, signature,"
        " amendment, liability, court",
        "money": "invoice, payment, price, cost, bill, tax, dollars, budget, charge, bank, fee",
        "technology": "software, system, server, database, code, bug, network, login, file",
        "goods": "delivery, order, shipment, storage, supply, capacity, volume, stock, product",
        "news": "news, update, status, report, announcement, government, committee, policy",
        "jobs": "job, candidate, interview, resume, hiring, employee, salary, training, visa",
        "travel": "flight, hotel, trip, travel, airport, ticket, itinerary",
        "study": "paper, research, lecture, book, course, university, presentation, conference",
        "health": "doctor, health, illness, hospital, medicine, exercise",
        "complaints": "complaint, problem, mistake, sorry, delay, broken, refund, apology",
    }
)
"""Name and typical words of each topic."""

_SHARPNESS = 20.0
"""Factor on cosines before the softmax."""


def topic_axes(encoder: Encoder) -> FloatArray:
    """Vectors of the topics about their mean, shape (topics, dim)."""
    vectors = np.asarray(encoder.encode(list(TOPICS.values())), dtype=np.float64)
    axes: FloatArray = vectors - vectors.mean(axis=0)
    return axes


def topics_of(text: str, encoder: Encoder, axes: FloatArray) -> FloatArray:
    """How far a text is about each topic, shape (topics,), summing to 1."""
    vector = encode_query(encoder, text[:MAX_READ]).astype(np.float64)
    result: FloatArray = shares(vector[None], axes)[0]
    return result


def shares(vectors: FloatArray, axes: FloatArray) -> FloatArray:
    """How far texts of these vectors (n, dim) are about each topic, (n, topics)."""
    near = _SHARPNESS * (vectors @ axes.T)
    weights = np.exp(near - near.max(axis=1, keepdims=True))
    result: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return result


def likeness(one: FloatArray, other: FloatArray) -> FloatArray:
    """Bhattacharyya coefficients of rows of topic shares, (a, t) and (b, t) to (a, b), 0 to 1."""
    result: FloatArray = np.minimum(np.sqrt(one) @ np.sqrt(other).T, 1.0)
    return result
