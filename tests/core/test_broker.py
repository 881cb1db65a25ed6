"""What a worker that was killed left behind does not stop the next one."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from queue import Empty
from threading import Timer
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from loyalty.celery import make_broker_folders
from loyalty.core import broker
from loyalty.core.broker import prepare


def folders(place: Path) -> list[Path]:
    return [place / "messages", place / "control"]


def connected(place: Path) -> Connection:
    options = {
        "data_folder_in": str(place / "messages"),
        "data_folder_out": str(place / "messages"),
        "control_folder": str(place / "control"),
    }
    return Connection("filesystem://localhost", transport_options=options)


@pytest.mark.parametrize("content", [b"", b'{"body": "cut o', b"\xff\x00"], ids=["empty", "cut off", "noise"])
def test_broken_files_are_put_aside_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    prepare(folders(tmp_path))
    broken = [tmp_path / "messages" / "1_a.celery.msg", tmp_path / "control" / "celery.exchange"]
    for file in broken:
        file.write_bytes(content)
    whole = tmp_path / "messages" / "2_b.celery.msg"
    whole.write_text(json.dumps({"body": "told"}))
    with caplog.at_level(logging.WARNING):
        prepare(folders(tmp_path))
    assert whole.exists()
    assert not any(file.exists() for file in broken)
    assert {file.name: file.read_bytes() for file in (tmp_path / "broken").iterdir()} == {
        "1_a.celery.msg": content,
        "celery.exchange": content,
    }
    assert caplog.text.count("put aside") == 2


def test_messages_pass_again_after_a_broken_start(tmp_path: Path) -> None:
    prepare(folders(tmp_path))
    (tmp_path / "messages" / "1_a.mail.msg").touch()
    (tmp_path / "control" / "mail.exchange").touch()
    prepare(folders(tmp_path))
    with connected(tmp_path) as connection:
        queue = connection.SimpleQueue("mail")
        queue.put({"told": 1})
        assert queue.get(timeout=5).payload == {"told": 1}


def test_a_file_that_is_being_written_is_waited_for(tmp_path: Path) -> None:
    prepare(folders(tmp_path))
    file = tmp_path / "messages" / "1_a.celery.msg"
    file.touch()
    Timer(0.3, lambda: file.write_text("{}")).start()
    prepare(folders(tmp_path))
    assert file.exists()


def test_the_application_prepares_its_broker(tmp_path: Path, settings: Any) -> None:
    settings.CELERY_BROKER_FOLDERS = folders(tmp_path)
    folders(tmp_path)[0].mkdir(parents=True)
    (folders(tmp_path)[0] / "1_a.celery.msg").touch()
    make_broker_folders(Celery("none"))
    assert [file.name for file in (tmp_path / "broken").iterdir()] == ["1_a.celery.msg"]


def test_a_message_is_never_seen_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a worker finds while another process writes can be read."""
    found: list[str] = []
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "c"),
    }
    with Connection("filesystem://localhost", transport_options=options) as connection:
        assert type(connection.transport) is broker.Transport
        channel = connection.default_channel
        written = Path.write_bytes

        def slowly(path: Path, data: bytes) -> int:
            half = written(path, data[: len(data) // 2])
            with pytest.raises(Empty):
                channel._get("jobs")
            found.append(path.name)
            return half and written(path, data)

        monkeypatch.setattr(Path, "write_bytes", slowly)
        channel._put("jobs", {"body": "x" * 100})
        assert channel._get("jobs") == {"body": "x" * 100}
    assert len(found) == 1
