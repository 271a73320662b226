"""People, pairs and a language model that judges by a rule, all made up."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from tailorlm.evaluation.judges import CRITERIA, Pair, PastTurn, Person
from tailorlm.llms.base import Completion, Request, Usage
from tailorlm.llms.scripted import Scripted

TURNS = tuple(
    PastTurn(f"What about {topic}?", f"Oh, {topic}! Let's go, it's great!!", f"Regarding {topic}.")
    for topic in ("boats", "rain", "tea", "maps", "bread", "chess")
)
PEOPLE = {
    "ana": Person(information="A baker.", likes=("baking", "rowing"), turns=TURNS),
    "ben": Person(likes=("maps",), turns=tuple(PastTurn(t.query, t.rejected, t.preferred)
                                               for t in TURNS)),
}  # fmt: skip
GOOD = "Oh, cake! Let's bake, it's great!!"
BAD = "Regarding cake."


def pair(number: int = 0, user: str = "ana", truth: str = "", **words: str) -> Pair:
    """A pair whose first answer is as ana likes it."""
    given = {"query": f"What about cake {number}?", "one": GOOD, "other": BAD} | words
    return Pair(id=f"p{number}", user=user, truth=truth, **given)


class Ruled(Scripted):
    """Answers every request by a rule from the two texts shown, and counts tokens."""

    def __init__(self, rule: Callable[[str, str], str], label: str = "ruled") -> None:
        super().__init__()
        self._rule = rule
        self._label = label

    @property
    def label(self) -> str:
        """The name that answers are kept under."""
        return self._label

    def complete(self, request: Request) -> Completion:
        """As the prompt asks for, with a place or a tie by the rule."""
        self.requests.append(request)
        texts = re.findall(r'"(?:answer|attempt)": \d, "text": "((?:[^"\\]|\\.)*)"',
                           request.messages[-1].content)  # fmt: skip
        said = self._rule(*(json.loads(f'"{text}"') for text in texts))
        text = as_asked(request, said)
        return Completion(text=text, llm=self.label, usage=Usage(100, 10))


def as_asked(request: Request, said: str) -> str:
    """An answer in the form that the prompt asks for."""
    task = request.messages[0].content
    if "[Ranking]" in task:
        order = {"1": "1, 2", "2": "2, 1"}.get(said, said)
        return f"[Explanation]\nas it is\n[Ranking]\n{order}"
    for field in ("closer", "pick"):
        if f'"{field}"' in task:
            return json.dumps({"notes": "as it is", field: said})
    return json.dumps({"notes": "as it is", **dict.fromkeys(CRITERIA, said), "overall": said})


def longer(one: str, other: str) -> str:
    """Prefers the longer text."""
    return "1" if len(one) > len(other) else "2"


def first(one: str, other: str) -> str:
    """Prefers what stands first."""
    return "1"
