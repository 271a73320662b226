"""Losses against numbers worked out by hand, finite differences, TRL, and the paper's lemmas."""

from __future__ import annotations

import math
from collections import defaultdict
from types import SimpleNamespace
from typing import Any

import pytest
from tests.llms.tiny_llm import needs_transformers

from tailorlm.errors import InputError

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'tailorlm[train]'")

from tailorlm.training.losses import (  # noqa: E402 - after the check that torch is there
    PairLogProbs,
    bradley_terry_loss,
    dpo_loss,
    implicit_rewards,
    ipo_loss,
    pdpo_loss,
    pipo_loss,
    plackett_luce_loss,
    plackett_luce_pdpo_loss,
    plackett_luce_prm_loss,
    prm_loss,
)

pytestmark = pytest.mark.torch


def pair(chosen: list[float], rejected: list[float]) -> PairLogProbs:
    return PairLogProbs(
        torch.tensor(chosen, dtype=torch.float64), torch.tensor(rejected, dtype=torch.float64)
    )


def random_pair(seed: int, n: int = 5, scale: float = 5.0) -> PairLogProbs:
    generator = torch.Generator().manual_seed(seed)
    values = -scale * torch.rand((2, n), generator=generator, dtype=torch.float64)
    return PairLogProbs(values[0], values[1])


def numbers(*shape: int, seed: int = 0) -> Any:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def close(found: Any, expected: Any) -> None:
    torch.testing.assert_close(found, torch.as_tensor(expected, dtype=torch.float64))


def test_losses_worked_out_by_hand() -> None:
    user, generic = pair([-1.0], [-3.0]), pair([-2.0], [-2.0])
    reference = pair([-2.0], [-3.0])
    # Margins: user 2, generic 0, reference 1. At beta 0.5 the logits are 0.5 and -0.5.
    for_user = math.log(1 + math.exp(-0.5))
    for_all = math.log(1 + math.exp(0.5))
    close(implicit_rewards(user.chosen, reference.chosen, beta=0.5), [0.5])
    close(dpo_loss(user, reference, beta=0.5), [for_user])
    close(pdpo_loss(user, generic, reference, alpha=0.25, beta=0.5),
          [0.25 * for_user + 0.75 * for_all])  # fmt: skip
    close(ipo_loss(user, reference, beta=0.5), [(1 - 1) ** 2])
    close(ipo_loss(user, reference, beta=0.25), [(1 - 2) ** 2])
    close(pipo_loss(user, generic, reference, alpha=0.25, beta=0.25), [0.25 * 1 + 0.75 * 9])
    close(bradley_terry_loss(*(torch.tensor([r], dtype=torch.float64) for r in (1.0, 0.0))),
          [math.log(1 + math.exp(-1))])  # fmt: skip
    rewards = tuple(torch.tensor([r], dtype=torch.float64) for r in (1.0, 0.0))
    close(prm_loss(rewards, rewards[::-1], alpha=0.5),
          [(math.log(1 + math.exp(-1)) + math.log(1 + math.exp(1))) / 2])  # fmt: skip


def test_a_ranking_worked_out_by_hand() -> None:
    scores = torch.tensor([[math.log(3), math.log(2), 0.0]], dtype=torch.float64)
    # 3 of 6, then 2 of 3, then 1 of 1.
    close(plackett_luce_loss(scores), [math.log(2) + math.log(1.5)])
    close(plackett_luce_prm_loss(scores, scores.flip(-1), alpha=0.5),
          [(math.log(3) + math.log(6) + math.log(5 / 2)) / 2])  # fmt: skip
    policy, reference = 2 * scores - 7, torch.full_like(scores, -7.0)
    close(plackett_luce_pdpo_loss(policy, None, reference, alpha=1, beta=0.5), [math.log(3)])


def test_the_likelihoods_of_all_rankings_add_up_to_one() -> None:
    from itertools import permutations

    scores = numbers(4)
    orders = torch.stack([scores[list(order)] for order in permutations(range(4))])
    close(plackett_luce_loss(orders).neg().exp().sum(), 1.0)


def test_a_ranking_of_two_is_a_pair() -> None:
    user, generic, reference = (numbers(6, 2, seed=seed) for seed in range(3))
    pairs = [PairLogProbs(*each.unbind(-1)) for each in (user, generic, reference)]
    settings = {"alpha": 0.3, "beta": 0.7}
    close(plackett_luce_pdpo_loss(user, generic, reference, **settings),
          pdpo_loss(*pairs, **settings))  # fmt: skip
    close(plackett_luce_prm_loss(user, generic, alpha=0.3),
          prm_loss(user.unbind(-1), generic.unbind(-1), alpha=0.3))  # fmt: skip


