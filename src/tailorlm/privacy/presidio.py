"""Personal data by Microsoft's Presidio: a language model for names, recognizers for the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, ClassVar

from tailorlm.errors import InputError, MissingExtraError
from tailorlm.privacy._names import occurring
from tailorlm.privacy._patterns import formed
from tailorlm.privacy.base import Kind, Span, without_overlaps

_KINDS: dict[str, Kind] = {
    "PERSON": "person", "EMAIL_ADDRESS": "email", "PHONE_NUMBER": "phone", "CREDIT_CARD": "card",
    "IBAN_CODE": "iban", "IP_ADDRESS": "ip", "US_SSN": "national_id", "UK_NHS": "national_id",
    "ES_NIF": "national_id", "ES_NIE": "national_id", "IT_FISCAL_CODE": "national_id",
    "PL_PESEL": "national_id", "US_PASSPORT": "national_id", "US_DRIVER_LICENSE": "national_id",
}  # fmt: skip
"""What Presidio calls what is found here; its other entities (dates, places, groups) stay."""
_MODEL = "en_core_web_lg"
"""The spaCy model of Presidio's usual engine."""
_LEAST = 0.4
"""Score from which a finding of Presidio counts."""


class PresidioDetector:
    """Presidio's findings, with those of the patterns for what it does not know.

    Args:
        engine: A configured `AnalyzerEngine`; None makes the usual one, for English.
        language: Language of the texts, one of the engine's.

    Raises:
        MissingExtraError: If Presidio is not installed.
        InputError: If its language model is not; Presidio would download it.
    """

    name: ClassVar[str] = "presidio"
    extra: ClassVar[str | None] = "presidio"

    def __init__(self, engine: Any = None, language: str = "en") -> None:
        self._engine = _usual_engine() if engine is None else engine
        self._language = language
        self._entities = sorted(set(_KINDS) & set(self._engine.get_supported_entities(language)))

    def find(self, text: str, known: Collection[str] = ()) -> tuple[Span, ...]:
        """See `Detector.find`."""
        return without_overlaps((*formed(text), *self._analysed(text), *occurring(text, known)))

    def _analysed(self, text: str) -> Iterator[Span]:
        if not text.strip():
            return
        found = self._engine.analyze(
            text=text, language=self._language, entities=self._entities, score_threshold=_LEAST
        )
        for one in found:
            if kind := _KINDS.get(one.entity_type):
                yield Span(one.start, one.end, kind, min(float(one.score), 0.98))


def _usual_engine() -> Any:
    try:
        import spacy
        from presidio_analyzer import AnalyzerEngine
    except ModuleNotFoundError:
        raise MissingExtraError("The detector 'presidio'", "presidio") from None
    if not spacy.util.is_package(_MODEL):
        raise InputError(
            f"Presidio needs the spaCy model {_MODEL}, which is not installed. "
            f"Run: python -m spacy download {_MODEL}"
        )
    return AnalyzerEngine()
