"""What preferences in words ask for."""

from __future__ import annotations

import pytest

from tailorlm.evaluation.edits.wanted import expected, share_kept, wanted
from tailorlm.writing import StyleRule


def found(preference: str) -> list[tuple[str, str]]:
    return [(part.scope, part.facet) for part in wanted(preference)]


@pytest.mark.parametrize(
    ("preference", "facets"),
    [
        ("No greeting, at most 30 words.", ["greeting", "length"]),
        ('Closes with "Cheers", thanks the reader.', ["sign-off", "thanks"]),
        ('Warm: greeting with exclamation mark, "Hello"', ["exclamation marks", "greeting",
                                                           "greeting"]),
        ('Never "please find attached".', ["phrase avoided"]),
        ('Bullet points, ends in (or "All done").', ["layout", "phrase used"]),
        ("Sounds like a friend.", []),
    ],
)  # fmt: skip
def test_parts(preference: str, facets: list[str]) -> None:
    assert [facet for _, facet in found(preference)] == facets


def test_parts_for_some_subjects_have_a_scope() -> None:
    text = "Depends: for work and school mails no greeting; for friends a smiley, no commas."
    assert found(text) == [
        ("work and school mails", "greeting"),
        ("friends", "emoji"),
        ("friends", "commas"),
    ]


def test_which_rules_name_a_part() -> None:
    (length,) = wanted("at most 30 words")
    assert length.named_in([StyleRule("length", "at most 35")])
    assert not length.named_in([StyleRule("length", "at most 60")])
    (closing,) = wanted('"Kind regards"')
    assert closing.named_in([StyleRule("sign-off", "Kind regards")])
    assert not closing.named_in([StyleRule("sign-off", "Regards")])
    (asked,) = wanted("a closing sentence asking for written confirmation")
    assert asked.named_in([StyleRule("phrase used", "please confirm")])
    assert not asked.named_in([StyleRule("phrase used", "please call")])
    assert asked.kept_by("Please confirm by mail.")


def test_what_the_user_does_not_do_is_not_expected() -> None:
    parts = wanted("no greeting, no commas")
    texts = ["Done.", "Done, all of it.", "Done, at last."]
    assert [part.facet for part in expected(parts, texts)] == ["greeting"]
    assert share_kept(parts[1], texts) == pytest.approx(1 / 3)
    assert share_kept(parts[1], []) == 0.0
