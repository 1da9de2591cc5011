"""What a vehicle does to a daemon: kills, cuts, a full disk, a clock that jumps. Real processes throughout."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from dms.records.trace import read_trace
from tests.mjpeg import MjpegCamera, jpegs

from .process import Dms, messages, none_missing, wait_for

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
FAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")), None)
HOUR_S = 3600


@pytest.fixture
def camera(clip: Path) -> Iterator[MjpegCamera]:
    made = MjpegCamera(jpegs(clip))
    made.switch_on()
    yield made
    made.switch_off()


def test_broker_and_camera_lost_together_are_both_found_again(
    mosquitto_factory: Callable[..., Any], start: Callable[..., Dms], camera: MjpegCamera
) -> None:
    broker = mosquitto_factory()
    broker.start()
    listener = broker.listen()
    dms = start(broker.port, camera.address)
    wait_for(lambda: messages(listener, "alert/fatigue"))
    broker.stop()
    camera.switch_off()
    time.sleep(3.0)
    assert dms.process.poll() is None
    broker.start()
    wait_for(lambda: [state for state in messages(listener, "state") if state["degraded"] == "camera_lost"])
    before = len(messages(listener, "alert/fatigue"))
    camera.switch_on()
    wait_for(lambda: len(messages(listener, "alert/fatigue")) > before + 1)
    wait_for(lambda: none_missing(listener))
    assert dms.end()[0] == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of half a megabyte."""
    folder = tmp_path / "state"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small file system cannot be mounted: this takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_costs_no_alert(
    mosquitto_factory: Callable[..., Any], start: Callable[..., Dms], drive: Path, small_disk: Path
) -> None:
    broker = mosquitto_factory()
    # the broker knows its subscriber before the daemon: what is sent the moment it is back must not pass him by
    broker.start()
    listener = broker.listen()
    broker.stop()
    dms = start(broker.port, drive, extra="[records]\ntrace = true\nvideo = true\n")
    # not before it has read the outbox: with no tables in it yet, the count would go on from the clock
    wait_for(lambda: " watches " in dms.errors)
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(b"\0" * 4096)
            file.flush()
    assert shutil.disk_usage(small_disk).free == 0
    wait_for(lambda: "alerts are kept in memory meanwhile" in dms.errors)
    raised = dms.errors.count(" alert ")
    wait_for(lambda: dms.errors.count(" alert ") >= raised + 3)
    broker.start()
    health = wait_for(lambda: [each for each in messages(listener, "health") if each["broker"]["outbox_error"]])
    assert "full" in health[-1]["broker"]["outbox_error"]
    filler.unlink()
    wait_for(lambda: messages(listener, "health")[-1]["broker"]["outbox_error"] is None)
    wait_for(lambda: none_missing(listener) >= raised + 3)
    assert dms.end()[0] == 0
    wait_for(lambda: listener.on("dms/van/availability")[-1:] == ["offline"])
    wait_for(lambda: none_missing(listener))
    assert min(messages(listener, "alert/fatigue"), key=lambda alert: alert["sequence"])["phase"] == "start"


def utc(message: dict[str, Any]) -> float:
    return datetime.fromisoformat(message["at"]).timestamp()


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed: apt-get install libfaketime")
def test_a_clock_that_jumps_an_hour_either_way_changes_times_and_nothing_else(
    mosquitto: Any, start: Callable[..., Dms], camera: MjpegCamera, tmp_path: Path
) -> None:
    listener = mosquitto.listen()
    jump = tmp_path / "faketime"
    jump.write_text("+0")
    dms = start(
        mosquitto.port,
        camera.address,
        environment={
            "LD_PRELOAD": str(FAKETIME),
            "FAKETIME_TIMESTAMP_FILE": str(jump),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        },
    )
    for offset in (HOUR_S, -HOUR_S):
        before = len(messages(listener, "alert/fatigue"))
        wait_for(lambda: len(messages(listener, "alert/fatigue")) > before)  # noqa: B023
        # in the middle of an alert; renamed into place, since the daemon reads it whenever it asks for the time
        (tmp_path / "jump").write_text(f"{offset:+d}")
        (tmp_path / "jump").replace(jump)
        wait_for(lambda: abs(utc(messages(listener, "state")[-1]) - time.time() - offset) < 60)  # noqa: B023
    states = messages(listener, "state")
    numbers = [state["sequence"] for state in states]
    assert numbers == sorted(set(numbers)), "in order; a newer one may have replaced one that waited"
    alerts = messages(listener, "alert/fatigue")
    assert [alert["sequence"] for alert in alerts] == list(range(1, len(alerts) + 1))
    assert all(alert["late_s"] < HOUR_S / 2 for alert in alerts), "lateness rests on monotonic time"
    for alert in alerts:
        assert 0 <= utc(alert) - datetime.fromisoformat(alert["started_at"]).timestamp() < HOUR_S / 2
    assert listener.on("dms/van/availability") == ["online"]
    assert dms.end()[0] == 0


def test_sigterm_ends_it_within_two_seconds_whatever_hangs(
    mosquitto: Any, start: Callable[..., Dms], drive: Path, tmp_path: Path
) -> None:
    hook = tmp_path / "hook"
    hook.write_text("#!/bin/sh\nsleep 600\n")
    hook.chmod(0o755)
    listener = mosquitto.listen()
    extra = f'[records]\ntrace = true\nvideo = true\n[actions.hook]\ncommand = "{hook}"\ntimeout_s = 60\n'
    dms = start(mosquitto.port, drive, extra=extra)
    wait_for(lambda: messages(listener, "alert/fatigue"))
    trace = dms.state_dir / "traces" / "000001"
    wait_for(lambda: sum(part.stat().st_size for part in trace.glob("*")))  # some of it is written by now
    os.kill(mosquitto_pid(mosquitto), signal.SIGSTOP)  # a broker that neither answers nor hangs up
    try:
        asked = time.monotonic()
        code, errors = dms.end()
        took_s = time.monotonic() - asked
    finally:
        os.kill(mosquitto_pid(mosquitto), signal.SIGCONT)
    assert code == 0, errors
    assert took_s < 10.0, "two seconds, and what a busy machine takes; what hangs does so for 20 s at least"
    _, events = read_trace(trace)
    assert len(list(events)) > 20


def mosquitto_pid(broker: Any) -> int:
    return int(broker._process.pid)


def test_an_alert_that_a_killed_daemon_left_open_is_ended_by_the_next_one(
    mosquitto: Any, start: Callable[..., Dms], drive: Path
) -> None:
    listener = mosquitto.listen()

    def left_open() -> set[str]:
        alerts = messages(listener, "alert/fatigue")
        return {one["event_id"] for one in alerts} - {one["event_id"] for one in alerts if one["phase"] == "end"}

    dms = start(mosquitto.port, drive)
    wait_for(left_open)
    dms.end(signal.SIGKILL)
    killed = left_open()
    start(mosquitto.port, drive)

    def ends() -> list[dict[str, Any]]:
        return [
            one for one in messages(listener, "alert/fatigue") if one["phase"] == "end" and one["event_id"] in killed
        ]

    if not killed:
        pytest.skip("the end came before the kill")
    (end,) = wait_for(ends)
    assert end["evidence"]["cause"] == "restart"
    wait_for(lambda: len({one["session"] for one in messages(listener, "state")}) == 2)
    numbers = sorted({one["sequence"] for one in messages(listener, "alert/fatigue")})
    assert numbers == list(range(1, len(numbers) + 1))
