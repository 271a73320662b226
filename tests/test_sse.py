from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm import sse
from tailorlm.sse import ServerEvent, SSEError, events

LINES = st.one_of(
    st.sampled_from(["", "", "data", "data:", "data: x", "data:  two", ": note", "event: odd"]),
    st.sampled_from(["id: 4", "retry: 10", "data: [DONE]", "other: y", "event:", "\ufeffdata: b"]),
    st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]), max_size=12),
    st.text("aé漢🙂:", max_size=8).map(lambda text: "data: " + text),
)
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=25).map(
    lambda rows: "".join(line + end for line, end in rows).encode()
)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    """The bytes cut at the places, empty chunks included."""
    ends = sorted(min(place, len(data)) for place in places)
    return [data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)]


def reference(text: str) -> list[ServerEvent]:
    """The specification read aloud, on the whole text at once."""
    found, data, kind = [], [], ""
    for line in (
        text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    ):
        if line == "":
            if data:
                found.append(ServerEvent("\n".join(data), kind or "message"))
            data, kind = [], ""
        elif not line.startswith(":"):
            name, value = line.split(":", 1) if ":" in line else (line, "")
            value = value[1:] if value.startswith(" ") else value
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value
    return found


def outcome(chunks: list[bytes]) -> tuple[list[ServerEvent], bool]:
    """The events before the end, and whether it was an error."""
    found: list[ServerEvent] = []
    try:
        found.extend(events(chunks))
    except SSEError:
        return found, True
    return found, False


@given(STREAMS, st.lists(st.integers(0, 400), max_size=30))
def test_any_chunking_gives_what_the_specification_says(data: bytes, places: list[int]) -> None:
    assert outcome(cut(data, places)) == (reference(data.decode()), False)


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=20))
def test_random_bytes_end_alike_in_any_chunking(data: bytes, places: list[int]) -> None:
    assert outcome(cut(data, places)) == outcome([data])


@given(STREAMS)
def test_byte_by_byte(data: bytes) -> None:
    assert outcome([data[i : i + 1] for i in range(len(data))])[0] == reference(data.decode())


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"data: a\ndata: b\n\n", ["a\nb"]),
        (b"data\n\n", [""]),
        (b"data:a\r\n\r\ndata:b\r\r", ["a", "b"]),
        (b": keep-alive\n\n: again\n\ndata: x\n\n", ["x"]),
        (b"\xef\xbb\xbfdata: marked\n\n", ["marked"]),
        (b"data: cut off\n", []),
        (b"data: cut off", []),
        ("data: 漢\n\n".encode(), ["漢"]),
    ],
)
def test_cases_of_the_specification(data: bytes, expected: list[str]) -> None:
    assert [event.data for event in events([data])] == expected


def test_an_event_comes_before_the_next_byte() -> None:
    def chunks():
        yield b"data: now\r\r"
        raise AssertionError("the event was complete already")

    assert next(events(chunks())).data == "now"


def test_the_kind_of_an_event() -> None:
    assert [e.kind for e in events([b"event: error\ndata: x\n\ndata: y\n\n"])] == [
        "error",
        "message",
    ]


def test_not_utf8_is_refused_and_a_cut_character_at_the_end_dropped() -> None:
    with pytest.raises(SSEError, match="UTF-8"):
        list(events([b"data: \xff\n\n"]))
    assert list(events([b"data: x\n\n", "data: 漢".encode()[:-1]])) == [ServerEvent("x")]


def test_lines_and_events_are_bounded() -> None:
    many = (b"x" * 65536 for _ in range(1000))
    with pytest.raises(SSEError, match="a line is longer"):
        list(events(many))
    line = b"data: " + b"y" * 1_000_000 + b"\n"
    with pytest.raises(SSEError, match="an event holds more"):
        list(events(line for _ in range(10)))


def test_a_line_of_the_longest_length_passes() -> None:
    text = b"z" * (sse.MAX_LINE - len(b"data:"))
    assert len(next(events([b"data:", text, b"\n\n"])).data) == len(text)
