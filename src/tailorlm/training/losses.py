"""What personal models are trained to make small: pure functions of log-probabilities and rewards.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024).
A policy is given as log-probabilities of responses, summed over their tokens: log pi(y | x, u).
A personal loss is a mix of the loss for the user and the loss for the generic user (index 0):

    alpha * loss(user) + (1 - alpha) * loss(generic)

Each function returns one loss per example, shape (n,); its mean is what is trained. In pairs the
first response is the preferred one. In rankings of m responses the best comes first.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn.functional import logsigmoid

from tailorlm.errors import InputError


@dataclass(frozen=True, slots=True)
class PairLogProbs:
    """Log-probabilities of the two responses of each pair, each of shape (n,), natural logs."""

    chosen: torch.Tensor
    rejected: torch.Tensor

    @property
    def margin(self) -> torch.Tensor:
        """How much more likely the chosen response is, as a log ratio, shape (n,)."""
        return self.chosen - self.rejected


def implicit_rewards(policy: torch.Tensor, reference: torch.Tensor, *, beta: float) -> torch.Tensor:
    """The reward that a policy stands for, up to a term that the prompt alone decides.

    beta * log(pi / pi_ref), from equation 4.

    Args:
        policy: Log-probabilities, any shape.
        reference: Those of the model that training began with, same shape.
        beta: How closely the policy is held to the reference, above 0.

    Raises:
        InputError: If `beta` is not above 0.
    """
    _check_beta(beta)
    return beta * (policy - reference)


def dpo_loss(policy: PairLogProbs, reference: PairLogProbs, *, beta: float) -> torch.Tensor:
    """Direct preference optimization (equation 5), shape (n,).

    -log sigmoid(beta * ((log pi - log pi_ref)(chosen) - (log pi - log pi_ref)(rejected)))

    Raises:
        InputError: If `beta` is not above 0.
    """
    _check_beta(beta)
    return -logsigmoid(beta * (policy.margin - reference.margin))


def pdpo_loss(
    user: PairLogProbs,
    generic: PairLogProbs | None,
    reference: PairLogProbs,
    *,
    alpha: float,
    beta: float,
) -> torch.Tensor:
    """Personalized DPO (section 4.4), shape (n,).

    Args:
        user: The policy under each example's user.
        generic: The policy under the generic user; None where alpha is 1, which needs none.
        reference: The model that training began with, which reads no user.
        alpha: Weight of the user's term, [0, 1].
        beta: How closely the policy is held to the reference, above 0.

    Raises:
        InputError: If a setting is out of its range, or `generic` is missing.
    """
    return _mixed(
        alpha,
        dpo_loss(user, reference, beta=beta),
        None if generic is None else dpo_loss(generic, reference, beta=beta),
    )


def ipo_loss(policy: PairLogProbs, reference: PairLogProbs, *, beta: float) -> torch.Tensor:
    """Identity preference optimization (Azar et al., 2024, equation 17), shape (n,).

    (log(pi(chosen) / pi(rejected)) - log(pi_ref(chosen) / pi_ref(rejected)) - 1 / (2 beta))^2

    Appendix F.3 prints quotients of logarithms, where the paper that it cites has logarithms of
    quotients; this is the latter. For a mean over tokens in place of the sum, divide the
    log-probabilities by the lengths of the responses.

    Raises:
        InputError: If `beta` is not above 0.
    """
    _check_beta(beta)
    return (policy.margin - reference.margin - 1 / (2 * beta)) ** 2


def pipo_loss(
    user: PairLogProbs,
    generic: PairLogProbs | None,
    reference: PairLogProbs,
    *,
    alpha: float,
    beta: float,
) -> torch.Tensor:
    """Personalized IPO (appendix F.3), shape (n,); takes and raises what `pdpo_loss` does."""
    return _mixed(
        alpha,
        ipo_loss(user, reference, beta=beta),
        None if generic is None else ipo_loss(generic, reference, beta=beta),
    )


def bradley_terry_loss(chosen: torch.Tensor, rejected: torch.Tensor) -> torch.Tensor:
    """Vanilla reward modelling (equation 1): -log sigmoid(r(chosen) - r(rejected)), shape (n,)."""
    return -logsigmoid(chosen - rejected)


def prm_loss(
    user: tuple[torch.Tensor, torch.Tensor],
    generic: tuple[torch.Tensor, torch.Tensor] | None,
    *,
    alpha: float,
) -> torch.Tensor:
    """Personalized reward modelling (appendix F.2), shape (n,).

    Args:
        user: Rewards of the chosen and of the rejected responses under each example's user.
        generic: The same under the generic user; None where alpha is 1.
        alpha: Weight of the user's term, [0, 1].

    Raises:
        InputError: If `alpha` is out of its range, or `generic` is missing.
    """
    return _mixed(
        alpha,
        bradley_terry_loss(*user),
        None if generic is None else bradley_terry_loss(*generic),
    )


def plackett_luce_loss(scores: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """Negative log-likelihood of rankings under Plackett-Luce, shape (n,).

    -sum over k of (s_k - log sum over j >= k of exp(s_j)). With two responses it is
    `bradley_terry_loss`.

    Args:
        scores: Shape (n, m), of the responses in the order of the ranking, best first.
        mask: Shape (n, m), True where there is a response; each row's responses come first. What a
            masked score is does not matter, not even if it is no number. None takes all.

    Raises:
        InputError: If the mask has another shape, or a hole before a response.
    """
    if mask is None:
        mask = torch.ones_like(scores, dtype=torch.bool)
    elif mask.shape != scores.shape:
        raise InputError(
            f"The mask has the shape {tuple(mask.shape)}, and the scores {tuple(scores.shape)}."
        )
    elif bool((mask[:, 1:] & ~mask[:, :-1]).any()):
        raise InputError("In a ranking the responses come first, and what is masked behind them.")
    # A finite filler: minus infinity would make the gradient of rows of fillers no number.
    kept = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    later = kept.flip(-1).logcumsumexp(-1).flip(-1)
    return (later - kept).masked_fill(~mask, 0.0).sum(-1)


def plackett_luce_pdpo_loss(
    user: torch.Tensor,
    generic: torch.Tensor | None,
    reference: torch.Tensor,
    *,
    alpha: float,
    beta: float,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Personalized DPO of whole rankings (section 4.4 with equation 2 for m responses), shape (n,).

    Args:
        user: Log-probabilities under each example's user, shape (n, m), best response first.
        generic: The same under the generic user; None where alpha is 1.
        reference: The same of the model that training began with.
        alpha: Weight of the user's term, [0, 1].
        beta: How closely the policy is held to the reference, above 0.
        mask: As in `plackett_luce_loss`.

    Raises:
        InputError: If a setting is out of its range, `generic` is missing, or the mask is wrong.
    """

    def loss(policy: torch.Tensor) -> torch.Tensor:
        return plackett_luce_loss(implicit_rewards(policy, reference, beta=beta), mask)

    return _mixed(alpha, loss(user), None if generic is None else loss(generic))


