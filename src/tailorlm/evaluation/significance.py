"""Whether a difference can be told from chance, and how many users it takes to tell.

As in `intervals`, the user is what was sampled: all that one user's items say is kept together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.typing import ArrayLike

from tailorlm.errors import InputError

FloatArray = npt.NDArray[np.float64]
PERMUTATIONS = 9_999
LEVEL = 0.05
POWER = 0.8
MOST_USERS = 10_000_000
"""Beyond this many users, nobody is told a number."""

_AT_ONCE = 2_000_000
"""Signs that are drawn together, to bound the memory."""
_ROUNDING = 1e-12
_ONE_TAIL = 6.0
_CERTAIN = 40.0


def sign_flip_p(
    differences: ArrayLike, rng: np.random.Generator, *, permutations: int = PERMUTATIONS
) -> float | None:
    """Two-sided p value of paired differences whose signs could as well be the other ones.

    If two methods are alike, exchanging their names for a user changes nothing: that user's
    difference d_u is as probable as -d_u. With s a random sign per user, ``T(s) = |sum_u s_u d_u|``
    is then distributed as the T that was measured, and::

        p = (k + 1) / (n + 1)

    with k the number of n drawn sign vectors whose T is at least the measured one (Phipson and
    Smyth 2010, "Permutation p-values should never be zero", section 4; signs per cluster: Good
    2005, "Permutation, Parametric and Bootstrap Tests of Hypotheses", section 3.2). Where there
    are no more than `permutations` other vectors, each is counted once in place of drawing: then p
    is exact. It is never below 2 in two to the number of users: with five users at least 0.0625.

    Args:
        differences: Shape (users,): the sum of each user's differences.
        rng: Source of the signs.
        permutations: How many are drawn, from 1.

    Returns:
        p, above 0 and at most 1; None where there is no user.

    Raises:
        InputError: If the shape is another, a value is not finite, or `permutations` is below 1.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1:
        raise InputError(f"One difference per user is needed, but the shape is {values.shape}.")
    return sign_flip_ps(values[None], rng, permutations=permutations)[0]


