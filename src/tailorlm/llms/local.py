"""A language model on this machine, by transformers: a folder, a hub name or a .gguf file.

Nothing is sent anywhere. A hub model is used if it was downloaded before, and downloaded if not.
"""

from __future__ import annotations

from pathlib import Path

from tailorlm.llms._local_answers import MAX_TOKENS, AnswerSettings, LocalAnswers
from tailorlm.llms._local_load import load, parse_source


class Local(LocalAnswers):
    """A causal language model of transformers.

    A seed gives the same answer each time on the same machine. Answers are made one batch at a
    time, whichever thread asks.

    Args:
        model: A folder, a .gguf file or a hub name; with "+FOLDER" behind it, or as the folder of
            an adapter alone, the model with that LoRA adapter.
        adapter: Folder of a LoRA adapter, instead of "+FOLDER".
        temperature: For requests that do not say; 0 takes the most likely token each time.
        top_p: Only the most likely tokens that together have this probability are drawn, (0, 1].
        max_tokens: Longest answer where a request does not say, in tokens.
        context: Tokens of prompt and answer together; by default what the model was made for.
        batch_size: Requests answered at once by `complete_many`, from 1.
        device: As torch names it ("cpu", "cuda:0"); None takes a CUDA device if there is one.

    Raises:
        InputError: If the model is missing or not there, or a setting cannot be used.
        MissingExtraError: If torch or transformers is not installed.
        LLMError: If the model cannot be loaded, or is neither here nor on a hub that answers.
    """

    name = "local"
    extra = "local"

    def __init__(
        self,
        model: str,
        adapter: str | Path | None = None,
        *,
        temperature: float = 0.7,
        top_p: float = 0.95,
        max_tokens: int = MAX_TOKENS,
        context: int | None = None,
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        settings = AnswerSettings(
            temperature=temperature,
            top_p=top_p,
            max_tokens=max_tokens,
            context=context,
            batch_size=batch_size,
        )
        name = model.strip() if adapter is None else f"{model.strip()}+{adapter}"
        super().__init__(name, load(parse_source(model, adapter), device), settings)
