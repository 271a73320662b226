"""Preference agents on real mail: whose mails pass for the sender's, and how closely."""

from tailorlm.evaluation.agents.pages import matrix_text
from tailorlm.evaluation.agents.suite import Settings, run_agents

__all__ = ["Settings", "matrix_text", "run_agents"]
