"""The operational tables. A change here needs a migration and the same change in data_platform.operational."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Now

from data_platform.admin.jobs import Job
from data_platform.source_settings import faults
from data_platform.sources import SourceType, SyncFrequency


class DataSource(models.Model):
    """Where data comes from."""

    name = models.CharField(max_length=120)
    type = models.CharField(max_length=8, choices=[(kind.value, kind.value) for kind in SourceType])
    connection = models.JSONField(default=dict, blank=True)
    processing = models.JSONField(default=dict, blank=True)
    sync_frequency = models.CharField(
        max_length=8, choices=[(rate.value, rate.value) for rate in SyncFrequency], default=SyncFrequency.MANUAL.value
    )
    active = models.BooleanField(default=True)
    last_sync_at = models.DateTimeField(null=True, blank=True, editable=False)
    next_sync_at = models.DateTimeField(null=True, blank=True, editable=False)
    # The database sets both: rows come from the API, too.
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), auto_now=True)

    class Meta:
        """Rules that hold whoever writes."""

        db_table = "data_sources"
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["name"], name="data_sources_name_unique"),
            models.CheckConstraint(condition=~models.Q(name=""), name="data_sources_name_not_empty"),
            models.CheckConstraint(
                condition=models.Q(type__in=[kind.value for kind in SourceType]), name="data_sources_type_known"
            ),
            models.CheckConstraint(
                condition=models.Q(sync_frequency__in=[rate.value for rate in SyncFrequency]),
                name="data_sources_sync_frequency_known",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Hold the forms of the admin site to the rules of the API."""
        found = faults(SourceType(self.type), {"connection": self.connection, "processing": self.processing})
        messages: dict[str, list[str]] = {}
        for (field, *path), message in found:
            messages.setdefault(field, []).append(f"{'.'.join(path)} {message}")
        if messages:
            raise ValidationError(messages)


class Import(Job):
    """A file that came in, or the orders of one synchronisation, and what became of it."""

    source = models.ForeignKey(DataSource, on_delete=models.PROTECT, related_name="imports")
    file_name = models.CharField(max_length=255)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta(Job.Meta):
        """Newest first: that is what an operator looks for."""

        db_table = "imports"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.file_name} ({self.status})"


class RawChunk(models.Model):
    """A piece of a file as it came; all of them, in order, are the file. Never changed, never deleted."""

    import_record = models.ForeignKey(
        Import, on_delete=models.CASCADE, db_column="import_id", related_name="raw_chunks", db_index=False
    )
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        """One piece a number."""

        db_table = "raw_chunks"
        constraints = (models.UniqueConstraint(fields=["import_record", "number"], name="raw_chunks_number_unique"),)

    def __str__(self) -> str:
        return f"piece {self.number} of import {self.import_record_id}"


class Reject(models.Model):
    """A row that was not taken, as it came, with every reason."""

    import_record = models.ForeignKey(
        Import, on_delete=models.CASCADE, db_column="import_id", related_name="rejects", db_index=False
    )
    row_number = models.PositiveIntegerField()
    raw = models.JSONField()
    reasons = models.JSONField()

    class Meta:
        """In the order of the file."""

        db_table = "rejects"
        ordering = ("import_record", "row_number")
        constraints = (models.UniqueConstraint(fields=["import_record", "row_number"], name="rejects_row_unique"),)

    def __str__(self) -> str:
        return f"row {self.row_number} of import {self.import_record_id}"


class OrderSyncRun(Job):
    """One pull of orders from the commerce API. Its counts are order lines, which become sales."""

    # Null until the run has something to store.
    import_record = models.ForeignKey(
        Import, on_delete=models.PROTECT, db_column="import_id", null=True, blank=True, related_name="order_sync_runs"
    )
    pages = models.PositiveIntegerField(default=0, db_default=0)
    orders = models.PositiveIntegerField(default=0, db_default=0)

    class Meta(Job.Meta):
        """Newest first."""

        db_table = "order_sync_runs"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"run {self.pk} ({self.status})"


class SyncCursor(models.Model):
    """Where the next synchronisation of a feed starts. Moves only in the transaction that stores the rows before it."""

    feed = models.CharField(max_length=40, primary_key=True)
    cursor = models.TextField()
    updated_at = models.DateTimeField(db_default=Now(), auto_now=True)

    class Meta:
        """One cursor a feed."""

        db_table = "sync_cursors"

    def __str__(self) -> str:
        return f"{self.feed} at {self.cursor}"
