"""Personal data that has a form: addresses of mail, phones, cards, accounts, streets, secrets.

Every pattern begins at a boundary and repeats within bounds, so that no text takes longer than in
proportion to its length.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator

from tailorlm.privacy.base import Kind, Span
from tailorlm.privacy.checksums import IBAN_LENGTHS, NATIONAL_IDS, is_card, is_iban

_MAIL = re.compile(
    r"(?<![\w.+@-])(?<!//)[\w.+-]{0,63}\w@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
_CARD = re.compile(r"(?<![\w.,+-])\d(?:[ -]?\d){12,18}(?![\w-]|[.,]\d)")
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9]{4})")
_PHONE = re.compile(
    r"(?<![\w.,:/+#$€£-])(?P<plus>\+|00(?=[1-9]))?(?:[ ]?\(\+?\d{1,4}\)|\d)"
    r"(?:[ ./()\u00a0\u2011-]{0,3}\d){5,14}(?![\w%€£$]|[.,:/-]\d)"
)
_PHONE_WORD = re.compile(
    r"(?:\b(?:tel|telephone|phone|mobile|cell|call(?: me)?(?: at| on)?|ring(?: me)?|fax|whatsapp"
    r"|text(?: me)?(?: at| on)?|reach(?: me)?(?: at| on)?|handy|mobil|telefon|tél|téléphone"
    r"|teléfono|móvil|cellulare|telefono|number is|my number)\b|☎|📞)[^\w+(]{0,6}(?:is |at |on )?$",
    re.IGNORECASE,
)
_US_PHONE = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}([-. ]))\d{3}[-. ]\d{4}")
_TRUNK_PHONE = re.compile(r"\(?0\d{1,5}\)?(?:[ ./-]{1,3}\d{2,8}){1,5}")
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}(?:\D|$)|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}(?:\D|$)")
_IPV4 = re.compile(r"(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{2,39}(?![\w:])")
_VERSION_WORD = re.compile(r"\b(?:version|release|build|firmware|v|ver)[ .:]{0,2}$", re.IGNORECASE)
_LOGIN_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,15}://(?P<secret>[^\s/@:]{0,256}:[^\s/@]{1,256})@")
_SECRET = re.compile(
    r"(?<![^\W_])(?:"
    r"sk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{16,256}"
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,256}"
    r"|gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{35}"
    r"|ya29\.[A-Za-z0-9_-]{20,255}|hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}"
    r"|pypi-[A-Za-z0-9_-]{32,255}|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"
    r"|tlm_[A-Za-z0-9_-]{16,255}|eyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,4096}\.[\w-]{8,1024}"
    r")(?![^\W_])"
    r"|-----BEGIN (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----[^-]{1,8192}"
    r"-----END (?:[A-Z]{2,10} ){0,2}PRIVATE KEY-----"
)
_SECRET_WORD = re.compile(
    r"\b(?:password|passwd|pwd|passphrase|passcode|passwort|contraseña|mot de passe|api[_ -]?key"
    r"|secret|access[_ -]?token|auth[_ -]?token|pin(?: code)?)\b[\"']?\s{0,3}(?:is\b|[:=])\s{0,3}"
    r"[\"'`]?(?P<secret>[^\s\"'`,;]{4,128})(?![^\s\"'`,;])",
    re.IGNORECASE,
)
_IDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (country, re.compile(rf"(?<![\w.-])(?:{form})(?![\w-])"))
    for country, form in (
        ("es", r"(?:\d{8}|[XYZ]\d{7})-?[A-Z]"),
        ("it", r"[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]"),
        ("br", r"\d{3}\.\d{3}\.\d{3}-\d\d"),
        ("fr", r"[12] ?\d\d ?(?:0[1-9]|1[0-2]|[2-9]\d) ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d"),
        ("gb", r"\d{3} \d{3} \d{4}"),
        ("us", r"\d{3}-\d\d-\d{4}"),
    )
)
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ]"
_WORD = rf"{_CAPITAL}[\w'’-]{{0,30}}"
_ANY = r"[^\W\d_][\w'’-]{0,30}"
_NUMBER = r"\d{1,5}(?:[ -]?[A-Za-z](?!\w))?"
_TOWN_WORD = rf"{_CAPITAL}[^\W\d_]{{0,30}}(?!\w)"
_TOWN = rf"{_TOWN_WORD}(?:[ '’-]{_TOWN_WORD}){{0,2}}"
_POSTCODE = (
    r"(?:[A-Z]{2} )?"
    r"(?:\d{5}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d)"
)
_ENGLISH = (
    "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Place|Pl|Square|Sq"
    "|Terrace|Crescent|Close|Way|Highway|Hwy|Parkway|Pkwy|Row|Mews|Gardens|Grove|Hill"
)
_ENDINGS = (
    r"straße|strasse|str\.|weg|allee|platz|gasse|damm|ufer"
    r"|straat|laan|plein|gracht|kade|dijk|singel"
)
_GERMAN = r"Straße|Strasse|Str\.|Weg|Allee|Platz|Gasse|Ring"
_FRENCH = r"rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|quai|route|cours"
_ROMANCE = (
    r"Calle|C/|Avenida|Avda\.|Plaza|Paseo|Camino|Carrer|Ronda|Rua|Travessa|Praça|Via|Viale|Piazza"
    r"|Corso|Vicolo|Largo|ul\.|al\.|Aleja"
)
_STREETS: tuple[re.Pattern[str], ...] = tuple(
    re.compile(rf"(?:{''.join(parts)})(?!\w)")
    for parts in (
        (
            rf"(?<![\w.,-])\d{{1,5}}[A-Za-z]? (?:(?:[NSEW]\.? )?{_WORD}\.? ){{1,4}}",
            rf"(?:{_ENGLISH})\b\.?(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Flat|#)\.? ?[\w-]{{1,6}})?",
            rf"(?:,\s{_TOWN})?(?:,? {_POSTCODE}(?!\w))?",
        ),
        (
            rf"(?<!\w){_CAPITAL}[\w.-]{{1,30}}?(?:{_ENDINGS}) {_NUMBER}",
            rf"(?:,?\s(?:D-|A-|CH-)?\d{{4,5}}(?: [A-Z]{{2}})? {_TOWN})?",
        ),
        (
            rf"(?<!\w){_WORD}[ -](?:{_GERMAN}) {_NUMBER}",
            rf"(?:,?\s(?:D-|A-|CH-)?\d{{4,5}} {_TOWN})?",
        ),
        (
            rf"(?<![\w.,-])\d{{1,4}}(?: ?(?:bis|ter))?,? (?:{_FRENCH}) ",
            rf"(?:{_ANY}[ -]){{0,4}}{_WORD}(?:,?\s\d{{5}} {_TOWN})?",
        ),
        (
            rf"(?<!\w)(?:{_ROMANCE}) ?(?:{_ANY}[ -]){{0,4}}{_ANY},? ?(?:n[ºo°]\.? ?)?{_NUMBER}",
            rf"(?:,?\s(?:\d{{5}}|\d{{4}}-\d{{3}}|\d\d-\d{{3}}) {_TOWN})?",
        ),
        (r"(?<!\w)(?:P\.? ?O\.? Box|Postfach|Apartado(?: de correos)?) \d{1,8}",),
    )
)
"""Street and number of several countries, with town and postcode where they stand behind."""


def formed(text: str) -> Iterator[Span]:
    """What has a form of its own; pieces may overlap."""
    if "@" in text:
        yield from _all(_MAIL, text, "email", 0.99, lambda m: not m.lower().endswith(".invalid"))
        for match in _LOGIN_URL.finditer(text):
            yield Span(*match.span("secret"), "secret", 0.995)
    yield from _all(_SECRET, text, "secret", 0.99)
    yield from _told_secrets(text)
    yield from _all(_CARD, text, "card", 0.98, lambda m: is_card(_digits(m)))
    yield from _ibans(text)
    for country, pattern in _IDS:
        check = NATIONAL_IDS[country]
        sure = 0.9 if country in ("gb", "us") else 0.99
        for match in pattern.finditer(text):
            if check(re.sub(r"[ .-]", "", match[0])):
                yield Span(*match.span(), "national_id", sure)
    yield from _phones(text)
    yield from _addresses_of_machines(text)
    for street in _STREETS:
        yield from _all(street, text, "address", 0.85)


def _all(
    pattern: re.Pattern[str],
    text: str,
    kind: Kind,
    confidence: float,
    holds: Callable[[str], bool] = bool,
) -> Iterator[Span]:
    for match in pattern.finditer(text):
        if holds(match[0]):
            yield Span(*match.span(), kind, confidence)


def _told_secrets(text: str) -> Iterator[Span]:
    """What is called a password or a key; words without a figure are taken for prose."""
    for match in _SECRET_WORD.finditer(text):
        value = match["secret"].rstrip(".!?)")
        if any(c.isdigit() for c in value) and not value.startswith("Secret_"):
            start = match.start("secret")
            yield Span(start, start + len(value), "secret", 0.9)


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        length = IBAN_LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        code, end = "", match.start()
        for place in range(match.start(), min(len(text), match.start() + 2 * length)):
            if text[place].isalnum():
                code += text[place]
                end = place + 1
            elif text[place] not in " -" or text[place - 1] in " -":
                break
            if len(code) == length:
                break
        if is_iban(code) and not text[end : end + 1].isalnum():
            yield Span(match.start(), end, "iban", 0.99)


def _phones(text: str) -> Iterator[Span]:
    for match in _PHONE.finditer(text):
        said, digits = match[0], _digits(match[0])
        if not 7 <= len(digits) <= 15 or _DATE.match(said):
            continue
        if match["plus"] and len(digits) >= 8:
            yield Span(*match.span(), "phone", 0.95)
        elif _PHONE_WORD.search(text, max(0, match.start() - 30), match.start()):
            yield Span(*match.span(), "phone", 0.9)
        elif _US_PHONE.fullmatch(said) or (_TRUNK_PHONE.fullmatch(said) and 9 <= len(digits) <= 12):
            yield Span(*match.span(), "phone", 0.75)


def _addresses_of_machines(text: str) -> Iterator[Span]:
    for match in _IPV4.finditer(text):
        told = _VERSION_WORD.search(text, max(0, match.start() - 12), match.start())
        if not told and _is_address(match[0]):
            yield Span(*match.span(), "ip", 0.9)
    for match in _IPV6.finditer(text):
        if match[0].count(":") > 1 and _is_address(match[0]):
            yield Span(*match.span(), "ip", 0.9)


def _is_address(text: str) -> bool:
    """Whether a text is the address of some machine other than this one."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return False
    return not (found.is_loopback or found.is_unspecified)


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())
