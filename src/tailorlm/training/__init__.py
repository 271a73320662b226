"""Train a personal model on this machine: a small language model with a LoRA adapter.

`pairs` reads what it learns from, `batches` turns it into tokens and masks, `agent` trains and
`log` keeps what training did, for comparing two runs.
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
