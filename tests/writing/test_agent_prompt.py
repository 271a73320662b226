"""What a preference agent's model is asked, and how its answers are read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.writing.agent_prompt import (
    MAX_RULE,
    MAX_RULES,
    agent_prompt,
    read_rules,
    write_rules,
    writer_prompt,
)

RULES = ("Skip the greeting.", "Write two short sentences.", "Sign with one initial.")


def test_the_prompt_holds_what_is_known_and_nothing_else() -> None:
    text = agent_prompt("Boiler  room", ["The key is\nlost", " "], recipient="Ines", kind="note")
    ask, blank, *rest = text.splitlines()
    assert "a note has to say" in ask
    assert blank == ""
    assert rest == ["Subject: Boiler room", "To: Ines", "Points:", "- The key is lost"]
    assert agent_prompt("Boiler room", []).splitlines()[2:] == ["Subject: Boiler room"]
    assert "a mail has to say" in agent_prompt("", ["The key is lost"])


def test_the_writer_gets_the_same_input_with_another_task() -> None:
    rules, mail = (make("Keys", ["Lost"]) for make in (agent_prompt, writer_prompt))
    assert rules.splitlines()[0] != mail.splitlines()[0]
    assert rules.splitlines()[1:] == mail.splitlines()[1:]


def test_nothing_to_write_about_is_refused() -> None:
    with pytest.raises(InputError, match="give a subject"):
        agent_prompt(" ", ["", "\n"])


@pytest.mark.parametrize(
    "answer",
    [
        "- Skip the greeting.\n- Write two short sentences.\n- Sign with one initial.",
        (
            "Here are the rules:\n\n1. Skip the greeting.\n2. Write two\n   short sentences.\n"
            "3) Sign with one initial."
        ),
        (
            "<thinking>- not a rule</thinking>\n<rules>\n• **Skip the greeting.**\n"
            "• Write two short sentences.\n• Sign with one initial.\n</rules>"
        ),
        "Skip the greeting.\nWrite two short sentences.\nSign with one initial.",
        (
            "Rules:\nRule 1: Skip the greeting.\nRule 2: Write two short sentences.\n"
            "Rule 3: Sign with one initial."
        ),
        json.dumps(RULES),
        "```json\n" + json.dumps({"rules": RULES}, indent=1) + "\n```\nThese are the rules.",
        '["Skip the greeting.", "Write two short sentences.", "Sign with one initial.", "And th',
        (
            "- Skip the greeting.\n- skip the greeting.\n- Write two short sentences.\n---\n"
            "- Sign with one initial."
        ),
    ],
)
def test_every_usual_form_of_a_list_is_read(answer: str) -> None:
    assert read_rules(answer) == RULES


@pytest.mark.parametrize(
    "answer", ["", " \n\n", "Rules:", "[]", "```\n```", "- \n-", "<thinking>x"]
)
def test_no_rules_are_no_rules(answer: str) -> None:
    assert read_rules(answer) == ()


def test_a_rule_may_hold_numbers_brackets_and_quotes() -> None:
    rules = ("Use 2 sentences (not 3).", "[Sic] stays as it is.", 'Say "hi", never "dear".')
    assert read_rules(write_rules(rules)) == rules
    assert read_rules(json.dumps(rules)) == rules


def test_a_model_that_does_not_stop_is_stopped() -> None:
    assert len(read_rules("\n".join(f"- Rule {n} of many" for n in range(1000)))) == MAX_RULES
    assert len(read_rules("- " + "a" * 10_000_000)[0]) == MAX_RULE


words = st.text(st.characters(codec="utf-8", categories=["L"]), min_size=1, max_size=9)
sentences = st.lists(words, min_size=1, max_size=6).map(" ".join)


@given(st.lists(sentences, max_size=10, unique_by=str.casefold))
def test_what_is_written_is_read_back(rules: list[str]) -> None:
    assert read_rules(write_rules(rules)) == tuple(rules)


@given(st.text())
def test_any_answer_is_read(answer: str) -> None:
    rules = read_rules(answer)
    assert all(rule == " ".join(rule.split()) and rule for rule in rules)
    assert read_rules(write_rules(rules)) is not None
