"""The files that containers are made from: what they say fits the commands there are."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from tests.cli.conftest import Cli

from tailorlm.service.start import GRACE

ROOT = Path(__file__).parents[2]


def dockerfile() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, each with what follows it."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [
        (word, rest.strip()) for line in lines if line for word, _, rest in [line.partition(" ")]
    ]


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return found


def test_the_image_runs_the_gateway_as_nobody_special(tmp_path: Path, monkeypatch: Any) -> None:
    steps = dockerfile()
    users = [rest for word, rest in steps if word == "USER"]
    assert users == ["tailorlm"]
    last = dict(steps)
    assert json.loads(last["ENTRYPOINT"]) == ["tailorlm"]
    monkeypatch.chdir(tmp_path)
    cli = Cli()
    # The command is understood: what it lacks is a key, without which it serves no other machine.
    assert "tailorlm keys add" in cli.error(*json.loads(last["CMD"]))
    for path in re.findall(
        r"^COPY (?!--)(.*) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE
    ):
        assert all((ROOT / name).exists() for name in path.split())


def test_its_health_check_tells_ready_from_not(gateway_url: str) -> None:
    _, _, command = dict(dockerfile())["HEALTHCHECK"].partition("CMD ")
    program, *arguments = json.loads(command)
    assert program == "python"
    here = arguments[-1].replace("http://127.0.0.1:8600", gateway_url)
    assert subprocess.run([sys.executable, "-c", here], check=False).returncode == 0
    gone = here.replace("/readyz", "/nothing")
    run = subprocess.run([sys.executable, "-c", gone], capture_output=True, check=False)
    assert run.returncode == 1


def test_compose_joins_the_gateway_and_postgresql() -> None:
    services = compose()["services"]
    assert set(services) == {"gateway", "database"}
    gateway, database = services["gateway"], services["database"]
    names = {name: database["environment"][f"POSTGRES_{name}"] for name in ("USER", "DB")}
    address = re.sub(r"\$\{.*\}", "secret", gateway["environment"]["TAILORLM_STORE"])
    assert address == f"postgresql://{names['USER']}:secret@database/{names['DB']}"
    assert database["healthcheck"]["test"][1] == "pg_isready"
    assert gateway["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert all(port.startswith("127.0.0.1:") for port in gateway["ports"])
    assert int(gateway["stop_grace_period"].removesuffix("s")) > GRACE
    assert database["environment"]["POSTGRES_PASSWORD"].startswith("${")