@pytest.mark.parametrize("filler", [0.0, 1e30, math.inf, -math.inf, math.nan])
def test_shorter_rankings_are_as_if_alone_whatever_fills_them_up(filler: float) -> None:
    scores = numbers(3, 4).requires_grad_()
    lengths = (4, 2, 1)
    mask = torch.arange(4) < torch.tensor(lengths)[:, None]
    filled = torch.where(mask, scores, torch.tensor(filler, dtype=torch.float64))
    losses = plackett_luce_loss(filled, mask)
    alone = torch.stack(
        [plackett_luce_loss(scores[row : row + 1, :n])[0] for row, n in enumerate(lengths)]
    )
    close(losses, alone)
    found, expected = (torch.autograd.grad(each.sum(), scores)[0] for each in (losses, alone))
    close(found, expected)


def test_gradients_are_finite_differences() -> None:
    given = [numbers(4, seed=seed).requires_grad_() for seed in range(6)]

    def through(loss: Any) -> Any:
        def function(*values: Any) -> Any:
            user, generic, reference = (PairLogProbs(*values[at : at + 2]) for at in (0, 2, 4))
            return loss(user, generic, reference, alpha=0.4, beta=0.3)

        return function

    for loss in (pdpo_loss, pipo_loss):
        assert torch.autograd.gradcheck(through(loss), given)
    assert torch.autograd.gradcheck(
        lambda a, b, c, d: prm_loss((a, b), (c, d), alpha=0.4), given[:4]
    )
    rankings = [numbers(4, 3, seed=seed).requires_grad_() for seed in range(3)]
    mask = torch.tensor([[1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 0, 0]], dtype=torch.bool)
    assert torch.autograd.gradcheck(
        lambda *values: plackett_luce_pdpo_loss(*values, alpha=0.4, beta=0.3, mask=mask), rankings
    )
    assert torch.autograd.gradcheck(
        lambda *values: plackett_luce_prm_loss(*values, alpha=0.4, mask=mask), rankings[:2]
    )


def test_one_user_and_alpha_zero_is_vanilla() -> None:
    policy, ignored, reference = (random_pair(seed) for seed in range(3))
    close(pdpo_loss(ignored, policy, reference, alpha=0, beta=0.1),
          dpo_loss(policy, reference, beta=0.1))  # fmt: skip
    close(pipo_loss(ignored, policy, reference, alpha=0, beta=0.1),
          ipo_loss(policy, reference, beta=0.1))  # fmt: skip
    rewards = (policy.chosen, policy.rejected)
    close(prm_loss((ignored.chosen, ignored.rejected), rewards, alpha=0),
          bradley_terry_loss(*rewards))  # fmt: skip
    # A uniform user model gives both terms the same values, and alpha does not matter.
    for alpha in (0, 0.3, 1):
        close(pdpo_loss(policy, policy, reference, alpha=alpha, beta=0.1),
              dpo_loss(policy, reference, beta=0.1))  # fmt: skip


def test_extreme_margins_stay_finite() -> None:
    far = pair([-1e5, 0.0], [0.0, -1e5])
    even = pair([0.0, 0.0], [0.0, 0.0])
    close(dpo_loss(far, even, beta=1.0), [1e5, 0.0])
    close(plackett_luce_loss(torch.stack([far.chosen, far.rejected], -1)), [1e5, 0.0])


@pytest.mark.parametrize("alpha", [-0.1, 1.1, math.nan])
def test_alpha_is_a_share(alpha: float) -> None:
    with pytest.raises(InputError, match="weight from 0 to 1"):
        pdpo_loss(*(random_pair(seed) for seed in range(3)), alpha=alpha, beta=0.1)


