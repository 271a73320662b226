"""Does personalizing help? Recorded rankings replayed, with intervals clustered by user."""

from tailorlm.evaluation.agreement import Agreement, second_annotator_agreement
from tailorlm.evaluation.calibration import calibrate
from tailorlm.evaluation.calibration_report import CalibrationReport, Estimate
from tailorlm.evaluation.compare import Comparison, Result, compare
from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.replay import replay
from tailorlm.evaluation.replay_report import ReplayReport

__all__ = [
    "Agreement",
    "CalibrationReport",
    "Comparison",
    "Estimate",
    "Interval",
    "ReplayReport",
    "Result",
    "calibrate",
    "compare",
    "ratio_interval",
    "replay",
    "second_annotator_agreement",
]
