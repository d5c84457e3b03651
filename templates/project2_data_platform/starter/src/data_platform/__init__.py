"""Data processing platform: ingestion, analytics and reports over one PostgreSQL database."""
