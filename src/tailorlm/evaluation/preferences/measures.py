"""Whether a prompt carries a preference, counted strictly and by the words that matter.

A shortened wording carries a preference if it has at least three quarters of its telling words and
says as much as it did that something is not wanted. Telling words are all but function words, words
by which any preference is stated ("prefer", "avoid", "fan") and bare doings ("eat", "wear",
"watch"); both lists stand here and share nothing with what shortens. What follows "because" and the
like is a reason; how often the prompt carries that too is counted beside it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tailorlm.retrievers._words import words_of
from tailorlm.retrievers.prompts import Fitted

SHARE = 0.75
"""Of the telling words, that a wording must have."""

_FUNCTION = (
    "a about all also am an and any anything are as at be because been being both but by can"
    " cannot cant could did do does doesnt dont due each even every for from had has have having"
    " how i if ill im in into is isnt it its ive just may me might more most much must my myself"
    " no nor not of on or other others our over owing own rather since so some such than that the"
    " their them themselves then there these they this those to too until up very was we were what"
    " whatever when whenever where which while who whom whose why will with wont would you your"
)
_STATING = (
    "absolutely actively adamantly adhere allergic allergy always appreciate averse aversion"
    " avoid avoiding cautious comfortable completely deep deep-rooted deep-seated deeply despise"
    " detest diet dislike enjoy especially exclusively extreme extremely fan fear firmly follow"
    " generally greatly hate highly intense intensely interest interested involve involved"
    " involving like loathe love never only opposed particularly personally phobia possible prefer"
    " preference really refuse rooted seated severe severely solely stand strict strictly strong"
    " strongest strongly tend try typically uncomfortable usually"
)
_DOING = (
    "attend attending buy buying consume consuming contain containing dine dining eat eating"
    " engage engaging feel find form get go include including instance kind listen listening made"
    " make own participate participating play playing practice purchase purchasing read reading"
    " rely type use using visit visiting watch watching way wear wearing"
)
_IGNORED = frozenset(
    word for text in (_FUNCTION, _STATING, _DOING) for word in words_of(text, stem=True)
)
_REASON = re.compile(
    r",? (?:because|since|due to|owing to|as (?:i|it|they|this)|for \w+ (?:reasons|concerns))\b"
    r"[^,;.]*",
    re.IGNORECASE,
)
_UNWANTED = re.compile(
    r"\b(?:no|not|never|without|none|nor|cannot|avoid\w*|dislik\w+|hate\w*|despise|detest|loathe"
    r"|refus\w+|reject|oppose\w*|against|aversion|averse|distaste|disdain|allerg\w+|afraid|fear\w*"
    r"|phobia|intoleran\w+|uncomfortable|uninterested|anxious|overwhelming|sensitive|resent|abhor"
    r"|shun|refrain|abstain|ineffective|unappealing)\b|n't\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What a prompt has of a preference; each is true or false.

    Attributes:
        there: The message is among those kept, whatever is left of its wording.
        carried: Its wording there has enough of the telling words, and as little wanting.
        with_reason: So too when the words of its reason count.
        verbatim: The message stands there word for word.
    """

    there: bool = False
    carried: bool = False
    with_reason: bool = False
    verbatim: bool = False


METRICS = ("carried", "there", "with_reason", "verbatim")
"""Names of what is counted."""


def telling_words(text: str, *, reason: bool) -> frozenset[str]:
    """The words that tell what a statement is about; all its words if it has no such ones.

    Args:
        text: The statement.
        reason: Whether the words of its reason count.
    """
    said = text.replace("’", "'")
    words = words_of(said if reason else _REASON.sub(" ", said), stem=True)
    return frozenset(words) - _IGNORED or frozenset(words)


def bearing(texts: Sequence[str], preference: str) -> int:
    """Which of some messages says most of a preference: its place; of equal ones the last."""
    wanted = telling_words(preference, reason=True)
    shared = [len(wanted & frozenset(words_of(text, stem=True))) for text in texts]
    return max(range(len(texts)), key=lambda place: (shared[place], place))


def carried(fitted: Fitted, position: int, message: str, preference: str) -> Carried:
    """What a prompt has of a preference.

    Args:
        fitted: The prompt's personal part.
        position: Of the message that says most of the preference.
        message: That message.
        preference: The preference in one sentence. Of its telling words those count that the
            message has; where it has none, those of the message.
    """
    at = {hit.item.position: hit.item.wording for hit in (*fitted.kept, *fitted.joined)}
    wording = at.get(position)
    if wording is None or all(hit.item.wording != wording for hit in fitted.kept):
        return Carried()
    kept = frozenset(words_of(wording, stem=True))
    said = frozenset(words_of(message, stem=True))
    unwanted = _UNWANTED.search(preference) and _UNWANTED.search(message)
    firm = not unwanted or bool(_UNWANTED.search(wording))
    shares = []
    for reason in (False, True):
        wanted = telling_words(preference, reason=reason) & said
        wanted = wanted or telling_words(message, reason=reason)
        shares.append(len(wanted & kept) / max(len(wanted), 1))
    return Carried(
        there=True,
        carried=firm and shares[0] >= SHARE,
        with_reason=firm and shares[1] >= SHARE,
        verbatim=" ".join(message.split()) in fitted.text,
    )
