"""A program of the owner's is run for an alert, and can do no harm."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dms.actions.actions import Actions
from dms.actions.hook import Hook, HookError
from dms.config.actions import ActionSettings, HookSettings
from dms.driver.state import AngerLevel, Condition, Degraded, Phase
from dms.errors import UserError
from dms.sink import Step
from tests.alerts.make import state
from tests.conftest import until

from .make import INFO, message, stamp


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an executable shell script; ``$OUT`` in it is a file of the test's."""

    def write(text: str) -> Path:
        path = tmp_path / "hook"
        path.write_text(f"#!/bin/sh\nOUT={tmp_path}/out\n{text}\n")
        path.chmod(0o755)
        return path

    return write


def started(command: Path, **options: object) -> Actions:
    actions = Actions(ActionSettings(hook=HookSettings.model_validate({"command": command, **options})), "van-7", stamp)
    actions.start(INFO)
    return actions


def health(actions: Actions) -> tuple[int, int, int]:
    report = actions.report()
    assert report is not None
    return report.done, report.failed, report.dropped


def test_it_gets_the_alert_as_json_and_in_its_environment(
    script: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/systemd/notify")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/dms")
    actions = started(script('cat > "$OUT.json"; env > "$OUT"'))
    alert = message()
    actions.alert(alert)
    until(lambda: health(actions) == (1, 0, 0))
    actions.stop(5.0)
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(alert.to_json())
    environment = dict(line.partition("=")[::2] for line in (tmp_path / "out").read_text().splitlines())
    told = {name: value for name, value in environment.items() if name.startswith("DMS_")}
    assert told == {
        "DMS_VEHICLE": "van-7",
        "DMS_KIND": "fatigue",
        "DMS_PHASE": "start",
        "DMS_LEVEL": "microsleep",
        "DMS_EVENT_ID": str(alert.event_id),
        "DMS_TEST": "0",
    }
    assert not {"NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY"} & set(environment)


def test_it_is_told_that_the_driver_cannot_be_judged_where_it_asks_for_that(
    script: Callable[[str], Path], tmp_path: Path
) -> None:
    actions = started(script('cat >> "$OUT.json"; env | grep ^DMS_LEVEL >> "$OUT"'), kinds=["degraded"])
    actions.alert(message())
    dark: dict[str, Any] = {"condition": Condition.DEGRADED, "degraded": Degraded.DARK}
    for t, changes in enumerate(({}, dark, {})):
        actions.step(Step(None, None, state(t=float(t), **changes), (), ()))
    until(lambda: health(actions) == (2, 0, 0))
    actions.stop(5.0)
    steps = [json.loads(line) for line in (tmp_path / "out.json").read_text().splitlines()]
    assert [(step["kind"], step["phase"], step["level"]) for step in steps] == [
        ("degraded", "start", "dark"),
        ("degraded", "end", "dark"),
    ]
    assert (tmp_path / "out").read_text().split() == ["DMS_LEVEL=dark"] * 2


@pytest.mark.slow
def test_a_program_that_hangs_is_killed_with_what_it_started(script: Callable[[str], Path], tmp_path: Path) -> None:
    actions = started(script('sleep 600 & echo $! > "$OUT"; wait'), timeout_s=5.0)
    actions.alert(message())
    until(lambda: health(actions) == (0, 1, 0))
    report = actions.report()
    assert report is not None
    assert report.error == f"hook: {tmp_path}/hook was killed: it took longer than 5 s"
    child = int((tmp_path / "out").read_text())
    until(lambda: not alive(child))
    actions.stop(5.0)


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_a_program_that_fails_is_told_and_tried_again_at_the_next_alert(
    script: Callable[[str], Path], tmp_path: Path
) -> None:
    actions = started(script('[ "$DMS_PHASE" = end ] || exit 3'))
    actions.alert(message())
    until(lambda: health(actions) == (0, 1, 0))
    report = actions.report()
    assert report is not None
    assert report.error == f"hook: {tmp_path}/hook ended with code 3"
    actions.alert(message(Phase.END))
    until(lambda: health(actions) == (1, 1, 0))
    report = actions.report()
    assert report is not None
    assert report.error is None
    actions.stop(5.0)


