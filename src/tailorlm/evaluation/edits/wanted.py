"""What a preference in words asks for, as far as a text shows it: the answers for learned rules.

The words are read as rules of writing, and by a few expressions that notes on a writer have
besides: a quoted closing, thanks, what a greeting ends in, what is asked for at the end. What a
text cannot show, such as tone, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tailorlm.writing import StyleRule, split_mail, style_rules
from tailorlm.writing.rules import greeting_form

LEAST_KEPT = 2 / 3
"""Share of a user's texts that must keep a part for it to be expected."""

_SCOPE = re.compile(
    r"^(?:for|in|to|on|with)\s+(?P<scope>(?:[^;:]*?\b)?(?:mails?|matters?|messages?|letters?|notes?|texts?"
    r"|topics?|subjects?|people|friends|colleagues|clients|customers))\b[\s,:]+(?P<rest>.+)$",
    re.IGNORECASE,
)
_SEGMENT = re.compile(r";\s*|\.\s+|:\s+(?=for\b)", re.IGNORECASE)
_CLAUSE = re.compile(r"[,:]\s+(?:then |and )?")
_QUOTED = re.compile(r"[\"“]([^\"”]{2,60})[\"”]")
_NEVER = re.compile(r"\b(?:never|no|not|avoid|without|stop)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"\b(?:ask(?:ing|s)? for|requests?|requesting) (?P<what>[\w\s-]+)", re.IGNORECASE
)
_STEM = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """One part of a preference.

    Attributes:
        words: As it was said.
        scope: What texts it is for, in words; "" for all.
        facet: The facet of the rule that names it.
        names: Whether a rule of that facet names it.
        kept_by: Whether a text keeps it; None where that cannot be told.
    """

    words: str
    scope: str
    facet: str
    names: Callable[[StyleRule], bool]
    kept_by: Callable[[str], bool | None]

    def named_in(self, rules: Sequence[StyleRule]) -> bool:
        """Whether one of the rules names it."""
        return any(rule.facet == self.facet and self.names(rule) for rule in rules)


def wanted(preference: str) -> tuple[Wanted, ...]:
    """The parts of a preference that texts show, in the order in which they are said."""
    found: dict[tuple[str, str, str], Wanted] = {}
    for segment in _SEGMENT.split(preference):
        scoped = _SCOPE.match(segment.strip())
        scope, body = (scoped["scope"], scoped["rest"]) if scoped else ("", segment)
        for clause in _CLAUSE.split(body):
            for part in _parts(clause.strip(' ."()'), clause, scope):
                found.setdefault((part.scope, part.facet, part.words), part)
    return tuple(found.values())


def expected(parts: Sequence[Wanted], texts: Sequence[str]) -> tuple[Wanted, ...]:
    """The parts that a user's own texts keep often enough to be told; those for some texts stay.

    Args:
        parts: Of the user's preference.
        texts: What the user made of all drafts.
    """
    return tuple(part for part in parts if part.scope or share_kept(part, texts) >= LEAST_KEPT)


def share_kept(part: Wanted, texts: Sequence[str]) -> float:
    """Share of the texts that keep a part, of those that show it; 0 if none does."""
    told = [kept for text in texts if (kept := part.kept_by(text)) is not None]
    return sum(told) / len(told) if told else 0.0


def _parts(words: str, clause: str, scope: str) -> Iterator[Wanted]:
    for rule in style_rules(clause):
        if rule.kept_by("Text.") is not None:
            yield _of_rule(rule, words, scope)
    if re.search(r"\bthanks? (?:the|his|her|their) ", clause, re.IGNORECASE):
        yield _of_rule(StyleRule("thanks", "yes"), words, scope)
    if re.search(r"\bgreeting\b.*\bexclamation", clause, re.IGNORECASE):
        yield Wanted(
            words,
            scope,
            "greeting",
            lambda rule: rule.value.endswith("!"),
            lambda text: split_mail(text).greeting.endswith("!"),
        )
    if (asked := _ASKS.search(clause)) and not _NEVER.search(clause):
        yield _asked(asked["what"], words, scope)
    for quoted in _QUOTED.findall(clause):
        yield from _of_quote(quoted, clause, words, scope)


def _of_rule(rule: StyleRule, words: str, scope: str) -> Wanted:
    if rule.facet == "length":
        # A limit is found if the learned one is near it.
        limit = int(rule.value.rsplit(" ", 1)[1])
        return Wanted(
            words,
            scope,
            "length",
            lambda learned: 0.7 * limit <= int(learned.value.rsplit(" ", 1)[1]) <= 1.3 * limit,
            lambda text: rule.kept_by(text),
        )
    return Wanted(words, scope, rule.facet, lambda learned: learned == rule, rule.kept_by)


def _of_quote(quoted: str, clause: str, words: str, scope: str) -> Iterator[Wanted]:
    """A quoted closing, greeting or phrase."""
    phrase = quoted.strip(" .,!")
    opening = split_mail(f"{phrase} Ana,\n\nText is here.").greeting
    if _NEVER.search(clause.split(quoted)[0]):
        yield _of_phrase(StyleRule("phrase avoided", phrase), words, scope)
    elif split_mail(f"Text is here.\n\n{phrase},\nAna").sign_off:
        rule = StyleRule("sign-off", phrase)
        yield Wanted(words, scope, rule.facet, lambda r: _same(r.value, phrase), rule.kept_by)
    elif opening:
        first = greeting_form(opening).split()[0].casefold()
        yield Wanted(
            words,
            scope,
            "greeting",
            lambda r: r.value.casefold().startswith(first),
            lambda text: split_mail(text).greeting.casefold().startswith(first),
        )
    else:
        yield _of_phrase(StyleRule("phrase used", phrase), words, scope)


def _of_phrase(rule: StyleRule, words: str, scope: str) -> Wanted:
    return Wanted(words, scope, rule.facet, lambda r: _overlap(r.value, rule.value), rule.kept_by)


def _asked(what: str, words: str, scope: str) -> Wanted:
    """A request that texts make, told by the beginnings of its words."""
    stems = [word.casefold()[:_STEM] for word in what.split() if len(word) >= _STEM]
    return Wanted(
        words,
        scope,
        "phrase used",
        lambda rule: any(stem in rule.value.casefold() for stem in stems),
        lambda text: any(stem in text.casefold() for stem in stems),
    )


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _overlap(one: str, other: str) -> bool:
    """Whether two phrases share two words in a row, or one is part of the other."""
    first, second = one.casefold().split(), other.casefold().split()
    pairs = {tuple(first[i : i + 2]) for i in range(len(first) - 1)}
    shared = any(tuple(second[i : i + 2]) in pairs for i in range(len(second) - 1))
    return shared or " ".join(first) in " ".join(second) or " ".join(second) in " ".join(first)