def sign_flip_ps(
    differences: ArrayLike, rng: np.random.Generator, *, permutations: int = PERMUTATIONS
) -> list[float | None]:
    """What `sign_flip_p` says of each column, with one set of signs for all of them.

    Args:
        differences: Shape (columns, users).
        rng: Source of the signs.
        permutations: How many are drawn, from 1.

    Raises:
        InputError: If the shape is another, a value is not finite, or `permutations` is below 1.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 2 or not np.isfinite(values).all():
        raise InputError(
            "One finite difference per column and user is needed, but the shape is "
            f"{values.shape} and {int((~np.isfinite(values)).sum())} values are not finite."
        )
    if permutations < 1:
        raise InputError(f"The number of permutations is at least 1, but got {permutations}.")
    columns, users = values.shape
    if users == 0:
        return [None] * columns
    sums, sizes = np.abs(values.sum(axis=1)), np.abs(values).sum(axis=1)
    measured = sums - _ROUNDING * sizes
    everything = users < 60 and 2**users - 1 <= permutations
    drawn = 2**users - 1 if everything else permutations
    k = np.zeros(columns, dtype=np.int64)
    step = max(_AT_ONCE // users, 1)
    for start in range(0, drawn, step):
        part = min(step, drawn - start)
        if everything:
            bits = (np.arange(start + 1, start + part + 1)[:, None] >> np.arange(users)) & 1
        else:
            bits = rng.integers(0, 2, size=(part, users), dtype=np.int8)
        signs = 1.0 - 2.0 * bits
        k += (np.abs(signs @ values.T) >= measured).sum(axis=0)
    return [(int(count) + 1) / (drawn + 1) for count in k]


def holm(p_values: Sequence[float | None]) -> tuple[float | None, ...]:
    """The p values corrected for their number: the chance of any false alarm stays that of one.

    With the m values sorted upwards, the i-th becomes ``max_{j <= i} min(1, (m - j + 1) p_j)``
    (Holm 1979, "A simple sequentially rejective multiple test procedure", section 2). None stays
    None and does not count.

    Raises:
        InputError: If a value is not from 0 to 1.
    """
    known = [(p, place) for place, p in enumerate(p_values) if p is not None]
    wrong = [p for p, _ in known if not 0 <= p <= 1]
    if wrong:
        raise InputError(f"A p value is from 0 to 1, but got {wrong[0]}.")
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(sorted(known)):
        largest = max(largest, min(1.0, (len(known) - rank) * p))
        corrected[place] = largest
    return tuple(corrected)


def between_users(numerators: ArrayLike, denominators: ArrayLike) -> float | None:
    """Standard deviation between users of what each says of the ratio ``r = sum a_u / sum b_u``.

    Of the values ``(a_u - r b_u) / mean(b)``, with users - 1 below: to first order, the ratio's
    standard error is this over the root of the number of users (Cochran 1977, "Sampling
    Techniques", equation 6.13). Users with b_u = 0 have no part in it.

    Returns:
        At least 0; None where there are fewer than two users.
    """
    above = np.asarray(numerators, dtype=np.float64)
    below = np.asarray(denominators, dtype=np.float64)
    above, below = above[below > 0], below[below > 0]
    if len(below) < 2:
        return None
    residuals = (above - above.sum() / below.sum() * below) / below.mean()
    return float(math.sqrt(residuals @ residuals / (len(below) - 1)))


def users_needed(
    difference: float, deviation: float, *, level: float = LEVEL, power: float = POWER
) -> int | None:
    """How many users it takes to see a difference as large as this one.

    The least n from 2 for which a two-sided paired t test at `level` finds the difference with
    probability `power`. With delta = sqrt(n) |difference| / deviation and t the quantile of
    Student's distribution, that probability is ``P(|T| > t_{1 - level/2, n-1})`` for T of the
    noncentral t distribution with n - 1 degrees of freedom and noncentrality delta (Cohen 1988,
    "Statistical Power Analysis for the Behavioral Sciences", section 2.3).

    Args:
        difference: Between two methods, of any sign.
        deviation: Between users, as `between_users` gives it; at least 0.
        level: Of the test, between 0 and 1.
        power: Chance to find the difference, between 0 and 1.

    Returns:
        The number; None where no number below ten million would do.

    Raises:
        InputError: If a value is outside its range.
    """
    _check_power(deviation, level, power)
    if not math.isfinite(difference):
        raise InputError(f"The difference must be finite, but is {difference}.")
    if difference == 0:
        return None
    effect = abs(difference) / deviation if deviation > 0 else math.inf
    low, high = 1, 2
    while _chance(effect, high, level) < power:
        low, high = high, high * 2
        if low > MOST_USERS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _chance(effect, middle, level) >= power else (middle, high)
    return high


def detectable(
    users: int, deviation: float, *, level: float = LEVEL, power: float = POWER
) -> float | None:
    """The least difference that so many users show with probability `power`; see `users_needed`.

    Args:
        users: How many there are.
        deviation: Between users, as `between_users` gives it; at least 0.
        level: Of the test, between 0 and 1.
        power: Chance to find the difference, between 0 and 1.

    Returns:
        The difference, at least 0; None for fewer than two users.

    Raises:
        InputError: If a value is outside its range.
    """
    _check_power(deviation, level, power)
    if users < 2:
        return None
    low, high = 0.0, 1.0
    while _chance(high, users, level) < power:
        high *= 2
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if _chance(middle, users, level) >= power else (middle, high)
    return high * deviation


def _chance(effect: float, users: int, level: float) -> float:
    """Power of the two-sided paired t test for a difference of `effect` deviations."""
    from scipy import stats  # takes half a second, which a grid that is finished does not need

    freedom, shift = users - 1, math.sqrt(users) * effect
    bound = float(stats.t.ppf(1 - level / 2, freedom))
    if shift > _CERTAIN * max(bound, 1.0):
        return 1.0
    chance = float(stats.nct.sf(bound, freedom, shift))
    # The other tail is at most the normal one beyond the shift, and not reliable where it is tiny.
    return chance + (float(stats.nct.cdf(-bound, freedom, shift)) if shift < _ONE_TAIL else 0.0)


def _check_power(deviation: float, level: float, power: float) -> None:
    if not (math.isfinite(deviation) and deviation >= 0):
        raise InputError(f"The deviation is finite and at least 0, but is {deviation}.")
    if not (0 < level < 1 and 0 < power < 1):
        raise InputError(
            f"Level and power are between 0 and 1, but are {level} and {power}. "
            f"Usual are {LEVEL} and {POWER}."
        )
