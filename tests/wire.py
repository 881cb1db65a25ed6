"""Counting how often the application waits for the database: a relay between the two that sees every byte.

What frameworks log are statements; what costs time are round trips. The relay keeps answers back until the client has
nothing more to say, as a long wire would, and counts each time that the client goes on after an answer.
"""

from __future__ import annotations

import re
import selectors
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from loyalty.core import embedded
from loyalty.core.database import switched
from tests.databases import DATA

# Longer than the client is silent while it still has something to send.
_SILENCE = 0.05
_COMMIT = re.compile(rb"\bCOMMIT\b")


@dataclass
class Wire:
    """What went over the wire since the last `reset`."""

    trips: int = 0
    sent: bytearray = field(default_factory=bytearray)

    def reset(self) -> None:
        self.trips = 0
        self.sent.clear()

    @property
    def commits(self) -> int:
        return len(_COMMIT.findall(self.sent))


@contextmanager
def watched() -> Iterator[Wire]:
    """Within the block Django's default connection goes through a relay. Not inside a transaction."""
    server = f"{embedded.socket_folder(DATA.resolve())}/.s.PGSQL.{embedded.PORT}"
    wire = Wire()
    with tempfile.TemporaryDirectory(prefix="wire") as folder, socket.socket(socket.AF_UNIX) as door:
        door.bind(str(Path(folder) / f".s.PGSQL.{embedded.PORT}"))
        door.listen()
        threading.Thread(target=_serve, args=(door, server, wire), daemon=True).start()
        with switched({"EMBEDDED_DATA": "", "HOST": folder, "PORT": str(embedded.PORT)}):
            connection.ensure_connection()
            yield wire


def _serve(door: socket.socket, server: str, wire: Wire) -> None:
    while True:
        try:
            client, _address = door.accept()
        except OSError:
            return
        behind = socket.socket(socket.AF_UNIX)
        behind.connect(server)
        threading.Thread(target=_relay, args=(client, behind, wire), daemon=True).start()


def _relay(client: socket.socket, server: socket.socket, wire: Wire) -> None:
    answered, kept = True, bytearray()
    with selectors.DefaultSelector() as ready, client, server:
        ready.register(client, selectors.EVENT_READ)
        ready.register(server, selectors.EVENT_READ)
        while True:
            said = {key.fileobj for key, _events in ready.select(_SILENCE if kept else None)}
            if client in said:
                if not (data := client.recv(1 << 20)):
                    return
                wire.trips += answered
                wire.sent += data
                answered = False
                server.sendall(data)
            if server in said:
                if not (data := server.recv(1 << 20)):
                    client.sendall(kept)
                    return
                kept += data
            if not said:
                client.sendall(kept)
                answered = True
                kept.clear()
