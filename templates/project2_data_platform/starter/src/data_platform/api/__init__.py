"""The API process: FastAPI."""
