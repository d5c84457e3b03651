"""Registration with Django."""

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Reports."""

    name = "data_platform.admin.reports"
