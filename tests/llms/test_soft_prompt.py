"""A base with a soft prompt for each user, on tiny models with random weights."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.llms.soft_bases import ARCHITECTURES, USERS, make_base, write_base, write_soft_prompt
from tests.llms.tiny_llm import CONTEXT, byte_tokenizer, needs_peft, needs_transformers

from tailorlm.errors import InputError, LLMError, MissingExtraError
from tailorlm.forgetting import forget_texts
from tailorlm.llms import create_llm
from tailorlm.llms._soft_cache import can_reuse
from tailorlm.llms.base import Request
from tailorlm.llms.local import Local
from tailorlm.llms.soft_prompt import SoftPrompt
from tailorlm.tailor import Tailor
from tailorlm.types import Message, Plan


def ask(user: str = "", text: str = "Plan my evening", *, about: str = "", **settings: Any) -> Any:
    lead = (Message("system", about),) if about else ()
    messages = (*lead, Message("user", text))
    plan = Plan(messages=messages, method="soft_prompt", soft_prompt=user)
    return Request(messages=messages, plan=plan, **{"temperature": 0, **settings})


# What needs no model.


def test_without_the_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tailorlm.llms._local_load.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[local\]'"):
        SoftPrompt("some/folder")


@pytest.mark.parametrize(
    "bad", [{"batch_size": 0}, {"top_p": 0.0}, {"cache_mb": -1}, {"cache_mb": math.inf}]
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        SoftPrompt("some/folder", **bad)


def test_a_folder_has_to_be_named() -> None:
    with pytest.raises(InputError, match="The folder is missing"):
        create_llm("soft_prompt")


# With tiny models.


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp("bases") / "llama", "llama")


@pytest.fixture(scope="module")
def folder(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_soft_prompt(tmp_path_factory.mktemp("soft") / "trained", base)


@pytest.fixture(scope="module")
def llm(folder: Path) -> SoftPrompt:
    return SoftPrompt(str(folder), device="cpu", max_tokens=24, batch_size=4)


def without_a_cache(llm: SoftPrompt, request: Request, about: str = "") -> list[int]:
    """The most likely answer, every token from reading all of it anew, one row, no filling."""
    import torch

    (text,) = (message.content for message in request.messages if message.role == "user")
    before = llm._tokenizer(about)["input_ids"] if about else []
    prompt = llm._tokenizer(f"<|user|>{text}<|end|><|assistant|>")["input_ids"]
    table = llm._model.get_input_embeddings()
    prefix = llm._prefixes.of(request.plan.soft_prompt)
    answer: list[int] = []
    with torch.inference_mode():
        while len(answer) < llm.max_tokens and 0 not in answer:
            read = table(torch.tensor(before + prompt + answer, dtype=torch.long))
            given = torch.cat([prefix, read])[None]
            answer.append(
                int(llm._model(inputs_embeds=given, use_cache=False).logits[0, -1].argmax())
            )
    return answer


@needs_transformers
@pytest.mark.parametrize("user_texts", [False, True])
@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "mistral"])
def test_answers_are_those_of_a_model_without_a_cache_token_by_token(
    architecture: str, user_texts: bool, tmp_path: Path
) -> None:
    base = write_base(tmp_path / "base", architecture)
    folder = write_soft_prompt(tmp_path / "soft", base, user_texts=user_texts)
    llm = SoftPrompt(str(folder), device="cpu", max_tokens=24)
    abouts = ["Likes rain", "", "From Porto, has a dog"] if user_texts else [""] * 3
    requests = [
        ask(user, "Why? " * n, about=about)
        for n, (user, about) in enumerate(zip(("ana", "eve", "nobody"), abouts, strict=True), 1)
    ]
    expected = [
        without_a_cache(llm, request, about and f"{about}\n\n")
        for request, about in zip(requests, abouts, strict=True)
    ]
    assert llm._generate([llm._row(request) for request in requests]) == expected
    assert [llm._generate([llm._row(request)])[0] for request in requests] == expected
    assert llm._reuses is (architecture != "mistral")


@needs_transformers
def test_a_seed_means_the_same_answer_alone_streamed_and_among_other_users(llm: SoftPrompt) -> None:
    requests = [
        ask((*USERS, "nobody")[n % 4], f"Question {n}" * n, seed=n, temperature=1.5)
        for n in range(1, 7)
    ]
    alone = [llm.complete(request) for request in requests]
    assert [c.text for c in llm.complete_many(requests)] == [c.text for c in alone]
    assert ["".join(llm.stream(request)) for request in requests] == [c.text for c in alone]
    assert {c.llm for c in alone} == {llm.label}


@needs_transformers
def test_each_user_gets_another_answer_and_not_the_bases(llm: SoftPrompt, base: Path) -> None:
    # The base has no token to fill rows up with, as many have none.
    assert llm._tokenizer.pad_token is None
    answers = [answer.text for answer in llm.complete_many([ask(user) for user in (*USERS, "-")])]
    plain = Local(str(base), device="cpu", max_tokens=24).complete(ask())
    assert len({*answers, plain.text}) == 5


@needs_transformers
def test_without_a_plan_or_for_an_unknown_user_the_prefix_is_the_generic_one(
    llm: SoftPrompt,
) -> None:
    generic = llm.complete(ask("")).text
    assert llm.complete(ask("someone new")).text == generic
    bare = Request(messages=(Message("user", "Plan my evening"),), temperature=0)
    assert llm.complete(bare).text == generic
    assert [llm.knows(user) for user in ("ana", "someone new", "")] == [True, False, False]


@needs_transformers
@pytest.mark.parametrize("kind", ["uniform", "individual", "cluster"])
def test_every_kind_of_user_model_answers(kind: str, base: Path, tmp_path: Path) -> None:
    made = create_llm(f"soft_prompt/{write_soft_prompt(tmp_path / 'soft', base, kind=kind)}")
    assert isinstance(made, SoftPrompt)
    made.max_tokens = 24
    requests = [ask("ana"), ask("ben")]
    answers = [answer.text for answer in made.complete_many(requests)]
    assert (answers[0] == answers[1]) is (kind == "uniform")


@needs_transformers
def test_a_prefix_is_computed_once_for_each_user_until_texts_are_forgotten(folder: Path) -> None:
    llm = SoftPrompt(str(folder), device="cpu", max_tokens=2)
    llm.complete_many([ask(user) for user in ("ana", "ben", "ana", "x", "y")])
    assert (llm._cache.computed, len(llm._cache)) == (3, 3)
    before = llm.complete(ask("ben")).text
    assert llm._cache.computed == 3
    forget_texts()
    assert len(llm._cache) == 0
    assert llm.complete(ask("ben")).text == before
    assert llm._cache.computed == 4


@needs_transformers
def test_what_was_computed_has_room_for_the_last_users_alone(folder: Path) -> None:
    # Two layers of keys and values, two heads, three tokens, eight numbers of four bytes.
    each = 2 * 2 * 2 * 3 * 8 * 4
    llm = SoftPrompt(str(folder), device="cpu", max_tokens=2, cache_mb=2 * each / 1e6)
    for user in ("ana", "ben", "ana", "eve"):
        llm.complete(ask(user))
    assert (llm._cache.computed, len(llm._cache)) == (3, 2)
    llm.complete(ask("ana"))
    assert llm._cache.computed == 3
    llm.complete(ask("ben"))
    assert llm._cache.computed == 4
    none = SoftPrompt(str(folder), device="cpu", max_tokens=2, cache_mb=0)
    assert none.complete_many([ask("ana"), ask("ana")])
    assert len(none._cache) == 0


@needs_transformers
def test_answering_does_not_change_what_was_computed(llm: SoftPrompt) -> None:
    first = llm.complete(ask("ana")).text
    llm.complete_many([ask("ana", "Something else entirely"), ask("ben")])
    assert llm.complete(ask("ana")).text == first


@needs_transformers
def test_a_prefix_takes_its_place_in_the_context(
    llm: SoftPrompt, base: Path, tmp_path: Path
) -> None:
    long = llm.complete(ask("ana", "z" * (CONTEXT - 10)))
    assert long.usage.completion == 4
    with pytest.raises(InputError, match=f"the model reads {CONTEXT - 4} at most"):
        llm.complete(ask("ana", "z" * 1_000))
    texts = SoftPrompt(str(write_soft_prompt(tmp_path / "soft", base, user_texts=True)))
    with pytest.raises(InputError, match="What is known of the user takes 1,005 tokens"):
        texts.complete(ask("ana", about="x" * 1_000))


@needs_transformers
def test_a_folder_without_a_prefix_answers_as_its_base(base: Path, tmp_path: Path) -> None:
    from tailorlm.llms._soft_prefixes import read_facts
    from tailorlm.training.user_models import make_user_model, write_user_model

    trained = write_soft_prompt(tmp_path / "soft", base)
    identity = read_facts(trained).base_identity
    empty = make_user_model("uniform", USERS, tokens=0, width=32)
    write_user_model(trained, empty, empty.facts(str(base), identity))
    answers = [
        made.complete(ask("ana", max_tokens=24)).text
        for made in (SoftPrompt(str(trained), device="cpu"), Local(str(base), device="cpu"))
    ]
    assert answers[0] == answers[1]


@needs_transformers
def test_a_base_is_told_from_others_of_its_shape(folder: Path, base: Path, tmp_path: Path) -> None:
    other = write_base(tmp_path / "other", "llama", seed=1)
    row = json.loads((folder / "soft_prompt.json").read_text("utf-8"))
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    for name, problem in [
        (str(other), "was trained on another model than"),
        (str(write_base(tmp_path / "gpt2", "gpt2")), "was trained on another model than"),
        (str(tmp_path / "gone"), "which is not there. Put it back"),
    ]:
        (moved / "soft_prompt.json").write_text(json.dumps(row | {"base": name}), "utf-8")
        with pytest.raises(InputError, match=problem):
            SoftPrompt(str(moved), device="cpu")
    with pytest.raises(InputError, match="holds no soft prompt"):
        SoftPrompt(str(base), device="cpu")


@needs_transformers
def test_a_bases_identity_does_not_depend_on_precision() -> None:
    import torch

    from tailorlm.llms._soft_prefixes import base_identity

    made = make_base("llama")
    identity = base_identity(made)
    for precision in (torch.float64, torch.float16, torch.bfloat16):
        assert base_identity(make_base("llama").to(precision)) == identity
    weight = made.get_input_embeddings().weight.detach()
    weight[weight.abs().argmin() // 32] *= -1
    assert base_identity(made) != identity
    assert base_identity(make_base("llama", seed=1)) != identity
    assert base_identity(make_base("qwen")) != identity


@needs_transformers
def test_texts_about_users_need_no_learned_prefix(base: Path, tmp_path: Path) -> None:
    from tailorlm.llms._soft_prefixes import read_facts
    from tailorlm.training.user_models import make_user_model, write_user_model

    trained = write_soft_prompt(tmp_path / "soft", base)
    identity = read_facts(trained).base_identity
    empty = make_user_model("uniform", USERS, tokens=0, width=32)
    write_user_model(trained, empty, empty.facts(str(base), identity, user_texts=True))
    llm = SoftPrompt(str(trained), device="cpu", max_tokens=24)
    requests = [ask("ana", about="Likes rain"), ask("ben"), ask("eve", "Why?", about="Has a dog")]
    alone = [llm._generate([llm._row(request)])[0] for request in requests]
    assert llm._generate([llm._row(request) for request in requests]) == alone
    assert len({tuple(answer) for answer in alone}) == 3


@needs_peft
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_beside_the_prefixes_is_used_and_so_is_a_whole_model(
    folder: Path, base: Path, tmp_path: Path, llm: SoftPrompt
) -> None:
    import peft
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    adapted = peft.get_peft_model(
        model, peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    generator = torch.Generator().manual_seed(0)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(generator=generator)
    with_adapter, whole = tmp_path / "adapter", tmp_path / "whole"
    for copy in (with_adapter, whole):
        shutil.copytree(folder, copy)
    row = json.loads((folder / "soft_prompt.json").read_text("utf-8"))
    (with_adapter / "soft_prompt.json").write_text(json.dumps(row | {"adapter": True}), "utf-8")
    adapted.save_pretrained(with_adapter)
    first = SoftPrompt(str(with_adapter), device="cpu", max_tokens=24)
    adapted.merge_and_unload().save_pretrained(whole / "model")
    byte_tokenizer().save_pretrained(whole / "model")
    second = SoftPrompt(str(whole), device="cpu", max_tokens=24)
    requests = [ask("ana"), ask("ben", "And then?")]
    plain, found, merged = (
        [answer.text for answer in made.complete_many(requests)] for made in (llm, first, second)
    )
    assert found == [first._text(without_a_cache(first, request)) for request in requests]
    assert plain[0] != found[0]
    assert found == merged


@needs_transformers
def test_two_users_of_one_store_are_answered_under_their_own_prefixes(folder: Path) -> None:
    llm = SoftPrompt(str(folder), device="cpu", temperature=0, max_tokens=24)
    found = {}
    with Tailor("sqlite://", llm=llm, method="soft_prompt") as tailor:
        for user in ("ana", "ben"):
            turn = tailor.ask(user, "Plan my evening", n=3)
            found[user] = {c.plan.soft_prompt: c.text for c in turn.candidates}
    # One of the candidates is the generic one.
    assert set(found["ana"]) <= {"ana", ""}
    assert set(found["ben"]) <= {"ben", ""}
    assert found["ana"]["ana"] != found["ben"]["ben"]


@needs_transformers
def test_failures_are_errors_of_ours(
    folder: Path, llm: SoftPrompt, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory.")

    with monkeypatch.context() as patch:
        patch.setattr(llm._model, "generate", fail)
        with pytest.raises(LLMError, match="failed: CUDA out of memory"):
            llm.complete(ask("ana"))
    closed = SoftPrompt(str(folder), device="cpu")
    closed.close()
    with pytest.raises(LLMError, match="was closed"):
        closed.complete(ask("ana"))


@needs_transformers
def test_models_that_keep_all_keys_can_reuse_them_and_others_cannot() -> None:
    import transformers

    assert [can_reuse(make_base(name)) for name in (*ARCHITECTURES, "mistral")] == [
        True,
        True,
        True,
        False,
    ]
    mamba = transformers.MambaForCausalLM(
        transformers.MambaConfig(vocab_size=20, hidden_size=16, num_hidden_layers=1, state_size=4)
    )
    assert not can_reuse(mamba)
