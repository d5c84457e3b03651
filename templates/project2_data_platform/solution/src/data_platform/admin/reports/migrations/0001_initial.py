import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Report",
            fields=[
                ("job_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "pending"),
                            ("processing", "processing"),
                            ("validating", "validating"),
                            ("completed", "completed"),
                            ("failed", "failed"),
                        ],
                        db_default="pending",
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("progress", models.PositiveSmallIntegerField(db_default=0, default=0)),
                ("records", models.PositiveIntegerField(db_default=0, default=0)),
                ("processed", models.PositiveIntegerField(db_default=0, default=0)),
                ("rejected", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "error_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("empty-file", "empty-file"),
                            ("unreadable-file", "unreadable-file"),
                            ("missing-columns", "missing-columns"),
                            ("upstream-unavailable", "upstream-unavailable"),
                            ("internal", "internal"),
                        ],
                        max_length=20,
                        null=True,
                    ),
                ),
                ("error", models.TextField(blank=True, null=True)),
                ("request_id", models.CharField(blank=True, max_length=64, null=True)),
                ("attempts", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "queued_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("started_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("completed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("title", models.CharField(max_length=120)),
                ("start", models.DateField()),
                ("end", models.DateField()),
                ("timezone", models.CharField(max_length=64)),
                ("figures", models.JSONField(blank=True, editable=False, null=True)),
            ],
            options={
                "db_table": "reports",
                "ordering": ("-created_at", "id"),
                "abstract": False,
                "indexes": [
                    models.Index(
                        condition=models.Q(("status__in", ["pending", "processing", "validating"])),
                        fields=["status"],
                        name="report_unfinished",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["pending", "processing", "validating", "completed", "failed"])
                        ),
                        name="report_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("progress", 100), ("status", "completed")),
                            models.Q(models.Q(("status", "completed"), _negated=True), ("progress__lt", 100)),
                            _connector="OR",
                        ),
                        name="report_progress_fits_status",
                    ),
                ],
            },
        ),
    ]
