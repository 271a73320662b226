"""What the recorded edits have to show, where they are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tailorlm.datasets.recorded_edits import load_hidden_preferences, load_recorded_edits
from tailorlm.encoders import create_encoder
from tailorlm.evaluation.edits.learners import learner, made_of_recorded
from tailorlm.evaluation.edits.recorded import Split, learned, named_parts, scored
from tailorlm.methods.edit_rules import EditRulesConfig

pytestmark = pytest.mark.whole

DATA = Path(os.environ.get("TAILORLM_DATA", Path(__file__).parents[4] / "shared" / "data"))
PATH = DATA.parent / "recordings" / "edits.jsonl"


@pytest.mark.skipif(not PATH.is_file(), reason="the recorded edits are not at hand")
def test_rules_are_named_and_users_told() -> None:
    encoder = create_encoder("static")
    method = learner(encoder)
    general = learner(encoder, EditRulesConfig(by_subject=False))
    split = Split.of([made_of_recorded(edit) for edit in load_recorded_edits(PATH)])
    states = learned(method, split)
    users = list(states)
    named = named_parts(method, states, split, load_hidden_preferences(PATH))
    assert [one.part.words for one in named if not one.named] == []
    scores = scored(method, general, states, split)
    assert np.mean([one.above for one in scores]) >= 0.95
    told = [users[int(np.argmax(one.scores))] == one.user for one in scores]
    assert np.mean(told) >= 0.80
    kept, in_drafts = (np.mean([getattr(s, n) for s in scores]) for n in ("kept", "in_draft"))
    assert kept > 0.85 > 0.7 > in_drafts
