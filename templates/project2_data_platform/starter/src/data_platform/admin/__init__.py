"""The admin process: Django. It owns the accounts and the operational tables (schema `public`)."""
