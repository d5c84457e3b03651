"""Registration with Django."""

from django.apps import AppConfig


class SourcesConfig(AppConfig):
    """Data sources."""

    name = "data_platform.admin.sources"
