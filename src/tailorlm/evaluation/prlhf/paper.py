"""Figures of the paper, which stand beside ours.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
tables 1, 4, 5 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping

VANILLA = "vanilla DPO"
INDIVIDUAL = "P-DPO individual"
CLUSTER_5 = "P-DPO cluster K=5"
SHORT_PREFIX = "P-DPO individual, T_u=1"
ONLY_OWN = "P-DPO individual, α=1.0"
WITHOUT_SHARED = "P-DPO individual, without e0"
CLUSTER_2 = "P-DPO cluster K=2"

TOP, GENERIC = "Accuracy-top", "Accuracy-generic"
MAJORITY, MINORITY = "Accuracy-average, majority", "Accuracy-average, minority"
METRICS = (TOP, GENERIC, MAJORITY, MINORITY)

_ACCURACIES: Mapping[tuple[int, str], tuple[float, float, float, float]] = {
    (10, VANILLA): (58.91, 55.37, 74.82, 25.10),
    (10, INDIVIDUAL): (91.04, 55.34, 89.26, 94.35),
    (10, CLUSTER_5): (91.12, 54.55, 89.24, 94.78),
    (10, SHORT_PREFIX): (88.78, 54.92, 85.92, 94.15),
    (10, ONLY_OWN): (93.54, 54.87, 92.37, 95.23),
    (10, WITHOUT_SHARED): (88.88, 54.77, 87.13, 91.96),
    (10, CLUSTER_2): (72.79, 55.01, 82.32, 51.24),
    (40, VANILLA): (54.91, 57.58, 67.96, 30.61),
    (40, INDIVIDUAL): (92.97, 57.85, 91.94, 95.14),
    (40, CLUSTER_5): (91.74, 56.77, 90.27, 94.44),
}
"""Percentages by workers and model, in the order of `METRICS`."""

WIN_RATES: Mapping[str, tuple[float, ...]] = {
    "SFT": (91.67, 86.36, 100.00, 59.57, 96.00, 100.00),
    VANILLA: (95.92, 86.67, 100.00, 63.04, 100.00, 100.00),
}
"""Of P-DPO against others, in percent, of users P1A, P1B, P2A, P2B, P3A and P3B (table 1)."""


def accuracy(workers: int, model: str, metric: str) -> float | None:
    """A share of the paper; None where it gives none."""
    found = _ACCURACIES.get((workers, model))
    return None if found is None else round(found[METRICS.index(metric)] / 100, 4)


def table_of(workers: int, model: str) -> str:
    """The table that a model stands in."""
    if workers != 10:
        return "Table 6"
    return "Table 4" if model in (VANILLA, INDIVIDUAL, CLUSTER_5) else "Table 5"
