"""What the daemon keeps and does on the spot: traces that replay, clips, the hook; without a broker too."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.delivery.entry import Entry
from dms.alerts.delivery.outbox import Outbox
from dms.config import (
    ActionSettings,
    CameraSettings,
    Config,
    MqttSettings,
    PerceptionSettings,
    RecordSettings,
    ServiceSettings,
    VehicleSettings,
)
from dms.config.actions import HookSettings
from dms.driver.baseline import Baseline
from dms.frames.camera import open_source
from dms.replay.replay import replay_drives
from dms.service.baselines import USUAL_DRIVER, BaselineStore
from dms.service.daemon import Daemon
from dms.service.folder import state_folder
from dms.service.models import Models

from .process import Dms, messages, recovered, wait_for

pytestmark = pytest.mark.slow

LEARNED = Baseline(0.2, 1.0, 0.25, 1.0, 0.1, 1.0)
OF_THE_RUN = ("at", "started_at", "clock", "late_s", "topic")
"""Fields that tell the time of day, which a trace does not know."""


def judged(alerts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Alerts without what a replay cannot know: the time of day, and why the drive was over."""
    told = [{name: value for name, value in alert.items() if name not in (*OF_THE_RUN, "t")} for alert in alerts]
    for alert in told:
        if alert["evidence"].get("cause") in ("service_stop", "end_of_drive"):
            alert["evidence"] = {**alert["evidence"], "cause": "over"}
    return told


def test_a_trace_replays_to_the_alerts_of_the_live_run(
    mosquitto: Any, drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a busy machine may write the trace, and take the last alerts, later than a stop waits for it
    monkeypatch.setattr("dms.service.daemon._STOP_S", 120.0)
    learned_from = Models(PerceptionSettings()).learned_from
    listener = mosquitto.listen()
    config = Config(
        vehicle=VehicleSettings(id="van"),
        camera=CameraSettings(source=str(drive)),
        mqtt=MqttSettings(host="127.0.0.1", port=mosquitto.port),
        service=ServiceSettings(state_dir=tmp_path / "state"),
        records=RecordSettings(trace=True),
    )
    folder = state_folder(config, open_source(config.camera))
    BaselineStore(folder, learned_from).save(USUAL_DRIVER, LEARNED)
    daemon = Daemon(config)
    running = threading.Thread(target=daemon.run)
    running.start()

    def is_acknowledged() -> bool:
        listener.publish("dms/van/cmd/ack", "{}")
        time.sleep(0.2)
        return any(len(life) >= 3 for life in recovered(listener))  # start, the acknowledgement, end

    try:
        wait_for(lambda: listener.on("dms/van/availability"))
        # what is heard belongs to the trace as well
        listener.publish("dms/van/vehicle/speed", json.dumps({"kmh": 90.0}))
        wait_for(is_acknowledged)
    finally:
        daemon.stop()
        running.join(120.0)
    wait_for(lambda: listener.on("dms/van/availability")[-1:] == ["offline"])
    live = messages(listener, "alert/fatigue")
    replay_drives([tmp_path / "state" / "traces" / "000001"], config, tmp_path / "out")
    replayed = [json.loads(line) for line in (tmp_path / "out" / "events.jsonl").read_text().splitlines()]
    assert judged(replayed) == judged(live)
    header = json.loads((tmp_path / "state" / "traces" / "000001" / "0001.jsonl").read_text().partition("\n")[0])
    assert header["baseline"]["open_level"] == 0.2
    assert "usual" not in header.values()


def test_hook_and_clip_need_no_broker(start: Callable[..., Dms], drive: Path, tmp_path: Path) -> None:
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$DMS_VEHICLE $DMS_KIND $DMS_PHASE $DMS_LEVEL" >> {tmp_path}/heard\n')
    hook.chmod(0o755)
    video = "[records]\nvideo = true\nvideo_before_s = 2\nvideo_after_s = 4\n"
    dms = start(1, drive, extra=f'{video}[actions.hook]\ncommand = "{hook}"\n')
    heard = tmp_path / "heard"
    wait_for(lambda: heard.exists() and " end " in heard.read_text())
    wait_for((dms.state_dir / "clips" / "000001.avi").exists)
    code, errors = dms.end()
    assert code == 0, errors
    lines = heard.read_text().splitlines()
    assert lines[0] == "van fatigue start microsleep"
    assert "van fatigue end microsleep" in lines
    clips = sorted((dms.state_dir / "clips").iterdir())
    assert [path.name for path in clips[:2]] == ["000001.avi", "000001.json"]
    assert {path.stat().st_mode & 0o777 for path in clips} == {0o600}
    times = json.loads(clips[1].read_text())["t"]
    assert times[0] < -0.5
    assert times[-1] > 0.0


def test_what_warns_the_driver_does_not_wait_for_the_disk(
    drive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, asked, free = Outbox.put, threading.Event(), threading.Event()

    def hang(outbox: Outbox, entry: Entry) -> None:
        asked.set()
        free.wait(600.0)
        put(outbox, entry)

    monkeypatch.setattr(Outbox, "put", hang)  # no real disk hangs on demand
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\necho $DMS_PHASE >> {tmp_path}/heard\n")
    hook.chmod(0o755)
    daemon = Daemon(
        Config(
            camera=CameraSettings(source=str(drive)),
            mqtt=MqttSettings(host="127.0.0.1", port=1),
            service=ServiceSettings(state_dir=tmp_path / "state"),
            actions=ActionSettings(hook=HookSettings(command=hook)),
        )
    )
    running = threading.Thread(target=daemon.run)
    running.start()
    try:
        assert asked.wait(120.0)
        wait_for(lambda: (tmp_path / "heard").exists() and (tmp_path / "heard").read_text() == "start\n")
    finally:
        free.set()
        daemon.stop()
        running.join(60.0)


def test_a_hook_that_is_none_ends_the_start_with_code_2(start: Callable[..., Dms], clip: Path) -> None:
    code, errors = start(1, clip, extra='[actions.hook]\ncommand = "/nowhere/hook"\n').wait()
    assert code == 2
    assert "dms: actions.hook.command: /nowhere/hook is not a file that can be executed" in errors


def test_nothing_is_recorded_by_default(start: Callable[..., Dms], drive: Path) -> None:
    dms = start(1, drive)
    wait_for(lambda: " alert start" in dms.errors)
    assert dms.end()[0] == 0
    (folder,) = (dms.state_dir / "recordings").iterdir()
    assert [path.name for path in dms.state_dir.iterdir()] == ["recordings"]
    assert sorted(path.name for path in folder.iterdir()) == [
        "baselines",
        "lock",
        "outbox.numbers",
        "outbox.sqlite",
    ]