def plackett_luce_prm_loss(
    user: torch.Tensor,
    generic: torch.Tensor | None,
    *,
    alpha: float,
    mask: torch.Tensor | None = None,
) -> torch.Tensor:
    """Personalized reward modelling of whole rankings (appendix F.2 for m responses), shape (n,).

    Args:
        user: Rewards under each example's user, shape (n, m), best response first.
        generic: The same under the generic user; None where alpha is 1.
        alpha: Weight of the user's term, [0, 1].
        mask: As in `plackett_luce_loss`.

    Raises:
        InputError: If `alpha` is out of its range, `generic` is missing, or the mask is wrong.
    """
    return _mixed(
        alpha,
        plackett_luce_loss(user, mask),
        None if generic is None else plackett_luce_loss(generic, mask),
    )


def _mixed(alpha: float, user: torch.Tensor, generic: torch.Tensor | None) -> torch.Tensor:
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha is a weight from 0 to 1, but got {alpha}.")
    if alpha == 1:
        return user
    if generic is None:
        raise InputError(f"With alpha {alpha} the generic user's values are needed. Give them.")
    return generic if alpha == 0 else alpha * user + (1 - alpha) * generic


def _check_beta(beta: float) -> None:
    if not beta > 0:
        raise InputError(f"beta is a number above 0, but got {beta}.")
