"""`tailorlm train`: agents on a tiny model, and runs side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.llms.tiny_llm import needs_peft, write_tiny_llm
from tests.training.test_log import log

MAIL = {"subject": "Key", "intent": ["The key is lost"], "rules": ["Be brief."], "body": "Lost it."}


@pytest.fixture
def emails(tmp_path: Path) -> Path:
    path = tmp_path / "mails.jsonl"
    rows = [MAIL | {"author": name} for name in ("ines", "ines", "bo")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@needs_peft
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_rules_and_mails_are_learned_and_compared(cli, emails):
    write_tiny_llm(Path("base"))
    options = ("--base", "base", "--emails", emails, "--epochs", 2, "--device", "cpu")
    text = cli("train", "agent", *options, "--out", "rules")
    assert "Learned rules from 2 pairs in 2 steps" in text
    assert "On 1 held out:" in text
    assert "Use it as: --llm local/rules" in text
    row = cli.json("train", "agent", *options, "--out", "text", "--target", "text")
    assert (row["task"], row["pairs"], row["stopped"]) == ("text", 2, "finished")
    assert "* rules   o text" in cli("train", "compare", "rules", "text/training_log.json")
    rows = cli.json("train", "compare", "rules", "text")
    assert [row["name"] for row in rows] == ["rules", "text"]
    assert [len(row["curve"]) for row in rows] == [2, 2]
    shown = cli("ask", "ana", "Plan my evening", "--llm", "local/rules", "-n", 1)
    assert "tailorlm rate ana" in shown
    error = cli.error("train", "agent", *options, "--out", "rules")
    assert "holds an adapter already. Use --force" in error
    alone = ("--author", "ines", "--out", "rules", "--force")
    assert "from 1 pair in" in cli("train", "agent", *options, *alone)


@needs_peft
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_what_did_not_fit_is_said(cli):
    write_tiny_llm(Path("base"))
    rows = [{"input": "a", "target": "b" * 99}, {"input": "c" * 99, "target": "d"}]
    Path("p.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    options = ("--pairs", "p.jsonl", "--max-tokens", 50, "--epochs", 1, "--device", "cpu")
    result = cli.run("train", "agent", "--base", "base", "--out", "out", *options)
    assert result.exit_code == 0, result.output
    assert "Cut to --max-tokens: 1 target." in result.stderr
    assert "too long for --max-tokens: 1 pair." in result.stderr


def test_runs_are_compared_without_torch(cli):
    for name, losses in (("a", [4.0, 2.0]), ("b", [3.0, 2.9])):
        Path(name).mkdir()
        Path(name, "training_log.json").write_text(log(losses, name).as_json(), "utf-8")
    text = cli("train", "compare", "a", "b")
    assert "nats per target token" in text
    assert "* a   o b" in text
    assert "two training logs" in cli.error("train", "compare", "a")
    assert "no file" in cli.error("train", "compare", "a", "c")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ((), "either --pairs FILE or --emails FILE"),
        (("--pairs", "p", "--emails", "e"), "either --pairs FILE or --emails FILE"),
        (("--pairs", "p", "--author", "x"), "go with --emails"),
        (("--pairs", "p", "--target", "text"), "go with --emails"),
        (("--pairs", "nothing.jsonl"), "There is no file nothing.jsonl"),
        (("--pairs", "p", "--rank", "0"), "rank is a whole number from 1"),
    ],
)
def test_what_cannot_be_trained(cli, options, problem):
    assert problem in cli.error("train", "agent", "--base", "b", "--out", "o", *options)
