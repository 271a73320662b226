"""What a message says of its user's wishes, and that in fewer words.

"I have a strong aversion to digital or online learning environments and prefer traditional,
in-person classroom settings." becomes "no digital, online learning environments; prefer
traditional, in-person classroom settings": the frame of a sentence turns into one word that says
whether something is wanted, the words that carry meaning stay in their order and form, and most
of the rest goes. English frames are known; what another language says stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_LONGEST = 600
"""Characters of a sentence that are read."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\s*[;\n]+\s*")


def _some(words: str) -> str:
    """Any number of these words, each with a blank behind it."""
    return rf"(?:(?:{words.replace(' | ', '|')}) )*"


_I = _some(
    "i | i'm | i've | i'd | i'll | and | but | am | have | had | was | feel | get | suffer from"
    " | experience | do | as | so | that"
)
_HOW = _some(
    "really | very | quite | so | strongly | strictly | absolutely | completely | totally | deeply"
    " | firmly | particularly | especially | extremely | severely | generally | usually | always"
    " | typically | personally | simply | just | truly | actively | much | highly | greatly | also"
    " | definitely | mostly | mainly | would | adamantly | intensely | utterly | genuinely"
    " | try to | tend to | rather"
)
_BIG = _some(
    "a | an | the | my | any | such | strong | severe | deep | intense | extreme | huge | big"
    " | real | serious | mild | clear | personal | profound | particular | significant | great"
    " | crippling | irrational | long-standing | deep-seated | deep-rooted | debilitating"
)
_NOT = (
    r"cannot|can't|can not|could not|couldn't|do not|don't|did not|didn't|am not|i'm not|not|never"
    r"|won't|will not|wouldn't|would not"
)
_AVOID = (
    r"dislikes?|avoid|avoiding|hate|despise|detest|loathe|abhor|refuse|reject|oppose|shun|resent"
    r"|steer clear of|stay away from|stay clear of|refrain from|abstain from|prefer not|choose not"
    r"|prefer avoiding|prefer to avoid|choose to avoid|fear|dread|disapprove of|against"
)
_DOING = _some(
    "to | of | for | in | with | any | anything | all | the | a | an | be | being | like | enjoy"
    " | want | stand | tolerate | bear | handle | use | using | eat | eating | consume | consuming"
    " | appreciate | care for | interested | fan | comfortable | fond | into | engage | engaging"
    " | participate | participating | wear | wearing | watch | watching | buy | buying | purchase"
    " | purchasing | support | supporting | that | which | involve | involves | involving | form"
    " | forms | kind | kinds | type | types | very | too | really | particularly"
)
_DISLIKE = r"aversion|dislike|distaste|hatred|disdain|objection|no interest"
_USE = _some("to | the | a | an | using | use | being | be")
_FRAMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (mark, re.compile(pattern, re.IGNORECASE))
    for mark, pattern in (
        ("allergic:", rf"\b{_I}{_BIG}allerg(?:ic|y) to\b"),
        ("afraid:", rf"\b{_I}{_BIG}(?:fear|phobia) of {_DOING}"),
        ("no", rf"\b{_I}{_HOW}{_BIG}(?:{_DISLIKE}) (?:to|for|of|in|towards?) {_DOING}"),
        ("no", rf"\b{_I}{_HOW}(?:{_NOT}|{_AVOID}) {_DOING}"),
        ("prefer", rf"\b{_I}{_HOW}(?:prefer|{_BIG}preference for) {_USE}"),
        # "foods like bread" wants no bread.
        ("prefer", rf"\bi (?:do )?{_HOW}(?:enjoy|love|like|favou?r) {_USE}"),
        ("only", rf"\b{_I}{_HOW}(?:only|exclusively|solely) {_some('use | using')}"),
    )
)
_FOLLOW = re.compile(
    rf"\b{_I}{_HOW}(?:follow|adhere to|maintain|practice|stick to|on) {_some('a|an|the|strict')}",
    re.IGNORECASE,
)
_ALSO_WISH = (
    r" i (?:also |usually |always |really |strongly |much |would |tend to )*"
    r"(?:avoid|prefer|dislike|hate|follow|don't|do not|can't|cannot|find (?!it|them|this|that))"
)
"""How a reason begins that is a wish itself, and stays."""
_REASON = re.compile(
    rf",? (?:(?:because|since|as)(?!{_ALSO_WISH})(?= (?:i|it|they|this|of|the|my))|due to|owing to"
    r"|for \w+ (?:reasons|concerns))\b"
    r"(?:(?!,? (?:and|but) (?:i )?(?:only |strictly )?"
    r"(?:avoid|prefer|never|refuse|do not|don't|will))[^,;.])*(?=$|,? (?:and|but) )",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?:(?:by the way|to be honest|honestly|personally|actually|speaking of which|thanks"
    r"|well|also|i think)\b[,!]? *)+",
    re.IGNORECASE,
)
_CONNECTIVE = re.compile(rf",? (?:because|since|as)(?={_ALSO_WISH})", re.IGNORECASE)
_WITHOUT = re.compile(
    r"\b(?:that|which|who) (?:do not|don't|does not|doesn't|are not|aren't|is not|isn't)"
    r"(?: (?:have|offer|include|contain|use|involve|provide|experience|require|allow|feature)\b)?",
    re.IGNORECASE,
)
_EMPTY_WORDS = (
    "a an the i i'm i've i'd i'll me my mine myself we our us you your it its it's they them"
    " their this that these those there here which who whose what am is are was were be been being"
    " have has had having do does did will would should may might must to of in on at by as so"
    " such if when where then very really quite too just also any all some each both other others"
    " most many much even about due because since especially particularly primarily overly highly"
    " excessively heavily strongly strictly rely relies relying involve involves involving contain"
    " contains containing include includes including using use used uses make makes making made"
    " feel find finding get getting lot lots kind kinds type types form forms sort for with from"
    " into and anything things possible whenever wherever"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_PIECE = re.compile(r"\x00\S+|[^\W_][\w'&/%$-]*(?:\.\w+)*|,")
_WANTED = frozenset({"\x00no", "\x00prefer", "\x00only", "\x00allergic:", "\x00afraid:"})
_EDGES = " .!?\"'“”"
_WISH = re.compile(
    r"\b(?:i|i'm|i've|i'll|my|me|let's)\b.*?\b(?:"
    r"prefer|preferences?|dislikes?|avoid|avoiding|hate|despise|detest|loathe|abhor|refuse|aversion"
    r"|distaste|disdain|allerg(?:y|ies|ic)|intoleran(?:t|ce)|phobia|afraid|fear|dread|anxious"
    r"|uncomfortable|vegan|vegetarian|diet|never|always|only|exclusively|strictly|solely|oppose"
    r"|against|not a fan|not interested|no interest|can't|cannot|can not|don't|do not|won't"
    r"|believe|enjoy|love|like|favou?r|value|prioriti[sz]e|appreciate|sensitiv(?:e|ity)|need"
    r"|require|stick to|follow|adhere|insist|rather|tend to|usually|appeal|taste|liking|go with"
    r"|go for|find|support|best|thrive|into|steer clear|stay away|opposed|comfortable|averse"
    r"|uninterested|interest me|priority|advocate|fascinated|stand|hold|choose)\b",
    re.IGNORECASE,
)
_VERDICT = re.compile(
    r"\b(?:seems?|sounds?|feels?|looks?|appeals?|appealing|works?|suits?|fits?|too|better|best)\b"
    r".*\b(?:me|my|mine|us|our)\b|\b(?:not|don't|doesn't) (?:really |quite |sound )*appeal",
    re.IGNORECASE,
)
"""What is said of options rather than of oneself."""
_REQUEST = re.compile(
    r"\?\s*$|^\W*(?:can|could|would|will|do|does|is|are|what|which|where|how|who|please"
    r"|recommend|suggest|give|tell|any)\b",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\bi(?:'m| am|'ve been|'ll be|'d| would| want| need| will be)? ?"
    r"(?:currently |also |just |really )?"
    r"(?:looking|planning|going|traveling|travelling|visiting|thinking|considering|trying|interested"
    r"|heading|in need|hoping|love to|like to|want to|need to|need (?:some|a|help)|searching|ready"
    r"|struggling|wondering|curious|want some)\b",
    re.IGNORECASE,
)


def wishes(text: str) -> str:
    """The sentences of a message that tell what its user wants or does not want; "" if none do.

    Questions, requests and plans ("I'm planning a trip") are left out, so that a log of turns
    gives what the user said of themselves and not what they asked.
    """
    said = [sentence for sentence in _sentences(text) if _is_wish(sentence)]
    return " ".join(said)


def shortened(text: str) -> str:
    """A statement of wishes in fewer words; a text that would lose all its words stays as it is."""
    parts = [part for sentence in _sentences(text) if (part := _short_sentence(sentence))]
    return "; ".join(parts) or " ".join(text.split())


def _sentences(text: str) -> Iterator[str]:
    for sentence in _SENTENCE.split(text.replace("’", "'")):
        if sentence.strip():
            yield sentence.strip()[:_LONGEST]


def _is_wish(sentence: str) -> bool:
    if _REQUEST.search(sentence):
        return False
    return any(cue.search(_PLAN.sub("I ", sentence)) for cue in (_WISH, _VERDICT))


def _short_sentence(sentence: str) -> str:
    said = _LEAD.sub("", sentence.strip(_EDGES))
    said = _CONNECTIVE.sub(",", said)
    said = _REASON.sub(" ", said) + " "
    said = _WITHOUT.sub("without", said)
    for mark, pattern in _FRAMES:
        said = pattern.sub(f" \x00{mark} ", said)
    said = _FOLLOW.sub(" ", said)
    words: list[str] = []
    for piece in _PIECE.findall(said):
        lower = piece.lower()
        if lower in _EMPTY:
            continue
        if lower == "or":
            piece = ","
        _append(words, piece)
    return _joined(words)


def _append(words: list[str], piece: str) -> None:
    """Add a word, a comma or a mark where it says something new."""
    last = words[-1] if words else ""
    if piece == ",":
        if words and last != "," and not last.startswith("\x00"):
            words.append(piece)
    elif piece.startswith("\x00") and last.startswith("\x00"):
        # "prefer ... not": what is not wanted is the stronger word.
        words[-1] = last if piece == "\x00prefer" else piece
    else:
        words.append(piece)


def _joined(words: list[str]) -> str:
    if len(words) > 1 and words[-1] == "\x00no":
        words[-1] = "\x00avoid"  # "... and avoid them"
    while words and (words[-1] == "," or words[-1] in _WANTED):
        words.pop()
    text = ""
    for word in words:
        if word == ",":
            text += ","
        elif word.startswith("\x00"):
            text = text.rstrip(",")
            text += f"; {word[1:]}" if text else word[1:]
        else:
            text += f" {word}" if text else word
    return text
