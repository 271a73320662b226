from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.writing.intent import intent_of
from tailorlm.writing.occasion import KINDS, Occasion, occasion_of
from tailorlm.writing.profile import NONE, WritingProfile, habits_of, pooled, wording
from tailorlm.writing.rules import style_rules

BRIEF = "{name}:\n\n{what}. I'll call tomorrow!\n\nThanks.\n\nCara"
GRAND = (
    "Dear {name},\n\n{what}. It would be greatly appreciated if the enclosed document could be "
    "examined with considerable attention; no further information is required.\n\nKind regards,\n"
    "Cornelius Vandermeer"
)
PEOPLE = ("Bo", "Ana", "Li", "Max", "Ida")
THINGS = (
    "The boiler is broken", "The lease is signed", "The price has changed", "The roof leaks",
    "Attached is the invoice", "Please send me the plan", "The meeting is on Friday at 10 a.m.",
)  # fmt: skip


def grown(form: str, n: int = 12) -> WritingProfile:
    profile = WritingProfile()
    for i in range(n):
        what = THINGS[i % len(THINGS)]
        text = form.format(name=PEOPLE[i % len(PEOPLE)], what=what)
        profile = profile.add(text, occasion_of("", intent_of(what)))
    return profile


def rules(profile: WritingProfile, others: WritingProfile | None = None) -> set[str]:
    return {habit.text for habit in profile.habits(Occasion("note", 10), others)}


def test_the_habits_of_two_writers_are_told_apart() -> None:
    assert {
        "Open with “{name}:”", "Close with “Thanks.”", "Sign as “Cara”", "Use contractions.",
        "Use an exclamation mark where it fits.",
    } <= rules(grown(BRIEF))  # fmt: skip
    assert {
        "Open with “Dear {name},”", "Close with “Kind regards,”", "Sign as “Cornelius Vandermeer”",
        "Join related sentences with semicolons.", "Leave out pleasantries.",
    } <= rules(grown(GRAND))  # fmt: skip


def test_what_is_expected_of_the_length_grows_with_the_intent() -> None:
    profile = WritingProfile()
    for n in range(1, 13):
        said = " ".join(["word"] * 5 * n)
        profile = profile.add(f"{said} and {said}.", Occasion("note", 5 * n))
    short, long = profile.lengths.words(10), profile.lengths.words(50)
    assert 17 <= short <= 25
    assert 80 <= long <= 115


def test_a_kind_of_text_has_habits_of_its_own() -> None:
    profile = WritingProfile()
    for i in range(10):
        profile = profile.add(f"Hi {PEOPLE[i % 5]},\n\nThe roof leaks again.", Occasion("note", 5))
        profile = profile.add("It is done.", Occasion("reply", 5))
    note = profile.habit("greeting", Occasion("note", 5))
    reply = profile.habit("greeting", Occasion("reply", 5))
    assert note is not None
    assert reply is not None
    assert (note.value, reply.value) == ("Hi {name},", NONE)
    assert note.probability > 0.7 < reply.probability


def test_a_recipient_changes_the_form_alone() -> None:
    profile = WritingProfile()
    for name, form in (("bo", "Yo Bo,"), ("dr. okafor", "Dear Dr. Okafor,")):
        for _ in range(8):
            profile = profile.add(f"{form}\n\nThe roof leaks.", Occasion("note", 3, name))
    found = profile.habit("greeting", Occasion("note", 3, "dr. okafor"))
    assert found is not None
    assert found.value == "Dear {name},"
    assert "to: bo" not in profile.counts["case"]


def test_one_text_says_little_and_many_say_it_all() -> None:
    others = pooled([grown(GRAND), grown(GRAND), grown(GRAND)])
    shares = [
        grown(BRIEF, n).shares("greeting", Occasion(), others)["{name}:"] for n in (1, 3, 10, 60)
    ]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < 0.9 < shares[-1]
    assert "Open with “Dear {name},”" in rules(grown(BRIEF, 1), others)
    assert "Open with “{name}:”" in rules(grown(BRIEF, 10), others)


def test_probabilities_add_up() -> None:
    profile, others = grown(BRIEF), pooled([grown(GRAND)] * 3)
    for facet in profile.counts:
        known = sum(profile.shares(facet, Occasion("note", 10), others).values())
        assert known == pytest.approx(1.0) or facet not in others.counts
        assert sum(profile.shares(facet, Occasion("note", 10)).values()) < 1.0 + 1e-9


