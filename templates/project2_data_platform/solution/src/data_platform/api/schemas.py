"""What travels over the wire: the bodies of requests and answers, as in docs/openapi.yaml."""

import math
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from data_platform.source_settings import SettingFault, faults
from data_platform.sources import SourceType, SyncFrequency

Storable = TypeVar("Storable", str, dict[str, JsonValue])


def _leaves(value: JsonValue) -> Iterator[JsonValue]:
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _leaves(item)
    else:
        yield value


def _storable(value: Storable) -> Storable:
    for leaf in _leaves(value):
        # Python's JSON knows more than PostgreSQL's: better a 422 than a failing INSERT.
        if isinstance(leaf, str) and "\x00" in leaf:
            raise ValueError("must not contain the character U+0000")
        if isinstance(leaf, float) and not math.isfinite(leaf):
            raise ValueError("must not contain NaN or Infinity")
    return value


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120), AfterValidator(_storable)]
Settings = Annotated[dict[str, JsonValue], AfterValidator(_storable)]


class _WithSettings(BaseModel):
    """Settings that are judged by the type of their source, as far as the body says it."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("connection", "processing", check_fields=False)
    @classmethod
    def _fit_the_type(cls, value: dict[str, JsonValue], info: ValidationInfo) -> dict[str, JsonValue]:
        found = faults(info.data.get("type"), {str(info.field_name): value})
        if found:
            # One error for each key. Pydantic puts the name of the field before each path.
            raise ValidationError.from_exception_data("settings", [_line(fault) for fault in found])
        return value


def _line(fault: SettingFault) -> InitErrorDetails:
    kind = PydanticCustomError("setting", "{message}", {"message": fault.message})
    return InitErrorDetails(type=kind, loc=fault.path[1:], input=None)


class DataSourceCreate(_WithSettings):
    """A data source to be made."""

    name: Name
    type: SourceType  # before what is judged by it
    # Judged also when left out: a source of type api can't be without an address.
    connection: Settings = Field(default_factory=dict, validate_default=True)
    processing: Settings = Field(default_factory=dict)
    sync_frequency: SyncFrequency = SyncFrequency.MANUAL
    active: StrictBool = True


class DataSourceUpdate(_WithSettings):
    """Changes to a data source. The defaults are never read: only what was sent is applied."""

    name: Name = ""
    connection: Settings = Field(default_factory=dict)
    processing: Settings = Field(default_factory=dict)
    sync_frequency: SyncFrequency = SyncFrequency.MANUAL
    active: StrictBool = True

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("must name at least one field")
        return self


class DataSourceRead(BaseModel):
    """A data source as it is."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    type: SourceType
    connection: dict[str, Any]
    processing: dict[str, Any]
    sync_frequency: SyncFrequency
    active: bool
    last_sync_at: datetime | None
    next_sync_at: datetime | None
    created_at: datetime
    updated_at: datetime


class DataSourcePage(BaseModel):
    """One page of data sources."""

    model_config = ConfigDict(from_attributes=True)

    items: list[DataSourceRead]
    page: int
    per_page: int
    total: int
