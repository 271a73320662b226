"""The suite "coldstart": what a user's first events tell, at three levels and at all together."""

from tailorlm.evaluation.coldstart.suite import Data, Settings, run_coldstart

__all__ = ["Data", "Settings", "run_coldstart"]
