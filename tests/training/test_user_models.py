"""User models: what they count, give, keep and read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.errors import InputError

torch = pytest.importorskip("torch", reason="needs the extra: pip install 'tailorlm[train]'")

from tailorlm.llms._soft_prefixes import read_prefixes  # noqa: E402 - after the check for torch
from tailorlm.training.user_models import (  # noqa: E402 - after the check for torch
    UserModel,
    embedding_scale,
    make_user_model,
    parameter_count,
    read_user_model,
    write_user_model,
)

pytestmark = pytest.mark.torch
USERS = ("ana", "ben", "eve")
SHAPE: dict[str, Any] = {"tokens": 2, "width": 5}
KINDS: list[tuple[str, dict[str, Any]]] = [
    ("uniform", {}),
    ("individual", {}),
    ("individual", {"generic": False}),
    ("cluster", {"clusters": 4}),
]
each_kind = pytest.mark.parametrize(("kind", "settings"), KINDS)


def moved(model: UserModel, seed: int = 0) -> UserModel:
    """A model as if it had been trained: no weight is where it began."""
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.data += torch.randn(weight.shape, generator=generator)
    return model


@each_kind
@pytest.mark.parametrize(("users", "tokens", "width"), [(3, 2, 5), (10, 1, 64), (40, 10, 16)])
def test_weights_are_as_many_as_the_paper_says(
    kind: str, settings: dict[str, Any], users: int, tokens: int, width: int
) -> None:
    names = [f"user {n}" for n in range(users)]
    model = make_user_model(kind, names, tokens=tokens, width=width, **settings)
    expected = {
        "uniform": tokens * width,
        "individual": (users + 1) * tokens * width,
        "cluster": 4 * tokens * width + (users + 1) * 4,
    }[kind]
    if not settings.get("generic", True):
        expected = users * tokens * width
    assert model.size == expected
    assert parameter_count(kind, users, tokens=tokens, width=width, **settings) == expected


def test_a_cluster_model_is_smaller_where_users_are_many() -> None:
    settings = {"tokens": 10, "width": 576}
    individual = parameter_count("individual", 1500, **settings)
    assert individual == 1501 * 5760
    assert parameter_count("cluster", 1500, clusters=10, **settings) == 57_600 + 15_010


def test_prefixes_are_the_formulas_of_the_paper() -> None:
    individual = moved(make_user_model("individual", USERS, **SHAPE))
    rows = individual.rows(["eve", "nobody", "ana"])
    assert rows.tolist() == [3, 0, 1]
    shared, offsets = individual.generic, individual.offsets
    expected = torch.stack([shared + offsets[2], shared, shared + offsets[0]])
    torch.testing.assert_close(individual(rows), expected)
    alone = moved(make_user_model("individual", USERS, generic=False, **SHAPE))
    expected = torch.stack([alone.offsets[2], alone.offsets.mean(0), alone.offsets[0]])
    torch.testing.assert_close(alone(rows), expected)
    cluster = moved(make_user_model("cluster", USERS, clusters=4, **SHAPE))
    expected = sum(cluster.weights[3, k] * cluster.centres[k] for k in range(4))
    torch.testing.assert_close(cluster(rows)[0], expected)
    uniform = moved(make_user_model("uniform", USERS, **SHAPE))
    assert bool((uniform(rows) == uniform.generic).all())


def test_a_uniform_model_without_tokens_is_no_prefix() -> None:
    model = make_user_model("uniform", USERS, tokens=0, width=5)
    assert model(model.rows(["ana"])).shape == (1, 0, 5)
    assert model.size == 0


@each_kind
def test_everyone_begins_as_the_unknown_user_where_something_is_shared(
    kind: str, settings: dict[str, Any]
) -> None:
    model = make_user_model(kind, USERS, scale=0.5, seed=3, **SHAPE, **settings)
    first, ana = model(model.rows(["nobody", "ana"]))
    assert torch.equal(first, ana) is settings.get("generic", True)
    again = make_user_model(kind, USERS, scale=0.5, seed=3, **SHAPE, **settings)
    torch.testing.assert_close(again(again.rows(USERS)), model(model.rows(USERS)))
    other = make_user_model(kind, USERS, scale=0.5, seed=4, **SHAPE, **settings)
    assert not torch.equal(other(other.rows(["ana"]))[0], ana)


@each_kind
def test_first_embeddings_have_the_scale_that_is_asked_for(
    kind: str, settings: dict[str, Any]
) -> None:
    base = 0.3 * torch.randn((500, 400), generator=torch.Generator().manual_seed(0))
    scale = embedding_scale(base)
    assert scale == pytest.approx(0.3, rel=0.02)
    model = make_user_model(kind, USERS, tokens=4, width=400, scale=scale, **settings)
    found = embedding_scale(model(model.rows(["ana"]))[0])
    assert found == pytest.approx(scale, rel=0.1)


@pytest.mark.parametrize("clusters", [1, 5, 50])
@pytest.mark.parametrize("scale", [0.02, 1.0])
def test_a_step_of_own_weights_moves_a_prefix_as_far_whatever_they_are(
    clusters: int, scale: float
) -> None:
    size: dict[str, Any] = {"tokens": 10, "width": 64, "scale": scale}
    model = make_user_model("cluster", USERS, clusters=clusters, **size)
    offsets = make_user_model("individual", USERS, **size)
    assert offsets.own_rate == 1.0
    before = model(torch.tensor([1])).detach()
    (weights,) = model.own_parameters()
    signs = torch.randint(0, 2, weights.shape, generator=torch.Generator().manual_seed(0))
    weights.data += 0.01 * model.own_rate * (2 * signs - 1)  # a step of AdamW at a rate of 0.01
    moved_by = (model(torch.tensor([1])).detach() - before).square().mean().sqrt()
    assert float(moved_by) == pytest.approx(0.01, rel=0.25)


@each_kind
def test_gradients_reach_the_user_and_what_is_shared_alone(
    kind: str, settings: dict[str, Any]
) -> None:
    model = moved(make_user_model(kind, USERS, **SHAPE, **settings))
    model(model.rows(["ben"])).square().sum().backward()
    if kind == "individual":
        reached = model.offsets.grad.abs().sum((1, 2)) > 0
        assert reached.tolist() == [False, True, False]
    if kind == "cluster":
        assert (model.weights.grad.abs().sum(1) > 0).tolist() == [False, False, True, False]
    if kind == "uniform":
        assert not model.own_parameters()


@each_kind
def test_more_users_begin_as_the_unknown_one_and_change_nobody(
    kind: str, settings: dict[str, Any]
) -> None:
    model = moved(make_user_model(kind, USERS, **SHAPE, **settings))
    more = model.with_users(["zoe"])
    assert more.users == (*USERS, "zoe")
    before, after = (m(m.rows(USERS)) for m in (model, more))
    torch.testing.assert_close(after, before)
    unknown = model(model.rows(["nobody"]))
    torch.testing.assert_close(more(more.rows(["zoe"])), unknown)
    torch.testing.assert_close(more(more.rows(["nobody"])), unknown)
    with pytest.raises(InputError, match="named twice"):
        model.with_users(["ana"])


@each_kind
def test_a_folder_gives_back_what_was_written(
    kind: str, settings: dict[str, Any], tmp_path: Path
) -> None:
    model = moved(make_user_model(kind, USERS, **SHAPE, **settings))
    facts = model.facts("some/base", "0" * 64, user_texts=True)
    write_user_model(tmp_path, model, facts)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "soft_prompt.json",
        "user_model.safetensors",
    ]
    row = json.loads((tmp_path / "soft_prompt.json").read_text("utf-8"))
    assert row["format"] == 1
    assert row["clusters"] == settings.get("clusters")
    assert row["users"] == list(USERS)
    again, said = read_user_model(tmp_path)
    assert said == facts
    prefixes = read_prefixes(tmp_path)
    names = ["ana", "nobody", "eve", "ben"]
    expected = model(model.rows(names))
    torch.testing.assert_close(again(again.rows(names)), expected)
    torch.testing.assert_close(torch.stack([prefixes.of(name) for name in names]), expected)
    assert [prefixes.knows(name) for name in names] == [True, False, True, True]
    assert model.is_finite()


@each_kind
def test_a_damaged_folder_is_refused(kind: str, settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no soft prompt"):
        read_user_model(tmp_path)
    model = moved(make_user_model(kind, USERS, **SHAPE, **settings))
    facts = model.facts("some/base", "0" * 64)
    write_user_model(tmp_path, model, facts)
    path = tmp_path / "soft_prompt.json"
    good = json.loads(path.read_text("utf-8"))
    for change, problem in [
        ({"format": 2}, "Update tailorlm"),
        ({"user_model": "other"}, "not one of"),
        ({"user_tokens": -1}, "no user tokens"),
        ({"user_tokens": "2"}, "whole numbers"),
        ({"width": 0}, "whole numbers"),
        ({"width": 6}, "should be"),
        ({"users": ["ana", "ana", "eve"]}, "named twice"),
        ({"users": ["ana", 3, "eve"]}, "not all names"),
        ({"users": 3}, "damaged"),
    ]:
        path.write_text(json.dumps(good | change), "utf-8")
        with pytest.raises(InputError, match=problem):
            read_user_model(tmp_path)
    for content, problem in [
        ("[]", "describes no"),
        ("{", "be read"),
        ('{"format": 1}', "damaged"),
    ]:
        path.write_text(content, "utf-8")
        with pytest.raises(InputError, match=problem):
            read_user_model(tmp_path)
    path.write_text(json.dumps(good), "utf-8")
    next(iter(model.parameters())).data.view(-1)[0] = float("nan")
    assert not model.is_finite()
    write_user_model(tmp_path, model, facts)
    with pytest.raises(InputError, match="no number"):
        read_user_model(tmp_path)
    (tmp_path / "user_model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(InputError, match="cannot be read"):
        read_user_model(tmp_path)


def test_settings_are_checked(tmp_path: Path) -> None:
    for problem, make in [
        ("one of", lambda: make_user_model("other", USERS, **SHAPE)),
        ("at least one token", lambda: make_user_model("individual", USERS, tokens=0, width=5)),
        ("number of clusters", lambda: make_user_model("cluster", USERS, **SHAPE)),
        ("from 1", lambda: make_user_model("cluster", USERS, clusters=0, **SHAPE)),
        ("named twice", lambda: make_user_model("uniform", ["ana", "ana"], **SHAPE)),
        ("nothing to learn", lambda: make_user_model("individual", [], generic=False, **SHAPE)),
    ]:
        with pytest.raises(InputError, match=problem):
            make()
    two = make_user_model("individual", USERS, **SHAPE)
    facts = two.facts("some/base", "0" * 64)
    with pytest.raises(InputError, match="does not describe"):
        write_user_model(tmp_path, two.with_users(["zoe"]), facts)
    assert not list(tmp_path.iterdir())
