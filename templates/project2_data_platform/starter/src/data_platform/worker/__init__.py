"""The worker and beat processes: Celery."""
