"""A language model on this machine that knows its users: a base with a soft prompt for each.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024).
The folder is what `tailorlm train pdpo --out` wrote. Nothing is sent anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tailorlm.errors import InputError
from tailorlm.forgetting import forgettable
from tailorlm.llms._local_answers import MAX_TOKENS, AnswerSettings, LocalAnswers, Prompts
from tailorlm.llms._local_load import check_installed, load
from tailorlm.llms._local_prompt import user_text_ids
from tailorlm.llms._local_sampling import Row
from tailorlm.llms._soft_cache import Front, PrefixCache, cache_argument, can_reuse
from tailorlm.llms._soft_forward import Reading, inputs_of
from tailorlm.llms._soft_prefixes import check_base, read_prefixes
from tailorlm.llms.base import Request
from tailorlm.types import Message


class SoftPrompt(LocalAnswers):
    """A base model that reads a user's learned prefix before the conversation.

    Whose prefix it is says `Plan.soft_prompt`; without a plan, without an id in it, or for a user
    who was not trained on, it is the generic one. If the model was trained with texts about users,
    the system messages at a conversation's beginning are read as that text, behind the prefix.

    A prefix is computed once for each user and kept, so that a prompt costs what it costs without.
    Users may be mixed in a batch. What is kept is emptied when any user is erased; the folder with
    the trained prefixes stays as it is.

    Args:
        model: The folder.
        temperature: For requests that do not say; 0 takes the most likely token each time.
        top_p: Only the most likely tokens that together have this probability are drawn, (0, 1].
        max_tokens: Longest answer where a request does not say, in tokens.
        context: Tokens of prefix, prompt and answer together; by default what the base was made
            for.
        batch_size: Requests answered at once by `complete_many`, from 1.
        device: As torch names it ("cpu", "cuda:0"); None takes a CUDA device if there is one.
        cache_mb: Memory for prefixes that were computed, in MB of a million bytes, from 0.

    Raises:
        InputError: If the folder holds no soft prompt, its base is not there or is another one, or
            a setting cannot be used.
        MissingExtraError: If torch or transformers is not installed.
        LLMError: If the base cannot be loaded.
    """

    name = "soft_prompt"
    extra = "local"

    def __init__(
        self,
        model: str,
        *,
        temperature: float = 0.7,
        top_p: float = 0.95,
        max_tokens: int = MAX_TOKENS,
        context: int | None = None,
        batch_size: int = 8,
        device: str | None = None,
        cache_mb: float = 256.0,
    ) -> None:
        settings = AnswerSettings(
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            context=context,
            batch_size=batch_size,
        )
        if not 0 <= cache_mb < math.inf:
            raise InputError(f"cache_mb is a number from 0, but got {cache_mb}.")
        if not model.strip():
            raise InputError(
                "The folder is missing. Write it after the slash: soft_prompt/FOLDER, as "
                "`tailorlm train pdpo --out FOLDER` wrote it."
            )
        check_installed("The LLM 'soft_prompt'", "local", "torch", "transformers")
        self._prefixes = read_prefixes(model.strip())
        if self._prefixes.facts.rewards:
            raise InputError(
                f"{model.strip()} holds a reward model (`tailorlm train prm`), which tells what "
                "answers are worth and writes none. Train one that writes: tailorlm train pdpo."
            )
        loaded = load(self._prefixes.source, device)
        check_base(loaded.model, self._prefixes)
        super().__init__(model.strip(), loaded, settings)
        weight = loaded.model.get_input_embeddings().weight
        self._rows = self._prefixes.rows.to(weight.device, weight.dtype)
        self._cache = forgettable(PrefixCache(self._rows, int(cache_mb * 1e6)))
        self._reuses = can_reuse(loaded.model)

    def knows(self, user: str) -> bool:
        """Whether a prefix was trained for a user."""
        return self._prefixes.knows(user)

    def close(self) -> None:
        """Give the memory back; the instance cannot be used afterwards."""
        super().close()
        self._cache.cache_clear()

    def _row(self, request: Request) -> Row:
        user = "" if request.plan is None else request.plan.soft_prompt
        messages: Sequence[Message] = request.messages
        text: tuple[int, ...] = ()
        if self._prefixes.facts.user_texts:
            about, messages = _split(messages)
            text = tuple(user_text_ids(self._tokenizer, about))
        length = self._prefixes.facts.user_tokens + len(text)
        if self.context - length < 2:
            raise InputError(
                f"What is known of the user takes {length:,} tokens, and the model reads "
                f"{self.context:,} with the prompt and the answer. Shorten it."
            )
        row = self._row_of(request, messages, self.context - length)
        return replace(row, front=Front(self._prefixes.row_of(user), text, length))

    def _prompts(self, rows: Sequence[Row]) -> Prompts:
        """The rows behind their prefixes, with what is known of those already."""
        fronts = [row.front for row in rows]
        if not any(front.length for front in fronts):
            return super()._prompts(rows)
        if not self._reuses:
            return self._read_with_prefixes(rows)
        import torch

        cache, known = self._cache.batch(self._model, fronts)
        plain = super()._prompts(rows)
        given = dict(plain.arguments)
        # Tokens that stand for the prefixes. Their keys are there, so they are never read.
        filling = torch.full(known.shape, self._fill, device=self._device)
        given["input_ids"] = torch.cat([filling, given["input_ids"]], 1)
        given["attention_mask"] = torch.cat([known.to(self._device), given["attention_mask"]], 1)
        given[cache_argument(self._model)] = cache
        return Prompts(given, plain.width + known.shape[1])

    def _read_with_prefixes(self, rows: Sequence[Row]) -> Prompts:
        """The rows as embeddings, prefixes and all, of which nothing is given back."""
        readings = [Reading(tuple(row.ids), (), row.front.text) for row in rows]
        batch = inputs_of(self._model, readings, self._rows[[row.front.row for row in rows]])
        return Prompts({"inputs_embeds": batch.embeddings, "attention_mask": batch.mask}, 0)


def _split(messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
    """The system messages at the beginning as one text, and what follows them."""
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    return "\n\n".join(message.content for message in messages[:count]), messages[count:]
