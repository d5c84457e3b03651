"""Index what imports ask for: the sales of the customers and products that they touched."""

from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: None = None
depends_on: None = None


def upgrade() -> None:
    """Apply."""
    op.create_index(op.f("ix_sales_customer_id"), "sales", ["customer_id"], schema="warehouse")
    op.create_index(op.f("ix_sales_product_id"), "sales", ["product_id"], schema="warehouse")


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_sales_product_id"), table_name="sales", schema="warehouse")
    op.drop_index(op.f("ix_sales_customer_id"), table_name="sales", schema="warehouse")
