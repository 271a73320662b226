from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.llms._builtin_query import read
from tailorlm.llms.base import Completion, Request
from tailorlm.llms.builtin import NOTICE, Builtin
from tailorlm.types import Message, Plan, Purpose

QUERIES = {
    "plan": "How should I spend a free weekend?",
    "howto": "How do I fix a flat tire?",
    "ideas": "Gift ideas for my sister",
    "explain": "Explain how vaccines work",
    "opinion": "Should I buy or rent a flat?",
    "email": "Write an email to the team about the new office",
    "story": "Tell me a story about a lighthouse",
    "poem": "Write me a poem about autumn",
    "general": "The dog next door",
}
TAGS = ["Baking", "Tax law", "Solo travel", "K-12 education", "Internet of Things", "CrossFit",
        "Industrial-organizational psychology", "Action games", "Wine & cheese", "C++", "Größe",
        "料理", "{topic}", "a\\1b", "100% cotton", "🙂 emojis"]  # fmt: skip
CONTRACTION = re.compile(r"\w['’](t|s|ll|d|re|ve)\b")
FIRST_PERSON = re.compile(r"\b(I|my|me|myself)\b")


def plan(
    query: str,
    tags: tuple[str, ...] = (),
    rules: tuple[str, ...] = (),
    purpose: Purpose = "best",
) -> Plan:
    messages = (Message("user", query),)
    return Plan(messages=messages, method="m", tags=tags, rules=rules, purpose=purpose)


def answer(
    query: str,
    *tags: str,
    rules: tuple[str, ...] = (),
    purpose: Purpose = "best",
    seed: int | None = None,
    max_tokens: int | None = None,
) -> Completion:
    made = plan(query, tags, rules, purpose)
    return Builtin().complete(
        Request(messages=made.messages, plan=made, seed=seed, max_tokens=max_tokens)
    )


def text(query: str, *tags: str, **settings: object) -> str:
    return answer(query, *tags, **settings).text


def words(text: str) -> int:
    return len(text.split())


@pytest.fixture(params=QUERIES)
def query(request: pytest.FixtureRequest) -> str:
    return QUERIES[request.param]


def test_it_is_labelled_as_a_demo_writer() -> None:
    assert Builtin.is_demo
    assert answer("Hello").llm == "builtin"
    assert "not a language model" in NOTICE
    assert "\n" not in NOTICE


@pytest.mark.parametrize(("kind", "asked"), QUERIES.items())
def test_kinds_of_queries(kind: str, asked: str) -> None:
    assert read(asked).kind == kind


@pytest.mark.parametrize(
    ("asked", "topic"),
    [
        ("How should I spend a free weekend?", "a free weekend"),
        ("Plan my evening", "your evening"),
        ("How can I increase my productivity while working from home?",
         "increasing your productivity"),
        ("What is the best approach for learning a foreign language when I have no time?",
         "learning a foreign language"),
        ("Could you please give me some ideas for a birthday party?", "a birthday party"),
        ("how do i get to know someone", "getting to know someone"),
        ("What is a mortgage?", "a mortgage"),
        ("Should I buy or rent a flat?", "buying or renting a flat"),
        ("Why is the sky blue?", "“Why is the sky blue?”"),
        ("Best way to lose weight?", "losing weight"),
        ("週末の計画", "“週末の計画”"),
        ("???", "your question"),
        ("", "your question"),
    ],
)  # fmt: skip
def test_topics(asked: str, topic: str) -> None:
    assert read(asked).topic == topic


def test_answers_name_the_topic_and_read_like_an_answer(query: str) -> None:
    found = text(query)
    assert read(query).topic.casefold() in found.casefold()
    assert 15 <= words(found) <= 120


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_is_visible_in_every_kind(tag: str, query: str) -> None:
    for manner in ((), ("Brief",), ("Thorough", "Humorous")):
        found = text(query, tag, "Pastry", *manner)
        assert tag.casefold() in found.casefold()
        assert "pastry" in found.casefold()


def test_a_repeated_tag_counts_once(query: str) -> None:
    assert text(query, "Baking", "Baking") == text(query, "Baking")


def test_the_same_request_gives_the_same_text(query: str) -> None:
    assert text(query, "Baking") == text(query, "Baking")


def test_other_plans_give_other_texts(query: str) -> None:
    shown = [("Baking",), ("Yoga",), ("Baking", "Yoga"), ("Yoga", "Baking"), ()]
    assert len({text(query, *tags) for tags in shown}) == len(shown)


def test_seeds_queries_and_purposes_vary_the_phrases(query: str) -> None:
    assert len({text(query, "Baking", seed=seed) for seed in range(20)}) > 8
    asked = text(query, "Baking", purpose="explore"), text(query, "Baking", purpose="best")
    assert asked[0] != asked[1]


def test_phrases_are_not_repeated_within_an_answer(query: str) -> None:
    tags = ("Baking", "Yoga", "Tax law", "Robotics", "Circus")
    found = text(query, *tags)
    for tag in tags:
        found = re.sub(re.escape(tag), "X", found, flags=re.IGNORECASE)
    sentences = [s for s in re.split(r"[.!?:]\s+|\n", found) if "X" in s]
    assert len(sentences) == len(set(sentences)) >= 5


@pytest.mark.parametrize("tags", [(), ("Baking",), ("Baking", "Yoga", "Tax law")])
def test_brief_is_shorter_and_thorough_is_longer(query: str, tags: tuple[str, ...]) -> None:
    brief, plain, thorough = (
        words(text(query, *tags, *manner)) for manner in (("Brief",), (), ("Thorough",))
    )
    assert brief < 0.85 * plain
    assert thorough > 1.25 * plain


