"""Which settings each type of source takes: nobody can store a source that the pipeline could not read."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, AnyUrl, BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from data_platform.sources import SourceType
from data_platform.zones import is_zone

_CREDENTIALS = frozenset({"password", "token", "secret", "api_key"})
_URL = TypeAdapter(AnyUrl)
_TAKES = {
    "timezone": frozenset(SourceType),
    "delimiter": frozenset({SourceType.CSV}),
    "encoding": frozenset({SourceType.CSV, SourceType.JSON}),
    "sheet": frozenset({SourceType.XLSX}),
    "records_path": frozenset({SourceType.JSON}),
}


class InvalidSettingsError(ValueError):
    """A source of this type can't have these settings."""

    def __init__(self, found: list["SettingFault"]) -> None:
        super().__init__("The settings don't fit the type of the source.")
        self.faults = found


class SettingFault(NamedTuple):
    """What is wrong with one key: its path below the source (`processing`, `delimiter`), and a sentence."""

    path: tuple[str, ...]
    message: str


def _web_address(text: str) -> str:
    url = _URL.validate_python(text)
    if url.scheme not in {"http", "https"}:
        raise ValueError("must be an http or https address")
    if url.username is not None or url.password is not None:
        raise ValueError("must hold no credentials; name an environment variable by token_env")
    return text


def _zone(text: str) -> str:
    if not is_zone(text):
        raise ValueError("is no time zone of the IANA list")
    return text


class _Connection(BaseModel):
    model_config = ConfigDict(extra="allow")

    url: Annotated[str, AfterValidator(_web_address)] = ""
    token_env: Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*\z")] = ""


class _Processing(BaseModel):
    model_config = ConfigDict(extra="allow")

    timezone: Annotated[str, AfterValidator(_zone)] = ""
    # What the csv module can't tell from a quote or the end of a line is no delimiter.
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1, pattern=r'^[^"\r\n]\z')] = ""
    encoding: Literal["utf-8", "utf-8-sig", "latin-1", "cp1252"] = "utf-8"
    sheet: Annotated[str, StringConstraints(min_length=1, max_length=31)] = ""
    records_path: Annotated[str, StringConstraints(min_length=1)] = ""


_MODELS: dict[str, type[BaseModel]] = {"connection": _Connection, "processing": _Processing}


def faults(source_type: SourceType | None, settings: Mapping[str, Any]) -> list[SettingFault]:
    """Give what is wrong with `connection` and `processing`, one fault a key; other keys of `settings` don't matter.

    Without a type, only what is wrong for every type.
    """
    return [fault for name in _MODELS if name in settings for fault in _faults_of(source_type, name, settings[name])]


def check(source_type: SourceType, settings: Mapping[str, Any]) -> None:
    """Raise InvalidSettingsError if a source of this type can't have these settings."""
    found = faults(source_type, settings)
    if found:
        raise InvalidSettingsError(found)


def _faults_of(source_type: SourceType | None, name: str, value: Mapping[str, Any]) -> Iterator[SettingFault]:
    try:
        _MODELS[name].model_validate(value)
    except ValidationError as error:
        for found in error.errors(include_url=False, include_input=False):
            yield SettingFault((name, *map(str, found["loc"])), found["msg"].removeprefix("Value error, "))
    if name == "connection":
        for path in _credentials(value):
            yield SettingFault((name, *path), "must not be here; name an environment variable by token_env")
        if source_type == SourceType.API and "url" not in value:
            yield SettingFault((name, "url"), "is required for a source of type api")
    elif source_type is not None:
        for key in value:
            if source_type not in _TAKES.get(key, {source_type}):
                yield SettingFault((name, key), f"is no setting of a source of type {source_type}")


def _credentials(value: object) -> Iterator[tuple[str, ...]]:
    """Give the path of each key that is named like a credential, however deep."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key.lower() in _CREDENTIALS:
                yield (key,)
            else:
                yield from ((key, *path) for path in _credentials(item))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from ((str(place), *path) for path in _credentials(item))
