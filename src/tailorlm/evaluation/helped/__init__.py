"""Does it help everyone? Who is worse off, gaps, narrowing, flattery, and wishes out of place."""

from tailorlm.evaluation.helped.asking_identities import AskedBias, asked_bias
from tailorlm.evaluation.helped.diversity import (
    Narrowing,
    effective_number,
    mean_distance,
    narrowing,
    over_time,
)
from tailorlm.evaluation.helped.flattery import flattery
from tailorlm.evaluation.helped.groups import GroupGaps, group_gaps
from tailorlm.evaluation.helped.identities import IdentityBias, Spread, identity_bias
from tailorlm.evaluation.helped.misplaced import Crossed, Misplaced, crossed, misplaced
from tailorlm.evaluation.helped.section import Helped, helped_section
from tailorlm.evaluation.helped.suite import Settings, run_helped
from tailorlm.evaluation.helped.sycophancy import Sycophancy, agrees, sycophancy
from tailorlm.evaluation.helped.worse_off import WorseOff, worse_off

__all__ = [
    "AskedBias",
    "Crossed",
    "GroupGaps",
    "Helped",
    "IdentityBias",
    "Misplaced",
    "Narrowing",
    "Settings",
    "Spread",
    "Sycophancy",
    "WorseOff",
    "agrees",
    "asked_bias",
    "crossed",
    "effective_number",
    "flattery",
    "group_gaps",
    "helped_section",
    "identity_bias",
    "mean_distance",
    "misplaced",
    "narrowing",
    "over_time",
    "run_helped",
    "sycophancy",
    "worse_off",
]
