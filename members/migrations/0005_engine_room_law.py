"""Composite keys and history of holds, events, transfers and tiers."""

from django.db import migrations

from loyalty.core.migration_operations import ForbidChange

# (table, columns, target, target columns): the member stands beside the id on both sides.
COMPOSITE_KEYS = [
    ("members_event", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_posting", "member_id, event_id", "members_event", "member_id, id"),
    ("members_lotterms", "member_id, lot_id", "members_lot", "member_id, id"),
    ("members_hold", "member_id, account_id", "members_account", "member_id, id"),
    ("members_hold", "member_id, posting_id", "members_posting", "member_id, id"),
    ("members_expirynotice", "member_id, account_id", "members_account", "member_id, id"),
    ("members_tierdecision", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_tierperiod", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_tiergrant", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_qualificationcounter", "member_id, membership_id", "members_membership", "member_id, id"),
]


def _add(table: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    name = f"{table}_{columns.split(', ')[1]}_of_member"
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("members", "0004_engine_room")]

    operations = [
        *[_add(*key) for key in COMPOSITE_KEYS],
        ForbidChange("Event"),
        ForbidChange("Transfer"),
        ForbidChange("LotTerms"),
        ForbidChange("ExpiryNotice"),
        ForbidChange("TierDecision"),
        migrations.RunSQL(
            """
            ALTER TABLE members_qualificationcounter SET (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
            ALTER TABLE members_tierperiod SET (fillfactor = 85);
            """,
            migrations.RunSQL.noop,
        ),
    ]
