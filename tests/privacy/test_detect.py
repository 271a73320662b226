from __future__ import annotations

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import MissingExtraError, UnknownNameError
from tailorlm.privacy import KINDS, create_detector, regex
from tailorlm.privacy.base import Span, without_overlaps
from tailorlm.privacy.presidio import PresidioDetector

REGEX = create_detector("regex")

FOUND = [
    ("email", "Write to ana.reyes+news@mail.example.co.uk.", "ana.reyes+news@mail.example.co.uk"),
    ("email", "jörg@bücher.example", "jörg@bücher.example"),
    ("phone", "Ring +49 30 901820 today", "+49 30 901820"),
    ("phone", "+1 (415) 555-0132", "+1 (415) 555-0132"),
    ("phone", "or (415) 555-0132.", "(415) 555-0132"),
    ("phone", "0044 20 7946 0958", "0044 20 7946 0958"),
    ("phone", "im Büro: 030/901820-44", "030/901820-44"),
    ("phone", "Mon numéro : 01 23 45 67 89", "01 23 45 67 89"),
    ("phone", "call me at 5550132", "5550132"),
    ("card", "Visa 4111 1111 1111 1111, please", "4111 1111 1111 1111"),
    ("card", "5555-5555-5555-4444", "5555-5555-5555-4444"),
    ("card", "378282246310005", "378282246310005"),
    ("iban", "to DE89 3704 0044 0532 0130 00 and back", "DE89 3704 0044 0532 0130 00"),
    ("iban", "GB82WEST12345698765432", "GB82WEST12345698765432"),
    ("iban", "fr14 2004 1010 0505 0001 3m02 606", "fr14 2004 1010 0505 0001 3m02 606"),
    ("address", "at 12 Park Road, Leeds LS1 4AP.", "12 Park Road, Leeds LS1 4AP"),
    ("address", "1600 Elm Street, Apt 4, Springfield, IL 62704",
     "1600 Elm Street, Apt 4, Springfield, IL 62704"),
    ("address", "in der Hauptstraße 5, 10115 Berlin.", "Hauptstraße 5, 10115 Berlin"),
    ("address", "10 rue de la Paix, 75002 Paris", "10 rue de la Paix, 75002 Paris"),
    ("address", "Calle Mayor 3, 28013 Madrid", "Calle Mayor 3, 28013 Madrid"),
    ("address", "Via Roma 10, 00184 Roma", "Via Roma 10, 00184 Roma"),
    ("address", "Keizersgracht 123, 1015 CJ Amsterdam", "Keizersgracht 123, 1015 CJ Amsterdam"),
    ("address", "PO Box 1234", "PO Box 1234"),
    ("ip", "from 203.0.113.9 again", "203.0.113.9"),
    ("ip", "host 2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334"),
    ("secret", "key sk-proj-abcDEF123456ghiJKL7890", "sk-proj-abcDEF123456ghiJKL7890"),
    ("secret", "ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9),
    ("secret", "AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE"),
    ("secret", "postgres://bob:s3cret@db.internal/x", "bob:s3cret"),
    ("secret", "My password is hunter2.", "hunter2"),
    ("secret", 'api_key = "9f8e7d6c5b4a"', "9f8e7d6c5b4a"),
    ("national_id", "DNI 12345678Z", "12345678Z"),
    ("national_id", "codice fiscale RSSMRA85T10A562S", "RSSMRA85T10A562S"),
    ("national_id", "CPF 529.982.247-25", "529.982.247-25"),
    ("national_id", "NIR 2 55 08 14 168 025 38", "2 55 08 14 168 025 38"),
    ("national_id", "NHS 943 476 5919", "943 476 5919"),
    ("national_id", "SSN 078-05-1120", "078-05-1120"),
    ("person", "Hi Zorana,\nhow are you?", "Zorana"),
    ("person", "Dear Dr. Okonkwo-Bell,", "Okonkwo-Bell"),
    ("person", "See you there.\n\nKind regards,\nTove Q. Lindqvist", "Tove Q. Lindqvist"),
    ("person", "My name is Xi Wang and I cook.", "Xi Wang"),
    ("person", "please call me Bo from now on", "Bo"),
    ("person", "a talk with Ludwig van Houten today", "Ludwig van Houten"),
    ("person", "I met Ana yesterday", "Ana"),
    ("person", "a mail from Will Tanner about it", "Will Tanner"),
    ("person", '{"name": "Oyelaran"}', "Oyelaran"),
    ("person", "my sister Itzel lives there", "Itzel"),
]  # fmt: skip

NOT_PERSONAL = [
    "2024-05-06", "06.05.2024", "5/6/2024", "from 2019-01-01 to 2021-12-31", "12:30:45",
    "on 12 May 2024 at 14:00", "version 10.2.3.4", "v1.2.3.4-rc1", "numpy 1.26.4", "$1,234,567.89",
    "€ 1.234.567,89", "1 000 000", "order 1234567890", "invoice no. 2024000123",
    "ISBN 978-3-16-148410-0", "3.14159265358979", "1e-10", "100 000 000 people", "10-20-30",
    "4111 1111 1111 1112", "DE89 3704 0044 0532 0130 01", "12345678A", "In May we met Will.",
    "Will you mark it in June?", "I hope for joy, grace and faith.", "Frank opinions, please.",
    "Dear all,", "Hi there,", "Dear Sir or Madam,", "Hello everyone!", "Best regards,\nThe Team",
    "Call me later", "call me maybe", "Paris Agreement", "the Victoria line", "Jordan and Georgia",
    "Bill it to us.", "a@b", "user at example dot com", "@mention", "127.0.0.1", "std::vector::at",
    "::1", "999.999.999.999", "1.2.3", "My password is required here.", "secret: recipe",
    "the token is valid", "https://example.com/path?q=1", "sk-short", "12 Monkeys", "5 Star Hotel",
    "Person_1 wrote to email_1@example.invalid", "GPT-4 and Llama-3", "May 5, 2024", "Q3 2024",
    "Chapter 12, Section 4", "0.5 to 0.75", "RFC 2606", "24/7", "9-to-5", "10 Downloads per Day",
    "a 16 digit 1234567890123456 number", "In Rome by the sea", "Dr", "name: string",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "piece"), FOUND)
