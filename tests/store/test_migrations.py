"""The migrations give the tables of schema.py, once, however many processes open a database."""

import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import tailorlm.store.migrations as migrations
from tailorlm.errors import StoreVersionError
from tailorlm.store import open_store
from tailorlm.store.migrate import downgrade, upgrade
from tailorlm.store.schema import HEAD, metadata
from tailorlm.types import Statement

pytestmark = pytest.mark.whole


@pytest.fixture
def engine(store_url):
    engine = sa.create_engine(store_url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def differences(connection):
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)


def test_migrations_give_the_schema(store, engine):
    with engine.connect() as connection:
        assert differences(connection) == []


def test_the_schema_names_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_down_and_up_again(store_url, store, engine):
    store.append("ana", Statement("Hello."))
    store.close()
    with engine.begin() as connection:
        downgrade(connection, "base")
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    with engine.begin() as connection:
        upgrade(connection)
        assert differences(connection) == []
    again = open_store(store_url)
    assert list(again.users()) == []
    again.close()


def test_a_database_taken_down_to_nothing_is_set_up_again(store_url, store, engine):
    store.close()
    with engine.begin() as connection:
        downgrade(connection, "base")
    again = open_store(store_url)
    assert again.append("ana", Statement("Hello.")).position == 1
    again.close()


def test_a_newer_database_is_refused(store_url, store, engine):
    store.append("ana", Statement("Hello."))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreVersionError, match=r"newer tailorlm.*pip install --upgrade"):
        open_store(store_url)
    assert store.latest_position("ana") == 1


OPEN_AND_WRITE = """
import sys
from tailorlm.store import open_store
from tailorlm.types import Statement
print("ready", flush=True)
sys.stdin.readline()
store = open_store(sys.argv[1])
store.append("ana", Statement("Hello."))
store.close()
"""


def test_several_processes_open_a_new_database_at_once(new_url):
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPEN_AND_WRITE, new_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in processes:
        process.stdout.readline()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    failures = [process.communicate()[1] for process in processes]
    assert failures == [""] * 3
    store = open_store(new_url)
    assert store.latest_position("ana") == 3
    store.close()


def test_opening_again_needs_no_alembic(store_url, store):
    code = (
        "import sys; from tailorlm.store import open_store; open_store(sys.argv[1]).close();"
        "print('alembic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code, store_url], capture_output=True, text=True)
    assert ran.stdout == "False\n", ran.stderr
