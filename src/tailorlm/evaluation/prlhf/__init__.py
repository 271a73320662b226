"""Personal models learned from personal feedback (P-RLHF): reward heads, profiles, many users."""

from tailorlm.evaluation.prlhf.suite import Settings, run_prlhf

__all__ = ["Settings", "run_prlhf"]
