"""Multinomial logistic regression with cross-validated penalty and temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse
from scipy.special import log_softmax

FloatArray = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]

STRENGTHS = (1e-2, 1e-3, 1e-4, 1e-5)
"""Strengths of the penalty, in the order in which they are tried."""
_FOLDS = 5
_ITERATIONS = 300


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Features of n texts in two halves, S sparse and D dense ones.

    Attributes:
        sparse: Shape (n, S).
        dense: Shape (n, D).
    """

    sparse: sparse.csr_array
    dense: FloatArray

    def only(self, chosen: npt.NDArray[np.bool_]) -> Rows:
        """The rows that a mask of shape (n,) chooses."""
        return Rows(self.sparse[chosen], self.dense[chosen])

    def logits(self, weights: FloatArray) -> FloatArray:
        """Log odds (n, K) by weights (S + D + 1, K), whose last row is the offset."""
        n_sparse = self.sparse.shape[1]
        return np.asarray(
            self.sparse @ weights[:n_sparse] + self.dense @ weights[n_sparse:-1] + weights[-1]
        )

    def gradient(self, error: FloatArray) -> FloatArray:
        """Derivative (S + D + 1, K) by the weights, where that by the log odds is (n, K)."""
        return np.vstack(
            [self.sparse.T @ error, self.dense.T @ error, error.sum(axis=0, keepdims=True)]
        )


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How one strength of the penalty did on rows that were left out of training.

    Attributes:
        strength: The penalty.
        temperature: What log odds are to be divided by, above 0.
        loss: Negative log probability of the right class at that temperature, in nats, the mean
            over classes.
        accuracy: Share of rows recognised, the mean over classes.
    """

    strength: float
    temperature: float
    loss: float
    accuracy: float


def fit_softmax(rows: Rows, labels: Labels, rng: np.random.Generator) -> tuple[FloatArray, HeldOut]:
    """The weights (S + D + 1, K) under the penalty that does best in cross-validation.

    Penalties are tried from the strongest on, each starting from the weights of the one before,
    until a weaker one does worse.

    Args:
        rows: Features of n texts.
        labels: Shape (n,): classes from 0 to K - 1, each at least twice.
        rng: Assigns rows to the parts of the cross-validation.
    """
    folds = _assign(labels, rng)
    shape = (rows.sparse.shape[1] + rows.dense.shape[1] + 1, int(labels.max()) + 1)
    weights = [np.zeros(shape)] * (int(folds.max()) + 1)
    best, weights = _cross_validate(rows, labels, folds, STRENGTHS[0], weights)
    for strength in STRENGTHS[1:]:
        tried, weights = _cross_validate(rows, labels, folds, strength, weights)
        if tried.loss >= best.loss:
            break
        best = tried
    return train_softmax(rows, labels, best.strength, np.zeros(shape)), best


def train_softmax(rows: Rows, labels: Labels, strength: float, start: FloatArray) -> FloatArray:
    """The weights (S + D + 1, K) of least `penalised_loss`, sought from `start`."""

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = penalised_loss(flat.reshape(start.shape), rows, labels, strength)
        return value, gradient.ravel()

    found = optimize.minimize(
        loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS}
    )
    return np.asarray(found.x).reshape(start.shape)


def penalised_loss(
    weights: FloatArray, rows: Rows, labels: Labels, strength: float
) -> tuple[float, FloatArray]:
    """``- sum_i s_i ln p(y_i | x_i) + strength / 2 sum w^2`` and its gradient.

    The s_i sum to 1, and to the same for each class. The offset is not penalised.
    """
    shares, places = _shares(labels), np.arange(len(labels))
    chances = log_softmax(rows.logits(weights), axis=1)
    penalised = weights.copy()
    penalised[-1] = 0.0
    value = -float(shares @ chances[places, labels]) + strength / 2 * float((penalised**2).sum())
    error = np.exp(chances)
    error[places, labels] -= 1.0
    return value, rows.gradient(error * shares[:, None]) + strength * penalised


def _cross_validate(
    rows: Rows, labels: Labels, folds: Labels, strength: float, starts: Sequence[FloatArray]
) -> tuple[HeldOut, list[FloatArray]]:
    """How a penalty does, and the weights of each part, sought from `starts`."""
    logits = np.zeros((len(labels), starts[0].shape[1]))
    weights = []
    for fold, start in enumerate(starts):
        out = folds == fold
        weights.append(train_softmax(rows.only(~out), labels[~out], strength, start))
        logits[out] = rows.only(out).logits(weights[-1])
    temperature = _temperature(logits, labels)
    chances = log_softmax(logits / temperature, axis=1)[np.arange(len(labels)), labels]
    shares = _shares(labels)
    accuracy = np.average(logits.argmax(axis=1) == labels, weights=shares)
    return HeldOut(strength, temperature, -float(shares @ chances), float(accuracy)), weights


def _temperature(logits: FloatArray, labels: Labels) -> float:
    """The number that log odds are divided by for the least loss.

    To the n rows of each class one is added that is of all K classes alike: the right class of a
    row counts ``(n + 1 / K) / (n + 1)`` and each other one ``(1 / K) / (n + 1)``. Without it, rows
    that are all told apart would make the temperature 0 and every answer certain (after Platt 1999,
    "Probabilistic Outputs for Support Vector Machines", section 2.2).
    """
    n_classes = logits.shape[1]
    counts = np.bincount(labels)[labels].astype(np.float64)
    targets = np.repeat(1.0 / (n_classes * (counts[:, None] + 1.0)), n_classes, axis=1)
    targets[np.arange(len(labels)), labels] += counts / (counts + 1.0)
    targets *= _shares(labels)[:, None]

    def loss(log_temperature: float) -> float:
        return -float((targets * log_softmax(logits / np.exp(log_temperature), axis=1)).sum())

    return float(np.exp(optimize.minimize_scalar(loss, bounds=(-5.0, 5.0), method="bounded").x))


def _assign(labels: Labels, rng: np.random.Generator) -> Labels:
    """The part of the cross-validation that each row is in; each class is in every part."""
    n_folds = min(_FOLDS, int(np.bincount(labels).min()))
    folds = np.zeros(len(labels), dtype=np.intp)
    for label in range(int(labels.max()) + 1):
        own = rng.permutation(np.flatnonzero(labels == label))
        folds[own] = np.arange(len(own)) % n_folds
    return folds


def _shares(labels: Labels) -> FloatArray:
    """How much each row counts: classes count the same, and all sum to 1."""
    counts = np.bincount(labels)
    return np.asarray(1.0 / (counts[labels] * np.count_nonzero(counts)))
