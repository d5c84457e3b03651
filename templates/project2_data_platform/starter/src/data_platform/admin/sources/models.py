"""The operational tables. A change here needs a migration and the same change in data_platform.operational."""

from django.db import models
from django.db.models.functions import Now

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


# TODO(m2.1): imports and rejects.
