from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.writing import StyleRule, style_rules
from tailorlm.writing._facets import facets
from tailorlm.writing.rules import (
    facet_names,
    greeting_form,
    signature_kind,
    without_excluded,
)

_OPEN = {
    "length": ("at most 25", "about 60"),
    "sentences": ("at most 3", "about 2"),
    "greeting": ("Hi {name}!", "{name},", "Dear All,"),
    "opening": ("Attached is the", "No action needed."),
    "sign-off": ("Cheers", "Kind regards,"),
    "signature": ("Ana",),
    "phrase avoided": ("reach out",),
    "phrase used": ("in writing",),
    "address": ("Dr. Reyes",),
    "language": ("Spanish",),
}
RULES = [
    StyleRule(name, value)
    for name, facet in facets().items()
    for key in facet.wording
    for value in ((key,) if key else _OPEN[name])
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.facet}: {rule.value}")
def test_wording_reads_back_as_the_same_rule(rule: StyleRule) -> None:
    assert style_rules(rule.text) == (rule,)


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ("stop using bullet points", {("layout", "prose")}),
        ("call me Dr. Reyes", {("address", "Dr. Reyes")}),
        ("Keep it short.", {("detail", "brief")}),
        ("your answers are too long", {("detail", "brief")}),
        ("Keep answers under 50 words, no emojis please",
         {("length", "at most 50"), ("emoji", "no")}),
        ("I don't like exclamation marks", {("exclamation marks", "no")}),
        ("Please answer in Spanish", {("language", "Spanish")}),
        ("give me long, detailed answers", {("detail", "thorough")}),
        ("Write three short sentences", {("sentences", "about 3"), ("sentence length", "short")}),
        ('never say "reach out"', {("phrase avoided", "reach out")}),
        ('don\'t start with "Certainly"', {("phrase avoided", "Certainly")}),
        ("be less formal", {("register", "informal")}),
        ("Skip any greeting and begin at once", {("greeting", "none")}),
        ("Address him as 'GT,' without any hello", {("greeting", "GT,")}),
        ("Open with 'Attached is the' and go on", {("opening", "Attached is the")}),
        ("Sign with Ana by itself", {("signature", "Ana")}),
        ("Sign with the typed initials", {("signature", "initials")}),
        ("I moved to Lisbon", set()),
        ("", set()),
    ],
)  # fmt: skip
def test_free_words(words: str, rules: set[tuple[str, str]]) -> None:
    assert {(rule.facet, rule.value) for rule in style_rules(words)} == rules


@pytest.mark.parametrize(
    ("rule", "kept", "broken"),
    [
        (StyleRule("length", "at most 5"), "Four words, not more.", "It has more than five words."),
        (StyleRule("sentences", "at most 1"), "One only.", "One. Two."),
        (StyleRule("greeting", "none"), "It is done.", "Hi Ana,\nit is done."),
        (StyleRule("greeting", "Hi {name}!"), "Hi Bo!\nDone.", "Dear Bo,\nDone."),
        (StyleRule("greeting", "Hi {name}!"), "Hi there!\nDone.", "Bo,\nDone."),
        (StyleRule("greeting", "Hi Bo:"), "Hi Ana:\nDone.", "Hi Ana,\nDone."),
        (StyleRule("greeting", "Dear All,"), "Dear All,\nDone.", "Dear Bo,\nDone."),
        (StyleRule("opening", "No action needed."), "Hi Bo,\nNo action needed. Rest.", "Act now."),
        (StyleRule("sign-off", "Cheers"), "Done.\n\nCheers,\nAna", "Done.\n\nRegards,\nAna"),
        (StyleRule("sign-off", "none"), "Done.", "Done.\n\nRegards,\nAna"),
        (StyleRule("signature", "initials"), "Done.\n\nAL", "Done.\n\nAna Lind"),
        (StyleRule("layout", "bullets"), "- one\n- two", "one and two"),
        (StyleRule("layout", "prose"), "one and two", "1. one\n2. two"),
        (StyleRule("contractions", "no"), "I do not know.", "I don't know."),
        (StyleRule("case", "lower"), "done. sent.", "Done. Sent."),
        (StyleRule("exclamation marks", "no"), "Good.", "Good!"),
        (StyleRule("emoji", "no"), "Good.", "Good 🙂"),
        (StyleRule("spelling", "british"), "The colour.", "The color."),
        (StyleRule("thanks", "no"), "Send it.", "Thanks for sending it."),
        (StyleRule("phrase avoided", "reach out"), "Call me.", "Please reach  out."),
        (StyleRule("phrase used", "in writing"), "Confirm in writing.", "Confirm."),
    ],
)  # fmt: skip
def test_rules_are_checked_on_texts(rule: StyleRule, kept: str, broken: str) -> None:
    assert rule.kept_by(kept) is True
    assert rule.kept_by(broken) is False


def test_what_cannot_be_measured_is_not_guessed() -> None:
    assert StyleRule("humour", "yes").kept_by("A priest walks into a bar.") is None


@pytest.mark.parametrize(
    ("one", "other", "excludes"),
    [
        (StyleRule("layout", "prose"), StyleRule("layout", "bullets"), True),
        (StyleRule("layout", "prose"), StyleRule("emoji", "no"), False),
        (StyleRule("phrase used", "a"), StyleRule("phrase used", "b"), False),
        (StyleRule("phrase used", "Hello"), StyleRule("phrase avoided", "hello"), True),
        (StyleRule("detail", "thorough"), StyleRule("length", "at most 50"), True),
        (StyleRule("detail", "thorough"), StyleRule("length", "at most 900"), False),
    ],
)
def test_what_excludes_what(one: StyleRule, other: StyleRule, *, excludes: bool) -> None:
    assert one.excludes(other) is other.excludes(one) is excludes


def test_earlier_rules_win() -> None:
    first, second = StyleRule("layout", "prose"), StyleRule("layout", "bullets")
    assert without_excluded([first, second, first]) == (first,)


@pytest.mark.parametrize(
    ("facet", "value"), [("colour", "blue"), ("layout", "columns"), ("emoji", "")]
)
def test_unknown_rules_are_refused(facet: str, value: str) -> None:
    with pytest.raises(InputError, match=r"facet"):
        StyleRule(facet, value)


@given(st.text(max_size=300))
def test_any_words_are_read_without_contradiction(words: str) -> None:
    rules = style_rules(words)
    assert len({rule.facet for rule in rules}) == len(rules)
    for rule in rules:
        rule.kept_by(words)


@given(st.sampled_from(RULES), st.sampled_from(RULES))
def test_exclusion_is_symmetric(one: StyleRule, other: StyleRule) -> None:
    assert one.excludes(other) == other.excludes(one)
    assert not one.excludes(one)


@pytest.mark.parametrize(
    ("greeting", "form"),
    [("Hi Alex!", "Hi {name}!"), ("Marc,", "{name},"), ("Dear All,", "Dear All,"),
     ("Hi there!", "Hi there!"), ("Dear Mr Ode,", "Dear {name},"), ("", ""), ("Hello", "Hello")],
)  # fmt: skip
def test_greetings_without_names(greeting: str, form: str) -> None:
    assert greeting_form(greeting) == form


@pytest.mark.parametrize(
    ("signature", "kind"),
    [("AL", "initials"), ("A. Lind", "full name"), ("Ana", "first name"), ("", "none")],
)
def test_kinds_of_signatures(signature: str, kind: str) -> None:
    assert signature_kind(signature) == kind


def test_every_facet_is_named() -> None:
    assert len(facet_names()) == len(facets())
