"""How a text is written, as numbers: length, layout, punctuation, contractions, courtesy, form."""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass, fields
from functools import cache

from tailorlm.writing.mail import Mail, split_mail

_WORD = re.compile(r"[^\W_]+(?:['’\-.][^\W_]+)*")
_SENTENCE = re.compile(r"[^.!?\n]*[^\s.!?\n][^.!?\n]*(?:[.!?]+|\n|$)")
_BULLET = re.compile(r"^\s*(?:[-*•–·]|\(?[a-z]\))\s+\S", re.MULTILINE)
_NUMBERED = re.compile(r"^\s*\(?\d{1,3}[.):]\s+\S", re.MULTILINE)
_CONTRACTED = re.compile(
    r"\b(?:[a-z]+n['’]t|(?:i|you|we|they|he|she|it|that|there|what|who|here|let)"
    r"['’](?:m|re|ve|ll|d|s))\b",
    re.IGNORECASE,
)
_EXPANDED = re.compile(
    r"\b(?:(?:do|does|did|is|are|was|were|has|have|had|could|would|should|will|can) ?not"
    r"|(?:i am|i have|i will|i would|you are|you have|you will|we are|we have|we will|they are"
    r"|they have|it is|that is|there is|he is|she is|what is))\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"(?<!\w)[$€£#]?\d[\d,.:/%]*\w*")
_COURTESY = re.compile(
    r"\b(?:please|kindly|thank(?:s| you)?|thx|appreciate[ds]?|grateful|sorry|apolog\w+)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(r"\b(?:thank(?:s|ful|ing)?|thx|appreciate[ds]?|grateful)\b", re.IGNORECASE)
_HEDGE = re.compile(
    r"\b(?:perhaps|maybe|probably|possibly|might|seems?|appears?|i (?:think|believe|guess|wonder)"
    r"|would you mind|if possible|rather|somewhat|sort of|kind of)\b",
    re.IGNORECASE,
)
_FRIENDLY = re.compile(
    r"\b(?:hope (?:you|your|all|this|everything|things)|how are (?:you|things)|great to"
    r"|nice to|good to (?:see|hear|talk|speak)|have a (?:great|good|nice|lovely|wonderful)"
    r"|pleasure|looking forward|look forward|trust (?:you|this|all)|wish you)",
    re.IGNORECASE,
)
_SPELLINGS = re.compile(
    r"\b(?:(?P<british>\w+(?:isation|ising|ised|ise[sd]?)|colour\w*|favour\w*"
    r"|honour\w*|behaviour\w*|labour\w*|neighbour\w*|centre\w*|theatre\w*|metre[sd]?|cheque\w*"
    r"|programme[sd]?|defence|licence|travell\w+|cancell(?:ed|ing)|shall|whilst|amongst|towards"
    r"|grey|tyre\w*|cosy|analys(?:e[sd]?|ing)|catalogue\w*|dialogue\w*|enquir\w+)"
    r"|(?P<american>\w+(?:ization|izing|ized|ize[sd]?)|color\w*|favor\w*|honor\w*|behavior\w*"
    r"|labor\w*|neighbor\w*|center\w*|theater\w*|check(?:book|ing account)|program[sd]?|defense"
    r"|license\w*|travel(?:ed|ing|er)\w*|canceled|canceling|gray|cozy|analyz\w+|catalog[sd]?"
    r"|toward|inquir\w+))\b",
    re.IGNORECASE,
)
_NOT_SPELLING = frozenset(
    re.findall(
        r"\w+",
        """
        advise advised advises advising arise arises arising comprise comprised comprises
        concise despise devise devised disguise enterprise enterprises excise exercise
        exercised exercises exercising expertise franchise franchises improvise likewise
        merchandise noise noised otherwise paradise poise praise praised precise premise
        premises promise promised promises promising raise raised raises raising revise revised
        revises revising rise rises rising supervise supervised supervising surprise surprised
        surprises surprising televise treatise wise clockwise bruise cruise cruises cruising
        demise guise compromise compromised advertise advertised advertising chemise size sized
        sizes sizing prize prized prizes seize seized seizes seizing capsize denise louise
        """,
    )
)
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|(?<!\\w)[:;]-?[)(DP](?!\\w)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Measured traits of a text, the greeting and closing of a mail left out unless named.

    Rates are per sentence where they say so, else shares from 0 to 1; a share without cases, such
    as contractions in a text with none to make, is 0.5, which says neither.

    Attributes:
        words: Words of the whole text, with greeting and closing.
        sentences: Sentences of the body.
        sentence_words: Mean words per sentence.
        longest_line: Words of the longest line.
        paragraphs: Blocks of lines with empty lines between.
        bullets: Share of lines that start with a bullet.
        numbered: Share of lines that start with a number.
        contractions: Share of the places for a contraction that are contracted.
        lower_starts: Share of sentences that start in lower case.
        capitals: Share of words of two or more letters in capitals.
        exclamations: Exclamation marks per sentence, in the whole text.
        questions: Question marks per sentence.
        commas: Commas per sentence.
        dashes: Dashes between words per sentence.
        semicolons: Semicolons per sentence.
        parentheses: Opening parentheses per sentence.
        ellipses: Rows of dots per sentence.
        emoji: Emoji per sentence, in the whole text.
        figures: Numbers and dates in figures per sentence.
        courtesies: Words such as please and thanks per sentence, in the whole text.
        thanks: Words of thanks per sentence, in the whole text.
        friendly: Remarks such as "hope you are well" per sentence.
        hedges: Words such as perhaps and might per sentence.
        long_words: Share of words of seven or more letters.
        british: Share of words spelled in both ways that are spelled in the British one.
        greeting: 1 with a greeting, else 0.
        sign_off: 1 with a closing phrase, else 0.
        signature: 1 with a name at the end, else 0.
    """

    words: float
    sentences: float
    sentence_words: float
    longest_line: float
    paragraphs: float
    bullets: float
    numbered: float
    contractions: float
    lower_starts: float
    capitals: float
    exclamations: float
    questions: float
    commas: float
    dashes: float
    semicolons: float
    parentheses: float
    ellipses: float
    emoji: float
    figures: float
    courtesies: float
    thanks: float
    friendly: float
    hedges: float
    long_words: float
    british: float
    greeting: float
    sign_off: float
    signature: float

    @property
    def formality(self) -> float:
        """From 0, as among friends, to 1, as to an office: the mean of what goes with either.

        Full forms, long words, sentences that start in capitals, no exclamation marks or emoji,
        and long sentences count for it, in equal parts.
        """
        signs = (
            1.0 - self.contractions,
            min(self.long_words / 0.35, 1.0),
            1.0 - self.lower_starts,
            1.0 - min(self.exclamations + self.emoji, 1.0),
            min(self.sentence_words / 20.0, 1.0),
        )
        return sum(signs) / len(signs)

    def as_tuple(self) -> tuple[float, ...]:
        """The numbers in the order of `trait_names`."""
        return astuple(self)


def trait_names() -> tuple[str, ...]:
    """The traits in the order of `Traits.as_tuple`."""
    return tuple(field.name for field in fields(Traits))


def words_of(text: str) -> list[str]:
    """The words of a text; "don't" and "follow-up" are one each."""
    return _WORD.findall(text)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text; a line break ends one."""
    return [found.group().strip() for found in _SENTENCE.finditer(_without_dots(text))]


def measure(text: str, mail: Mail | None = None) -> Traits:
    """Measure a text.

    Args:
        text: Any text; an empty one measures 0 throughout.
        mail: Its parts where they are known already.
    """
    mail = split_mail(text) if mail is None else mail
    body = mail.body
    words, body_words = words_of(text), words_of(body)
    sentences = sentences_of(body)
    n = max(len(sentences), 1)
    lines = [line for line in body.split("\n") if line.strip()]
    long = [word for word in body_words if len(word) >= 2]
    starts = [s[0] for s in (sentence.lstrip("\"'“(-*•– \t") for sentence in sentences) if s]
    letters = [start for start in starts if start.isalpha()]
    return Traits(
        words=len(words),
        sentences=len(sentences),
        sentence_words=len(body_words) / n,
        longest_line=max((len(words_of(line)) for line in lines), default=0),
        paragraphs=len([part for part in re.split(r"\n\s*\n", body) if part.strip()]),
        bullets=_share(len(_BULLET.findall(body)), len(lines)),
        numbered=_share(len(_NUMBERED.findall(body)), len(lines)),
        contractions=_of_both(len(_CONTRACTED.findall(text)), len(_EXPANDED.findall(text))),
        lower_starts=_share(sum(letter.islower() for letter in letters), len(letters)),
        capitals=_share(sum(word.isupper() for word in long), len(long)),
        exclamations=text.count("!") / n,
        questions=body.count("?") / n,
        commas=body.count(",") / n,
        dashes=len(re.findall(r"\w ?(?:--|[–—]) ?\w|\w - \w", body)) / n,
        semicolons=body.count(";") / n,
        parentheses=body.count("(") / n,
        ellipses=len(re.findall(r"\.\.+|…", body)) / n,
        emoji=len(_EMOJI.findall(text)) / n,
        figures=len(_FIGURE.findall(body)) / n,
        courtesies=len(_COURTESY.findall(text)) / n,
        thanks=len(_THANKS.findall(text)) / n,
        friendly=len(_FRIENDLY.findall(body)) / n,
        hedges=len(_HEDGE.findall(body)) / n,
        long_words=_share(sum(len(word) >= 7 for word in body_words), len(body_words)),
        british=_of_both(*_spellings(body)),
        greeting=float(bool(mail.greeting)),
        sign_off=float(bool(mail.sign_off)),
        signature=float(bool(mail.signature)),
    )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _of_both(one: int, other: int) -> float:
    return one / (one + other) if one + other else 0.5


def _spellings(text: str) -> tuple[int, int]:
    """How many words are spelled in the British and in the American way."""
    british = american = 0
    for found in _SPELLINGS.finditer(text):
        if not _is_no_spelling(found.group().casefold()):
            british += found["british"] is not None
            american += found["american"] is not None
    return british, american


@cache
def _is_no_spelling(word: str) -> bool:
    """Whether a word that looks like one spelling is written so everywhere."""
    return word in _NOT_SPELLING or len(word) < 4


def _without_dots(text: str) -> str:
    """The text with dots that end no sentence taken out: in numbers, initials and short titles."""
    text = re.sub(r"(?<=\d)\.(?=\d)", "·", text)
    text = re.sub(
        r"\b(Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|a\.m|p\.m|No|Inc|Corp|Co)\.", r"\1", text
    )
    text = re.sub(r"\b([A-Z])\.(?=\s?[A-Z])", r"\1", text)
    return re.sub(r"(?m)^(\s*\(?\d{1,3})\.(?=\s)", r"\1)", text)
