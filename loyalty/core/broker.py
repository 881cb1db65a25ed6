"""The folder of messages that stands in for a broker on one machine.

The transport of the library opens a message's file in its place and writes it then; a worker that looks in between
reads nothing and dies of it. Here a message is written under another name and comes into its place whole. A process that
is killed in the middle of writing leaves a file that is empty or cut off; messages may be lost (the truth is in the
database), so such files are put aside at the start.
"""

from __future__ import annotations

import fcntl
import json
import logging
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

log = logging.getLogger(__name__)

# Somebody may have opened a file just now and not have written it yet.
_TRIES, _PAUSE_SECONDS = 5, 0.2


class Channel(filesystem.Channel):
    """Messages appear whole or not at all."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:
        folder = Path(self.data_folder_out)
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        written = folder / f"{name}.part"
        try:
            written.write_bytes(dumps(payload).encode())
            written.rename(folder / name)
        except OSError as failed:
            raise ChannelError(f"Cannot add {name} to {folder}") from failed


class Transport(filesystem.Transport):
    """The transport of the library with messages that appear whole."""

    Channel = Channel


TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"


def prepare(folders: Iterable[Path]) -> None:
    """Make the folders and put aside the files in them that cannot be read, into `broken` beside them."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.iterdir()):
            if file.is_file() and not _is_whole(file):
                _put_aside(file, folder.parent / "broken")


def _is_whole(file: Path) -> bool:
    for turn in range(_TRIES):
        if turn:
            time.sleep(_PAUSE_SECONDS)
        try:
            with file.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_SH)  # whoever writes has locked it
                json.loads(stream.read())
        except FileNotFoundError:
            return True  # taken by a worker meanwhile
        except ValueError:
            continue
        return True
    return False


def _put_aside(file: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    try:
        file.rename(folder / file.name)
    except FileNotFoundError:
        return
    log.warning("A broken file was put aside: %s is in %s now", file.name, folder)
