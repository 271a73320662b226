"""What docs/metrics.md says of real mail, where it is at hand.

No test here has an argument that holds mail: pytest would print it where the test fails.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tailorlm.datasets.emails import MailSplit, load_sent_mails, split_mails
from tailorlm.evaluation.metrics import AuthorClassifier, StyleScale

pytestmark = pytest.mark.slow


@cache
def splits() -> list[MailSplit]:
    """The mails of the five senders who sent the most."""
    path = Path(os.environ.get("TAILORLM_DATA", "../shared/data")) / "enron_aeslc"
    if not path.is_dir():
        pytest.skip(f"there is no folder {path}")
    senders = load_sent_mails(path / "aeslc_sent.jsonl.gz", least=100)
    return [split_mails(mails) for mails in list(senders.values())[:5]]


def test_style_distance() -> None:
    train = [[mail.body for mail in split.train] for split in splits()]
    test = [[mail.body for mail in split.test] for split in splits()]
    scale = StyleScale.fit([text for texts in train for text in texts])
    profiles = [scale.profile(texts) for texts in train]
    nearest = [
        int(np.argmin([profile.distance(text) for profile in profiles])) == sender
        for sender, texts in enumerate(test)
        for text in texts
    ]
    sets = np.array([[profile.distance(texts) for profile in profiles] for texts in test])
    assert np.mean(nearest) == pytest.approx(0.72, abs=0.005)
    assert np.diag(sets).max() < 0.01
    assert sets[~np.eye(5, dtype=bool)].min() > 0.02


@pytest.mark.parametrize(("masked", "accuracy"), [(False, 0.95), (True, 0.88)])
def test_author_classifier(masked: bool, accuracy: float) -> None:
    train = [(mail.body, mail.sender) for split in splits() for mail in split.train]
    test = [(mail.body, mail.sender) for split in splits() for mail in split.test]
    texts, authors = zip(*train, strict=True)
    learned = AuthorClassifier.fit(texts, authors, np.random.default_rng(0), masked=masked)
    chances = [learned.probability(text) for text, _ in test]
    named = [max(found, key=found.__getitem__) for found in chances]
    right = np.array([one == author for one, (_, author) in zip(named, test, strict=True)])
    sure = np.array([max(found.values()) for found in chances])
    assert right.mean() == pytest.approx(accuracy, abs=0.006)
    assert sure.mean() == pytest.approx(right.mean(), abs=0.04)
