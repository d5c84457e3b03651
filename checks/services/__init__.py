"""Throwaway PostgreSQL, Valkey or Redis, and MongoDB servers for a test run."""
