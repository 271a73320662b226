"""What personal models are trained on: comparisons, cleaned, counted and in tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tailorlm.datasets.comparisons import Comparison, cleaned, read_comparisons
from tailorlm.errors import InputError
from tailorlm.llms._local_prompt import PLAIN_STOP, token_ids, user_text_ids

_TEXT_SHARE = 4
"""A user's text takes at most one part in so many of the longest comparison."""
_ANSWER_SHARE = 2
"""An answer takes at most one part in so many of it."""


@dataclass(frozen=True, slots=True)
class Preferences:
    """Comparisons to learn from.

    Attributes:
        comparisons: Each with at least two different answers, best first.
        counts: What was left out: "empty" and "equal" answers, and "left_out" comparisons.
    """

    comparisons: tuple[Comparison, ...]
    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, comparisons: Iterable[Comparison]) -> Preferences:
        """Comparisons without what says nothing, which is counted."""
        found = cleaned(comparisons)
        counts = {"empty": found.empty, "equal": found.equal, "left_out": found.left_out}
        return cls(found.comparisons, counts)

    @property
    def users(self) -> tuple[str, ...]:
        """Who gave any, in the order of the alphabet; comparisons of nobody in particular aside."""
        return tuple(sorted({comparison.user for comparison in self.comparisons} - {""}))


def read_preferences(path: str | Path) -> Preferences:
    """The comparisons of a JSON Lines file; see `tailorlm.datasets.comparisons` for its form.

    Raises:
        InputError: If the file cannot be read, a row is not as described (with its number), or no
            row says what is better than what.
    """
    found = Preferences.of(read_comparisons(path))
    if not found.comparisons:
        raise InputError(
            f"{path} holds no comparison of two different answers. Each row is "
            '{"user": ..., "prompt": ..., "responses": [best, ..., worst]}.'
        )
    return found


@dataclass(frozen=True, slots=True)
class Encoded:
    """A comparison in tokens.

    Attributes:
        user: Whose it is.
        text: What is known of the user as text; () for nothing.
        prompt: What is asked, as the model is asked when it is used.
        answers: Each with the token that ends it, best first.
    """

    user: str
    text: tuple[int, ...]
    prompt: tuple[int, ...]
    answers: tuple[tuple[int, ...], ...]

    @property
    def length(self) -> int:
        """Tokens in all, the text and the prompt once."""
        return len(self.text) + len(self.prompt) + sum(len(answer) for answer in self.answers)

    @property
    def targets(self) -> int:
        """Tokens of the answers."""
        return sum(len(answer) for answer in self.answers)


def encode(
    tokenizer: Any, comparisons: Sequence[Comparison], longest: int, counts: Counter[str]
) -> list[Encoded]:
    """Comparisons in tokens, each answer with its prompt and text within `longest`.

    An answer keeps its first half of `longest` and loses its end beyond it; a user's text likewise
    a quarter; a prompt loses its beginning.

    Args:
        tokenizer: The base's.
        comparisons: What to encode.
        longest: Tokens of text, prompt and one answer together, at least 8.
        counts: Filled with how many were cut: "prompts_cut", "answers_cut", "texts_cut".
    """
    most_answer, most_text = longest // _ANSWER_SHARE, longest // _TEXT_SHARE
    encoded = []
    for comparison in comparisons:
        text = user_text_ids(tokenizer, comparison.user_text)
        answers = [answer_ids(tokenizer, response) for response in comparison.responses]
        room = longest - min(len(text), most_text)
        room -= min(max(len(answer) for answer in answers), most_answer)
        prompt = token_ids(tokenizer, comparison.messages)
        counts["texts_cut"] += len(text) > most_text
        counts["answers_cut"] += sum(len(answer) > most_answer for answer in answers)
        counts["prompts_cut"] += len(prompt) > room
        encoded.append(
            Encoded(
                user=comparison.user,
                text=tuple(text[:most_text]),
                prompt=tuple(prompt[-room:]),
                answers=tuple(tuple(answer[:most_answer]) for answer in answers),
            )
        )
    return encoded


def answer_ids(tokenizer: Any, text: str) -> list[int]:
    """The tokens of an answer, with what ends it."""
    end = tokenizer.eos_token_id
    ends = _plain_ids(tokenizer, PLAIN_STOP) if end is None else [end]
    return [*_plain_ids(tokenizer, text), *ends]


def hold_out_comparisons(users: Sequence[str], share: float, seed: int) -> tuple[list[int], ...]:
    """Positions to learn from and to hold out, each in order, drawn by the seed.

    Nobody's only comparison is held out, so that each user who gave any is learned from.

    Args:
        users: Whose each comparison is.
        share: Share to hold out, [0, 1); at least one if it is above 0 and anybody can spare one.
        seed: Of what is drawn.
    """
    left = Counter(users)
    size = 0 if share <= 0 else max(1, round(share * len(users)))
    held: set[int] = set()
    for place in np.random.default_rng([seed, 0]).permutation(len(users)).tolist():
        if len(held) < size and left[users[place]] > 1:
            held.add(place)
            left[users[place]] -= 1
    return [place for place in range(len(users)) if place not in held], sorted(held)


def _plain_ids(tokenizer: Any, text: str) -> list[int]:
    # A lone surrogate is valid in a Python string and an error in a tokenizer.
    text = text.encode("utf-8", "replace").decode()
    return [int(token) for token in tokenizer(text, add_special_tokens=False)["input_ids"]]
