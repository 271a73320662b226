"""Who writes to whom in a mail of the demo writer: greeting, closing and signature."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tailorlm.llms._builtin_style import Style
from tailorlm.writing.mail import split_mail
from tailorlm.writing.rules import greeting_form

_ANGLES = re.compile(r"<[^<>]*>")
_TITLED = re.compile(r"(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.? ", re.IGNORECASE)
_GROUP = re.compile(
    r"(?:the )?(?:all|team|everyone|everybody|folks|both|colleagues|friends|group)\b.*"
    r"|.*\b(?:team|group|list|department|committee)",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r" and | & |; ?")
_LONGEST_NAME = 40
_GREETS = re.compile(r"^(?:hi|hello|hey|hiya|dear|greetings|good \w+)\b", re.IGNORECASE)
_UNNAMED = {"dear": "All", "hi": "there", "hello": "there", "hey": "there", "hiya": "there"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Whom a mail is for.

    Attributes:
        name: How they are greeted, "" where that is not known.
        names: What they may be called in the notes.
        is_group: Whether it is more than one person.
    """

    name: str = ""
    names: tuple[str, ...] = ()
    is_group: bool = False

    @classmethod
    def of(cls, recipient: str) -> Reader:
        """Whom "Ana Silva <ana@example.org>", "Dr. Reyes" or "the team" is."""
        line = " ".join(_ANGLES.sub("", recipient).split()).strip(" ,;\"'")
        if not line:
            return cls()
        if _GROUP.fullmatch(line):
            word = line.split()[-1].casefold()
            return cls("team" if word == "team" else "all", (), is_group=True)
        if _SEVERAL.search(line) or line.count(",") > 1:
            firsts = [_first(part) for part in re.split(r" and | & |[;,] ?", line) if part.strip()]
            if len(firsts) == 2:
                return cls(" and ".join(firsts), (), is_group=True)
            return cls("all", (), is_group=True)
        last, comma, first = line.partition(", ")
        full = f"{first} {last}" if comma else line
        first = _first(full)
        return cls(first, tuple(dict.fromkeys((full, first))))

    @classmethod
    def of_greeting(cls, greeting: str) -> Reader:
        """Whom "Hi Ana," greets; nobody by name for "Hello," and "Hi there!"."""
        named = _GREETS.sub("", greeting.strip()).strip(" ,:;!.–-")
        return cls() if named.casefold() in ("", "there", "again") else cls.of(named)


def greeting_of(style: Style, reader: Reader) -> str:
    """The greeting that a style wishes, "" for none."""
    form = style.wish("greeting")
    if form == "none" or (not form and style.wish("opening")):
        return ""
    form = greeting_form(form) if form else _usual_form(style, reader)
    if len(form.split()) == 1 and form.casefold() in _UNNAMED:
        form = f"{form} {{name}},"
    if "{name}" not in form:
        return form if form.endswith((",", ":", "!", ".", ";", "-")) else f"{form},"
    word = form.split()[0].casefold() if not form.startswith("{name}") else ""
    name = reader.name or _UNNAMED.get(word, "all" if word else "All")
    if reader.is_group and name in ("all", "team") and word in ("", "dear"):
        name = name.capitalize()
    return form.replace("{name}", name)


def is_greeting(form: str) -> bool:
    """Whether an opening greets, rather than being the start of a sentence."""
    named = form.replace("{name}", "Ana")
    mail = split_mail(f"{named.rstrip()}\n\nThis is a sentence about something else.")
    return mail.greeting == named.strip()


def closing_of(style: Style) -> str:
    """The closing line that a style wishes, "" for none."""
    wished = style.wish("sign-off")
    if wished == "none":
        return ""
    if wished and not closes_in_words(wished):
        return wished if wished[-1] in ",.!?" or not is_closing(wished) else f"{wished},"
    return {"formal": "Kind regards,", "informal": "Cheers,"}.get(
        style.wish("register"), "Best regards,"
    )


def is_closing(phrase: str) -> bool:
    """Whether a phrase is one that mails are closed with."""
    return bool(split_mail(f"This is a sentence.\n\n{phrase}\n").sign_off)


def closes_in_words(phrase: str) -> bool:
    """Whether a wished closing is a sentence rather than a closing line."""
    return len(phrase.split()) > 3 and not is_closing(phrase)


def signature_of(style: Style, sender: str) -> str:
    """The name at the end that a style wishes, "" for none."""
    kind = style.wish("signature")
    full = _ANGLES.sub("", sender).strip(" ,;\"'")[:_LONGEST_NAME]
    if kind == "none" or (not kind and style.wish("sign-off") == "none"):
        return ""
    if kind == "initials":
        return "".join(word[0] for word in re.findall(r"[^\W\d_]+", full)).upper()[:3]
    if kind == "first name":
        first = full.split(" ")[0]
        return full if first.endswith(".") else first
    return full if kind in ("", "full name") else kind


def _usual_form(style: Style, reader: Reader) -> str:
    register = style.wish("register")
    if register == "formal" or (_TITLED.match(reader.name) and register != "informal"):
        return "Dear {name},"
    if style.wish("exclamation marks") == "yes" or (
        register == "informal" and style.wish("exclamation marks") != "no"
    ):
        return "Hi {name}!"
    return "Hi {name}," if reader.name else "Hello,"


def _first(name: str) -> str:
    """The name that somebody is greeted with."""
    name = name.strip()
    if _TITLED.match(name):
        return name[:_LONGEST_NAME]
    first = name.split("@")[0].split(" ")[0]
    if "@" in name:
        first = re.split(r"[._\d-]", first)[0].capitalize()
    return first[:_LONGEST_NAME]
