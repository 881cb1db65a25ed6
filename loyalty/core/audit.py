"""Who changed what, when and why: every write to configuration and people, however it is made.

`@audited()` puts a trigger on a model's table (it travels in migrations like any constraint), so `save()`,
`bulk_create()`, `update()`, COPY and raw SQL are all recorded, and no session can switch it off. `context()`
says who acts and why. Personal values are kept apart and can be erased. Decision: docs/adr/0002-audit.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from django.apps import apps
from django.db import connection, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.constraints import BaseConstraint
from django.http import HttpRequest, HttpResponse

SETTING = "loyalty.audit"
RECORD_FUNCTION = "core_record_change"

_ModelClass = TypeVar("_ModelClass", bound=type[models.Model])
Actor = int | Callable[[], int | None] | None


# --- what is recorded ---------------------------------------------------------------------------------------


class Audited(BaseConstraint):
    """The trigger of one table, in the place of a constraint so that `makemigrations` sees it change.

    Columns by treatment: `ignore` never matter; `personal` are kept apart; `secret` are only said to have
    changed; `only` limits updates to these columns (for rows that are updated all the time). `owner` is
    (kind, column) of the person whose personal values these are; by default the row itself. `inserts` False
    leaves out new rows.
    """

    def __init__(
        self,
        *,
        name: str,
        ignore: Sequence[str] = (),
        personal: Sequence[str] = (),
        secret: Sequence[str] = (),
        only: Sequence[str] = (),
        owner: Sequence[str] = (),
        inserts: bool = True,
    ) -> None:
        super().__init__(name=name)
        self.ignore = tuple(ignore)
        self.personal = tuple(personal)
        self.secret = tuple(secret)
        self.only = tuple(only)
        self.owner = tuple(owner)
        self.inserts = inserts

    def constraint_sql(self, model: Any, schema_editor: Any) -> Any:
        """Nothing inside CREATE TABLE; the trigger follows at the end of the migration."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        arguments = ", ".join(_literal(each) for each in self._arguments(model))
        condition = "OLD.* IS DISTINCT FROM NEW.*"
        if self.only:
            columns = [quote(column) for column in self._columns(model, self.only)]
            condition = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
        rows = "INSERT OR DELETE" if self.inserts else "DELETE"
        run = f"FOR EACH ROW{{}} EXECUTE FUNCTION {RECORD_FUNCTION}({arguments})"
        update = quote(f"{self.name}_update")
        return (
            f"CREATE TRIGGER {quote(self.name)} AFTER {rows} ON {table} {run.format('')};"
            f"CREATE TRIGGER {update} AFTER UPDATE ON {table} {run.format(f' WHEN ({condition})')}"
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        quote = schema_editor.quote_name
        table = quote(model._meta.db_table)
        return (
            f"DROP TRIGGER {quote(self.name)} ON {table};"
            f"DROP TRIGGER {quote(self.name + '_update')} ON {table}"
        )

    def validate(self, *args: Any, **kwargs: Any) -> None:
        """A trigger refuses nothing."""

    def deconstruct(self) -> tuple[str, Sequence[Any], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        for name in ("ignore", "personal", "secret", "only", "owner"):
            if value := getattr(self, name):
                kwargs[name] = value
        if not self.inserts:
            kwargs["inserts"] = False
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Audited) and self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash(self.name)

    def _arguments(self, model: type[models.Model]) -> list[str]:
        key = str(model._meta.pk.column if model._meta.pk else "id")
        owner_type, owner_field = self.owner or (model._meta.label_lower, "")
        owner_column = self._columns(model, [owner_field])[0] if owner_field else key
        groups = (self.personal, self.secret, self.ignore)
        return [
            model._meta.label_lower,
            key,
            *(",".join(self._columns(model, group)) for group in groups),
            owner_type,
            owner_column,
        ]

    @staticmethod
    def _columns(model: type[models.Model], names: Sequence[str]) -> list[str]:
        columns = (getattr(model._meta.get_field(name), "column", None) for name in names)
        return [str(column) for column in columns if column]


def audited(**treatment: Any) -> Callable[[_ModelClass], _ModelClass]:
    """Class decorator: record every change of this model's rows. Arguments as for `Audited`."""

    def decorate(model: _ModelClass) -> _ModelClass:
        options = model._meta
        trigger = Audited(name=f"audit_{options.db_table}"[:50], **treatment)
        options.constraints = [*options.constraints, trigger]
        # Migrations look at what the class body said, so it has to say this too.
        options.original_attrs["constraints"] = options.constraints
        return model

    return decorate


def is_audited(model: type[models.Model]) -> bool:
    """True if changes of this model are recorded."""
    return any(isinstance(each, Audited) for each in model._meta.constraints)


def install_on_table(
    schema_editor: BaseDatabaseSchemaEditor, table: str, *, label: str, key: str = "id", ignore: str = ""
) -> None:
    """For migrations: record changes of a table whose model is not ours (roles, links between users and
    roles)."""
    arguments = ", ".join(_literal(each) for each in (label, key, "", "", ignore, label, key))
    name = schema_editor.quote_name(f"audit_{table}"[:50])
    schema_editor.execute(
        f"CREATE TRIGGER {name} AFTER INSERT OR UPDATE OR DELETE ON {schema_editor.quote_name(table)} "
        f"FOR EACH ROW EXECUTE FUNCTION {RECORD_FUNCTION}({arguments})"
    )


def remove_from_table(schema_editor: BaseDatabaseSchemaEditor, table: str) -> None:
    """For migrations: undo `install_on_table`."""
    name = schema_editor.quote_name(f"audit_{table}"[:50])
    schema_editor.execute(f"DROP TRIGGER {name} ON {schema_editor.quote_name(table)}")


def erase_personal(owner_type: str, owner_id: int | str) -> int:
    """Delete the personal before and after values of one person; the entries stay. Returns how many were
    deleted."""
    values = apps.get_model("core", "AuditPersonalValue")
    count, _by_model = values.objects.filter(owner=f"{owner_type.lower()}:{owner_id}").delete()
    return count


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# --- who acts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Context:
    """Who acts, why, in which job, and through which door. `actor` is a user's id."""

    actor: Actor = None
    reason: str = ""
    job: int | None = None
    source: str = ""

    def as_json(self) -> str:
        actor = self.actor() if callable(self.actor) else self.actor
        values = {"actor": actor, "reason": self.reason, "job": self.job, "source": self.source[:200]}
        return json.dumps({name: value for name, value in values.items() if value not in (None, "")})


_current: ContextVar[Context | None] = ContextVar("loyalty_audit", default=None)
_no_write = re.compile(
    r"\s*(?:select|savepoint|release|rollback|begin|commit|set|show|declare|fetch|close|explain)\b",
    re.IGNORECASE,
)


@contextmanager
def context(
    *, actor: Actor = None, reason: str = "", job: int | None = None, source: str = ""
) -> Iterator[Context]:
    """Changes made inside name this actor, reason and job. What is left out comes from the enclosing context.

    Covers everything that goes through Django's cursors; before `cursor.copy()` or a SELECT that writes, call
    `bind()`.
    """
    outer = _current.get()
    given: dict[str, Any] = {"actor": actor, "reason": reason, "job": job, "source": source}
    inner = replace(
        outer or Context(), **{name: value for name, value in given.items() if value not in (None, "")}
    )
    token = _current.set(inner)
    try:
        if outer is not None:
            yield inner
        else:
            with connection.execute_wrapper(_attach):
                yield inner
    finally:
        _current.reset(token)
    # Only after a clean end: an exception leaves the transaction to be rolled back, and the setting with it.
    if connection.in_atomic_block and not connection.needs_rollback:
        _tell_database(outer.as_json() if outer else "")


def current() -> Context | None:
    """The context in force, if any."""
    return _current.get()


def bind() -> None:
    """Tell the database, for the rest of the present transaction, who acts."""
    acting = _current.get()
    if acting is not None:
        _tell_database(acting.as_json())


def _tell_database(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, true)", [SETTING, value])


def _attach(execute: Callable[..., Any], sql: Any, params: Any, many: bool, scope: dict[str, Any]) -> Any:
    """Sent with every statement that may write. A setting of the transaction, so poolers cannot leak it."""
    if isinstance(sql, str) and _no_write.match(sql):
        return execute(sql, params, many, scope)
    if connection.needs_rollback:
        return execute(sql, params, many, scope)
    if connection.in_atomic_block:
        bind()
        return execute(sql, params, many, scope)
    with transaction.atomic():
        bind()
        return execute(sql, params, many, scope)


REFUSED_STATUS = 403


def record_refusal(actor: int, where: str) -> None:
    """Note that somebody tried what they may not do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO core_auditentry (recorded_at, operation, subject_type, subject_id, actor_id, reason, source,"
            " db_role, transaction_id, changes) VALUES (clock_timestamp(), 'refuse', 'request', '', %s, '', %s,"
            " session_user, pg_current_xact_id()::text::bigint, '{}')",
            [actor, where[:200]],
        )


class AuditMiddleware:
    """Changes made by a request name the logged-in user and the address; so does a request that is refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._answer(request)
        user = getattr(request, "user", None)
        if response.status_code == REFUSED_STATUS and user is not None and user.pk is not None:
            record_refusal(user.pk, f"{request.method} {request.path}")
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return self.get_response(request)

        def actor() -> int | None:
            user = getattr(request, "user", None)
            return user.pk if user is not None else None

        with context(actor=actor, source=f"{request.method} {request.path}"):
            return self.get_response(request)
