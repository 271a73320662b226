"""Keys are kept as hashes, each with its scope, on both databases."""

import pytest
import sqlalchemy as sa

from tailorlm.errors import InputError, NotFoundError
from tailorlm.store.keys import PREFIX


def test_a_key_is_found_by_its_secret_alone(store):
    key, secret = store.keyring.add("user", app="one", user="ana", label="web", per_minute=5)
    assert secret.startswith(PREFIX)
    assert len(secret) > 40
    assert store.keyring.find(secret) == key
    assert key.user == "one/ana"
    assert store.keyring.find(secret + "x") is None
    assert store.keyring.all() == [key]


def test_the_secret_is_not_in_the_database(store, store_url):
    _, secret = store.keyring.add("admin")
    engine = sa.create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        rows = connection.execute(sa.text("select * from api_keys")).all()
    engine.dispose()
    assert secret not in repr(rows)


def test_revoked_keys_are_listed_and_work_no_more(store):
    key, secret = store.keyring.add("admin")
    assert store.keyring.any()
    store.keyring.revoke(key.id)
    assert store.keyring.find(secret) is None
    assert not store.keyring.any()
    assert store.keyring.all()[0].revoked is not None
    with pytest.raises(NotFoundError, match="keys list"):
        store.keyring.revoke(key.id)


@pytest.mark.parametrize(
    ("scope", "details", "says"),
    [
        ("king", {}, "scope"),
        ("admin", {"app": "one"}, "admin"),
        ("app", {}, "app"),
        ("app", {"app": "a/b"}, "slash"),
        ("app", {"app": "one", "user": "ana"}, "no single user"),
        ("user", {"app": "one"}, "user"),
        ("admin", {"per_minute": 0}, "per_minute"),
        ("admin", {"label": "x" * 201}, "label"),
    ],
)
def test_keys_that_cannot_be(store, scope, details, says):
    with pytest.raises(InputError, match=says):
        store.keyring.add(scope, **details)
    assert store.keyring.all() == []
