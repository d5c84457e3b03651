import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="DataSource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=120)),
                (
                    "type",
                    models.CharField(
                        choices=[("csv", "csv"), ("json", "json"), ("xlsx", "xlsx"), ("api", "api")], max_length=8
                    ),
                ),
                ("connection", models.JSONField(blank=True, default=dict)),
                ("processing", models.JSONField(blank=True, default=dict)),
                (
                    "sync_frequency",
                    models.CharField(
                        choices=[("manual", "manual"), ("hourly", "hourly"), ("daily", "daily"), ("weekly", "weekly")],
                        default="manual",
                        max_length=8,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("last_sync_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("next_sync_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "updated_at",
                    models.DateTimeField(auto_now=True, db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "data_sources",
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(fields=("name",), name="data_sources_name_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="data_sources_name_not_empty"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("type__in", ["csv", "json", "xlsx", "api"])), name="data_sources_type_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sync_frequency__in", ["manual", "hourly", "daily", "weekly"])),
                        name="data_sources_sync_frequency_known",
                    ),
                ],
            },
        ),
    ]
