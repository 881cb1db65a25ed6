"""History that nobody edits, and a record of who may do what."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from loyalty.core import audit
from loyalty.core.migration_operations import ForbidChange

# Tables of other packages that decide who may do what: (table, what it is called in the record).
PERMISSION_TABLES = (
    ("auth_group", "auth.group"),
    ("auth_group_permissions", "auth.group_permissions"),
    ("core_user_groups", "core.user_groups"),
    ("core_user_user_permissions", "core.user_user_permissions"),
)

KIND_NEVER_CHANGES = """
CREATE FUNCTION core_user_kind_never_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        MESSAGE = 'The kind of a user never changes.',
        HINT = 'Make another user of the other kind.';
END $$;
CREATE TRIGGER kind_never_changes BEFORE UPDATE ON core_user
    FOR EACH ROW WHEN (OLD.kind IS DISTINCT FROM NEW.kind) EXECUTE FUNCTION core_user_kind_never_changes();
"""
KIND_MAY_CHANGE = """
DROP TRIGGER kind_never_changes ON core_user;
DROP FUNCTION core_user_kind_never_changes();
"""


def record_permissions(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table, label in PERMISSION_TABLES:
        audit.install_on_table(schema_editor, table, label=label)


def stop_recording(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for table, _label in PERMISSION_TABLES:
        audit.remove_from_table(schema_editor, table)


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        ForbidChange("AuditEntry"),
        ForbidChange("OutboxEvent"),
        migrations.RunSQL(KIND_NEVER_CHANGES, KIND_MAY_CHANGE),
        migrations.RunPython(record_permissions, stop_recording),
    ]
