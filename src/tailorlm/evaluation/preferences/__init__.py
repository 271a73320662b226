"""Whether a prompt carries the preference that a question needs, hidden among other turns."""

from tailorlm.evaluation.preferences.suite import Settings, run_preferences

__all__ = ["Settings", "run_preferences"]
