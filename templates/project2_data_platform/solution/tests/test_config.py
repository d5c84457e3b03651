"""Settings come from the environment, and say what is wrong with it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from data_platform.config import get_settings

ROOT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def complaint() -> str:
    with pytest.raises(SystemExit) as ended:
        get_settings()
    return str(ended.value.code)


@pytest.mark.parametrize("variable", ["DATABASE_URL", "REDIS_URL", "SECRET_KEY"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_variable_is_one_line(monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None) -> None:
    monkeypatch.delenv(variable)
    if value is not None:
        monkeypatch.setenv(variable, value)
    assert complaint() == f"{variable} is not set; .env.example says what it is for"


def test_each_missing_variable_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_URL")
    monkeypatch.delenv("SECRET_KEY")
    assert [line.split()[0] for line in complaint().splitlines()] == ["REDIS_URL", "SECRET_KEY"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", "x" * 31),
        ("DATABASE_URL", "mysql://someone:hunter2@localhost/db"),
        ("LOG_LEVEL", "LOUD"),
        ("PORT", "http"),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    line = complaint()
    assert line.startswith(f"{variable} is not valid: ")
    assert value not in line
    assert "\n" not in line


def test_hosts_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_HOSTS", "a.example, b.example,")
    assert get_settings().hosts == ["a.example", "b.example"]


def test_a_secret_of_32_bytes_is_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "ä" * 16)
    assert get_settings().secret_key.get_secret_value() == "ä" * 16


def test_a_secret_does_not_show_in_the_settings_text() -> None:
    assert os.environ["SECRET_KEY"] not in repr(get_settings())


@pytest.mark.parametrize(
    "command",
    [
        ["-m", "data_platform.api"],
        ["-m", "gunicorn", "--config", "python:data_platform.admin.gunicorn_conf", "data_platform.admin.wsgi"],
        ["-m", "celery", "--quiet", "--app", "data_platform.worker.app", "worker"],
        ["manage.py", "migrate"],
    ],
    ids=["api", "admin", "worker", "release"],
)
def test_a_process_without_its_secret_ends_with_one_line(command: list[str]) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "SECRET_KEY"}
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr == "SECRET_KEY is not set; .env.example says what it is for\n"
    assert ended.stdout == ""
