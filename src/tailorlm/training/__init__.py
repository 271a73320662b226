"""Train a personal model on this machine: a small language model with a LoRA adapter.

A preference agent learns the rules of one author: `pairs` reads what it learns from, `batches`
turns it into tokens and masks, and `agent` trains.

A model that knows its users learns what each of them prefers: `preferences` reads comparisons,
`logged` makes them of the event log, `sft`, `pdpo`, `pipo`, `prm` and `oppu` train, `new_users`
adds users to what was trained, and `personal` scores and writes with it. `losses` and
`user_models` are the paper's, and `settings` its hyper-parameters.

All share one run (`_run`), and `log` keeps what it did, for comparing two.
"""

from tailorlm.training.agent import AgentSettings, train_agent
from tailorlm.training.log import TrainingLog, read_log
from tailorlm.training.pairs import Pair, email_pairs, read_pairs

__all__ = [
    "AgentSettings",
    "Pair",
    "TrainingLog",
    "email_pairs",
    "read_log",
    "read_pairs",
    "train_agent",
]
