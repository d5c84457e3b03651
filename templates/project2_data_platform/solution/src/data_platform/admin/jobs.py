"""What the tables of all long work have in common."""

from uuid import uuid4

from django.db import models
from django.db.models.functions import Now

from data_platform.jobs import UNFINISHED, ErrorCode, JobStatus


class Job(models.Model):
    """Work that a worker does in the background: its state, and what recovery needs to know."""

    job_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    status = models.CharField(
        max_length=10,
        choices=[(status.value, status.value) for status in JobStatus],
        default=JobStatus.PENDING.value,
        db_default=JobStatus.PENDING.value,
    )
    progress = models.PositiveSmallIntegerField(default=0, db_default=0)
    records = models.PositiveIntegerField(default=0, db_default=0)
    processed = models.PositiveIntegerField(default=0, db_default=0)
    rejected = models.PositiveIntegerField(default=0, db_default=0)
    # Null, not empty: nothing went wrong. The contract says null, too.
    error_code = models.CharField(  # noqa: DJ001
        max_length=20, null=True, blank=True, choices=[(code.value, code.value) for code in ErrorCode]
    )
    error = models.TextField(null=True, blank=True)  # noqa: DJ001
    # The request that asked for it: what is queued again after a crash keeps the id.
    request_id = models.CharField(max_length=64, null=True, blank=True)  # noqa: DJ001
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    queued_at = models.DateTimeField(db_default=Now(), editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True, editable=False)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        """Rules that hold whoever writes."""

        abstract = True
        indexes = (
            # Recovery asks every few seconds for the few that are not done.
            models.Index(
                fields=["status"],
                condition=models.Q(status__in=[status.value for status in UNFINISHED]),
                name="%(class)s_unfinished",
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(status__in=[status.value for status in JobStatus]), name="%(class)s_status_known"
            ),
            # The contract: 100 exactly when completed.
            models.CheckConstraint(
                condition=models.Q(status=JobStatus.COMPLETED.value, progress=100)
                | (~models.Q(status=JobStatus.COMPLETED.value) & models.Q(progress__lt=100)),
                name="%(class)s_progress_fits_status",
            ),
        )
