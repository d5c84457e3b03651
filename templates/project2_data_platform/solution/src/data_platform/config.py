"""Settings, read from the environment and from nowhere else."""

import os
import sys
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, AnyHttpUrl, PostgresDsn, RedisDsn, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


def _long_enough(secret: SecretStr) -> SecretStr:
    # RFC 7518, 3.2: a key for HS256 has at least 256 bits.
    if len(secret.get_secret_value().encode()) < 32:
        raise ValueError("must have at least 32 bytes")
    return secret


def _is_schedule(text: str) -> str:
    from data_platform.schedule import parse_schedule  # noqa: PLC0415  (loads Celery, which two processes need)

    parse_schedule(text)
    return text


class Settings(BaseSettings):
    """What a deployment may choose; `.env.example` explains each variable."""

    # An empty variable counts as missing: `SECRET_KEY=` in a shell or a compose file is never meant.
    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: PostgresDsn
    redis_url: RedisDsn
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)]
    log_level: LogLevel = "INFO"
    port: int | None = None
    # Read as a plain string: comma-separated, not JSON.
    allowed_hosts: Annotated[str, NoDecode] = "localhost,127.0.0.1,[::1]"
    force_https: bool = False
    git_commit: str | None = None
    commerce_api_url: AnyHttpUrl | None = None
    commerce_api_token: SecretStr | None = None
    daily_metrics_schedule: Annotated[str, AfterValidator(_is_schedule)] = "15 0 * * *"

    @property
    def hosts(self) -> list[str]:
        """The names in ALLOWED_HOSTS."""
        return [host.strip() for host in self.allowed_hosts.split(",") if host.strip()]


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Give the process's settings, read once.

    Ends the process with status 1 and one line for each variable that is missing or not valid. Values are not shown:
    a log is no place for a database password.
    """
    try:
        return Settings()
    except ValidationError as error:
        sys.exit("\n".join(_line(problem["loc"], problem["type"], problem["msg"]) for problem in error.errors()))


class MissingTokenError(Exception):
    """A source names a variable that holds no token for it."""


def token_of_source(variable: str) -> str:
    """Give the token that a data source names by its variable. Raises MissingTokenError.

    Only a variable that is called a token, and is none of the platform's own: whoever may create sources would
    otherwise have `SECRET_KEY` sent to an address of their choice.
    """
    token = os.environ.get(variable, "")
    if not variable.endswith("_TOKEN") or variable.lower() in Settings.model_fields or not token:
        raise MissingTokenError(f"{variable} is not set, or not for sources: its name must end in _TOKEN")
    return token


def _line(location: tuple[int | str, ...], kind: str, message: str) -> str:
    variable = str(location[0]).upper()
    if kind == "missing":
        return f"{variable} is not set; .env.example says what it is for"
    return f"{variable} is not valid: {message.removeprefix('Value error, ')}"
