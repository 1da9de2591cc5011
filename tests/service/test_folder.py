"""A recording's state never lies among the vehicle's."""

from pathlib import Path

from dms.config import CameraSettings, Config, ServiceSettings
from dms.service.folder import state_folder


class Somewhere:
    name = "somewhere"

    def __init__(self, live: bool) -> None:
        self.live = live


def folder(tmp_path: Path, source: str, live: bool = False) -> Path:
    config = Config(camera=CameraSettings(source=source), service=ServiceSettings(state_dir=tmp_path))
    return state_folder(config, Somewhere(live))  # type: ignore[arg-type]


def test_a_camera_uses_the_state_folder_itself(tmp_path: Path) -> None:
    assert folder(tmp_path, "0", live=True) == tmp_path


def test_the_same_recording_has_the_same_folder_and_another_of_its_name_has_not(tmp_path: Path) -> None:
    one = folder(tmp_path, str(tmp_path / "a" / "drive é 1.mp4"))
    assert one == folder(tmp_path, str(tmp_path / "a" / ".." / "a" / "drive é 1.mp4"))
    assert one != folder(tmp_path, str(tmp_path / "b" / "drive é 1.mp4"))
    assert one.parent == tmp_path / "recordings"
    assert one.name.startswith("drive___1-")
