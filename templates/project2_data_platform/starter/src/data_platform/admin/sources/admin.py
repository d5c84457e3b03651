"""Data sources in the admin site."""

from django.contrib import admin

from data_platform.admin.sources.models import DataSource


@admin.register(DataSource)
class DataSourceAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs, not in Django
    """What an operator looks for."""

    list_display = ("name", "type", "sync_frequency", "active", "last_sync_at")
    list_filter = ("type", "active", "sync_frequency")
    search_fields = ("name",)
    readonly_fields = ("last_sync_at", "next_sync_at", "created_at", "updated_at")


# TODO(m2.1): show imports with their counts, and the rejects of each.
