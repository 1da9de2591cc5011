"""Two daemons never share a state folder."""

from pathlib import Path

import pytest

from dms.errors import WorldError
from dms.service.lock import lock_folder


def test_a_second_daemon_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    first = lock_folder(tmp_path)
    with pytest.raises(WorldError, match="another dms uses"):
        lock_folder(tmp_path)
    first.close()
    lock_folder(tmp_path).close()


def test_a_folder_that_cannot_be_written_does_not_stop_the_daemon(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    lock_folder(blocked).close()
