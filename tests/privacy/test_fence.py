from __future__ import annotations

import json
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.privacy.attempts import ATTEMPTS

from tailorlm.fence import fenced, in_tags, plain_line

HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
TOKENS = re.compile(r"<[|/!?A-Za-z<▁｜]|\[/?[A-Z][A-Z_]{2,}\]")
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from([*ATTEMPTS, "<", "[", "</text>", "|", "/"])).map("".join),
)


@given(TEXTS)
def test_data_reads_back_from_one_line_without_anything_hidden(text: str) -> None:
    line = fenced({"text": text})
    assert json.loads(line) == {"text": text}
    assert len(line.splitlines()) == 1
    assert not any(unicodedata.category(c) in HIDDEN for c in line)
    assert TOKENS.search(line) is None


@given(TEXTS)
def test_no_text_can_close_its_tags(text: str) -> None:
    fence = in_tags("text", text)
    assert fence.startswith("<text>\n")
    assert fence.endswith("\n</text>")
    inner = fence[len("<text>\n") : -len("\n</text>")]
    assert TOKENS.search(inner) is None
    assert not any(unicodedata.category(c) in HIDDEN - {"Cc"} for c in inner)
    assert in_tags("text", inner) == fence


@given(TEXTS)
def test_a_plain_line_is_one_line(text: str) -> None:
    line = plain_line(text)
    assert len(line.splitlines()) <= 1
    assert TOKENS.search(line) is None
    assert plain_line(line) == line


@pytest.mark.parametrize(
    "text", ["Keep it short: 3 < 5, and [1] is fine.", "naïve, 10 €, 你好, é, 😀", "a\tb\n\nc"]
)
def test_ordinary_texts_stay_as_they_are(text: str) -> None:
    assert in_tags("t", text) == f"<t>\n{text}\n</t>"
    assert fenced(text) == json.dumps(text, ensure_ascii=False)
    assert plain_line(text) == " ".join(text.split())