@pytest.mark.parametrize("beta", [0, -1, math.nan])
@pytest.mark.parametrize("loss", [dpo_loss, ipo_loss])
def test_beta_is_above_zero(loss: Any, beta: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        loss(random_pair(0), random_pair(1), beta=beta)


def test_what_is_missing_or_does_not_fit_is_said() -> None:
    with pytest.raises(InputError, match="generic user's values are needed"):
        pdpo_loss(random_pair(0), None, random_pair(1), alpha=0.5, beta=0.1)
    close(pdpo_loss(random_pair(0), None, random_pair(1), alpha=1, beta=0.1),
          dpo_loss(random_pair(0), random_pair(1), beta=0.1))  # fmt: skip
    with pytest.raises(InputError, match="the scores"):
        plackett_luce_loss(numbers(2, 3), torch.ones((2, 2), dtype=torch.bool))
    with pytest.raises(InputError, match="responses come first"):
        plackett_luce_loss(numbers(1, 3), torch.tensor([[True, False, True]]))


# TRL computes its losses from a model's output, so the output is made to say what is to be tested.


@needs_transformers
@pytest.mark.parametrize(("name", "loss"), [("sigmoid", dpo_loss), ("ipo", ipo_loss)])
@pytest.mark.parametrize("beta", [0.1, 0.5])
def test_the_same_logits_give_what_trl_says(name: str, loss: Any, beta: float) -> None:
    trl = pytest.importorskip("trl", reason="needs the oracle: pip install trl")
    logits, reference = numbers(6, 8, 11, seed=1), numbers(6, 8, 11, seed=2)
    ids = torch.randint(11, (6, 8), generator=torch.Generator().manual_seed(3))
    completion = torch.zeros((6, 8), dtype=torch.long)
    for row, length in enumerate((5, 2, 4, 1, 3, 5)):
        completion[row, 3 : 3 + length] = 1

    def token_log_probs(scores: Any) -> Any:
        chances = scores[:, :-1].log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
        return chances * completion[:, 1:]

    def model_of(scores: Any) -> Any:
        flat = torch.zeros((6, 7))
        return lambda **_: SimpleNamespace(
            log_probs=token_log_probs(scores), entropy=flat, mean_logits=flat, is_top1=flat > 0
        )

    trainer = SimpleNamespace(
        accelerator=SimpleNamespace(
            device="cpu",
            gather=lambda x: x,
            gather_for_metrics=lambda x: x,
            unwrap_model=lambda x: x,
        ),
        model=SimpleNamespace(training=False),
        ref_model=model_of(reference),
        args=SimpleNamespace(gradient_checkpointing=False, gradient_checkpointing_kwargs=None),
        aux_loss_enabled=False,
        ld_alpha=None,
        precompute_ref_logps=True,
        f_divergence_type="reverse_kl",
        loss_types=[name],
        loss_weights=[1.0],
        beta=beta,
        use_weighting=False,
        label_smoothing=0.0,
        _total_train_tokens=0,
        _tp_size=1,
        _metrics={"eval": defaultdict(list)},
    )
    chosen, rejected = token_log_probs(reference).sum(-1).chunk(2)
    inputs = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "completion_mask": completion,
        "ref_chosen_logps": chosen,
        "ref_rejected_logps": rejected,
    }
    expected = trl.DPOTrainer._compute_loss(trainer, model_of(logits), inputs, False)
    lengths = completion.sum(-1) if name == "ipo" else torch.ones(6)
    policy, base = (
        PairLogProbs(*(token_log_probs(each).sum(-1) / lengths).chunk(2))
        for each in (logits, reference)
    )
    close(loss(policy, base, beta=beta).mean(), expected)


# Section 3.1: what one reward for all users does to those who are few.


def vanilla_preference(majority: int, minority: int) -> float:
    """P(y1 > y2 | x) after fitting a tabular reward to votes of two groups that disagree."""
    reward = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([reward], tolerance_change=1e-18)

    def closure() -> Any:
        optimizer.zero_grad()
        votes = [(0, 1)] * majority + [(1, 0)] * minority
        chosen, rejected = torch.tensor(votes).unbind(-1)
        loss = bradley_terry_loss(reward[chosen], reward[rejected]).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    return float(torch.sigmoid(reward[0] - reward[1]).detach())


@pytest.mark.parametrize(("majority", "minority"), [(7, 3), (5, 5), (9, 1), (28, 12)])
def test_lemma_3_2_one_reward_for_all_is_the_share_of_votes(majority: int, minority: int) -> None:
    assert vanilla_preference(majority, minority) == pytest.approx(
        majority / (majority + minority), abs=1e-6
    )


def test_lemma_3_2_holds_for_dpo_with_a_tabular_policy() -> None:
    logits = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    reference = torch.tensor([0.3, 0.7], dtype=torch.float64).log()
    votes = torch.tensor([(0, 1)] * 7 + [(1, 0)] * 3)
    optimizer = torch.optim.LBFGS([logits], tolerance_change=1e-18)

    def closure() -> Any:
        optimizer.zero_grad()
        policy = PairLogProbs(*logits.log_softmax(-1)[votes].unbind(-1))
        loss = dpo_loss(policy, PairLogProbs(*reference[votes].unbind(-1)), beta=0.5).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    rewards = implicit_rewards(logits.log_softmax(-1), reference, beta=0.5)
    assert float(torch.sigmoid(rewards[0] - rewards[1]).detach()) == pytest.approx(0.7, abs=1e-6)


def test_lemma_3_3_the_few_are_further_off_and_the_more_so_the_fewer_they_are() -> None:
    shares = [vanilla_preference(majority, 20 - majority) for majority in range(11, 20)]
    # The majority prefers y1 always, the minority never.
    of_majority = [1 - share for share in shares]
    of_minority = shares
    assert all(few > many for few, many in zip(of_minority, of_majority, strict=True))
    assert of_minority == sorted(set(of_minority))
