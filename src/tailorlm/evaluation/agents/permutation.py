"""The permutation test: agents of several writers on the mails of all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.evaluation.agents.measures import Judge
from tailorlm.evaluation.agents.systems import STATISTICAL, Agents, written
from tailorlm.llms.base import LLM

FloatArray = npt.NDArray[np.float64]
TABLE = "Permutation"


@dataclass(frozen=True, slots=True)
class Permutation:
    """How much mails pass for their writer's when each agent gives the rules.

    Attributes:
        names: The writers.
        values: Shape (writers, writers): line i is the agent of writer i, column j the test mails
            of writer j. The number is the mean probability that the classifier gives to writer j
            for the texts written for these mails under the rules of agent i.
    """

    names: tuple[str, ...]
    values: FloatArray

    @property
    def normalised(self) -> FloatArray:
        """Each line less its mean, over its standard deviation (of the population).

        This is how the poster of the paper makes its matrix from the appendix's Table 3: every
        agent's scores are brought to one scale, so that an agent that is good with all mails does
        not win every column.
        """
        middle = self.values.mean(axis=1, keepdims=True)
        spread = self.values.std(axis=1, keepdims=True)
        result: FloatArray = (self.values - middle) / np.where(spread > 0, spread, 1.0)
        return result


def best_of_column(values: FloatArray) -> int:
    """In how many columns the diagonal is above every other number."""
    others = values.copy()
    np.fill_diagonal(others, -np.inf)
    return int((np.diag(values) > others.max(axis=0)).sum())


def permute(
    agents: Sequence[Agents],
    llm: LLM,
    judge: Judge,
    metric: str,
    *,
    texts: dict[tuple[str, str], list[str]],
    on_done: Callable[[], None] | None = None,
) -> Permutation:
    """Write every writer's test mails under the rules of every statistical agent.

    Args:
        agents: One per writer.
        llm: Writes.
        judge: Scores.
        metric: Which of the judge's classifiers.
        texts: What was written before, by agent and writer; filled in.
        on_done: Called after each pair.
    """
    values = np.zeros((len(agents), len(agents)))
    for row, agent in enumerate(agents):
        for column, other in enumerate(agents):
            key = (agent.writer.name, other.writer.name)
            if key not in texts:
                plans = [agent.by_agent(STATISTICAL, sample) for sample in other.writer.test]
                texts[key] = written(llm, plans)
                if on_done is not None:
                    on_done()
            values[row, column] = judge.author(other.writer.test, texts[key], metric)
    return Permutation(tuple(agent.writer.name for agent in agents), values)
