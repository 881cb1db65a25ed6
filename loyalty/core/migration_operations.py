"""Operations for migrations that Django does not have."""

from collections.abc import Iterable
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation, OperationCategory
from django.db.migrations.state import ProjectState
from django.db.models import Model

__all__ = ["ForbidChange"]

ROW_TRIGGER = "forbid_change"
TRUNCATE_TRIGGER = "forbid_truncate"

# One function serves every table. Its arguments are the columns that may be set once: while such a column is
# NULL it may be filled in, and everything else in the row must stay as it was.
FUNCTION = """
CREATE OR REPLACE FUNCTION forbid_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before jsonb;
    after jsonb;
    set_once text;
BEGIN
    IF TG_OP = 'UPDATE' AND TG_NARGS > 0 THEN
        before := to_jsonb(OLD);
        after := to_jsonb(NEW);
        FOREACH set_once IN ARRAY TG_ARGV LOOP
            IF before -> set_once = 'null'::jsonb THEN
                before := before - set_once;
                after := after - set_once;
            END IF;
        END LOOP;
        IF before = after THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION USING
        ERRCODE = 'restrict_violation',
        MESSAGE = format('%s is append-only: %s is refused.', TG_TABLE_NAME, TG_OP),
        HINT = 'What happened is not edited. Record a new fact that reverses or supersedes it.',
        SCHEMA = TG_TABLE_SCHEMA,
        TABLE = TG_TABLE_NAME;
END $$;
"""


class ForbidChange(Operation):
    """From here on the table refuses UPDATE, DELETE and TRUNCATE from everybody, its owner included.

    `allow` names columns that start as NULL and may be filled in once; the model says the same in `set_once`.
    Works on partitioned tables (the row trigger is inherited by partitions, the TRUNCATE one is not).
    """

    reversible = True
    reduces_to_sql = True
    category = OperationCategory.SQL

    def __init__(self, model_name: str, allow: Iterable[str] = ()) -> None:
        self.model_name = model_name
        self.allow = tuple(allow)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        arguments: dict[str, Any] = {"model_name": self.model_name}
        if self.allow:
            arguments["allow"] = self.allow
        return (type(self).__qualname__, [], arguments)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Triggers are not part of a model's state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        table = schema_editor.quote_name(model._meta.db_table)
        columns = ", ".join(schema_editor.quote_value(column) for column in self._columns(model))
        schema_editor.execute(FUNCTION, params=None)
        schema_editor.execute(
            f"CREATE TRIGGER {ROW_TRIGGER} BEFORE UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION forbid_change({columns})"
        )
        schema_editor.execute(
            f"CREATE TRIGGER {TRUNCATE_TRIGGER} BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
        )
        # ALWAYS: a session that plays replica must not slip past.
        for trigger in (ROW_TRIGGER, TRUNCATE_TRIGGER):
            schema_editor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        table = schema_editor.quote_name(model._meta.db_table)
        for trigger in (ROW_TRIGGER, TRUNCATE_TRIGGER):
            schema_editor.execute(f"DROP TRIGGER {trigger} ON {table}")

    def describe(self) -> str:
        return f"Refuse changes to {self.model_name}"

    @property
    def migration_name_fragment(self) -> str:
        return f"forbid_change_{self.model_name.lower()}"

    def references_model(self, name: str, app_label: str) -> bool:
        return name.lower() == self.model_name.lower()

    def _columns(self, model: type[Model]) -> list[str]:
        return [str(model._meta.get_field(name).column) for name in self.allow]  # type: ignore[union-attr]
