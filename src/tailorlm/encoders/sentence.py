"""Any sentence-transformers model as an encoder, from a local folder or by its hub name."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from tailorlm.errors import EncoderError, InputError, MissingExtraError
from tailorlm.forgetting import forgettable
from tailorlm.hub import first_line, is_downloaded

Floats = npt.NDArray[np.float32]

_EXAMPLE = "sentence/sentence-transformers/all-MiniLM-L6-v2"


class SentenceEncoder:
    """Vectors of a sentence-transformers model, computed in batches and kept by text.

    A folder is read as it is. A hub name is looked up among the models that were downloaded
    before, and only then asked for on the network. A text without words gets the zero vector.

    Attributes:
        name: ``"sentence"``.
        version: Twelve hex digits that change with the weights, the vocabulary and the pooling.
        dim: Length of a vector.

    Args:
        model: A folder that `SentenceTransformer.save` wrote, or a hub name as
            "sentence-transformers/all-MiniLM-L6-v2".
        batch_size: Texts encoded at once, from 1.
        cache_size: Texts whose vectors are kept, from 0; those used least recently go first.
        device: As torch names it ("cpu", "cuda:0"); None takes what torch finds best.

    Raises:
        MissingExtraError: If sentence-transformers is not installed.
        EncoderError: If there is no such model here, or it cannot be loaded.
    """

    name = "sentence"
    takes_model = True

    def __init__(
        self,
        model: str | Path,
        batch_size: int = 32,
        cache_size: int = 4096,
        device: str | None = None,
    ) -> None:
        if batch_size < 1 or cache_size < 0:
            raise InputError(
                f"batch_size is at least 1 and cache_size at least 0, but got {batch_size} and "
                f"{cache_size}."
            )
        self.batch_size = batch_size
        self.cache_size = cache_size
        self._model = load_model(model, device)
        self._cache: OrderedDict[str, Floats] = OrderedDict()
        self._lock = Lock()
        forgettable(self)
        self.version = weights_version(self._model)
        self.dim = len(self._model.encode("x", show_progress_bar=False))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Vectors of shape (len(texts), dim), of unit length (zero for a text without words).

        Raises:
            InputError: If one of `texts` is no text.
        """
        for text in texts:
            if not isinstance(text, str):
                raise InputError(f"encode() takes texts, but one is a {type(text).__name__}.")
        found = self._cached(texts)
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        if missing:
            found.update(zip(missing, self._encode(missing), strict=True))
            self._keep(found, missing)
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([found[text] for text in texts])

    def cache_clear(self) -> None:
        """Forget the vectors of all texts."""
        with self._lock:
            self._cache.clear()

    def _cached(self, texts: Sequence[str]) -> dict[str, Floats]:
        with self._lock:
            found = {text: self._cache[text] for text in texts if text in self._cache}
            for text in found:
                self._cache.move_to_end(text)
        return found

    def _keep(self, found: dict[str, Floats], texts: Sequence[str]) -> None:
        with self._lock:
            for text in texts:
                self._cache[text] = found[text]
            while len(self._cache) > self.cache_size:
                self._cache.popitem(last=False)

    def _encode(self, texts: Sequence[str]) -> Floats:
        # A lone surrogate is valid in a Python string and an error in a tokenizer.
        clean = [text.encode("utf-8", "replace").decode() for text in texts]
        worded = [place for place, text in enumerate(texts) if text.strip()]
        result = np.zeros((len(texts), self.dim), dtype=np.float32)
        if worded:
            with self._lock:
                result[worded] = self._model.encode(
                    [clean[place] for place in worded],
                    batch_size=self.batch_size,
                    convert_to_numpy=True,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
        return result


def load_model(model: str | Path, device: str | None = None) -> Any:
    """A `SentenceTransformer` of a folder or hub name.

    Raises:
        MissingExtraError: If sentence-transformers is not installed.
        EncoderError: If there is no such model here, or it cannot be loaded.
    """
    try:
        import sentence_transformers
    except ImportError:
        raise MissingExtraError("The encoder 'sentence'", "sentence") from None
    name = str(model)
    if not name.strip():
        raise EncoderError(f"No model is named. Give a folder or a hub name, as in {_EXAMPLE!r}.")
    folder = Path(name).expanduser()
    if folder.is_dir():
        source, here = str(folder), True
    elif folder.is_absolute() or name.startswith((".", "~")):
        raise EncoderError(f"There is no folder {name} with a model.")
    else:
        source, here = name, is_downloaded(name, EncoderError)
    try:
        return sentence_transformers.SentenceTransformer(
            source, device=device, local_files_only=here
        )
    # Loading runs code of three libraries, which raise almost anything for a damaged model.
    except Exception as error:
        raise EncoderError(
            f"The model {name!r} cannot be loaded: {first_line(error)}. Is it a complete "
            "sentence-transformers model?"
        ) from error


def weights_version(model: Any) -> str:
    """First twelve hex digits of a SHA-256 over a model's weights, vocabulary and pooling."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(f"{name}:{tuple(value.shape)}:{value.dtype}".encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    vocabulary: dict[str, int] = getattr(model.tokenizer, "get_vocab", dict)()
    digest.update(repr(sorted(vocabulary.items())).encode())
    pooling = [getattr(module, "get_pooling_mode_str", str)() for module in model]
    digest.update(repr([model.max_seq_length, pooling]).encode())
    return digest.hexdigest()[:12]
