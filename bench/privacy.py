"""What the detector of personal data finds, misses and takes for personal data by mistake.

    python bench/privacy.py [--detector NAME] [--each N] [--quick] [--seed N] [--json FILE]

Sentences are made up from templates and seeded random data: numbers with right check digits,
streets of six countries, and names in four situations. The names of "common name" are ones that
occur all over Europe and America; those of "other name" come from elsewhere. Neither was taken from
the detector's list. The sentences between them hold dates, prices, versions, order numbers and
names of places, and no personal data.

Recall is the share of pieces that are found whole; "touched" the share of which any part is found.
The reference is 1. Precision counts everything found that touches no piece as wrong.
"""

from __future__ import annotations

import argparse
import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from _rows import Row, print_rows, write_rows

from tailorlm.privacy import Detector, create_detector
from tailorlm.privacy.checksums import IBAN_LENGTHS, is_iban, luhn

BENCH = "privacy"
_COMMON = """
James Mary Robert Patricia Michael Jennifer Maria Jose Anna Peter Lukas Sophie Marie Jean
Giulia Marco Lucia Pablo Emma Oliver Ewa Piotr Lars Ingrid Nina Carlos Elena Thomas Julia Ivan
"""
COMMON = tuple(_COMMON.split())
_OTHER = """
Aarav Ishaan Chidi Ngozi Kwame Amara Hye-jin Minh Linh Thu Siti Wayan Tariq Layla Yael Noor
Zanele Thabo Kenjiro Haruto Xiaoling Bowen Itzel Nayeli Tane Aroha Olumide Folake Eero Aino
"""
OTHER = tuple(_OTHER.split())
_LAST = """
Smith Garcia Muller Rossi Dubois Novak Kowalski Jensen Okafor Nguyen Patel Tanaka Haddad Costa
Silva Ivanova Lindberg Murphy Moreau Fischer Romero Greco Mwangi Cohen Yilmaz Park Santos Weber
"""
LAST = tuple(_LAST.split())
STREETS = (
    "{n} Oak Street, Springfield, IL 62704", "{n} Station Road, Leeds LS1 4AP", "{n} Mill Lane",
    "Gartenstraße {n}, 10115 Berlin", "Am Markt {n}", "{n} rue Victor Hugo, 75016 Paris",
    "Calle de Alcalá {n}, 28014 Madrid", "Via Garibaldi {n}, 20121 Milano",
    "Prinsengracht {n}, 1016 HP Amsterdam", "ul. Długa {n}",
)  # fmt: skip
FRAMES = (
    "Please note {x} for later.", "It says {x} in the letter.", "I think {x} is right, isn't it?",
    "We had {x} on the list and forgot about it.", "{x} - that is what I was given.",
)  # fmt: skip
NAME_FRAMES = (
    "I spoke with {x} about the garden.", "The book was lent to {x} in spring.",
    "{x} will bring the cake.", "Could you ask whether {x} has the keys?",
)  # fmt: skip
NOTHING = (
    "The meeting is on 12 May 2024 at 14:30 in Paris.", "Order 1234567890 costs $1,234.56 in all.",
    "Update to version 10.2.3.4 before 2024-06-30.", "Will you mark the date? I hope so.",
    "The Victoria line runs to Walthamstow.", "ISBN 978-3-16-148410-0 is out of print.",
    "In 2019 there were 100 000 000 of them.", "June was warm, and Jordan was dry.",
    "Frank words may help: be brief.", "The Eiffel Tower is 330 m high.", "Call me later, please.",
    "Chapter 12, Section 4 has the proof.", "Dear all, thanks for a grand day.",
    "Microsoft and Deutsche Bank grew by 3.5 %.", "He scored 10-20-30 in Rome.",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One made-up text.

    Attributes:
        name: What kind of text it is.
        text: The text.
        piece: The personal data in it; "" for none.
    """

    name: str
    text: str
    piece: str


def cases(each: int, rng: random.Random) -> Iterator[Case]:
    """`each` texts of every kind."""
    makers: dict[str, Callable[[random.Random], str]] = {
        "email": _mail, "phone +": _phone, "phone (US)": _us_phone, "card": _card, "iban": _iban,
        "address": lambda r: r.choice(STREETS).format(n=r.randint(1, 180)), "ip": _ip,
        "secret": lambda r: "sk-" + "".join(r.choices("abcdefXYZ0123456789", k=40)),
    }  # fmt: skip
    for name, make in makers.items():
        for _ in range(each):
            piece = make(rng)
            yield Case(name, rng.choice(FRAMES).format(x=piece), piece)
    for kind, given in (("common name", COMMON), ("other name", OTHER)):
        for _ in range(each):
            first, full = rng.choice(given), ""
            full = f"{first} {rng.choice(LAST)}"
            yield Case(f"{kind}, in full", rng.choice(NAME_FRAMES).format(x=full), full)
            yield Case(f"{kind}, first only", rng.choice(NAME_FRAMES).format(x=first), first)
            yield Case(f"{kind}, greeting", f"Hi {first},\nthe beans are in.", first)
            yield Case(f"{kind}, signature", f"The beans are in.\n\nBest,\n{full}", full)
    for _ in range(each):
        last = rng.choice(LAST)
        yield Case("surname only", rng.choice(NAME_FRAMES).format(x=last), last)
        yield Case("name in small letters", f"ask {rng.choice(COMMON).lower()} about it", "")
    for _ in range(each):
        yield Case("nothing", " ".join(rng.sample(NOTHING, 3)), "")


def measured(detector: Detector, found: Iterator[Case]) -> Iterator[Row]:
    """Recall of every kind of text, and how much was found where nothing is."""
    counts: dict[str, list[int]] = {}
    right, wrong = 0, 0
    for case in found:
        spans = detector.find(case.text)
        start = case.text.find(case.piece) if case.piece else -1
        end = start + len(case.piece)
        touching = [s for s in spans if case.piece and s.start < end and start < s.end]
        right += len(touching)
        wrong += len(spans) - len(touching)
        whole = any(s.start == start and s.end == end for s in touching)
        count = counts.setdefault(case.name, [0, 0, 0, 0])
        for place, value in enumerate((True, whole, bool(touching), bool(spans))):
            count[place] += int(value)
    for name, (total, exact, touched, any_found) in counts.items():
        if name in ("nothing", "name in small letters"):
            yield Row(BENCH, name, "share with a finding", any_found / total, None)
        else:
            yield Row(BENCH, name, "recall", exact / total, 1.0)
            yield Row(BENCH, name, "recall, touched", touched / total, 1.0)
    yield Row(BENCH, "all", "precision", right / (right + wrong), 1.0)


def speed(detector: Detector, rng: random.Random) -> Row:
    """Characters a second, against cutting the same text into words."""
    text = " ".join(case.text for case in cases(20, rng))
    start = time.perf_counter()
    detector.find(text)
    taken = time.perf_counter() - start
    start = time.perf_counter()
    re.findall(r"\w+", text)
    words = time.perf_counter() - start
    return Row(BENCH, "speed", "characters a second", len(text) / taken, len(text) / words)


def _mail(rng: random.Random) -> str:
    user = (
        rng.choice(COMMON + OTHER).lower() + rng.choice((".", "_", "")) + rng.choice(LAST).lower()
    )
    return f"{user}{rng.choice(('', '7', '+shop'))}@mail{rng.randint(1, 99)}.example.com"


def _phone(rng: random.Random) -> str:
    country = rng.choice(("1", "33", "34", "39", "44", "49", "91", "234"))
    joint = rng.choice((" ", "-", "."))
    groups = ["".join(rng.choices("123456789", k=k)) for k in (2, 3, 4)]
    return f"+{country} {joint.join(groups)}"


def _us_phone(rng: random.Random) -> str:
    area, office, line = rng.randint(201, 989), rng.randint(200, 999), rng.randint(0, 9999)
    form = rng.choice(("({}) {}-{:04}", "{}-{}-{:04}", "{}.{}.{:04}"))
    return form.format(area, office, line)


def _card(rng: random.Random) -> str:
    digits = rng.choice(("4", "51", "55", "6011"))
    digits += "".join(rng.choices("0123456789", k=15 - len(digits)))
    digits += next(d for d in "0123456789" if luhn(digits + d))
    joint = rng.choice(("", " ", "-"))
    return joint.join(digits[i : i + 4] for i in range(0, 16, 4))


def _iban(rng: random.Random) -> str:
    country = rng.choice(("DE", "FR", "ES", "IT", "GB", "NL", "PL", "CH"))
    rest = "".join(rng.choices("0123456789", k=IBAN_LENGTHS[country] - 4))
    code = next(c for n in range(100) if is_iban(c := f"{country}{n:02}{rest}"))
    joint = rng.choice(("", " "))
    return joint.join(code[i : i + 4] for i in range(0, len(code), 4))


def _ip(rng: random.Random) -> str:
    if rng.random() < 0.3:
        return "2001:db8::" + ":".join(f"{rng.randint(1, 65535):x}" for _ in range(3))
    return ".".join(str(rng.randint(1, 254)) for _ in range(4))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--detector", default="regex")
    parser.add_argument("--each", type=int, default=300, help="texts of every kind")
    parser.add_argument("--quick", action="store_true", help="30 texts of every kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    detector = create_detector(given.detector)
    each = 30 if given.quick else given.each
    rows = list(measured(detector, cases(each, random.Random(given.seed))))
    rows.append(speed(detector, random.Random(given.seed)))
    print_rows(f"Personal data found by {given.detector}", rows, "limit")
    write_rows(given.json, rows)


if __name__ == "__main__":
    main()
