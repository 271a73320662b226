"""What people say they like, do or have, or no longer do, by the expressions of English."""

from __future__ import annotations

import re

from tailorlm.writing._claims import (
    ADVERBS,
    LONGEST_OBJECT,
    OVER,
    SELF,
    Claim,
    bare,
    says_change,
    trimmed,
)
from tailorlm.writing._stems import stems

_LIKING = {
    "like": 1, "likes": 1, "liked": 1, "liking": 1, "love": 1, "loved": 1, "loving": 1, "enjoy": 1,
    "enjoyed": 1, "enjoying": 1, "prefer": 1, "adore": 1, "into": 1, "a fan of": 1,
    "a big fan of": 1, "fond of": 1, "keen on": 1, "interested in": 1, "passionate about": 1,
    "crazy about": 1, "dislike": -1, "hate": -1, "hated": -1, "hating": -1, "detest": -1,
    "despise": -1, "loathe": -1, "stand": 1, "bear": 1, "tired of": -1, "sick of": -1,
    "afraid of": -1, "avoid": -1, "avoiding": -1, "eat": 1, "eating": 1, "drink": 1, "drinking": 1,
    "smoke": 1, "smoking": 1, "play": 1, "playing": 1, "watch": 1, "watching": 1, "use": 1,
    "using": 1, "listen to": 1, "read": 1, "reading": 1, "drive": 1, "driving": 1, "ride": 1,
    "cook": 1, "collect": 1, "practise": 1, "practice": 1, "take": 1, "taking": 1, "care about": 1,
    "care for": 1,
}  # fmt: skip
_OTHER_TOPICS = {
    "allergic to": "allergy", "intolerant to": "allergy", "have": "have", "having": "have",
    "own": "have", "speak": "speak", "speaking": "speak", "study": "study", "studying": "study",
    "learning": "study", "learn": "study",
}  # fmt: skip
_VERBS = "|".join(sorted(map(re.escape, (*_LIKING, *_OTHER_TOPICS)), key=len, reverse=True))
_TASTE = re.compile(
    SELF + ADVERBS + OVER + r"(?:really |actually |ever |to |so |very |quite )*"
    rf"(?P<verb>{_VERBS})\b(?: to)? (?P<object>[^;!?]+)"
)
_DOES = re.compile(
    SELF + ADVERBS + OVER + r"(?P<object>smoke|vape|drive|run|swim|cook|dance|travel|ski|cycle|fly"
    r"|commute|gamble|drink|smoking|driving|running|drinking)(?: any ?more| any longer| again)?$"
)
_STOPPED = re.compile(
    SELF + ADVERBS + r"(?P<over>stopped|quit|gave up|given up|cut out) "
    r"(?P<object>[^;!?]+)"
)
_NO_OBJECT = re.compile(
    r"^(?:it|that|this|how|when|what|you|your|to be|being|if|a lot|much|them|him|her)\b"
)
_OWNED = re.compile(r"^(?:an?|no|my|some|any|two|three|four|five|\d+) ")
_FEELING = re.compile(
    r"^(?P<none>no |little )?(?:an? )?(?:[\w-]+ ){0,2}?(?:(?P<bad>aversion|allergy|allergies|fear"
    r"|phobia|dislike|hatred|intolerance|distaste|problem)|(?:passion|love|interest|preference"
    r"|fondness|weakness|liking|thing|enthusiasm))s? (?:to|of|for|in|with|towards?) (?P<object>.+)"
)
"""What stands after "I have": a liking or a dislike, and its object."""
_ALLERGY = re.compile(r"^(?:an? )?(?:[\w-]+ )?(?P<object>[\w-]+) (?:allergy|intolerance)\b")
_TURNED = re.compile(
    r"^(?:avoid(?:ing)?|not(?: to)?|stay(?:ing)? away from|skip(?:ping)?|do without) "
)
_DOING = re.compile(
    r"^(?:eat|eating|drink|drinking|use|using|watch|watching|play|playing|read|reading|consume"
    r"|consuming|listen to|listening to|have|having) (?=\w)"
)
_THAN = re.compile(
    r"\s(?:over|rather than|more than|instead of|than)\s"
    r"|(?<!ing)(?<!able)\sto\s|\sto\s(?=\w+ing\b)"
)
_AFTER_OBJECT = re.compile(
    r",? (?:since|because|so that|so|which|who|due to|but|especially|including|such as|unless)\b.*"
    r"|, (?:as|when|where|and i|even)\b.*"
)
_ITEMS = re.compile(r",? (?:and|or|nor) |, ?")


def taste_claims(text: str, scope: frozenset[str]) -> tuple[Claim, ...]:
    """What a sentence says the user likes, does or has, or no longer does; and choices."""
    line = bare(text)
    match = _DOES.search(line) or _TASTE.search(line) or _STOPPED.search(line)
    if match is None:
        return ()
    verb = match.groupdict().get("verb") or ""
    named = match["object"]
    if _NO_OBJECT.match(named) or (verb in ("have", "having") and not _OWNED.match(named)):
        return ()
    holds = (_LIKING.get(verb, 1) > 0) != bool(match["over"])
    topic = _OTHER_TOPICS.get(verb, "")
    if topic == "have":
        topic, named, holds = _felt(named, holds)
    first, *others = _THAN.split(named, maxsplit=1)
    if others and (verb == "prefer" or (verb in ("like", "love") and " to " not in named)):
        return _choice(first, others[0], scope, holds)
    if _TURNED.match(named):
        named, holds = _TURNED.sub("", named), not holds
    value = "prefer" if verb == "prefer" and holds else ""
    changes = says_change(text)
    claims = []
    for item in _ITEMS.split(trimmed(_AFTER_OBJECT.sub("", _DOING.sub("", named)))):
        words = stems(item)
        if words and len(words) <= LONGEST_OBJECT:
            about = " ".join((topic, *words) if topic else words)
            claims.append(Claim("taste", about, value, holds, scope, changes))
    return tuple(claims)


def _felt(named: str, holds: bool) -> tuple[str, str, bool]:
    """Topic, object and whether it is liked, of what somebody has: "a fear of heights"."""
    feeling = _FEELING.match(named)
    if feeling is not None:
        is_allergy = (feeling["bad"] or "").startswith("allerg")
        bad = bool(feeling["bad"]) != bool(feeling["none"])
        if is_allergy:
            return "allergy", feeling["object"], holds != bool(feeling["none"])
        return "", feeling["object"], holds != bad
    allergy = _ALLERGY.match(named)
    if allergy is not None:
        return "allergy", allergy["object"], holds
    return "have", named, holds


def _choice(chosen: str, other: str, scope: frozenset[str], holds: bool) -> tuple[Claim, ...]:
    one, two = " ".join(stems(chosen)), " ".join(stems(trimmed(other)))
    if not one or not two:
        return ()
    better = one if holds else two
    return (Claim("choice", " / ".join(sorted((one, two))), better, True, scope),)
