"""What Django cannot say: composite keys, so that rows provably belong to one member, and history that stays."""

from django.db import migrations

from loyalty.core.migration_operations import ForbidChange

# (table, columns, target, target columns): the member stands beside the id on both sides.
COMPOSITE_KEYS = [
    ("members_account", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_purchase", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_return", "member_id, membership_id", "members_membership", "member_id, id"),
    ("members_return", "member_id, purchase_id", "members_purchase", "member_id, id"),
    ("members_posting", "member_id, account_id", "members_account", "member_id, id"),
    ("members_posting", "member_id, purchase_id", "members_purchase", "member_id, id"),
    ("members_posting", "member_id, returned_id", "members_return", "member_id, id"),
    ("members_posting", "member_id, answers_id", "members_posting", "member_id, id"),
    ("members_lot", "member_id, account_id", "members_account", "member_id, id"),
    ("members_lot", "member_id, posting_id", "members_posting", "member_id, id"),
    ("members_allocation", "member_id, posting_id", "members_posting", "member_id, id"),
    ("members_allocation", "member_id, lot_id", "members_lot", "member_id, id"),
]


def _key_name(table: str, columns: str) -> str:
    return f"{table}_{columns.split(', ')[1]}_of_member"


def _add(table: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    name = _key_name(table, columns)
    return migrations.RunSQL(
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({columns}) REFERENCES {target} ({target_columns})",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class Migration(migrations.Migration):
    dependencies = [("members", "0001_initial")]

    operations = [
        # Everything that is committed together carries one operation number.
        migrations.RunSQL("CREATE SEQUENCE members_operation_id_seq", "DROP SEQUENCE members_operation_id_seq"),
        *[_add(*key) for key in COMPOSITE_KEYS],
        ForbidChange("DocumentKey"),
        ForbidChange("Purchase"),
        ForbidChange("Return"),
        ForbidChange("Posting"),
        ForbidChange("Allocation"),
        migrations.RunSQL(
            # Rows that change with every purchase: room for updates in place, frequent clean-up.
            """
            ALTER TABLE members_account SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
            ALTER TABLE members_memberstats SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
            ALTER TABLE members_lot SET (fillfactor = 85);
            """,
            migrations.RunSQL.noop,
        ),
    ]
