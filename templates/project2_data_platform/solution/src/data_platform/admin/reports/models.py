"""The table of reports. A change here needs a migration and the same change in data_platform.operational."""

from uuid import uuid4

from django.db import models

from data_platform.admin.jobs import Job


class Report(Job):
    """Figures over a range of days, computed once and then the same for ever."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    title = models.CharField(max_length=120)
    start = models.DateField()
    end = models.DateField()
    timezone = models.CharField(max_length=64)
    # Null until it is completed.
    figures = models.JSONField(null=True, blank=True, editable=False)

    class Meta(Job.Meta):
        """Newest first."""

        db_table = "reports"
        ordering = ("-created_at", "id")

    def __str__(self) -> str:
        return self.title
