from __future__ import annotations

from pathlib import Path

import pytest

from tailorlm.cli.options import Setup, open_tailor
from tailorlm.config import load_settings
from tailorlm.errors import InputError
from tailorlm.llms import create_llm
from tailorlm.methods import create_method
from tailorlm.privacy import create_detector
from tailorlm.privacy.placeholders import scrubbed_payload
from tailorlm.service import start
from tailorlm.service.scrubbing import ScrubbingUpstream
from tailorlm.types import Attribute, Correction, Document, Edit, Ranking, Statement

REGEX = create_detector("regex")


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_nothing_is_scrubbed_unless_it_is_asked_for() -> None:
    assert load_settings().scrub == ""
    with open_tailor(Setup(method="none"), new=True) as tailor:
        assert tailor.keep is None


@pytest.mark.parametrize("scrub", ["store", "upstream,store", "store,upstream"])
def test_the_store_is_scrubbed_for_every_command(scrub: str) -> None:
    Path("tailorlm.toml").write_text(f'scrub = "{scrub}"\nmethod = "none"\n', "utf-8")
    with open_tailor(Setup(), new=True) as tailor:
        event = tailor.say("ana", "Thank Tom Becker for me.")
        assert event.payload == Statement("Thank [person] for me.")
        assert tailor.say("ana", "Thank Tom Becker for me.", key=event.key) == event


@pytest.mark.parametrize("scrub", ["both", "store;upstream", "upstream,", "Store"])
def test_what_cannot_be_scrubbed_is_said(scrub: str) -> None:
    with pytest.raises(InputError, match="--scrub must be 'upstream', 'store'"):
        load_settings({"scrub": scrub})


def test_the_gateway_scrubs_whatever_answers() -> None:
    with open_tailor(Setup(method="none"), new=True) as tailor:
        gateway = start.open_gateway(
            tailor, lambda name: create_method(name, tailor.method.parts), "builtin", scrub=REGEX
        )
        assert isinstance(gateway.upstream, ScrubbingUpstream)
        assert gateway.upstream.notice
        assert gateway.upstream.label == create_llm("builtin").name


@pytest.mark.parametrize(
    ("payload", "kept"),
    [
        (Edit("t", 0, "Dear Tom,\nyes"), Edit("t", 0, "Dear [person],\nyes")),
        (Document("Ring +49 30 901820", "To Ana"), Document("Ring [phone]", "To [person]")),
        (Attribute("name", "Zyx Qor"), Attribute("name", "[person]")),
        (Attribute("home", "Lisbon"), Attribute("home", "Lisbon")),
        (Ranking("t", ((0,), (1,))), Ranking("t", ((0,), (1,)))),
        (Statement("My DNI is 12345678Z"), Statement("My DNI is [national id]")),
        (
            Correction("rule", "Greet me as Dear Tom", "forget"),
            Correction("rule", "Greet me as Dear [person]", "forget"),
        ),
        (Correction("tag", "Dear Tom", "lock"), Correction("tag", "Dear Tom", "lock")),
    ],
)
def test_placeholders_take_the_place_of_personal_data(payload: object, kept: object) -> None:
    assert scrubbed_payload(payload, REGEX) == kept
    assert scrubbed_payload(kept, REGEX) == kept