def test_stances(query: str) -> None:
    assert FIRST_PERSON.search(text(query, "Baking", "Subjective"))
    for found in (text(query, "Baking", "Objective"), text(query)):
        assert not FIRST_PERSON.search(found)


def test_moods(query: str) -> None:
    assert "!" in text(query, "Humorous")
    assert "!" not in text(query, "Serious")
    assert text(query, "Serious") != text(query)


def test_registers(query: str) -> None:
    casual = [text(query, "Amateurish", seed=seed) for seed in range(10)]
    formal = [text(query, "Professional", seed=seed) for seed in range(10)]
    slang = re.compile(r"\b(kinda|dunno|no worries|winging|no expert|not a pro)\b", re.IGNORECASE)
    assert all(slang.search(found) for found in casual)
    assert not any(slang.search(found) or CONTRACTION.search(found) for found in formal)


@pytest.mark.parametrize("rule", ["Be brief.", "Keep it short", "Answer concisely: be terse"])
def test_rules_for_length(query: str, rule: str) -> None:
    assert words(text(query, "Baking", rules=(rule,))) < words(text(query, "Baking"))


def test_of_two_opposite_styles_the_first_holds(query: str) -> None:
    assert text(query, "Brief", "Thorough") == text(query, "Brief")


@pytest.mark.parametrize("rule", ["No bullet points.", "Please avoid lists", "Stop using bullets"])
def test_no_bullets(query: str, rule: str) -> None:
    found = text(query, "Baking", rules=(rule,))
    assert not re.search(r"^(- |\d+\. )", found, re.MULTILINE)


def test_bullets_and_numbers(query: str) -> None:
    assert text(query, "Baking", "Yoga", rules=("Use bullet points",)).count("\n- ") >= 2
    assert "\n2. " in text(query, "Baking", "Yoga", rules=("As a numbered list",))


def test_sign_off_name_and_case(query: str) -> None:
    rules = ("Sign off as Dr. Know", "Call me Ana Maria.", "Write in lower case")
    found = text(query, "Baking", rules=rules)
    assert found == found.lower()
    assert found.endswith("\n\ndr")
    assert found.startswith("ana maria, ")
    assert text(query, rules=('sign off with "The Team"',)).endswith("\n\nThe Team")
    assert text(query, rules=("all caps please",)).isupper()


def test_limits_and_marks(query: str) -> None:
    assert words(text(query, "Baking", rules=("Use at most 12 words",))) <= 12
    assert "," not in text(query, "Baking", "Yoga", rules=("no commas",))
    assert "!" not in text(query, "Humorous", rules=("Without exclamation marks",))
    assert text(query, rules=("Answer in one sentence",)).count(". ") == 0


def test_a_rule_beyond_it_is_repeated_back(query: str) -> None:
    assert "“I am vegetarian”" in text(query, rules=("I am vegetarian.",))


def test_max_tokens_cut_the_answer(query: str) -> None:
    found = answer(query, "Baking", max_tokens=9)
    assert words(found.text) <= 9
    assert found.finish_reason == "length"


def test_it_answers_the_last_user_message() -> None:
    messages = (
        Message("system", "Be kind."),
        Message("user", "Plan my evening"),
        Message("assistant", "Gladly."),
        Message("user", "Explain quantum entanglement"),
    )
    assert "quantum entanglement" in Builtin().complete(Request(messages=messages)).text.casefold()
    assert Builtin().complete(Request(messages=())).text


def test_streams_join_to_the_answer(query: str) -> None:
    request = Request(messages=(Message("user", query),))
    pieces = list(Builtin().stream(request))
    assert "".join(pieces) == Builtin().complete(request).text
    assert len(pieces) > 10


ANY_TEXT = st.text(max_size=200)


@given(
    ANY_TEXT,
    st.lists(ANY_TEXT | st.sampled_from(["Brief", "Thorough"]), max_size=20),
    st.lists(ANY_TEXT | st.sampled_from(["call me X", "one sentence"]), max_size=20),
)
def test_any_query_tags_and_rules(asked: str, tags: list[str], rules: list[str]) -> None:
    found = text(asked, *tags, rules=tuple(rules))
    assert found
    assert len(found) < 12_000
    assert found == text(asked, *tags, rules=tuple(rules))


@given(st.lists(st.text("ab {}\\$%-", min_size=1, max_size=30), min_size=1, max_size=3))
def test_any_tag_is_visible(tags: list[str]) -> None:
    found = text("Plan my evening", *tags).casefold()
    assert all(" ".join(tag.split()).casefold() in found for tag in tags)


@pytest.mark.parametrize(
    "huge",
    ["word " * 200_000, "x" * 1_000_000, "please " * 140_000, "a" * 500_000 + "?" * 500_000,
     "\n" * 1_000_000, "how do i " * 110_000, "漢" * 1_000_000, "the best " * 110_000],
    ids=range(8),
)  # fmt: skip
def test_a_huge_query_takes_no_longer(huge: str) -> None:
    text("warm up")
    best = float("inf")
    for _ in range(3):
        begun = time.thread_time()
        found = text(huge, "Baking")
        best = min(best, time.thread_time() - begun)
        assert len(found) < 3_000
    assert best < 0.05


def test_answers_come_at_once(query: str) -> None:
    text(query, "Baking")
    best = float("inf")
    for seed in range(20):
        begun = time.perf_counter()
        text(query, "Baking", "Tax law", "Solo travel", "Thorough", seed=seed)
        best = min(best, time.perf_counter() - begun)
    assert best < 0.001
