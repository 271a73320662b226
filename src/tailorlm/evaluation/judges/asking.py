"""Asks a language model for its judgements, each request once, and keeps what it said in a file."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tailorlm.errors import InputError, LLMResponseError
from tailorlm.evaluation.judges.base import LLMJudge, Pair, Verdict
from tailorlm.llms.base import LLM, Request

_LOG = logging.getLogger(__name__)
AT_ONCE = 4
"""Requests that are sent side by side."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a language model said to one request.

    Attributes:
        text: The answer.
        prompt: Tokens read, as the endpoint counts them; 0 where it does not say.
        completion: Tokens written, likewise.
    """

    text: str
    prompt: int
    completion: int


_NOTHING = Said("", 0, 0)


class Answers:
    """What language models said, by judge and request: a cache, and what a killed run goes on from.

    One JSON object per line: ``key``, ``judge``, ``llm`` and the fields of `Said`. The key is a
    hash of the judge's name, the model and all of the request, so that a file can serve any number
    of runs. Lines that cannot be read are passed over: a run that was killed left half a line.

    Args:
        path: The file; begun if it is not there. None to keep answers in memory only.

    Raises:
        InputError: If the file cannot be read or written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._said: dict[str, Said] = {}
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a+b") as file:
                file.seek(0)
                data = file.read()
                if data and not data.endswith(b"\n"):
                    file.write(b"\n")
        except OSError as error:
            raise InputError(f"{path} cannot be used: {error.strerror or error}.") from None
        for line in data.splitlines():
            self._take(line)

    def __len__(self) -> int:
        return len(self._said)

    def get(self, key: str) -> Said | None:
        """What was said to a request, or None."""
        return self._said.get(key)

    def add(self, judge: str, llm: str, said: Mapping[str, Said]) -> None:
        """Keep answers by key; on disk when this returns."""
        self._said |= said
        if self._path is None:
            return
        lines = [
            json.dumps({"key": key, "judge": judge, "llm": llm, **asdict(one)}, ensure_ascii=True)
            for key, one in said.items()
        ]
        with self._path.open("a", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())

    def _take(self, line: bytes) -> None:
        try:
            row = json.loads(line)
            said = Said(str(row["text"]), int(row["prompt"]), int(row["completion"]))
            self._said[str(row["key"])] = said
        except (ValueError, KeyError, TypeError):
            return


@dataclass(frozen=True, slots=True)
class Spent:
    """What judging took, counting each request once, whenever it was sent.

    Attributes:
        requests: Different requests.
        prompt: Tokens read; 0 where the endpoint does not say.
        completion: Tokens written, likewise.
    """

    requests: int
    prompt: int
    completion: int

    def cost(self, per_prompt: float, per_completion: float) -> float:
        """What it cost, at prices per million tokens, in their currency.

        Raises:
            InputError: If a price is below 0 or no number.
        """
        if not (per_prompt >= 0 and per_completion >= 0):
            raise InputError(
                "Prices per million tokens are 0 or more, but got "
                f"{per_prompt} and {per_completion}."
            )
        return (self.prompt * per_prompt + self.completion * per_completion) / 1e6


def ask(
    judge: LLMJudge,
    llm: LLM,
    pairs: Sequence[Pair],
    answers: Answers,
    *,
    at_once: int = AT_ONCE,
    progress: Callable[[int, int], None] | None = None,
) -> list[Verdict]:
    """Judge pairs, each in both orders; what was said before is not asked again.

    Args:
        judge: Makes the prompts and reads the answers.
        llm: Answers.
        pairs: What to judge.
        answers: What was said before; filled.
        at_once: Requests that are sent side by side, from 1.
        progress: Told how many requests are answered, of all that were not.

    Raises:
        InputError: If the writer is no language model, `at_once` is below 1, or the judge lacks
            what it needs to know.
        LLMError: If a request fails; all batches before it are kept.
    """
    requests = _requests(judge, pairs)
    said = iter(
        complete_kept(judge.name, llm, requests, answers, at_once=at_once, progress=progress)
    )
    return [
        Verdict(pair.id, pair.user, judge.read(next(said).text), judge.read(next(said).text))
        for pair in pairs
    ]


def complete_kept(
    name: str,
    llm: LLM,
    requests: Sequence[Request],
    answers: Answers,
    *,
    at_once: int = AT_ONCE,
    progress: Callable[[int, int], None] | None = None,
) -> list[Said]:
    """What a language model says to each request; what it said before is not asked again.

    Args:
        name: Of what asks; the same request of another name is asked anew.
        llm: Answers.
        requests: What is asked.
        answers: What was said before; filled.
        at_once: Requests that are sent side by side, from 1.
        progress: Told how many requests are answered, of all that were not.

    Returns:
        One for each request. A request that is longer than the model reads, or that it answers with
        nothing, gets a blank text, which no judge can read; it is asked again in another run.

    Raises:
        InputError: If the writer is no language model, or `at_once` is below 1.
        LLMError: If the model cannot be asked; all batches before it are kept.
    """
    check_llm(llm)
    if at_once < 1:
        raise InputError(f"At least 1 request is sent at once, but got {at_once}.")
    keys = [key_of(name, llm, request) for request in requests]
    found = {key: said for key in keys if (said := answers.get(key)) is not None}
    missing = {k: r for k, r in zip(keys, requests, strict=True) if k not in found}
    todo, done = iter(missing.items()), 0
    while batch := list(islice(todo, at_once)):
        told = zip((key for key, _ in batch), _complete(llm, batch), strict=True)
        said_now = {key: said for key, said in told if said is not None}
        answers.add(name, llm.label, said_now)
        found |= said_now
        done += len(batch)
        if progress is not None:
            progress(done, len(missing))
    return [found.get(key, _NOTHING) for key in keys]


def _complete(llm: LLM, batch: Sequence[tuple[str, Request]]) -> list[Said | None]:
    """What is said to requests that are sent side by side; None where one cannot be answered."""
    requests = [request for _, request in batch]
    try:
        completions = llm.complete_many(requests)
    except LLMResponseError as error:
        if len(batch) == 1:
            _LOG.info("a request is left without an answer: %s", error)
            return [None]
        return [said for one in batch for said in _complete(llm, [one])]
    return [Said(one.text, one.usage.prompt, one.usage.completion) for one in completions]


def check_llm(llm: LLM) -> None:
    """Refuse a writer that is no language model.

    Raises:
        InputError: If it is none.
    """
    if llm.is_demo:
        raise InputError(
            f"{llm.label} is no language model, so it cannot judge. Name one with --llm, as in "
            "openai/MODEL."
        )


def spent(judge: LLMJudge, llm: LLM, pairs: Sequence[Pair], answers: Answers) -> Spent:
    """What judging these pairs took; requests without an answer do not count."""
    keys = dict.fromkeys(key_of(judge.name, llm, request) for request in _requests(judge, pairs))
    known = [said for key in keys if (said := answers.get(key)) is not None]
    return Spent(len(known), sum(one.prompt for one in known), sum(one.completion for one in known))


def key_of(name: str, llm: LLM, request: Request) -> str:
    """What an answer is kept under."""
    words = {
        "judge": name,
        "llm": llm.label,
        "messages": [[message.role, message.content] for message in request.messages],
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
    }
    return hashlib.sha256(json.dumps(words, sort_keys=True).encode()).hexdigest()


def _requests(judge: LLMJudge, pairs: Iterable[Pair]) -> list[Request]:
    """Both orders of each pair."""
    return [judge.request(pair, swapped=swapped) for pair in pairs for swapped in (False, True)]
