"""The suite "edits": what is learned from users' edits, and whether it tells their later ones."""

from tailorlm.evaluation.edits.suite import Settings, run_edits

__all__ = ["Settings", "run_edits"]
