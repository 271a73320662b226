"""Keys of the gateway, and who did what with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", _Id, nullable=False),
        sa.Column("hash", _Id, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("app", _Id, nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("per_minute", sa.Integer, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("revoked", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("hash", name="uq_api_keys_hash"),
    )
    op.create_table(
        "audit",
        sa.Column("number", _Number, primary_key=True, autoincrement=True),
        sa.Column("time", sa.Double, nullable=False),
        sa.Column("key_id", _Id, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("user_id", _Id, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_user_id", "audit", ["user_id"])
    if op.get_context().dialect.name == "postgresql":
        for table in ("api_keys", "audit"):
            op.execute(f"ALTER TABLE {table} ALTER COLUMN user_id SET STATISTICS 0")


def downgrade() -> None:
    """Remove them with all they hold."""
    op.drop_table("audit")
    op.drop_table("api_keys")
