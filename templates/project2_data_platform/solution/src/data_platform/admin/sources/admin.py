"""Data sources in the admin site."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from data_platform.admin.sources.models import DataSource, Import, Reject


@admin.register(DataSource)
class DataSourceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs, not in Django
    """What an operator looks for."""

    list_display = ("name", "type", "sync_frequency", "active", "last_sync_at")
    list_filter = ("type", "active", "sync_frequency")
    search_fields = ("name",)
    readonly_fields = ("last_sync_at", "next_sync_at", "created_at", "updated_at")

    def get_readonly_fields(self, _request: HttpRequest, obj: DataSource | None = None) -> tuple[str, ...]:
        """Keep the type of a source that is there: rows that came in were read by it."""
        return self.readonly_fields if obj is None else ("type", *self.readonly_fields)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs, not in Django
    """What the pipeline wrote: to be looked at."""

    def has_add_permission(self, _request: HttpRequest) -> bool:
        """Nobody adds one by hand."""
        return False

    def has_change_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """Nobody changes one."""
        return False

    def has_delete_permission(self, _request: HttpRequest, _obj: Model | None = None) -> bool:
        """What came in is never lost."""
        return False


class SourceFilter(admin.RelatedFieldListFilter):
    """The filter by source, also while there is only one."""

    def has_output(self) -> bool:
        """Show it always: a filter that comes and goes is looked for."""
        return True


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    """What came in, newest first, and what became of it."""

    list_display = ("id", "file_name", "source", "status", "progress", "records", "processed", "rejected", "created_at")
    list_filter = ("status", ("source", SourceFilter))
    list_select_related = ("source",)
    search_fields = ("file_name", "sha256")


@admin.register(Reject)
class RejectAdmin(ReadOnlyAdmin):
    """Rows that were not taken, with every reason."""

    list_display = ("import_record", "row_number", "codes")
    list_filter = ("import_record__source",)
    list_select_related = ("import_record",)
    search_fields = ("import_record__file_name",)

    @admin.display(description="reasons")
    def codes(self, reject: Reject) -> str:
        """Give the reasons in short."""
        return "; ".join(f"{reason['field'] or 'row'}: {reason['code']}" for reason in reject.reasons)
