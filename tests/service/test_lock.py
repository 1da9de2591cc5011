"""Two daemons never share a state folder."""

from pathlib import Path

import pytest

from dms.config import ActionSettings, Config, ServiceSettings
from dms.config.actions import HookSettings
from dms.errors import UserError, WorldError
from dms.service.daemon import Daemon
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


def test_a_daemon_that_cannot_be_made_lets_go_of_its_folder(tmp_path: Path) -> None:
    hook = HookSettings(command=tmp_path / "absent")
    config = Config(service=ServiceSettings(state_dir=tmp_path), actions=ActionSettings(hook=hook))
    with pytest.raises(UserError, match="absent") as kept:
        Daemon(config)
    lock_folder(tmp_path).close()
    assert kept.value.__traceback__ is not None  # which holds all that was made meanwhile
