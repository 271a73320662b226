"""Published prompts to try methods on: IFEval, Koala's, Self-Instruct's and WritingPrompts.

- IFEval (Zhou et al. 2023): JSON Lines with ``prompt`` and ``instruction_id_list``.
- The 50 Koala prompts of Personalized-Soups (Jang et al. 2023): a JSON list with ``prompt``.
- Self-Instruct's user-oriented tasks (Wang et al. 2022): JSON Lines with ``motivation_app``,
  ``instruction`` and ``instances``, whose first has ``input``.
- HANNA (Chhun et al. 2022): CSV with ``Prompt``, each there for several stories.

Each becomes a `Prompt`; those that are there twice count once.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tailorlm.datasets.base import Row, read_objects, read_rows, read_table
from tailorlm.datasets.card import Card, find_file
from tailorlm.datasets.tager_plan import Prompt
from tailorlm.errors import InputError
from tailorlm.types import check_text


def load_ifeval(path: str | Path) -> list[Prompt]:
    """The prompts of IFEval, plain or gzip; the first instruction's family is the task.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    return _once(
        _prompt(row, row.text("prompt"), "".join(row.get("instruction_id_list", list)[:1]))
        for row in read_rows(path)
    )


def load_koala(path: str | Path) -> list[Prompt]:
    """The prompts of Koala's evaluation, plain or gzip.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    return _once(_prompt(row, row.text("prompt")) for row in read_objects(path, "prompts"))


def load_self_instruct(path: str | Path) -> list[Prompt]:
    """Self-Instruct's tasks, plain or gzip, each with its first input; the app is the task.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    return _once(_instruction(row) for row in read_rows(path))


def load_writing_prompts(path: str | Path) -> list[Prompt]:
    """The prompts of HANNA's stories, plain or gzip.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with the line it ends
            on.
    """
    return _once(_prompt(row, row.text("Prompt"), "story") for row in read_table(path))


def _instruction(row: Row) -> Prompt:
    instances = row.rows("instances", "instance")
    given = instances[0].get("input", str).strip() if instances else ""
    asked = row.text("instruction").strip()
    return _prompt(row, f"{asked}\n\n{given}" if given else asked, row.get("motivation_app", str))


def _prompt(row: Row, query: str, task: str = "") -> Prompt:
    try:
        return Prompt(check_text(query.strip(), "prompt"), task.partition(":")[0].strip())
    except InputError as error:
        row.fail(str(error))


def _once(prompts: Iterator[Prompt]) -> list[Prompt]:
    found: dict[str, Prompt] = {}
    for prompt in prompts:
        found.setdefault(prompt.query, prompt)
    return list(found.values())


CARDS = (
    Card(
        name="ifeval",
        title="IFEval, prompts with checkable instructions",
        use="queries: does a personal answer still do what is asked",
        terms="Apache-2.0",
        licence="IFEval (google-research): Apache-2.0. Not part of this package.",
        source="https://github.com/josejg/instruction_following_eval",
        citation="Zhou et al. 2023, Instruction-Following Evaluation for Large Language Models",
        fields={"prompt": "what is asked", "instruction_id_list": "what is checked"},
        files=("input_data.jsonl",),
        open=lambda folder, _: load_ifeval(find_file(folder, "input_data.jsonl")),
    ),
    Card(
        name="psoups_profiles",
        title="Koala prompts of Personalized-Soups",
        use="queries for the profiles of Personalized-Soups",
        terms="Apache-2.0, not stated",
        licence="Koala prompts (UC Berkeley): Apache-2.0; no licence stated by those who chose "
        "these 50. Not part of this package.",
        source="https://storage.googleapis.com/personalized-soups/data.zip",
        citation="Jang et al. 2023, Personalized Soups",
        fields={"prompt": "what is asked"},
        files=("koala_eval_50.json",),
        open=lambda folder, _: load_koala(find_file(folder, "koala_eval_50.json")),
    ),
    Card(
        name="self_instruct_user",
        title="Self-Instruct, user-oriented tasks",
        use="queries: routine writing in known apps",
        terms="Apache-2.0",
        licence="Self-Instruct (github.com/yizhongw/self-instruct): Apache-2.0. Not part of this "
        "package.",
        source="https://github.com/yizhongw/self-instruct",
        citation="Wang et al. 2022, Self-Instruct",
        fields={
            "instruction": "what is asked",
            "instances.input": "the text it is asked about",
            "motivation_app": "where such a task occurs",
        },
        files=("user_oriented_instructions.jsonl",),
        open=lambda folder, _: load_self_instruct(
            find_file(folder, "user_oriented_instructions.jsonl")
        ),
    ),
    Card(
        name="hanna",
        title="HANNA, writing prompts",
        use="queries: story writing",
        terms="MIT",
        licence="HANNA (github.com/dig-team/hanna-benchmark-asg): MIT; prompts of Reddit. Not part "
        "of this package.",
        source="https://github.com/dig-team/hanna-benchmark-asg",
        citation="Chhun et al. 2022, Of Human Criteria and Automatic Metrics",
        fields={"Prompt": "what a story is to be about"},
        files=("hanna_llm_stories.csv", "hanna_stories_annotations.csv"),
        open=lambda folder, _: load_writing_prompts(
            find_file(folder, "hanna_llm_stories.csv", "hanna_stories_annotations.csv")
        ),
    ),
)
