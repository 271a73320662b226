from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.llms._builtin_draft import Draft
from tailorlm.llms.base import Request
from tailorlm.llms.builtin import Builtin
from tailorlm.types import Message, Plan
from tailorlm.writing import split_mail
from tailorlm.writing.mail_task import mail_task

DRAFT = """Hi Ola,

I hope you are doing well. I have booked the room at 10 a.m. for Dr. Reyes and us. The caterer \
can't come, so we'll eat at Bo's place.

Could you please tell me whether the projector works? Please bring the color printer.

Please let me know if you have any questions. Thank you for your help.

Best regards,
Ines Duarte"""


def rewritten(*rules: str, draft: str = DRAFT, points: tuple[str, ...] = (), **who: str) -> str:
    messages = (Message("user", mail_task("Workshop", points, draft=draft, **who)),)
    plan = Plan(messages=messages, method="m", rules=rules)
    return Builtin().complete(Request(messages=messages, plan=plan)).text


def test_a_draft_is_taken_apart() -> None:
    found = Draft.of(DRAFT)
    assert found.greeting == "Hi Ola,"
    assert found.friendly == "I hope you are doing well."
    assert [note.kind for note in found.notes] == ["statement", "statement", "question", "ask"]
    assert found.notes[0].wording == "I have booked the room at 10 a.m. for Dr. Reyes and us."
    assert found.notes[2].core == "whether the projector works"
    assert found.courtesy == "Please let me know if you have any questions."
    assert found.thanks == "Thank you for your help."
    assert (found.closing, found.signature) == ("Best regards,", "Ines Duarte")


def test_without_rules_a_draft_stays_as_it_is() -> None:
    assert rewritten().split("\n\n")[:2] == DRAFT.split("\n\n")[:2]
    assert rewritten().endswith(DRAFT[-100:])


def test_its_wording_stays_where_no_rule_is_against_it() -> None:
    found = rewritten(
        "Open with “Dear {name},”", "Close with “Kind regards”", "Use no contractions.",
        "Use British spelling.", "Hedge politely.", sender="I. D.",
    )  # fmt: skip
    assert found == (
        "Dear Ola,\n\n"
        "I hope you are doing well. I have booked the room at 10 a.m. for Dr. Reyes and us. "
        "The caterer cannot come, so we will eat at Bo's place.\n\n"
        "Perhaps you could let me know whether the projector works. "
        "Please bring the colour printer.\n\n"
        "Please let me know if you have any questions. Thank you for your help.\n\n"
        "Kind regards,\nI. D."
    )


def test_courtesies_go_where_rules_are_against_them() -> None:
    found = rewritten(
        "Write no greeting.", "Write no sign-off.", "Leave out pleasantries.",
        "Do not thank the reader.", "Write bullet points.", "Sign with initials.",
    )  # fmt: skip
    assert found == (
        "Please let me know whether the projector works.\n\n"
        "- I have booked the room at 10 a.m. for Dr. Reyes and us.\n"
        "- The caterer can't come, so we'll eat at Bo's place.\n"
        "- Please bring the color printer.\n\n"
        "ID"
    )


def test_a_warm_rewrite_thanks_with_an_exclamation_mark() -> None:
    found = rewritten("Open with “Hi {name}!”", "Thank the reader.", "Use an exclamation mark.")
    assert found.startswith("Hi Ola!\n\n")
    assert "Thank you for your help!" in found
    assert found.count("Thank") == 1


@pytest.mark.parametrize("most", [5, 15, 30])
def test_limits_hold_for_drafts_too(most: int) -> None:
    assert len(rewritten(f"Keep it to at most {most} words.").split()) <= most


def test_a_short_rewrite_is_made_of_the_points() -> None:
    found = rewritten("Keep it to at most 8 words.", "no greeting", points=("I lost the key",))
    assert "lost" in found
    assert "caterer" not in found


def test_lists_in_a_draft_stay_lists() -> None:
    draft = "Hello,\n\nWe need two things:\n\n1. Chairs\n2. Tables\n\nI will be there.\n\nBest,\nBo"
    assert "\n\n1. Chairs\n2. Tables\n\n" in rewritten("Use no contractions.", draft=draft)


@given(st.text(max_size=400), st.lists(st.text(max_size=60), max_size=4))
def test_any_draft_can_be_rewritten(draft: str, rules: list[str]) -> None:
    found = rewritten(*rules, draft=f"x\n{draft}")
    assert found.strip()
    assert found == rewritten(*rules, draft=f"x\n{draft}")


@pytest.mark.parametrize(
    "huge", ["word " * 200_000, "Could you " * 100_000, "a.\n\n" * 250_000, "x" * 1_000_000,
             "- item\n" * 140_000, "A. b? C! " * 100_000], ids=range(6)
)  # fmt: skip
@pytest.mark.parametrize("rules", [(), ("at most 20 words",), ("Write long, full sentences.",)])
def test_huge_drafts_take_no_longer(huge: str, rules: tuple[str, ...]) -> None:
    begun = time.thread_time()
    rewritten(*rules, draft=huge)
    assert time.thread_time() - begun < 1.0


def test_the_parts_of_the_rewrite_are_those_of_a_mail() -> None:
    found = split_mail(rewritten("Write formally."))
    assert (found.greeting, found.sign_off, found.signature) == (
        "Dear Ola,", "Kind regards,", "Ines Duarte"
    )  # fmt: skip
