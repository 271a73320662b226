"""BLEU by hand, and against sacrebleu."""

from __future__ import annotations

from itertools import product
from math import exp

import pytest
import sacrebleu
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from tests.evaluation.metrics.random_cases import hard_pairs, text_pairs

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import Unscored, corpus_bleu, sentence_bleu
from tailorlm.evaluation.metrics.bleu import bleu_tokens

PAIRS = [*text_pairs(1200, seed=3), *hard_pairs(600, seed=4)]


def test_by_hand() -> None:
    # 3 of 4 tokens, 2 of 3 pairs, 1 of 2 triples, no run of four: half a match of one.
    score = sentence_bleu("the cat sat down", "the cat sat here")
    assert score == pytest.approx(100 * (3 / 4 * 2 / 3 * 1 / 2 * 1 / 2) ** (1 / 4))
    # Two tokens have runs of one and two only; the reference is twice as long.
    assert sentence_bleu("the cat", "the cat sat here") == pytest.approx(100 * exp(1 - 4 / 2))
    assert sentence_bleu("The cat", "the dog") == 0.0


def test_sentences_agree_with_sacrebleu() -> None:
    for candidate, reference in PAIRS:
        ours = sentence_bleu(candidate, reference)
        theirs = sacrebleu.sentence_bleu(candidate, [reference]).score
        if isinstance(ours, Unscored):
            assert theirs == 0
        else:
            assert ours == pytest.approx(theirs, abs=1e-9)


def test_several_references_agree_with_sacrebleu() -> None:
    for place, (candidate, reference) in enumerate(PAIRS[-1100:]):
        references = [reference, PAIRS[place - 1][0], PAIRS[place - 2][1]]
        ours = sentence_bleu(candidate, references)
        theirs = sacrebleu.sentence_bleu(candidate, references).score
        assert (0 if isinstance(ours, Unscored) else ours) == pytest.approx(theirs, abs=1e-9)


def test_corpora_agree_with_sacrebleu() -> None:
    unscored = 0
    for start in range(1500):
        candidates, references = zip(*PAIRS[start : start + 1 + start % 3], strict=True)
        ours = corpus_bleu(candidates, references)
        theirs = sacrebleu.corpus_bleu(candidates, [references]).score
        if isinstance(ours, Unscored):
            assert theirs == pytest.approx(0, abs=1e-12)
            unscored += 1
        else:
            assert ours == pytest.approx(theirs, abs=1e-9)
    assert unscored < 400


def test_a_corpus_with_several_references() -> None:
    candidates = ["the cat sat on the mat", "it is raining today"]
    references = [["a cat sat on a mat", "the cat was on the mat"], ["today it rains", "it rains"]]
    theirs = sacrebleu.corpus_bleu(candidates, list(zip(*references, strict=True))).score
    assert corpus_bleu(candidates, references) == pytest.approx(theirs)


def test_every_short_text_is_cut_as_by_sacrebleu() -> None:
    tokenizer = Tokenizer13a()
    for length in range(1, 6):
        for marks in product("a1., -\n", repeat=length):
            text = "".join(marks)
            assert bleu_tokens(text) == tokenizer(text.rstrip()).split()
    for code in range(1, 0x500):
        text = f"a{chr(code)}b 1{chr(code)}2 {chr(code)}.{chr(code)}"
        assert bleu_tokens(text) == tokenizer(text.rstrip()).split()


def test_what_cannot_be_scored() -> None:
    assert sentence_bleu("<skipped>", "x") == Unscored("a text has no token")
    assert corpus_bleu(["a b c"], ["a b c"]) == Unscored("no candidate has 4 tokens")
    assert corpus_bleu(["<skipped>", "a"], ["a", "<skipped>"]) == sentence_bleu("<skipped>", "x")


def test_a_text_without_tokens_among_others_is_one_of_length_zero() -> None:
    assert sentence_bleu("the cat sat", ["<skipped>", "the cat sat"]) == pytest.approx(100)
    candidates, references = ["the cat sat down", "<skipped>"], ["the cat sat down", "it rains"]
    assert corpus_bleu(candidates, references) == pytest.approx(100 * exp(1 - 6 / 4))


def test_what_is_refused() -> None:
    for pair in ((" ", "x"), ("x", "\n"), ("x", ["x", ""])):
        with pytest.raises(InputError, match="is empty, so there is nothing to compare"):
            sentence_bleu(*pair)
    with pytest.raises(InputError, match="at least one reference"):
        sentence_bleu("x", [])
    with pytest.raises(InputError, match="got 0 candidates and 0 references"):
        corpus_bleu([], [])
    with pytest.raises(InputError, match="got 1 candidates and 2 references"):
        corpus_bleu(["x"], ["x", "y"])
    with pytest.raises(InputError, match="was given one text"):
        corpus_bleu("x", ["x"])
