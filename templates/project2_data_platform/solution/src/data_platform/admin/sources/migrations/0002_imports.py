import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("sources", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SyncCursor",
            fields=[
                ("feed", models.CharField(max_length=40, primary_key=True, serialize=False)),
                ("cursor", models.TextField()),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "sync_cursors",
            },
        ),
        migrations.CreateModel(
            name="Import",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("file_name", models.CharField(max_length=255)),
                ("size", models.PositiveIntegerField()),
                ("sha256", models.CharField(max_length=64)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="imports", to="sources.datasource"
                    ),
                ),
            ],
            options={
                "db_table": "imports",
                "ordering": ("-id",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OrderSyncRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
                ("pages", models.PositiveIntegerField(db_default=0, default=0)),
                ("orders", models.PositiveIntegerField(db_default=0, default=0)),
                (
                    "import_record",
                    models.ForeignKey(
                        blank=True,
                        db_column="import_id",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_sync_runs",
                        to="sources.import",
                    ),
                ),
            ],
            options={
                "db_table": "order_sync_runs",
                "ordering": ("-id",),
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="RawChunk",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("content", models.BinaryField()),
                (
                    "import_record",
                    models.ForeignKey(
                        db_column="import_id",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="raw_chunks",
                        to="sources.import",
                    ),
                ),
            ],
            options={
                "db_table": "raw_chunks",
            },
        ),
        migrations.CreateModel(
            name="Reject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row_number", models.PositiveIntegerField()),
                ("raw", models.JSONField()),
                ("reasons", models.JSONField()),
                (
                    "import_record",
                    models.ForeignKey(
                        db_column="import_id",
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rejects",
                        to="sources.import",
                    ),
                ),
            ],
            options={
                "db_table": "rejects",
                "ordering": ("import_record", "row_number"),
            },
        ),
        migrations.AddIndex(
            model_name="import",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "processing", "validating"])),
                fields=["status"],
                name="import_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "processing", "validating", "completed", "failed"])),
                name="import_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="import",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("progress", 100), ("status", "completed")),
                    models.Q(models.Q(("status", "completed"), _negated=True), ("progress__lt", 100)),
                    _connector="OR",
                ),
                name="import_progress_fits_status",
            ),
        ),
        migrations.AddIndex(
            model_name="ordersyncrun",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "processing", "validating"])),
                fields=["status"],
                name="ordersyncrun_unfinished",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordersyncrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "processing", "validating", "completed", "failed"])),
                name="ordersyncrun_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordersyncrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("progress", 100), ("status", "completed")),
                    models.Q(models.Q(("status", "completed"), _negated=True), ("progress__lt", 100)),
                    _connector="OR",
                ),
                name="ordersyncrun_progress_fits_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="rawchunk",
            constraint=models.UniqueConstraint(fields=("import_record", "number"), name="raw_chunks_number_unique"),
        ),
        migrations.AddConstraint(
            model_name="reject",
            constraint=models.UniqueConstraint(fields=("import_record", "row_number"), name="rejects_row_unique"),
        ),
    ]
