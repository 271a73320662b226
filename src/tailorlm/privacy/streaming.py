"""Puts personal data back into a stream of text, without cutting a pseudonym in two."""

from __future__ import annotations

from tailorlm.privacy.pseudonyms import Pseudonyms

_LONGEST = 48
"""Characters that a pseudonym takes at most, escapes among them."""


class StreamRestorer:
    """Restores a text that comes in pieces.

    What may be the beginning of a pseudonym is held back until the next piece tells; everything
    else goes on at once. All pieces together are what `Pseudonyms.restore` makes of the whole.

    Args:
        pseudonyms: What was put into the request.
        in_json: Whether the text is JSON; see `Pseudonyms.restore`.

    Attributes:
        held: What is held back.
    """

    def __init__(self, pseudonyms: Pseudonyms, *, in_json: bool = False) -> None:
        self._pseudonyms = pseudonyms
        self._in_json = in_json
        self.held = ""
        self._before = ""

    def feed(self, piece: str) -> str:
        """What can go on after a further piece; "" while all is held back."""
        text = self.held + piece
        cut = self._cut(text)
        self.held = text[cut:]
        return self._restored(text[:cut])

    def close(self) -> str:
        """What was held back, at the end of the stream."""
        rest, self.held = self.held, ""
        return self._restored(rest)

    def _restored(self, text: str) -> str:
        """Restored; a letter before it keeps its beginning from being the beginning of a word."""
        joined = "0" if self._before.isalnum() else ""
        self._before = (self._before + text)[-1:]
        return self._pseudonyms.restore(joined + text, in_json=self._in_json)[len(joined) :]

    def _cut(self, text: str) -> int:
        """Where what is held back begins."""
        for start in range(max(0, len(text) - _LONGEST), len(text)):
            before = text[start - 1] if start else self._before
            if not before.isalnum() and self._pseudonyms.opens(text[start:]):
                return start
        return len(text)
