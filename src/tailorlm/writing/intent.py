"""What a text says, without how it says it: short points that a writer could start from.

The points stand in for the intent that a person would give, where no language model extracts one.
They are made of the text's own sentences, with what belongs to the writer's manner taken out or
brought to one form: greeting, closing, courtesies, contractions, capitals, exclamation marks,
layout. What a text is about stays as it is: names, numbers, dates.
"""

from __future__ import annotations

import re

from tailorlm.writing.mail import own_words, split_mail
from tailorlm.writing.traits import sentences_of, words_of

MAX_POINTS = 20
"""Most points of one intent."""
MAX_POINT = 60
"""Words of a point; what goes on beyond is cut."""

_MOST_READ, _LONGEST_SENTENCE = 20_000, 1_000
"""Characters that are read of a text, and of a sentence in it."""
_PAST = r"(?=(?:been|got|gotten|had|gone|done|made|seen|taken|given|spoken|sent|said|\w+ed)\b)"
_EXPANSIONS = tuple(
    (re.compile(pattern, re.IGNORECASE), full)
    for pattern, full in (
        (r"\bcan['’]t\b", "cannot"),
        (r"\bwon['’]t\b", "will not"),
        (r"\bshan['’]t\b", "shall not"),
        (r"\b(ain['’]t)\b", "is not"),
        (r"n['’]t\b", " not"),
        (r"\bcan not\b", "cannot"),
        (r"\blet['’]s\b", "let us"),
        (r"['’]m\b", " am"),
        (r"['’]re\b", " are"),
        (r"['’]ve\b", " have"),
        (r"['’]ll\b", " will"),
        (rf"\b(it|that|there|what|who|he|she)['’]s {_PAST}", r"\1 has "),
        (r"\b(it|that|there|what|who|here|he|she|where|how)['’]s\b", r"\1 is"),
        (rf"\b(i|you|we|they|he|she)['’]d {_PAST}", r"\1 had "),
        (r"\b(i|you|we|they|he|she)['’]d\b", r"\1 would"),
        (r"\bgonna\b", "going to"),
        (r"\bwanna\b", "want to"),
        (r"\bgotta\b", "have to"),
        (r"\b(?:pls|plz)\b", "please"),
        (r"\bu\b(?![.@])", "you"),
        (r"\b(?:thx|thanx|tks)\b", "thanks"),
        (r"\basap\b", "as soon as possible"),
    )
)
_THINGS = r"(?:any (?:\w+ ){0,2}(?:questions?|comments?|concerns?|problems?|changes?)|questions?)"
_COURTESY = re.compile(
    r"(?:"
    r"(?:many |much )?thank(?:s| you)\b(?! to\b)[^.?]{0,90}"
    r"|(?:please |kindly |just |you can |you may )*(?:do not hesitate to |feel free to )?"
    r"(?:let me know|call(?: me)?|contact(?: me)?|shout|holler|advise|give me a (?:call|ring|shout)"
    r"|e-?mail(?: me)?|respond|reply|reach(?: out to)? me|ask)\b[^.?]{0,60}"
    rf"\b(?:{_THINGS}|if you need (?:anything|any)\b|if (?:this|that) works|what you think"
    r"|your thoughts)[^.?]{0,60}"
    rf"|(?:if|should) (?:you|there) (?:have|are|be) {_THINGS}[^.?]{{0,110}}"
    r"|(?:any )?(?:questions?|comments?|thoughts?)\?"
    r"|(?:i )?(?:really |do )*(?:hope|trust) (?:you|your|all|this|everything|things|to)\b"
    r"[^.?]{0,80}"
    r"|how are (?:you|things)[^.]{0,40}"
    r"|(?:i |we )?(?:am |are )?look(?:ing)? forward to[^.?]{0,80}"
    r"|(?:i |we )?(?:would )?(?:greatly |really |very much )?appreciate (?:your|it|the|any|all)"
    r"[^.?]{0,60}|your (?:help|assistance|attention|time|prompt|cooperation)[^.?]{0,60}appreciated"
    r"|(?:have|enjoy) a (?:great|good|nice|lovely|wonderful|happy|safe)[^.?]{0,40}"
    r"|take care|talk to you (?:soon|later|then)|see you (?:soon|then|there|later)[^.?]{0,20}"
    r"|(?:i am )?(?:so |very |really )?(?:sorry|apolog\w+) for (?:the|any|this|my) \w+"
    r"(?: (?:confusion|delay|reply|response|trouble|this may cause))?"
    r"|best(?: wishes| regards)?|regards|cheers|sincerely|fyi|congratulations|no problem|sure|ok"
    r"|okay|hello|hi|hey|nice to [^.?]{0,40}|it was (?:great|good|nice) [^.?]{0,60}"
    r")[\s.,;:]*",
    re.IGNORECASE,
)
"""Sentences that are courtesies and nothing else."""
_OPENERS = re.compile(
    r"^(?:(?:also|well|so|anyway|however|therefore|then|and|but|ok(?:ay)?|oh|hey|hi|hello|actually"
    r"|basically|frankly|honestly|again|finally|first(?:ly)?(?: of all)?|second(?:ly)?|by the way"
    r"|btw|fyi|just|sorry|in addition|additionally|furthermore|moreover|as well|now|yes|yeah|sure"
    r"|of course|obviously|clearly|unfortunately|hopefully|as you know|as you may know|please note"
    r"(?: that)?|please be advised(?: that)?|kindly note(?: that)?|i just wanted to (?:say|let you "
    r"know)(?: that)?|just (?:wanted to let you know|to let you know|a reminder|a note)(?: that)?"
    r"|i (?:think|believe|guess|suppose|feel)(?: that)?)\b[\s,:;-]*)+(?=\w)",
    re.IGNORECASE,
)
_MANNER = re.compile(
    r"\b(?:please|kindly|very|really|quite|just|simply|actually|totally|absolutely|definitely"
    r"|perhaps|maybe|possibly|probably|somewhat|sort of|kind of|a bit|at your (?:earliest )?"
    r"convenience|if (?:at all )?possible|in order(?= to\b)|for your convenience)\b[ ,]*",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"^(?:(?:can|could|would|will) you(?: be (?:so kind|able))?(?: as)?(?: to)?"
    r"|would you mind|i would (?:like|appreciate it if)(?: for)? you(?: to| could| would)?"
    r"|i (?:need|want) you to|you (?:need|may want|might want|should|have) to)\b\s*(?=\w)",
    re.IGNORECASE,
)
_DOT = "\u2024"
"""Stands for a full stop that ends no sentence while a text is cut into sentences."""
_ABBREVIATED = re.compile(
    r"\b(?:(?:mr|mrs|ms|dr|prof|st|vs|etc|inc|corp|co|ltd|no|dept|approx|ext|jan|feb|mar|apr|jun|jul"
    r"|aug|sept?|oct|nov|dec|e\.g|i\.e|u\.s|n\.a)\.(?! ?\n)|[ap]\.m\.|[a-z]\.(?=\s?[a-z]\.))"
    r"|(?<=\w)\.(?=\w)",
    re.IGNORECASE,
)
_LIST_MARK = re.compile(r"(?m)^[^\S\n]*(?:[-*•–·>]+|\(?\d{1,2}[.):]|\(?[a-z][.)])\s+")
_DASH = re.compile(r"[^\S\n]*(?:--+|[–—]|(?<=\s)-(?=\s))[^\S\n]*")
_DOTS = re.compile(r"[^\S\n]*(?:\.\.+|…)[^\S\n]*")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf\ufe0f]|(?<!\\w)[:;]-?[)(DP](?!\\w)")
_QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " "})