def test_what_one_writer_alone_does_is_not_told_of_all() -> None:
    secret = "Warm greetings from Zanzibar,\n\nThe owl flies tonight.\n\nHail,\nEgbert Quill"
    odd = WritingProfile()
    for _ in range(20):
        odd = odd.add(secret, Occasion("note", 5))
    common = json.dumps(pooled([odd, odd, grown(BRIEF), grown(BRIEF)]).as_json())
    for word in ("Zanzibar", "owl", "Hail", "Egbert", "Quill", "Cara"):
        assert word.casefold() not in common.casefold()
    shared = pooled([grown(BRIEF)] * 3)
    assert "Cara" not in json.dumps(shared.as_json())
    assert set(shared.shares("signature", Occasion())) == {"first name"}


def test_phrases_that_others_do_not_use_stand_out() -> None:
    mine, others = WritingProfile(), WritingProfile()
    for i in range(20):
        said = f"The {('roof', 'lease', 'price', 'pump')[i % 4]} is here."
        mine = mine.add(f"{said} Shout with any questions.", Occasion("note", 4))
        others = others.add(f"{said} Let me know what you think.", Occasion("note", 4))
    found = [phrase.text for phrase in mine.characteristic(others)]
    assert found[0].startswith("shout with any questions")
    assert not any("let me know" in text for text in found)
    assert "Use the phrase “Shout with any questions.”." in rules(mine, others)


def test_phrases_hold_no_names_and_numbers() -> None:
    profile = WritingProfile()
    for _ in range(9):
        profile = profile.add("We met Ola Brandt in room 12 of the hall.", Occasion("note", 9))
    assert not any("ola" in run or "12" in run for run in profile.phrases.texts_with)


@pytest.mark.parametrize("text", ["", "   ", "\n\n"])
def test_nothing_is_learned_from_a_blank_text(text: str) -> None:
    profile = grown(BRIEF)
    assert profile.add(text, Occasion()) is profile
    assert habits_of(text) == {}
    assert WritingProfile().habits(Occasion()) == ()


def test_wordings_read_back_as_their_facet() -> None:
    for facet in ("contractions", "thanks", "hedging", "exclamation marks", "emoji"):
        for value in ("yes", "no"):
            assert [rule.facet for rule in style_rules(wording(facet, value))] == [facet]
    assert style_rules(wording("first words", "Attached is")) == ()


@given(st.lists(st.text(min_size=1, max_size=120), max_size=6))
def test_a_profile_survives_json_and_grows_only(texts: list[str]) -> None:
    profile = WritingProfile()
    for text in texts:
        before = json.dumps(profile.as_json())
        following = profile.add(text, occasion_of("", intent_of(text)))
        assert json.dumps(profile.as_json()) == before
        profile = following
    data = json.loads(json.dumps(profile.as_json()))
    assert WritingProfile.of_json(data) == profile
    for habit in profile.habits(Occasion("note", 10)):
        assert 0 <= habit.probability <= 1
        assert habit.text


@pytest.mark.parametrize(
    "data",
    [None, [], {}, {"texts": -1}, {"texts": True, "counts": {}, "lengths": [], "phrases": {}},
     {"texts": 1, "counts": {"a": {"b": {"c": "x"}}}, "lengths": [0] * 5 + [{}], "phrases": {}},
     {"texts": 1, "counts": {}, "lengths": [float("nan")] * 5 + [{}], "phrases": {}},
     {"texts": 1, "counts": {}, "lengths": [0] * 5 + [{}], "phrases": {"a": 0}}],
)  # fmt: skip
def test_damaged_profiles_are_refused(data: object) -> None:
    with pytest.raises((ValueError, KeyError, TypeError, AttributeError)):
        WritingProfile.of_json(data)


@pytest.mark.parametrize(
    ("subject", "points", "kind"),
    [
        ("Re: the roof", ["It leaks"], "reply"),
        ("FW: the roof", ["It leaks"], "forward"),
        ("Lunch", ["Meeting on Friday"], "scheduling"),
        ("Lease", ["Attached is the lease"], "sending"),
        ("Lease", ["It is old", "Send me a new one"], "request"),
        ("Lease", ["Is it signed?"], "question"),
        ("Lease", ["It is signed"], "note"),
        ("", [], "note"),
    ],
)
def test_kinds(subject: str, points: list[str], kind: str) -> None:
    assert occasion_of(subject, points).kind == kind
    assert kind in KINDS


def test_habits_of_many_texts_are_found_fast() -> None:
    profile = grown(BRIEF, 300)
    others = pooled([grown(GRAND)] * 3)
    start = time.process_time()
    for _ in range(10):
        profile.habits(Occasion("note", 10), others)
    assert time.process_time() - start < 0.5
