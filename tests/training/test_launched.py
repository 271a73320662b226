"""Two processes train what one trains, with whole models and with sharded ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.llms.tiny_llm import needs_peft, write_tiny_llm
from tests.training.personal_models import losses

from tailorlm.training.log import read_log
from tailorlm.training.personal import PersonalModel

ROOT = Path(__file__).resolve().parents[2]
TWO = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2")


def launch(base: Path, out: Path, *flags: str, processes: tuple[str, ...] = TWO) -> None:
    command = [sys.executable, *processes, "-m", "tests.training.launched", base, out, *flags]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]


@needs_peft
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("flags", [(), ("sharded",)])
def test_two_processes_train_what_one_trains_and_go_on_after_a_stop(
    tmp_path: Path, flags: tuple[str, ...]
) -> None:
    base = write_tiny_llm(tmp_path / "base")
    launch(base, tmp_path / "one", processes=())
    launch(base, tmp_path / "two", *flags)
    launch(base, tmp_path / "again", *flags, "stop")
    assert (tmp_path / "again" / "checkpoint.pt").exists()
    launch(base, tmp_path / "again", *flags)
    one, two, again = (read_log(tmp_path / name) for name in ("one", "two", "again"))
    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    assert losses(again) == losses(two)
    assert not (tmp_path / "again" / "checkpoint.pt").exists()
    assert PersonalModel(tmp_path / "two", device="cpu").users == ("ana", "bo")
