"""The warehouse: schema `warehouse`, owned by Alembic."""
