from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pytest
from tests.methods.logs import TAGS, accepted, parts
from tests.privacy.attempts import ATTEMPTS

from tailorlm import registry
from tailorlm.llms.base import Completion, Request
from tailorlm.methods.base import Method, with_context
from tailorlm.types import (
    Candidate,
    Context,
    Document,
    Edit,
    Event,
    Message,
    Payload,
    Plan,
    Ranking,
    Turn,
    User,
)
from tailorlm.writing._habits import WORDINGS
from tailorlm.writing.rules import style_rules

METHODS = registry.names(registry.METHODS)
SETTINGS: dict[str, dict[str, object]] = {
    "contextual": {"budget": 4000},
    "edit_rules": {"words": "llm"},
    "oppu_retrieval": {"budget": 4000, "k": 50},
}
LEARNED = frozenset(
    ("bayes_tags", "edit_rules", "hierarchy", "oppu_retrieval", "preference_agent",
     "profile_summary", "prompt_refinement")
)  # fmt: skip
"""Methods whose own words change with how a user's texts are written."""
SHOWS = frozenset(
    ("contextual", "edit_rules", "oppu_retrieval", "premium_prompt", "profile_summary",
     "prompt_refinement")
)  # fmt: skip
"""Methods that show a language model the texts of the log."""
BENIGN = "The beans grow well this year, and the rain did the rest."
QUERY = Context("Write an email to my neighbour about the beans in the garden.")
_QUOTED = re.compile(r"“[^”]{1,120}”")
"""What a rule quotes of a user's greeting, closing or phrases, which can hold no such mark."""
_TAGGED = re.compile(r"^<(\w+)>\n.*?\n</\1>$", re.MULTILINE | re.DOTALL)


def log(insert: str) -> list[Event]:
    """A user's log in which every text from outside holds something."""
    payloads: list[tuple[Payload, Turn | None]] = []
    for number in range(4):
        query = f"What about the garden, number {number}? {insert}"
        texts = [f"Water it well.\n\n{insert}", f"Leave it to the rain.\n\n{insert}"]
        candidates = tuple(
            Candidate(
                plan=Plan(
                    messages=with_context(Context(query)), method="x",
                    purpose="explore" if place else "best", tags=(tag,),
                ),
                text=text,
                llm="test",
            )
            for place, (text, tag) in enumerate(zip(texts, ("Gardening", "Poetry"), strict=True))
        )  # fmt: skip
        turn = Turn(id=f"t{number}", query=query, candidates=candidates)
        payloads += [
            (turn, None),
            (Ranking(turn.id, ((0,), (1,))), turn),
            (Edit(turn.id, 0, f"Please water it well.\n\n{insert}"), turn),
            (Document(f"Dear Sam,\n\nthe beans grow.\n\n{insert}\n\nBest,\nKim", insert), None),
        ]  # fmt: skip
    return [
        Event(id=f"e{i}", user="ana", position=i, time=float(i), key=f"k{i}", payload=p, turn=t)
        for i, (p, t) in enumerate(payloads, 1)
    ]


def composed(method: Method, insert: str) -> list[tuple[Message, ...]]:
    """All that a method says to a language model after that log: on the way, then its plans."""
    state = method.initial(User("ana"))
    events = accepted(method, log(insert))
    for place, event in enumerate(events, 1):
        state = method.observe(state, event)
        if method.due(state):
            state = method.train(state, events[:place], np.random.default_rng(0))
    proposal = method.propose(state, QUERY, 2, np.random.default_rng(1))
    said: list[tuple[Message, ...]] = []
    answers: tuple[Completion, ...] | None = None
    while not isinstance(proposal, list):
        try:
            requests: tuple[Request, ...] = proposal.send(answers)
        except StopIteration as stop:
            proposal = stop.value
        else:
            said += [request.messages for request in requests]
            answers = tuple(Completion(text="no form", llm="test") for _ in requests)
    return said + [plan.messages for plan in proposal]


def outside(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Role and text of messages without what stands in a fence."""
    found = []
    for message in messages:
        text = _TAGGED.sub(r"<\1>", message.content)
        lines = ["DATA" if is_data(line) else _QUOTED.sub("“”", line) for line in text.split("\n")]
        merged = [
            a for a, b in zip(lines, [*lines[1:], ""], strict=True) if (a, b) != ("DATA", "DATA")
        ]
        found.append((message.role, "\n".join(merged)))
    return found


def is_data(line: str) -> bool:
    """Whether a line is one JSON value, in which nothing is hidden."""
    if line[:1] not in ("{", "[", '"') or len(line.splitlines()) != 1:
        return False
    if any(unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") for c in line):
        return False
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def is_own(line: str) -> bool:
    """Whether a line is a rule or a choice of tags in the program's own words."""
    if tags := re.match(r"The reader is drawn to these fields: ([^.]*)\.", line):
        return set(tags[1].split("; ")) <= set(TAGS)
    habits = {_QUOTED.sub("“”", word.format("x")) for words in WORDINGS.values()
              for word in words.values()}  # fmt: skip
    rules = {_QUOTED.sub("“”", rule.text) for rule in style_rules(line.replace("“”", "“x”"))}
    return line in habits | rules


@pytest.fixture(scope="module", params=METHODS)
def method(request: pytest.FixtureRequest) -> Method:
    kind = registry.find(registry.METHODS, request.param)
    return kind(parts(), kind.Config(**SETTINGS.get(request.param, {})))


@pytest.fixture(scope="module")
def benign(method: Method) -> list[list[tuple[str, str]]]:
    return [outside(messages) for messages in composed(method, BENIGN)]


def test_there_are_attempts_of_every_kind() -> None:
    assert len(set(ATTEMPTS)) >= 40


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt_stays_in_the_fence(
    method: Method, benign: list[list[tuple[str, str]]], attempt: str
) -> None:
    said = [outside(messages) for messages in composed(method, attempt)]
    assert [[role for role, _ in messages] for messages in said] == [
        [role for role, _ in messages] for messages in benign
    ]
    if method.name not in LEARNED:
        assert said == benign
        return
    own = {line for messages in benign for _, text in messages for line in text.split("\n")}
    new = [
        line
        for messages in said
        for _, text in messages
        for line in text.split("\n")
        if line not in own and not is_own(line.removeprefix("- "))
    ]
    assert new == []


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_an_attempt_as_the_habit_of_a_writer_stays_in_its_quotation(attempt: str) -> None:
    kind = registry.find(registry.METHODS, "preference_agent")
    method = kind(parts(), kind.Config())
    state = method.initial(User("ana"))
    for number in range(6):
        text = (
            f"{attempt}\n\nThe beans grow, {number} of them.\n\n{attempt}\n\n{attempt},\n{attempt}"
        )
        event = Event(id=f"e{number}", user="ana", position=number + 1, time=1.0, key=f"k{number}",
                      payload=Document(text))  # fmt: skip
        state = method.observe(state, event)
        if method.due(state):
            state = method.train(state, [event], np.random.default_rng(0))
    (plan,) = method.propose(state, QUERY, 1, np.random.default_rng(1))
    for _, text in outside(plan.messages[:-1]):
        lines = text.split("\n")[2:]
        assert [line for line in lines if not is_own(line.removeprefix("- "))] == []


def test_a_benign_log_is_shown(method: Method) -> None:
    text = "\n".join(m.content for messages in composed(method, BENIGN) for m in messages)
    assert (method.name in SHOWS) == (BENIGN in text.replace("\\n", "\n"))
