"""Marks of history that nobody edits; and the last award of a rule stands in one row."""

import django.db.models.functions.datetime
from django.db import migrations, models

from loyalty.core.migration_operations import ForbidChange


class Migration(migrations.Migration):
    dependencies = [("members", "0002_ledger_law")]

    operations = [
        migrations.CreateModel(
            name="HistoryMark",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("table_name", models.CharField(max_length=63, verbose_name="table")),
                ("highest", models.BigIntegerField(verbose_name="highest number")),
                ("rows", models.BigIntegerField(verbose_name="rows")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="recorded"
                    ),
                ),
            ],
            options={
                "verbose_name": "mark of history",
                "verbose_name_plural": "marks of history",
            },
        ),
        ForbidChange("HistoryMark"),
        # It stood in the rows of other periods too, where what they said depended on the order of recording.
        migrations.RunSQL(
            "UPDATE members_ruleusage SET last_at = NULL WHERE period <> 'ever' AND last_at IS NOT NULL",
            migrations.RunSQL.noop,
        ),
    ]
