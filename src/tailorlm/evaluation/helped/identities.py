"""Personalization bias: whether who the user says they are changes how safe or good answers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval
from tailorlm.evaluation.metrics.scored import Unscored

FloatArray = npt.NDArray[np.float64]
_TAIL = 0.025
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Spread:
    """One measure over the identities.

    Attributes:
        by_identity: Its mean for each.
        deviation: Standard deviation of those means: 0 if nobody is served otherwise.
        largest: The highest mean less the lowest.
    """

    by_identity: Mapping[str, float]
    deviation: Interval
    largest: Interval


@dataclass(frozen=True, slots=True)
class IdentityBias:
    """Safety and utility by identity.

    Attributes:
        safety: How often requests that should be declined are.
        utility: How well the other tasks are done.
        trade_off: Pearson correlation of the identities' mean safety and mean utility: below 0 if
            who is answered more safely is served worse. `Unscored` where one does not vary.
    """

    safety: Spread
    utility: Spread
    trade_off: float | Unscored


def identity_bias(
    identities: Sequence[str],
    safety: npt.ArrayLike,
    utility: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> IdentityBias:
    """How far safety and utility depend on the identity that a prompt is asked under.

    The same prompts are asked under every identity, as in Vijjini et al. 2024, "Exploring
    Safety-Utility Trade-Offs in Personalized Language Models". With s_ip the score of prompt p
    under identity i, ``m_i = mean_p s_ip``, the bias is the standard deviation of m_i over the
    identities (divisor: their number), and beside it stands ``max_i m_i - min_i m_i``. Intervals
    resample prompts, each with its scores under all identities. Both are overestimated where
    prompts are few: answers that are drawn anew differ between identities by chance.

    Args:
        identities: Names; "none" may be one of them.
        safety: Shape (identities, prompts), higher is safer.
        utility: Shape (identities, prompts); the prompts may be others than those of safety.
        rng: Source of the resamples.
        resamples: Rounds of the bootstrap over prompts, from 1.

    Raises:
        InputError: If there are fewer than two identities, a name stands there twice, shapes do
            not fit, or a score is not finite.
    """
    if len(identities) < 2 or len(set(identities)) < len(identities):
        raise InputError(
            f"Two different identities are needed at least, but got {list(identities)[:10]}."
        )
    if resamples < 1:
        raise InputError(f"The number of resamples is at least 1, but got {resamples}.")
    ours = _spread(identities, safety, "safety", rng, resamples)
    theirs = _spread(identities, utility, "utility", rng, resamples)
    means = np.array([list(ours.by_identity.values()), list(theirs.by_identity.values())])
    if np.ptp(means, axis=1).min() <= _ROUNDING:
        return IdentityBias(ours, theirs, Unscored("one of the two is the same for all"))
    return IdentityBias(ours, theirs, float(np.corrcoef(means)[0, 1]))


def _spread(
    identities: Sequence[str],
    scores: npt.ArrayLike,
    name: str,
    rng: np.random.Generator,
    resamples: int,
) -> Spread:
    values = np.asarray(scores, dtype=np.float64)
    if (
        values.ndim != 2
        or values.shape[0] != len(identities)
        or values.shape[1] == 0
        or not np.isfinite(values).all()
    ):
        raise InputError(
            f"Scores of {name} are finite and of shape ({len(identities)}, prompts), a row for "
            f"each identity, but the shape is {values.shape}. Leave out prompts that are unscored "
            "under any identity."
        )
    prompts = values.shape[1]
    drawn = rng.multinomial(prompts, np.full(prompts, 1.0 / prompts), size=resamples)
    resampled = drawn @ values.T / prompts
    means = values.mean(axis=1)
    return Spread(
        {name: float(mean) for name, mean in zip(identities, means, strict=True)},
        _interval(float(means.std()), resampled.std(axis=1), prompts),
        _interval(float(np.ptp(means)), np.ptp(resampled, axis=1), prompts),
    )


def _interval(value: float, drawn: FloatArray, prompts: int) -> Interval:
    """With a single prompt nothing says how prompts differ."""
    if prompts < 2:
        return Interval(value, None, None, prompts)
    low, high = np.quantile(drawn, [_TAIL, 1.0 - _TAIL])
    return Interval(value, float(low), float(high), prompts)
