"""`tailorlm train` for models that know their users, on a tiny base."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
from tests.llms.tiny_llm import needs_peft, write_tiny_llm
from tests.training.personal_models import LONG, SHORT, disagreeing

from tailorlm.cli import train_personal
from tailorlm.datasets.comparisons import write_comparisons
from tailorlm.training.oppu import OppuSettings
from tailorlm.training.settings import PdpoSettings, PrmSettings, SftSettings

QUICK = ("--epochs", 1, "--batch-size", 4, "--user-tokens", 2, "--max-tokens", 64)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("pdpo", PdpoSettings()),
        ("prm", PrmSettings()),
        ("sft", SftSettings()),
        ("oppu", OppuSettings()),
    ],
)
def test_the_commands_have_the_trainers_settings_and_defaults(name, settings) -> None:
    given = getattr(train_personal, name).__signature__.parameters
    known = {one.name: getattr(settings, one.name) for one in fields(settings)}
    for setting in set(given) & set(known):
        assert given[setting].default == known[setting], setting
    missing = set(known) - set(given) - {"warmup_share", "max_norm"}
    of_users = {"user_model", "user_tokens", "clusters", "generic", "full"}
    assert missing == (of_users if name == "oppu" else set())


@pytest.fixture
def base(cli) -> Path:
    """A base and a file of comparisons in the commands' folder."""
    write_comparisons("p.jsonl", disagreeing(4).comparisons)
    return write_tiny_llm(Path("base"))


@needs_peft
def test_a_personal_model_is_trained_extended_and_used(cli, base):
    options = ("--base", base, "--pairs", "p.jsonl", "--device", "cpu")
    said = cli("train", "pdpo", *options, *QUICK, "--out", "out")
    assert "Learned from 7 comparisons in 2 steps" in said
    assert "On 1 held out: loss" in said
    assert "Use it as: --llm soft_prompt/out" in said
    error = cli.error("train", "pdpo", *options, *QUICK, "--out", "out")
    assert "holds a model already. Use --force" in error
    new = disagreeing(2, ("cy", "ana")).comparisons
    write_comparisons("new.jsonl", new)
    row = cli.json("train", "users", "--model", "out", "--pairs", "new.jsonl", "--passes", 2)
    assert (row["users"], row["comparisons"], row["known"]) == (["cy"], 2, 2)
    assert json.loads(Path("out/soft_prompt.json").read_text())["users"] == ["ana", "bo", "cy"]
    assert "nobody to add" in cli.error("train", "users", "--model", "out", "--pairs", "new.jsonl")
    assert "not both" in cli.error(
        "train", "users", "--model", "out", "--pairs", "new.jsonl", "--store", "x.db"
    )


@needs_peft
def test_users_of_the_log_are_added(cli, base):
    options = ("--base", base, "--pairs", "p.jsonl", "--device", "cpu", *QUICK)
    cli("train", "pipo", *options, "--out", "out")
    cli("ask", "zoe", "How should I spend a free weekend?", "-n", 2, "--method", "bayes_tags")
    cli("pick", "zoe", 1)
    said = cli("train", "users", "--model", "out", "--passes", 1)
    assert "Added 1 user to out from 1 comparison" in said
    assert said.splitlines()[0].endswith(": zoe.")


@needs_peft
def test_the_other_trainers(cli, base):
    options = ("--base", base, "--pairs", "p.jsonl", "--device", "cpu", "--epochs", 1)
    row = cli.json("train", "prm", *options, "--linear", "--out", "prm")
    assert (row["task"], row["pairs"], row["stopped"]) == ("prm", 7, "finished")
    row = cli.json("train", "sft", *options, "--full", "--out", "sft")
    assert row["last_accuracy"] is None
    assert Path("sft/model/config.json").exists()
    rows = cli.json("train", "oppu", *options, "--out", "oppu")
    assert {user: row["pairs"] for user, row in rows.items()} == {"ana": 3, "bo": 3}
    index = json.loads(Path("oppu/users.json").read_text())
    assert index["users"] == {"ana": "ana", "bo": "bo"}
    error = cli.error("train", "oppu", *options, "--out", "oppu")
    assert "holds adapters already" in error
    said = cli("train", "oppu", *options, "--out", "oppu", "--force")
    assert "ana: Learned from 3 comparisons" in said
    assert "Use it as: --llm local/oppu/USER" in said
    assert "tailorlm" in cli("ask", "ana", "Q1?", "--llm", "local/oppu/ana", "-n", 1)


@needs_peft
def test_what_was_left_out_or_cut_is_said(cli, base):
    rows = [
        {"user": "ana", "prompt": "x" * 99, "responses": [LONG, SHORT]},
        {"user": "ana", "prompt": "Hi", "responses": [LONG, LONG]},
    ]
    Path("odd.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = cli.run(
        "train", "pdpo", "--base", base, "--pairs", "odd.jsonl", "--out", "o", "--device", "cpu",
        *QUICK,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "without two different answers: 1." in result.stderr
    assert "Prompts cut at their beginning to fit --max-tokens: 1." in result.stderr


def test_a_bad_row_is_named_without_torch(cli):
    Path("bad.jsonl").write_text('{"prompt": "Hi", "responses": ["a"]}\n')
    error = cli.error("train", "pdpo", "--base", "b", "--pairs", "bad.jsonl", "--out", "o")
    assert "bad.jsonl, row 1: 'responses' must hold two answers or more" in error
