from pathlib import Path

import pytest

from loyalty.core import embedded


def test_a_folder_without_a_server_is_not_running(tmp_path: Path) -> None:
    assert not embedded.is_running(tmp_path)


def test_a_server_that_died_is_not_running(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text("1\nready\n")
    assert not embedded.is_running(tmp_path)


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path) -> None:
    assert not embedded.stop(tmp_path)


def test_the_socket_of_a_deep_folder_lies_in_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("a" * 60) / ("b" * 60)
    deep.parent.mkdir()
    assert len(str(embedded.socket_folder(deep) / ".s.PGSQL.5432")) < embedded.LONGEST_SOCKET_PATH


def test_what_the_server_said_is_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(embedded.EmbeddedServerError, match="pg_ctl failed"):
        embedded._Server(tmp_path / "nothing").run("pg_ctl", "stop")