def intent_of(text: str) -> tuple[str, ...]:
    """What a text says, as points; the same for the same content written in another manner.

    Only the writer's own words are read, without greeting and closing, and of long texts the
    beginning. Each sentence becomes a
    point: courtesies, hedges and openers such as "also" are left out, contractions are expanded,
    exclamation marks, emoji, dots and dashes go, shouted sentences are lowered, and every point
    starts with a capital letter and ends without a full stop.

    Args:
        text: A mail or any other text.

    Returns:
        At most `MAX_POINTS` points, each once; empty where nothing but courtesies is said.
    """
    body = split_mail(own_words(text)).body[:_MOST_READ].translate(_QUOTES)
    points: dict[str, str] = {}
    for sentence in sentences_of(_ABBREVIATED.sub(_shielded, _without_marks(body))):
        for part in sentence[:_LONGEST_SENTENCE].split(";"):
            point = _point(part).replace(_DOT, ".")
            if point:
                points.setdefault(point.casefold(), point)
        if len(points) >= MAX_POINTS:
            break
    return tuple(points.values())[:MAX_POINTS]


def is_courtesy(sentence: str) -> bool:
    """Whether a sentence is polite and says nothing else, such as "Thanks for your help"."""
    plain = expanded(" ".join(_without_marks(sentence).translate(_QUOTES).split()))
    return _COURTESY.fullmatch(_OPENERS.sub("", plain.strip(" .,;:"))) is not None


def expanded(text: str) -> str:
    """The text with contractions and chat shorthand written out: "don't" as "do not"."""
    for pattern, full in _EXPANSIONS:
        text = pattern.sub(full, text)
    return text


def _without_marks(text: str) -> str:
    """The text without emoji and marks of lists; exclamation marks, dots and dashes made plain."""
    text = _LIST_MARK.sub("", _EMOJI.sub("", text))
    text = re.sub(r"[!?]*\?[!?]*", "?", text)
    text = re.sub(r"!+", ".", text)
    return _DASH.sub(", ", _DOTS.sub(". ", text))


def _shielded(found: re.Match[str]) -> str:
    return found.group().replace(".", _DOT)


def _point(sentence: str) -> str:
    """One sentence as a point; "" where it says nothing."""
    text = _lowered(" ".join(sentence.split()))
    text = expanded(text)
    is_question = text.endswith("?")
    text = _OPENERS.sub("", text.strip(" .,;:?"))
    if _COURTESY.fullmatch(text + ("?" if is_question else "")) or _COURTESY.fullmatch(text):
        return ""
    asked = _ASKING.sub("", _MANNER.sub("", text).strip(" ,"))
    if is_question and asked != text and _ASKING.match(text):
        is_question = False
    words = " ".join(asked.replace("()", "").split()).strip(" ,;:-\"'")
    words = re.sub(r"\bi\b(?![.@/])", "I", words)
    if not words_of(words):
        return ""
    words = " ".join(words.split()[:MAX_POINT])
    return words[0].upper() + words[1:] + ("?" if is_question else "")


def _lowered(sentence: str) -> str:
    """A sentence that is shouted in capitals in lower case; any other as it is."""
    long = [word for word in words_of(sentence) if len(word) > 1 and word.isalpha()]
    if len(long) >= 3 and sum(word.isupper() for word in long) > 0.7 * len(long):
        return sentence.lower()
    return sentence
