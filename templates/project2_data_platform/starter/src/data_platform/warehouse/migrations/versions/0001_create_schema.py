"""Create schema `warehouse`.

env.py has made it by now, because Alembic keeps its version in there. This first revision is the one to go back to: it
leaves an empty schema behind.
"""

from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Apply."""
    op.execute("CREATE SCHEMA IF NOT EXISTS warehouse")


def downgrade() -> None:
    """Take back nothing: the schema also holds Alembic's own table."""
