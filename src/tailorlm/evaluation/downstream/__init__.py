"""The suite "downstream": stars, likes and recommendations on films that people rated."""

from tailorlm.evaluation.downstream.suite import Settings, run_downstream

__all__ = ["Settings", "run_downstream"]
