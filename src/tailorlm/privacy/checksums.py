"""Check digits of payment cards, bank accounts and national identity numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

_LENGTHS = """
AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28
EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26
IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18
NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22
VG24 XK20
"""
IBAN_LENGTHS: Mapping[str, int] = MappingProxyType(
    {entry[:2]: int(entry[2:]) for entry in _LENGTHS.split()}
)
"""Characters of an IBAN by country (ISO 13616)."""
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"
_CARDS = tuple(
    (prefix, lengths)
    for prefixes, lengths in (
        ("34 37", (15,)), ("30 36 38 39", (14, 16, 19)), ("35", (16, 19)), ("4", (13, 16, 19)),
        ("51 52 53 54 55 22 23 24 25 26 27", (16,)), ("50 56 57 58 6", tuple(range(13, 20))),
    )
    for prefix in prefixes.split()
)  # fmt: skip
"""What the numbers of payment cards begin with, and how many digits they then have."""
_ODD = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3,
         6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)  # fmt: skip
"""Values of the characters in odd places of an Italian codice fiscale."""


def luhn(digits: str) -> bool:
    """Whether digits pass the Luhn check (ISO/IEC 7812)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 * (value > 9)
    return total % 10 == 0


def is_card(digits: str) -> bool:
    """Whether digits are the number of a payment card."""
    return luhn(digits) and any(
        digits.startswith(prefix) and len(digits) in lengths for prefix, lengths in _CARDS
    )


def is_iban(code: str) -> bool:
    """Whether a code without blanks is an IBAN: its country's length, and 1 modulo 97."""
    code = code.upper()
    if IBAN_LENGTHS.get(code[:2]) != len(code) or not code.isalnum() or not code.isascii():
        return False
    return int("".join(str(int(c, 36)) for c in code[4:] + code[:4])) % 97 == 1


def is_dni(code: str) -> bool:
    """Spain: eight digits, or X, Y or Z and seven, and the letter of their remainder by 23."""
    number = code[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
    return number.isdigit() and code[-1] == _DNI_LETTERS[int(number) % 23]


def is_codice_fiscale(code: str) -> bool:
    """Italy: the last letter from values of the fifteen characters before it."""
    even = {c: int(c, 36) if c.isdigit() else int(c, 36) - 10 for c in _ODD}
    total = sum(_ODD[c] if place % 2 == 0 else even[c] for place, c in enumerate(code[:15]))
    return chr(ord("A") + total % 26) == code[15]


def is_cpf(digits: str) -> bool:
    """Brazil: two check digits modulo 11."""
    return len(set(digits)) > 1 and all(
        _weighted(digits[:n], range(n + 1, 1, -1)) * 10 % 11 % 10 == int(digits[n]) for n in (9, 10)
    )


def is_nir(code: str) -> bool:
    """France: 97 less the remainder of thirteen digits by 97; Corsica has 2A and 2B for 19 and 18.

    Args:
        code: Fifteen characters without blanks.
    """
    number = code[:13].replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(code[13:])


def is_nhs_number(digits: str) -> bool:
    """United Kingdom: ten digits, the last 11 less the weighted sum of the others modulo 11."""
    return 11 - _weighted(digits[:9], range(10, 1, -1)) % 11 in (
        int(digits[9]),
        int(digits[9]) + 11,
    )


def is_ssn(digits: str) -> bool:
    """United States: nine digits without check digit; area, group and serial that were given."""
    area, group, serial = digits[:3], digits[3:5], digits[5:]
    return area not in ("000", "666") and area < "900" and group != "00" and serial != "0000"


NATIONAL_IDS: Mapping[str, Callable[[str], bool]] = MappingProxyType(
    {
        "es": is_dni,
        "it": is_codice_fiscale,
        "br": is_cpf,
        "fr": is_nir,
        "gb": is_nhs_number,
        "us": is_ssn,
    }
)
"""The check of each country whose identity numbers are found."""


def _weighted(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
