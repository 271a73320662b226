from __future__ import annotations

import httpx
import openai
import pytest
from tests.privacy.attempts import ATTEMPTS
from tests.privacy.test_injection import outside
from tests.service.servers import StubUpstream

from tailorlm.types import Message

BENIGN = "The beans grow well this year."
SYSTEM = {"role": "system", "content": "You sell tea."}
QUESTION = {"role": "user", "content": "What about the beans in the garden?"}


def sent(
    gateway_url: str, client: openai.OpenAI, upstream: StubUpstream, user: str, insert: str
) -> list[dict[str, str]]:
    """What goes upstream after a document and an earlier message that hold something."""
    feedback = {
        "kind": "document",
        "title": "Beans",
        "text": f"On beans.\n\n{insert}\n\nMore of them.",
    }
    given = {"user": user, "feedback": feedback}
    assert httpx.post(f"{gateway_url}/tailor/v1/feedback", json=given).status_code == 200
    earlier = [{"role": "user", "content": insert}, {"role": "assistant", "content": insert}]
    client.chat.completions.create(
        model="contextual:stub", messages=[SYSTEM, *earlier, QUESTION], user=user
    )
    messages: list[dict[str, str]] = upstream.asked[-1]["messages"]
    return messages


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_documents_and_history_change_no_instruction_on_the_wire(
    gateway_url: str, client: openai.OpenAI, upstream: StubUpstream, attempt: str
) -> None:
    benign = sent(gateway_url, client, upstream, "ana", BENIGN)
    tried = sent(gateway_url, client, upstream, "ben", attempt)
    assert BENIGN in benign[0]["content"]
    assert [m["role"] for m in tried] == ["system", "user", "assistant", "user"]
    system = [outside([Message("system", messages[0]["content"])]) for messages in (benign, tried)]
    assert system[0] == system[1]
    assert [m["content"] for m in tried[1:]] == [attempt, attempt, QUESTION["content"]]
