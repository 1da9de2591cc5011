"""`dms check` says of a camera whether it sees the driver, as `dms aim` does."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from dms.config import CameraSettings, Config, ServiceSettings, load_config
from dms.demo import SAMPLE_DRIVE
from dms.service.check import Finding, run_checks
from dms.service.check_camera import check_camera, check_daemon_camera
from tests.aim.scenes import Change, Picture, moved, sample, turned
from tests.conftest import until
from tests.mjpeg import MjpegCamera, jpeg

from .process import Dms


def checked(source: Path) -> tuple[str, str]:
    return check_camera(Config(camera=CameraSettings(source=str(source))))


def images(folder: Path, change: Change) -> Path:
    for index, picture in enumerate(sample()[:25]):
        cv2.imwrite(str(folder / f"{index:03}.png"), change(picture))
    return folder


def ceiling(picture: Picture) -> Picture:
    return np.ascontiguousarray(moved(right=-330)(picture))


def test_a_camera_that_sees_the_driver_is_ok() -> None:
    verdict, text = checked(SAMPLE_DRIVE)
    assert verdict == "ok"
    assert "480x360 and sees the driver: good: a face 19" in text


def test_a_camera_that_points_at_the_ceiling_is_not_ok(tmp_path: Path) -> None:
    verdict, text = checked(images(tmp_path, ceiling))
    assert verdict == "warning", "nobody may sit there yet"
    assert "but the picture shows nothing" in text


def test_a_camera_that_hangs_upside_down_fails_with_what_mends_it(tmp_path: Path) -> None:
    verdict, text = checked(images(tmp_path, turned(180)))
    assert verdict == "failed"
    assert "set camera.rotate = 180" in text


@pytest.mark.slow
def test_the_camera_of_a_running_daemon_is_judged_through_it_whatever_the_daemon_makes_of_it(
    start: Callable[..., Dms],
) -> None:
    camera = MjpegCamera([jpeg(turned(90)(picture)) for picture in sample()], fps=10.0)
    camera.switch_on()
    dms = start(1, camera.address)
    until((dms.state_dir / "control.sock").exists)

    def failed() -> Finding | None:
        found = next(found for found in run_checks(load_config(dms.config)) if found.part == "camera")
        return found if found.verdict == "failed" else None

    text = until(failed).text
    camera.switch_off()
    assert text.startswith("the camera that the running daemon holds gives")
    assert "the picture lies on its side: set camera.rotate = 90" in text


def test_where_no_daemon_runs_none_is_asked(tmp_path: Path) -> None:
    assert check_daemon_camera(Config(service=ServiceSettings(state_dir=tmp_path))) is None
