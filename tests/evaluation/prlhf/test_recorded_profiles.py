"""The reward heads on the recorded profiles, where those are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tailorlm.datasets.profile_answers import load_profile_answers, load_profiles
from tailorlm.encoders import create_encoder
from tailorlm.evaluation.prlhf.heads import told_right
from tailorlm.evaluation.prlhf.profile_pages import MEAN_BAR, USER_BAR
from tailorlm.evaluation.prlhf.profiles import Answers, heads_of

pytestmark = pytest.mark.whole

DATA = Path(os.environ.get("TAILORLM_DATA", Path(__file__).parents[4] / "shared" / "data"))
PATH = DATA.parent / "recordings" / "profiles.jsonl"


@pytest.mark.skipif(not PATH.exists(), reason=f"there is no {PATH.name} beside the data folder")
def test_a_fifth_of_the_prompts_held_out_is_told_as_the_bars_ask() -> None:
    prompts = load_profile_answers(PATH)
    answers = Answers.of(prompts, create_encoder("static"))
    assert set(load_profiles(PATH.with_name("profiles_users.json"))) == set(answers.users)
    seen, held = list(range(8, len(prompts))), list(range(8))
    told = told_right(
        heads_of(answers, "individual", seen), [answers.comparisons(u, held) for u in answers.users]
    )
    assert np.mean(told.by_user) >= MEAN_BAR
    assert told.by_user.min() >= USER_BAR
