"""`dms check` opens what the daemon would write, changes nothing, and waits for nobody."""

import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dms.alerts.delivery.outbox import Outbox
from dms.config import CameraSettings, Config, MqttSettings, RecordSettings, ServiceSettings
from dms.driver.baseline import Baseline
from dms.errors import UserError, WorldError
from dms.frames.camera import open_source
from dms.service import check
from dms.service.baselines import USUAL_DRIVER, BaselineStore
from dms.service.check_disk import check_disk
from dms.service.folder import user_name
from dms.service.lock import lock_folder

from .process import Dms, wait_for

NOBODY = 65534
is_root = os.geteuid() == 0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A state folder as a daemon leaves it, which another user may enter."""
    parent = Path(tempfile.mkdtemp())
    parent.chmod(0o755)
    made = parent / "state"
    Outbox(made / "outbox.sqlite", 100).close()
    lock_folder(made).close()
    BaselineStore(made, "models").save(USUAL_DRIVER, Baseline(0.1, 0.0, 0.2, 0.0, 0.0, 0.0))
    for name in ("traces/000001", "clips"):
        (made / name).mkdir(parents=True)
    yield made
    for path in (parent, *parent.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o700)
    shutil.rmtree(parent)


def config(folder: Path, **camera: str) -> Config:
    return Config(
        camera=CameraSettings(source="/dev/video99", **camera),
        mqtt=MqttSettings(host="127.0.0.1", port=1),
        service=ServiceSettings(state_dir=folder),
        records=RecordSettings(trace=True, video=True),
    )


@contextmanager
def as_service(folder: Path) -> Iterator[None]:
    """As the user whom the folder belongs to, who is not root."""
    if not is_root:
        yield
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def test_what_can_be_written_is_ok_and_stays_as_it_is(folder: Path) -> None:
    before = contents(folder)
    with as_service(folder):
        verdict, text = check_disk(config(folder))
    assert (verdict, "and what lies in it can be written" in text) == ("ok", True), text
    assert contents(folder) == before


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    verdict, _ = check_disk(config(tmp_path / "not" / "there"))
    assert verdict == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["outbox.sqlite", "outbox.numbers", "lock", f"baselines/{USUAL_DRIVER}.json", "baselines", "traces/000001"]
)
def test_one_file_or_folder_that_cannot_be_written_is_named_and_what_to_do(folder: Path, name: str) -> None:
    with as_service(folder):
        (folder / name).chmod(0o555 if (folder / name).is_dir() else 0o444)
        verdict, text = check_disk(config(folder))
    assert verdict == "warning"
    assert f"{folder / name} cannot be written (Permission denied)" in text
    assert "sudo chown -R" in text


def test_a_folder_that_cannot_be_written_at_all_is_told_as_before(folder: Path) -> None:
    with as_service(folder):
        folder.chmod(0o555)
        verdict, text = check_disk(config(folder))
    assert verdict == "warning"
    assert text.startswith(f"{folder} cannot be written (Permission denied)")


def test_what_is_not_recorded_need_not_be_written(folder: Path) -> None:
    quiet = config(folder).model_copy(update={"records": RecordSettings()})
    with as_service(folder):
        (folder / "traces").chmod(0o555)
        assert check_disk(quiet)[0] == "ok"
        assert check_disk(config(folder))[0] == "warning"


def test_a_pipe_in_the_place_of_the_outbox_keeps_nobody_waiting(folder: Path) -> None:
    (folder / "outbox.sqlite").unlink()
    os.mkfifo(folder / "outbox.sqlite")
    assert f"{folder / 'outbox.sqlite'} cannot be written (it is no file)" in check_disk(config(folder))[1]


@pytest.mark.skipif(not is_root, reason="only root gives files away")
def test_root_is_told_of_what_he_left_in_the_services_folder(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with as_service(folder):
        pass
    assert check_disk(config(folder))[0] == "ok"
    os.chown(folder / "outbox.sqlite", 0, 0)
    verdict, text = check_disk(config(folder))
    assert verdict == "warning"
    name = user_name(NOBODY)
    assert f"outbox.sqlite belongs to root, not to {name} like its folder" in text
    assert text.endswith(f"sudo chown -R {name}: {folder}")
    lock_folder(folder).close()
    assert f"run as root in {folder}, which belongs to {name}" in caplog.text


def test_a_folder_of_ones_own_is_no_reason_to_warn(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    lock_folder(tmp_path / "state").close()
    assert caplog.text == ""


def test_a_source_that_is_a_pipe_or_another_device_is_told_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "drive.mp4"
    os.mkfifo(pipe)
    with pytest.raises(UserError, match="neither a video file nor a folder"):
        open_source(CameraSettings(source=str(pipe)))
    os.mkfifo(tmp_path / "drive.png")
    with pytest.raises(UserError, match="no images in this folder"):
        open_source(CameraSettings(source=str(tmp_path)))
    for device in ("/dev/null", "/dev/zero"):
        with pytest.raises(WorldError, match=f"{device} is no camera"):
            next(open_source(CameraSettings(source=device)).frames())


def test_a_pipe_among_the_devices_is_not_opened() -> None:
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        pytest.skip("no shared memory to make a pipe in")
    pipe = shared / f"dms-test-pipe-{os.getpid()}"
    os.mkfifo(pipe)
    try:
        with pytest.raises(WorldError, match="is no camera"):
            next(open_source(CameraSettings(source=str(pipe))).frames())
    finally:
        pipe.unlink()


def test_a_camera_that_hangs_in_its_driver_ends_the_check_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    def hang(_config: Config) -> tuple[str, str]:
        free.wait(60.0)
        return "ok", "too late"

    monkeypatch.setattr(check, "check_camera", hang)  # no driver hangs on demand
    monkeypatch.setattr(check, "_CAMERA_S", 0.2)
    try:
        found = {one.part: one for one in check.run_checks(config(tmp_path))}
    finally:
        free.set()
    assert found["camera"].failed
    assert "hangs: it has not answered" in found["camera"].text


@pytest.mark.slow
def test_a_daemon_that_runs_is_asked_what_it_sees(start: Callable[..., Dms]) -> None:
    dms = start(1, "/dev/video99")
    asked = config(dms.state_dir)

    def has_spoken() -> dict[str, check.Finding] | None:
        found = {one.part: one for one in check.run_checks(asked)}
        # of the broker once it has had time to find it
        return found if "daemon" in found and "broker" in found["daemon"].text else None

    found = wait_for(has_spoken)
    assert found["camera"].failed
    assert found["camera"].text.startswith("the running daemon holds it: /dev/video99 does not exist")
    assert f"process {dms.process.pid} runs, but broker: it cannot be reached" in found["daemon"].text
    dms.end()
    assert "daemon" not in {one.part for one in check.run_checks(asked)}