def test_what_comes_while_it_is_busy_is_dropped_and_the_road_never_waits(script: Callable[[str], Path]) -> None:
    actions = started(script("sleep 600"), timeout_s=60.0, per_minute=600)
    began = time.monotonic()
    for _ in range(500):
        actions.alert(message(Phase.UPDATE))
    assert time.monotonic() - began < 30.0
    # one is acted on, eight wait; whether the first was taken yet when the second came is left open
    done, failed, dropped = health(actions)
    assert (done, failed) == (0, 0)
    assert 491 <= dropped <= 492
    began = time.monotonic()
    actions.stop(0.2)
    assert time.monotonic() - began < 30.0, "a stop does not wait for it"


def test_starts_and_updates_are_limited_and_an_end_always_passes(script: Callable[[str], Path], tmp_path: Path) -> None:
    actions = started(script('echo "$DMS_PHASE" >> "$OUT"'), per_minute=2)
    for phase in (Phase.START, Phase.UPDATE, Phase.UPDATE, Phase.UPDATE, Phase.END):
        actions.alert(message(phase))
    until(lambda: health(actions) == (3, 0, 2))
    actions.stop(5.0)
    assert (tmp_path / "out").read_text().split() == ["start", "update", "end"]


def test_only_the_kinds_that_are_wanted_are_acted_on(script: Callable[[str], Path], tmp_path: Path) -> None:
    actions = started(script('echo "$DMS_KIND" >> "$OUT"'), kinds=["anger"])
    actions.alert(message())
    actions.alert(message(level=AngerLevel.ANGRY))
    until(lambda: health(actions) == (1, 0, 0))
    actions.stop(5.0)
    assert (tmp_path / "out").read_text().split() == ["anger"]


def test_what_waits_at_a_stop_is_still_acted_on(script: Callable[[str], Path], tmp_path: Path) -> None:
    actions = started(script('sleep 0.1; echo "$DMS_PHASE" >> "$OUT"'))
    actions.alert(message())
    actions.alert(message(Phase.END))
    actions.stop(60.0)
    assert (tmp_path / "out").read_text().split() == ["start", "end"]


def test_a_run_that_begins_while_it_is_stopped_is_killed(script: Callable[[str], Path]) -> None:
    hook = Hook(HookSettings(command=script("sleep 600"), timeout_s=60.0), "van-7")
    hook.close()
    with pytest.raises(HookError, match="ended with signal 9"):
        hook.act(message())


def test_the_example_of_the_page_speaks_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "actions.md").read_text(encoding="utf-8")
    example = page.partition("```sh\n#!")[2].partition("```")[0]
    for name, text in {"hook": f"#!{example}", "aplay": f'#!/bin/sh\necho "$@" >> {tmp_path}/played\n'}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    shutil.copy(tmp_path / "aplay", tmp_path / "logger")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    actions = started(tmp_path / "hook")
    for alert in (message(), message(Phase.END), message(level=AngerLevel.ANGRY)):
        actions.alert(alert)
    until(lambda: health(actions) == (3, 0, 0))
    actions.stop(5.0)
    assert (tmp_path / "played").read_text().splitlines() == [
        "-t dms-hook fatigue start microsleep",
        "-q /etc/dms/wake-up.wav",
        "-t dms-hook fatigue end microsleep",
        "-t dms-hook anger start angry",
    ]


def test_a_program_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("#!/bin/sh\n")
    for command in (plain, tmp_path / "nowhere", tmp_path):
        with pytest.raises(UserError, match=r"actions.hook.command: .* is not a file that can be executed"):
            started(command)


def test_without_a_configuration_nothing_is_done() -> None:
    actions = Actions(ActionSettings(), "van-7", stamp)
    actions.start(INFO)
    actions.alert(message())
    assert actions.report() is None
    actions.stop(0.0)
