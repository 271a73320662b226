from __future__ import annotations

from typing import Any

import httpx
import pytest

from tailorlm.tailor import Tailor
from tailorlm.types import Pick, Ranking, Rating

ASK = {"user": "ana", "query": "How should I spend a free weekend?", "n": 3, "model": "stub"}


@pytest.fixture
def api(gateway_url: str) -> httpx.Client:
    return httpx.Client(base_url=f"{gateway_url}/tailor/v1", timeout=20)


def ask(api: httpx.Client, **changes: Any) -> dict[str, Any]:
    answer = api.post("/ask", json={**ASK, **changes})
    assert answer.status_code == 200, answer.text
    return answer.json()


def give(api: httpx.Client, key: str | None = None, **feedback: Any) -> httpx.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return api.post("/feedback", json={"user": "ana", "feedback": feedback}, headers=headers)


def test_asked_ranked_and_believed(api: httpx.Client, tailor: Tailor) -> None:
    turn = ask(api)
    assert [c["position"] for c in turn["candidates"]] == [0, 1, 2]
    assert 0 <= turn["best"] < 3
    receipt = give(api, kind="ranking", turn=turn["turn"], order=[2, [0, 1]]).json()
    assert (receipt["position"], receipt["learned"]) == (2, True)
    profile = api.get("/profile", params={"user": "ana"}).json()
    assert profile["user"] == "ana"
    assert max(belief["evidence"] for belief in profile["beliefs"]) == 1
    events = api.get("/history", params={"user": "ana"}).json()["events"]
    assert [event["kind"] for event in events] == ["turn", "ranking"]
    assert events[1]["payload"]["groups"] == [[2], [0, 1]]


@pytest.mark.parametrize(
    "feedback",
    [
        {"kind": "ranking", "order": [2, 0, 1]},
        {"kind": "pick", "candidate": 1},
        {"kind": "edit", "candidate": 0, "text": "As I would have it."},
        {"kind": "rating", "candidate": 0, "score": 4},
    ],
)
def test_the_same_key_is_one_event(api: httpx.Client, feedback: dict[str, Any]) -> None:
    turn = ask(api)["turn"]
    first = give(api, "k1", turn=turn, **feedback)
    again = give(api, "k1", turn=turn, **feedback)
    other = give(api, "k1", kind="statement", text="Something else.")
    assert first.json() == again.json()
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "idempotency"


def test_what_an_app_saw_never_replaces_what_was_said(api: httpx.Client, tailor: Tailor) -> None:
    turn = ask(api)["turn"]
    give(api, kind="copy", turn=turn, candidate=0)
    give(api, kind="ranking", turn=turn, order=[1, 0, 2])
    give(api, kind="copy", turn=turn, candidate=2)
    kinds = [event.payload for event in tailor.log("ana")][1:]
    assert kinds == [Pick(turn, 0), Ranking(turn, ((1,), (0,), (2,)))]


def test_copying_and_replacing_the_only_answer(api: httpx.Client, tailor: Tailor) -> None:
    first, second = ask(api, n=1)["turn"], ask(api, n=1)["turn"]
    give(api, kind="copy", turn=first, candidate=0)
    give(api, kind="regenerate", turn=second)
    scores = [e.payload.score for e in tailor.log("ana") if isinstance(e.payload, Rating)]
    assert scores == [4.0, 2.0]


def test_corrected_at_the_next_answer_and_taken_back(api: httpx.Client) -> None:
    for of, name, value in [("tag", "Baking", "liked"), ("rule", "Use bullet points.", "")]:
        receipt = give(api, kind="correction", of=of, name=name, action="set", value=value).json()
        assert receipt["learned"]
    for candidate in ask(api)["candidates"]:
        assert "Baking" in candidate["tags"]
        assert "Use bullet points." in candidate["rules"]
    beliefs = api.get("/profile", params={"user": "ana"}).json()["beliefs"]
    assert [b["name"] for b in beliefs if b["correction"] == "set"] == [
        "Baking", "Use bullet points.",
    ]  # fmt: skip
    give(api, kind="correction", of="tag", name="Baking", action="forget")
    give(api, kind="correction", of="rule", name="Use bullet points.", action="release")
    for candidate in ask(api)["candidates"]:
        assert "Baking" not in candidate["tags"]
        assert candidate["rules"] == []
    wrong = give(api, kind="correction", of="rule", name="Be brief", action="set", value="disliked")
    assert wrong.status_code == 400
    assert "Only a tag" in wrong.json()["error"]["message"]


@pytest.mark.parametrize(
    ("feedback", "status", "says"),
    [
        ({"kind": "ranking", "turn": "none", "order": [0, 1]}, 404, "turn"),
        ({"kind": "ranking", "order": [0, 1]}, 400, "turn"),
        ({"kind": "shrug"}, 400, "kind"),
        ({"kind": "statement", "text": " "}, 400, "empty"),
        ({"kind": "statement", "text": "x", "extra": 1}, 400, "extra"),
        ({"kind": "statement", "text": 7}, 400, "string"),
        ({"kind": "statement", "text": "x\x00"}, 400, "NUL"),
        ({"kind": "pick", "turn": "none", "candidate": -1}, 400, "greater"),
        ({"kind": "rating", "turn": "none", "candidate": 0, "score": 9}, 400, "less"),
    ],
)
def test_feedback_that_cannot_be_used(
    api: httpx.Client, feedback: dict[str, Any], status: int, says: str
) -> None:
    ask(api)
    answer = give(api, **feedback)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]


def test_a_turn_of_another_user_is_not_found(api: httpx.Client) -> None:
    turn = ask(api)["turn"]
    ask(api, user="bo")
    wrong = {"user": "bo", "feedback": {"kind": "pick", "turn": turn, "candidate": 0}}
    assert api.post("/feedback", json=wrong).status_code == 404


def test_history_in_parts(api: httpx.Client) -> None:
    for number in range(5):
        give(api, kind="statement", text=f"Wish {number}.")
    first = api.get("/history", params={"user": "ana", "limit": 3}).json()
    rest = api.get("/history", params={"user": "ana", "after": first["next_after"]}).json()
    assert [len(first["events"]), len(rest["events"]), rest["next_after"]] == [3, 2, None]


def test_taken_along_and_erased(api: httpx.Client, tailor: Tailor) -> None:
    give(api, kind="statement", text="Remember the canary.")
    export = api.get("/export", params={"user": "ana"})
    assert export.headers["content-type"].startswith("application/jsonl")
    assert "canary" in export.text
    assert api.post("/erase", json={"user": "ana", "confirm": "an"}).status_code == 400
    done = api.post("/erase", json={"user": "ana", "confirm": "ana"}).json()
    assert done["events"] == 1
    assert api.get("/profile", params={"user": "ana"}).status_code == 404
    assert api.get("/users").json() == {"users": []}


def test_what_if_shows_both_and_records_nothing(api: httpx.Client, tailor: Tailor) -> None:
    give(api, kind="statement", text="Keep it short.")
    both = api.post("/what-if", json={k: v for k, v in ASK.items() if k != "n"}).json()
    assert both["generic"]["text"] == "stub read 1 messages"
    assert both["personal"]["text"] == "stub read 2 messages"
    assert "Keep it short." in both["personal"]["rules"]
    assert len(list(tailor.log("ana"))) == 1


def test_a_model_must_be_known(api: httpx.Client) -> None:
    answer = api.post("/ask", json={k: v for k, v in ASK.items() if k != "model"})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "model"