def test_personal_data_is_found_whole(kind: str, text: str, piece: str) -> None:
    found = REGEX.find(text)
    assert [(span.kind, span.of(text)) for span in found] == [(kind, piece)]


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert [span.of(text) for span in REGEX.find(text)] == []


def test_a_name_found_once_is_found_by_its_parts() -> None:
    text = "Ana Kowalczyk called. Ana will ask; KOWALCZYK pays. Kowalczyk's will is here."
    assert [s.of(text) for s in REGEX.find(text)] == [
        "Ana Kowalczyk", "Ana", "KOWALCZYK", "Kowalczyk",
    ]  # fmt: skip


def test_a_part_that_is_an_ordinary_word_of_the_text_stays() -> None:
    text = "Ana Park walked in the park. Park here."
    assert [s.of(text) for s in REGEX.find(text)] == ["Ana Park"]


def test_known_names_are_found_where_nothing_tells_them() -> None:
    assert REGEX.find("Zyx likes tea") == ()
    assert [s.of("Zyx likes tea") for s in REGEX.find("Zyx likes tea", ["Zyx Qor"])] == ["Zyx"]


PIECES = st.sampled_from(
    [text for _, text, _ in FOUND] + NOT_PERSONAL + ["\n", " ", ",", "_", "1", "é", "\u200b"]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=6).map("".join))


@given(TEXTS)
def test_spans_lie_within_the_text_in_order_and_apart(text: str) -> None:
    found = REGEX.find(text)
    assert found == REGEX.find(text)
    assert all(0 <= span.start < span.end <= len(text) for span in found)
    assert all(span.kind in KINDS and 0 < span.confidence <= 1 for span in found)
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_of_overlapping_spans_the_surest_stays() -> None:
    spans = [Span(0, 9, "person", 0.6), Span(2, 5, "phone", 0.9), Span(5, 6, "ip", 0.7)]
    assert without_overlaps(spans) == (spans[1], spans[2])
    assert without_overlaps([Span(3, 3, "ip", 1.0)]) == ()


@pytest.mark.parametrize(
    "piece",
    ["a", "1 ", "a.a.", "@", "hi a ", "Ana ", "-----BEGIN PRIVATE KEY-----", "A-", "Hauptstr. ",
     "1 Aa ", "DE89 ", "my name is ", "password: ", "rue a ", "\n", ":", "eyJaaaaaaaaa.eyJ"],
)  # fmt: skip
def test_hostile_texts_take_time_in_proportion(piece: str) -> None:
    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        start = time.process_time()
        REGEX.find(text)
        return time.process_time() - start

    short = max(seconds(20_000), 0.002)
    # What grows with the square takes 64 times as long every time; a machine with much to do, once.
    assert any(seconds(160_000) < 8 * 4 * short for _ in range(3))


@pytest.mark.parametrize("size", range(340, 530, 21))
def test_nothing_is_lost_between_the_windows_of_a_long_text(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regex, "_WINDOW", 512)
    monkeypatch.setattr(regex, "_OVERLAP", 128)
    for _, text, piece in FOUND:
        for filling in ("tea and cake ", "\n"):
            long = (filling * size)[:size] + "\n" + text + "\n" + filling * 99
            assert piece in [span.of(long) for span in REGEX.find(long)], (piece, filling)


def test_a_megabyte_is_read_in_seconds() -> None:
    text = (FOUND[0][1] + " lorem ipsum dolor sit amet 12 34 " * 30)[:1000] * 1000
    start = time.process_time()
    assert len(REGEX.find(text)) == 1000
    assert time.process_time() - start < 20


def test_unknown_detectors_are_named() -> None:
    with pytest.raises(UnknownNameError, match="presidio"):
        create_detector("presido")


def test_presidio_needs_its_extra() -> None:
    try:
        import presidio_analyzer  # noqa: F401 - whether it is installed is the question
    except ModuleNotFoundError:
        with pytest.raises(MissingExtraError, match=re.escape("tailorlm[presidio]")):
            create_detector("presidio")


class _Finding:
    def __init__(self, entity_type: str, start: int, end: int, score: float) -> None:
        self.entity_type, self.start, self.end, self.score = entity_type, start, end, score


class _Engine:
    """Finds the word "Nguyen" and calls "Monday" a date."""

    def get_supported_entities(self, language: str) -> list[str]:
        return ["PERSON", "DATE_TIME"]

    def analyze(
        self, text: str, language: str, entities: list[str], score_threshold: float
    ) -> list[_Finding]:
        assert language == "en"
        assert entities == ["PERSON"]
        found = [("PERSON", "Nguyen"), ("DATE_TIME", "Monday")]
        return [
            _Finding(kind, text.index(word), text.index(word) + len(word), 0.85)
            for kind, word in found
            if word in text
        ]


def test_presidio_finds_names_and_the_patterns_the_rest() -> None:
    detector = PresidioDetector(engine=_Engine())
    text = "nguyen: Nguyen, Bo and a@example.com on Monday"
    found = [(span.kind, span.of(text)) for span in detector.find(text, ["Bo"])]
    assert found == [("person", "Nguyen"), ("person", "Bo"), ("email", "a@example.com")]
    assert detector.find("  ") == ()
