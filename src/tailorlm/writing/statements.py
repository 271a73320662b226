"""What a user's statement claims, and which earlier one it takes the place of.

"I moved to Lisbon" replaces "I live in Porto", "stop using bullet points" replaces "write bullet
points", and "I like tea" leaves "I like coffee" alone. A statement is cut into parts that stand for
themselves; each part is read as facts, tastes, choices and rules of writing as far as English
patterns go. What cannot be read is kept word for word, and gives way only to the same wish said
again, said the other way round, or with another number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

from tailorlm.forgetting import forgettable
from tailorlm.writing._claims import Claim, is_maybe, same_value, says_change
from tailorlm.writing._facts_said import excluded_foods, fact_claims
from tailorlm.writing._occasions import apart_from_occasion
from tailorlm.writing._stems import flattened, is_negated, stems
from tailorlm.writing._tastes_said import taste_claims
from tailorlm.writing.rules import StyleRule, style_rules

__all__ = [
    "Claim", "Part", "attribute_part", "contradicts", "read_statement", "stems",
    "superseded_claims",
]  # fmt: skip

_MOST_PARTS = 50
_LONGEST_SENTENCE = 400
"""Characters of a sentence that are searched for claims."""

_SENTENCE = re.compile(
    r"(?<=[.!?])(?<!\bdr\.)(?<!\bmr\.)(?<!\bmrs\.)(?<!\bms\.)(?<!\bst\.)(?<!\bprof\.)(?<!e\.g\.)"
    r"(?<!i\.e\.)\s+|\s*[\n;]+\s*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"(?:,? (?:and|but|so|also) (?:also |then )?|, )(?=(?:please |always |now )?(?:i|i'm|i've|i'd"
    r"|we|my|call|address|use|keep|be|write|stop|don't|do not|no|never|answer|reply|give|avoid|make"
    r"|sign|end|open|start|close|skip|speak|moved|live|work|am|love|like|hate|have|drink|eat"
    r"|prefer)\b)",
    re.IGNORECASE,
)
_FORGET = re.compile(
    r"^(?:please )?(?:forget|ignore|disregard) (?:(?:that|about|what I said about) )?(?P<rest>.+)$",
    re.IGNORECASE,
)
_ABOUT_ONESELF = re.compile(r"^\W*(?:i|my)\b", re.IGNORECASE)
_OF_WRITING = re.compile(
    r"\b(?:answers?|answered|repl(?:y|ies)|responses?|texts?|e?-?mails?|messages?|writing|written"
    r"|sentences?|paragraphs?|tone|style|it|things|explanations?|summar(?:y|ies)|letters?|you"
    r"|language|prose)\b",
    re.IGNORECASE,
)
_OF_LAYOUT = re.compile(
    r"bullet|\b(?:lists?|number(?:s|ed|ing)|paragraphs|prose|dash(?:es)?)\b", re.IGNORECASE
)
_ALWAYS: frozenset[str] = frozenset()
_LONGER = re.compile(r"\bno longer\b", re.IGNORECASE)
_VAGUE = frozenset({"detail", "register", "humour", "stance", "case", "length"})
_ALSO_FACTS = frozenset({"address", "language"})
_LEAVABLE = frozenset({"home", "employer"})
"""Slots whose value "I left ..." denies."""
_SLOTS_OF = {
    "city": "home", "home": "home", "location": "home", "town": "home", "residence": "home",
    "lives in": "home", "name": "name", "full name": "name", "first name": "name", "job": "job",
    "occupation": "job", "profession": "job", "role": "job", "employer": "employer",
    "company": "employer", "age": "age", "language": "language", "diet": "diet", "units": "units",
    "address as": "address", "call me": "address", "marital status": "marital status",
    "children": "children",
}  # fmt: skip
"""The slot of a statement that an attribute's name means."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a statement that stands for itself.

    Attributes:
        text: The part, as it was said.
        claims: What it claims; never empty.
        rules: The rules of writing in it.
        withdraws: Whether it only takes back what was said, as in "forget that I like tea".
    """

    text: str
    claims: tuple[Claim, ...]
    rules: tuple[StyleRule, ...] = ()
    withdraws: bool = False

    @property
    def values(self) -> frozenset[frozenset[str]]:
        """The values of its facts and the objects of its likings, each as stems."""
        told = (
            claim.value if claim.kind == "fact" else claim.about
            for claim in self.claims
            if claim.holds and claim.kind in ("fact", "taste")
        )
        return frozenset(frozenset(v.split()) for v in told if v and not v.isdigit())

    @property
    def scope(self) -> frozenset[str]:
        """When it is meant to apply, as stems; empty for always."""
        return self.claims[0].scope


@forgettable
@lru_cache(maxsize=1024)
def read_statement(text: str) -> tuple[Part, ...]:
    """The parts of a statement with what each claims, in order.

    Sentences are parts, and so are clauses joined by "and" or a comma when each claims something by
    itself. Reading a part's text gives that part again.
    """
    sentences = [one for one in _SENTENCE.split(text.strip()) if one]
    if len(sentences) > _MOST_PARTS:
        sentences = [*sentences[: _MOST_PARTS - 1], " ".join(sentences[_MOST_PARTS - 1 :])]
    return tuple(part for sentence in sentences for part in _clauses(flattened(sentence)))


def attribute_part(name: str, value: str) -> Part:
    """A fact given as a name and a value, comparable with what statements claim."""
    words = " ".join(name.casefold().replace("_", " ").split())
    slot = _SLOTS_OF.get(words, f"my {' '.join(stems(words)) or words}")
    known = " ".join(stems(value)) or value.casefold()
    return Part(f"{name}: {flattened(value)}", (Claim("fact", slot, known),))


def superseded_claims(new: Part, old: Part) -> frozenset[int]:
    """Positions of the claims of an older part that a newer one contradicts or says again."""
    return frozenset(
        place
        for place, claim in enumerate(old.claims)
        if any(contradicts(later, claim) or _repeats(later, claim) for later in new.claims)
    )


def contradicts(new: Claim, old: Claim) -> bool:
    """Whether a newer claim and an older one cannot both hold.

    Symmetric, but for claims that say of themselves that they are new. Claims for different
    occasions never contradict each other.
    """
    if new.scope != old.scope:
        return False
    if new.kind == old.kind:
        return _SAME_KIND[new.kind](new, old)
    pair = {new.kind: new, old.kind: old}
    if pair.keys() == {"choice", "taste"}:
        return _choice_against_taste(pair["choice"], pair["taste"])
    if pair.keys() == {"fact", "taste"}:
        return _diet_against_taste(pair["fact"], pair["taste"])
    return False


def _repeats(new: Claim, old: Claim) -> bool:
    if (new.kind, new.scope, new.holds) != (old.kind, old.scope, old.holds):
        return False
    if new.kind == "fact":
        return new.about == old.about and same_value(new.value, old.value)
    return (new.about, new.value) == (old.about, old.value)


def _facts(new: Claim, old: Claim) -> bool:
    if "left" in (new.about, old.about) and {new.about, old.about} & _LEAVABLE:
        return same_value(new.value, old.value)
    if new.about != old.about or not (new.holds or old.holds):
        return False
    same = same_value(new.value, old.value)
    return not same if new.holds and old.holds else same


def _tastes(new: Claim, old: Claim) -> bool:
    if new.about == old.about:
        return new.holds != old.holds
    both_hold = new.holds and old.holds
    return both_hold and new.changes and new.value == "prefer" and _head(new) == _head(old)


def _head(claim: Claim) -> str:
    return claim.about.rsplit(" ", 1)[-1]


def _choices(new: Claim, old: Claim) -> bool:
    same = new.value == old.value
    return new.about == old.about and (same if new.holds != old.holds else not same)


def _styles(new: Claim, old: Claim) -> bool:
    if new.holds != old.holds:
        return (new.about, new.value) == (old.about, old.value)
    return StyleRule(new.about, new.value).excludes(StyleRule(old.about, old.value))


def _wishes(new: Claim, old: Claim) -> bool:
    return new.about == old.about and (new.holds, new.value) != (old.holds, old.value)


_SAME_KIND = {
    "fact": _facts, "taste": _tastes, "choice": _choices, "style": _styles, "wish": _wishes,
}  # fmt: skip


def _choice_against_taste(choice: Claim, taste: Claim) -> bool:
    """Whether "I prefer tea to coffee" and "I prefer coffee" or "I don't like tea" are at odds."""
    if taste.about == choice.value:
        return not taste.holds
    in_choice = taste.about in choice.about.split(" / ")
    return in_choice and taste.holds and taste.value == "prefer"


def _diet_against_taste(fact: Claim, taste: Claim) -> bool:
    """Whether a diet leaves out what is eaten or liked."""
    if fact.about != "diet" or not fact.holds or not taste.holds:
        return False
    if taste.about.startswith("allergy "):
        return False
    return not excluded_foods(fact.value).isdisjoint(taste.about.split())


def _clauses(sentence: str) -> list[Part]:
    """A sentence as parts: cut where both sides claim something that can be read."""
    whole = _part(sentence)
    if whole.scope or len(sentence) > _LONGEST_SENTENCE:
        return [whole]
    for joint in _CLAUSE.finditer(sentence):
        left, right = sentence[: joint.start()], sentence[joint.end() :]
        first = _part(left)
        if not _is_read(first) or first.scope:
            continue
        rights = [right] if not _ABOUT_ONESELF.match(left) else [right, f"I {right}"]
        for rest in rights:
            second = _clauses(rest) if rest else []
            if second and all(_is_read(part) and not part.scope for part in second):
                return [first, *second]
    return [whole]


def _is_read(part: Part) -> bool:
    return part.claims[0].kind != "wish"


def _part(text: str) -> Part:
    looked_at = text[:_LONGEST_SENTENCE]
    forget = _FORGET.match(looked_at)
    if forget is not None:
        taken_back = _part(forget["rest"]).claims
        return Part(text, tuple(replace(c, holds=not c.holds) for c in taken_back), (), True)
    occasion = apart_from_occasion(looked_at)
    body, scope = occasion.body, occasion.stems
    maybe = is_maybe(body)
    rules = () if looked_at.endswith("?") else _rules(body)
    facts = () if maybe else fact_claims(looked_at)
    styles = [
        Claim("style", rule.facet, rule.value, True, scope)
        for rule in rules
        if rule.facet not in _ALSO_FACTS or not facts
    ]
    claims = (*(_in_scope(fact, scope) for fact in facts), *styles)
    if not claims and not maybe:
        claims = taste_claims(*((body, scope) if occasion.limits_tastes else (looked_at, _ALWAYS)))
    if any(not fact.holds for fact in facts):
        rules = tuple(rule for rule in rules if rule.facet not in _ALSO_FACTS)
    return Part(text, claims or (_wish(looked_at, body, scope),), rules)


def _in_scope(fact: Claim, scope: frozenset[str]) -> Claim:
    """Only how to answer depends on the occasion; where someone lives does not."""
    if fact.about not in ("language", "address", "units") or not scope:
        return fact
    return Claim("fact", fact.about, fact.value, fact.holds, scope, fact.changes)


def _rules(body: str) -> tuple[StyleRule, ...]:
    """The rules of writing in a sentence; "I love long walks" has none."""
    rules = style_rules(_LONGER.sub("not", body))
    if _ABOUT_ONESELF.match(body) and not _OF_WRITING.search(body):
        rules = tuple(rule for rule in rules if rule.facet not in _VAGUE)
    if not _OF_LAYOUT.search(body):
        rules = tuple(rule for rule in rules if rule.facet != "layout")
    return rules


def _wish(text: str, body: str, scope: frozenset[str]) -> Claim:
    words = stems(body) or tuple(body.casefold().split())
    numbers = " ".join(word for word in words if word.isdigit())
    about = " ".join(sorted({word for word in words if not word.isdigit()}))
    return Claim("wish", about, numbers, not is_negated(body), scope, says_change(text))
