"""The folder of messages that stands in for a broker on one machine.

A process that is killed in the middle of writing leaves a file that is empty or cut off, and the next worker cannot
start over it. Messages may be lost (the truth is in the database), so such files are put aside.
"""

from __future__ import annotations

import fcntl
import json
import logging
import time
from collections.abc import Iterable
from pathlib import Path

log = logging.getLogger(__name__)

# Somebody may have opened a file just now and not have written it yet.
_TRIES, _PAUSE_SECONDS = 5, 0.2


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
