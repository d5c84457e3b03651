"""Registration with Django."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users and their tokens."""

    name = "data_platform.admin.accounts"
