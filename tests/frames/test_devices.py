"""A camera that comes back under another number is found by its name, and no other camera is taken for it."""

from pathlib import Path

import pytest

from dms.config import CameraSettings
from dms.frames.devices import DeviceFinder
from dms.frames.fault import CameraError
from dms.frames.v4l2 import V4l2Camera


class Kernel:
    """The video devices that the kernel shows: nodes, and what it tells of them."""

    def __init__(self, folder: Path) -> None:
        self.devices, self.sysfs, self.ports = folder / "dev", folder / "sysfs", folder / "ports"
        for made in (self.devices, self.sysfs, self.ports):
            made.mkdir()

    def plug(self, node: str, name: str, port: str, index: str = "0") -> Path:
        (self.devices / node).write_text("")
        (self.ports / port).mkdir(exist_ok=True)
        told = self.sysfs / node
        told.mkdir()
        (told / "name").write_text(f"{name}\n")
        (told / "index").write_text(f"{index}\n")
        (told / "device").symlink_to(self.ports / port)
        return self.devices / node

    def pull(self, node: str) -> None:
        (self.devices / node).unlink()
        for file in (self.sysfs / node).iterdir():
            file.unlink()
        (self.sysfs / node).rmdir()

    def finder(self, device: Path) -> DeviceFinder:
        return DeviceFinder(device, self.sysfs, self.devices)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def seen(kernel: Kernel, device: Path) -> DeviceFinder:
    """A finder that has had this camera open."""
    finder = kernel.finder(device)
    assert finder.find() == device
    finder.remember(device)
    return finder


def test_another_number_is_found_and_told_once(kernel: Kernel, caplog: pytest.LogCaptureFixture) -> None:
    finder = seen(kernel, kernel.plug("video0", "HD Webcam", "1-1"))
    kernel.plug("video1", "HD Webcam", "1-1", index="1")
    kernel.pull("video0")
    assert finder.find() == kernel.devices / "video0", "it is still away, and its metadata are no pictures"
    kernel.plug("video2", "HD Webcam", "1-1")
    assert finder.find() == finder.find() == kernel.devices / "video2"
    assert caplog.text.count("HD Webcam") == 1
    kernel.pull("video2")
    kernel.plug("video0", "HD Webcam", "1-1")
    assert finder.find() == kernel.devices / "video0"


def test_in_another_socket_it_is_the_same_camera(kernel: Kernel) -> None:
    finder = seen(kernel, kernel.plug("video0", "HD Webcam", "1-1"))
    kernel.pull("video0")
    kernel.plug("video4", "HD Webcam", "1-3")
    assert finder.find() == kernel.devices / "video4"


def test_a_camera_that_was_there_beside_it_is_never_taken_for_it(kernel: Kernel) -> None:
    kernel.plug("video2", "HD Webcam", "1-2")
    finder = seen(kernel, kernel.plug("video0", "HD Webcam", "1-1"))
    kernel.pull("video0")
    assert finder.find() == kernel.devices / "video0"
    kernel.plug("video5", "HD Webcam", "1-1")
    assert finder.find() == kernel.devices / "video5"


def test_two_that_are_alike_and_come_back_with_numbers_exchanged_are_told_apart(kernel: Kernel) -> None:
    road = kernel.plug("video2", "HD Webcam", "1-2")
    driver = kernel.plug("video0", "HD Webcam", "1-1")
    camera = V4l2Camera(CameraSettings(source=str(driver)))
    camera._finder = finder = seen(kernel, driver)
    for device in (road, driver):
        kernel.pull(device.name)
    kernel.plug("video0", "HD Webcam", "1-2")
    assert finder.find() is None
    with pytest.raises(CameraError, match="another of its like"):
        next(camera.frames())
    kernel.plug("video2", "HD Webcam", "1-1")
    assert finder.find() == kernel.devices / "video2"


def test_of_two_that_are_alike_none_is_guessed(kernel: Kernel) -> None:
    finder = seen(kernel, kernel.plug("video0", "HD Webcam", "1-1"))
    kernel.pull("video0")
    kernel.plug("video3", "HD Webcam", "1-3")
    kernel.plug("video4", "HD Webcam", "1-4")
    assert finder.find() == kernel.devices / "video0"


def test_another_model_under_the_old_number_is_not_it_while_the_camera_is_there(kernel: Kernel) -> None:
    finder = seen(kernel, kernel.plug("video0", "HD Webcam", "1-1"))
    kernel.pull("video0")
    kernel.plug("video0", "Rear View", "1-2")
    kernel.plug("video1", "HD Webcam", "1-1")
    assert finder.find() == kernel.devices / "video1"
    kernel.pull("video1")
    assert finder.find() == kernel.devices / "video0", "as the configuration says, while there is no better"


def test_a_name_that_udev_gives_is_followed(kernel: Kernel) -> None:
    kernel.plug("video0", "HD Webcam", "1-1")
    link = kernel.devices / "dms-camera"
    link.symlink_to("video0")
    finder = seen(kernel, link)
    kernel.pull("video0")
    link.unlink()
    kernel.plug("video7", "HD Webcam", "1-1")
    assert finder.find() == kernel.devices / "video7"
    link.symlink_to("video7")
    assert finder.find() == link


def test_where_the_kernel_tells_nothing_the_configuration_stands(tmp_path: Path) -> None:
    finder = DeviceFinder(tmp_path / "video0", tmp_path / "none", tmp_path)
    finder.remember(tmp_path / "video0")
    assert finder.find() == tmp_path / "video0"


def test_the_camera_is_opened_where_it_is_now(kernel: Kernel) -> None:
    device = kernel.plug("video0", "HD Webcam", "1-1")
    camera = V4l2Camera(CameraSettings(source=str(device)))
    camera._finder = seen(kernel, device)
    kernel.pull("video0")
    with pytest.raises(CameraError, match="video0 does not exist"):
        next(camera.frames())
    kernel.plug("video1", "HD Webcam", "1-1")
    # a file that stands for a device opens as none, which is told of the place where it was looked for
    with pytest.raises(CameraError, match="video1 cannot be opened"):
        next(camera.frames())
