"""Any methods on anybody's data: every method answers every query, beside the baselines."""

from tailorlm.evaluation.grid.run import Grid, forget, run_grid
from tailorlm.evaluation.grid.settings import Settings
from tailorlm.evaluation.grid.tasks import Tasks, load_tasks

__all__ = [
    "Grid",
    "Settings",
    "Tasks",
    "forget",
    "load_tasks",
    "run_grid",
]
