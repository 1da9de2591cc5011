"""The command line as a person meets it: help, version, one-line errors, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.text import Text
from typer.main import get_command

from dms.cli.app import app
from dms.config import ActionSettings, CameraSettings, Config, MqttSettings, ServiceSettings
from dms.config.actions import HookSettings
from dms.models import MODEL_NAMES
from dms.observation import Observation
from dms.records.trace import TraceHeader, TraceWriter
from dms.service.check import Finding, run_checks
from dms.training.train import RECIPES
from tests.command import Run

COMMANDS = (
    "run",
    "demo",
    "replay",
    "score",
    "tune",
    "report",
    "evaluate",
    "bench",
    "check",
    "schema",
    "train",
    "watch",
    "aim",
)


def test_version(dms: Run) -> None:
    result = dms("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("dms 0.")


def test_help_lists_every_command(dms: Run) -> None:
    result = dms("--help")
    assert result.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(dms: Run, command: str) -> None:
    result = dms(command, "--help")
    assert result.returncode == 0
    assert f"Example: dms {command}" in result.stdout


def test_schema_config_is_a_json_schema(dms: Run) -> None:
    schema = json.loads(dms("schema", "config").stdout)
    assert set(schema["properties"]) == {
        "vehicle",
        "camera",
        "perception",
        "driver",
        "mqtt",
        "actions",
        "obd",
        "records",
        "service",
    }


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "/nowhere/drive.mp4", "--out", "{out}"), "/nowhere/drive.mp4: no such file"),
        (("replay", "{out}/none.jsonl", "--out", "{out}"), "cannot be read"),
        (("run", "--config", "/nowhere/dms.toml"), "no such configuration file"),
        (("score", "/nowhere/events.jsonl", "--labels", "/nowhere/labels.csv"), "/nowhere/"),
        (("score", "{out}/trace.jsonl", "--labels", "{out}/labels.csv"), "trace.jsonl:1: a trace, not events"),
        (("check", "--config", "/nowhere/dms.toml"), "no such configuration file"),
        (("bench", "--source", "/nowhere/drive.mp4"), "no such file"),
        (("replay", "{out}/junk.mp4", "--out", "{out}/none"), "not a video"),
        (("replay", "{out}/trace.jsonl", "--out", "{out}/junk.mp4"), "junk.mp4: cannot be written"),
        (("replay", "{out}/trace.jsonl", "--out", "{out}/junk.mp4/out"), "junk.mp4/out: cannot be written"),
        (("run", "--source", ""), "camera.source: '' given"),
        (("run", "--source", "libcamera:abc"), "'libcamera:abc' given"),
        (("watch", "--host", ""), "mqtt.host: '' given"),
    ],
)
def test_a_wrong_input_ends_with_one_line_and_code_2(
    dms: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    # FFmpeg would have a lot to say about it
    (tmp_path / "junk.mp4").write_bytes(b"\0\0\0\x18ftypmp42" + b"junk" * 1000)
    (tmp_path / "labels.csv").write_text("start_s,end_s,event\n")
    with TraceWriter(tmp_path / "trace.jsonl", TraceHeader("drive", "session")) as trace:
        trace.write(Observation(1.0))
    result = dms(*(argument.format(out=tmp_path) for argument in arguments))
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.startswith("dms: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_check_finds_what_is_wrong_and_says_what_to_do(dms: Run, tmp_path: Path) -> None:
    config = tmp_path / "dms.toml"
    config.write_text(
        f'[camera]\nsource = "/dev/video99"\n[mqtt]\nport = 1\n[service]\nstate_dir = "{tmp_path}/state"\n',
        encoding="utf-8",
    )
    result = dms("check", "--config", str(config), "--json")
    findings = {finding["part"]: finding for finding in json.loads(result.stdout)}
    assert result.returncode == 1
    assert findings["models"]["verdict"] == "ok"
    assert findings["camera"]["verdict"] == "failed"
    assert "is the camera plugged in?" in findings["camera"]["text"]
    assert findings["broker"]["verdict"] == "warning"
    assert "alerts wait on disk" in findings["broker"]["text"]
    assert findings["disk"]["verdict"] == "ok"
    assert not (tmp_path / "state").exists(), "a check leaves nothing behind"


def test_what_check_says_is_told_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where the folder should be", encoding="utf-8")
    config = Config(
        camera=CameraSettings(source=f"{tmp_path}/[/bold] long name {'x' * 100}.mp4"),
        mqtt=MqttSettings(host=f"{'x' * 70}.local", port=1),
        service=ServiceSettings(state_dir=tmp_path / "file" / "state"),
    )
    findings = {finding.part: finding for finding in run_checks(config)}
    assert Text.from_markup(findings["camera"].markup()).plain.endswith(f"{config.camera.source}: no such file")
    assert "is not the name or address of a machine" in findings["broker"].text
    assert findings["disk"].verdict == "warning"
    assert "lost at a restart" in findings["disk"].text


def test_check_looks_at_the_hook_where_there_is_one(tmp_path: Path) -> None:
    def finding(command: Path) -> Finding:
        actions = ActionSettings(hook=HookSettings(command=command))
        config = Config(actions=actions, mqtt=MqttSettings(port=1), service=ServiceSettings(state_dir=tmp_path))
        return {found.part: found for found in run_checks(config)}["actions"]

    assert finding(Path("/nowhere/hook")).verdict == "failed"
    assert "not a file that can be executed" in finding(Path("/nowhere/hook")).text
    assert finding(Path("/bin/true")).text.startswith("hook /bin/true")


def test_a_score_of_nothing_is_no_pass(dms: Run, tmp_path: Path) -> None:
    (tmp_path / "out" / "drive").mkdir(parents=True)
    (tmp_path / "out" / "drive" / "unfinished").write_text("")
    (tmp_path / "out" / "drive" / "events.jsonl").write_text("")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "drive.events.csv").write_text("start_s,end_s,event\n1,2,yawn\n")
    result = dms("score", tmp_path / "out", "--labels", tmp_path / "labels")
    assert result.returncode == 2
    assert "nothing missed" not in result.stdout
    assert "nothing was scored" in result.stderr


def test_several_drives_are_scored_one_by_one_and_together(dms: Run, tmp_path: Path) -> None:
    pairs: list[str] = []
    for name, event in (("a", "eyes_closed"), ("b", "eyes_close")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "events.jsonl").touch()
        (tmp_path / name / "labels.csv").write_text(f"start_s,end_s,event\n1,4,{event}\n", encoding="utf-8")
        pairs += [str(tmp_path / name / "events.jsonl"), "--labels", str(tmp_path / name / "labels.csv")]
    result = dms("score", *pairs)
    assert result.returncode == 0
    assert [line.split(" missed")[0] for line in result.stdout.splitlines()] == [
        f"{tmp_path}/a/events.jsonl: 0 of 1 found, 1",
        f"{tmp_path}/b/events.jsonl: 0 of 0 found, 0",
        "together: 0 of 1 found, 1",
    ]
    assert result.stderr.startswith(f"dms: {tmp_path}/b/labels.csv:2: 'eyes_close' is no known event (did you mean")
    assert len(result.stderr.splitlines()) == 1
    whole = json.loads(dms("score", *pairs, "--json").stdout)
    assert [drive["misses"] for drive in [*whole["drives"], whole["together"]]] == [1, 0, 1]


def test_watch_does_not_take_a_name_that_is_none(dms: Run) -> None:
    result = dms("watch", "--host", "a..b")
    assert result.returncode == 1
    assert len(result.stderr.strip().splitlines()) == 1


def test_help_tells_the_layout_of_each_models_data(dms: Run) -> None:
    help_text = dms("train", "--help").stdout
    assert "\\b" not in help_text
    lines = [line.split() for line in help_text.splitlines()]
    told = {words[0] for words in lines if len(words) > 2 and words[0] in MODEL_NAMES}
    assert told == set(MODEL_NAMES)
    assert all(f" {model} " in dms("evaluate", "--help").stdout for model in MODEL_NAMES)
    layouts = {"face": "file,x,y,w,h", "landmarks": "x67,y67", "eyes": "closed/", "lids": "down/", "mouth": "yawn"}
    for model, layout in (layouts | {"emotion": "Usage"}).items():
        assert layout in dms("evaluate", model, "--help").stdout


def test_a_command_offers_only_the_options_that_it_uses(dms: Run) -> None:
    assert "--ferplus" not in dms("evaluate", "eyes", "--help").stdout
    assert "--source" not in dms("bench", "driver", "--help").stdout
    assert "--delivery" not in dms("bench", "--help").stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bench", "--delivery", "--source", "/nonexistent"), "--delivery measures an outbox"),
        (("bench", "delivery", "--source", "/nonexistent"), "--source"),
        (("bench", "--source", "/nonexistent", "driver"), "behind the command: dms bench driver"),
        (("evaluate", "eyes", "{out}", "--ferplus", "{out}/fer2013new.csv"), "--ferplus"),
        (("evaluate", "emotion", "{out}", "--ferplus", "{out}/fer2013new.csv"), "are for fer2013.csv"),
        (("evaluate", "emotion", "{out}", "--usage", "PrivateTest"), "are for fer2013.csv"),
        (("evaluate", "emotion", "{out}", "--square", "8"), "--square is for --occlusion"),
        (
            ("replay", "{out}", "--out", "{out}", "--scheduler", "tcp://h:1", "--workers", "2"),
            "--workers is for processes",
        ),
        (("replay", "{out}/trace.jsonl", "--out", "{out}", "--track", "2"), "are for recordings with pictures"),
    ],
)
def test_options_that_a_mode_does_not_use_are_refused(
    dms: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    (tmp_path / "trace.jsonl").touch()
    result = dms(*(argument.format(out=tmp_path) for argument in arguments))
    assert result.returncode == 2
    assert words in Text.from_ansi(result.stderr).plain


def test_bench_alone_means_perception(dms: Run, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.jpg"), np.full((120, 160, 3), 90, np.uint8))
    for spelling in (("bench",), ("bench", "perception")):
        result = dms(*spelling, "--source", str(tmp_path), "--json")
        assert json.loads(result.stdout)["frames"] == 1, result.stderr


def _loaded(program: str, names: tuple[str, ...]) -> str:
    """Which of these modules are loaded after a program, as a list."""
    code = f"{program}\nimport sys; print([name for name in {names} if name in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    return result.stdout.splitlines()[-1] if result.stdout else result.stderr


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_help_loads_no_library_that_it_does_not_need(option: str) -> None:
    program = (
        f"import sys; sys.argv = ['dms', '{option}']; from dms.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert _loaded(program, ("numpy", "cv2", "pydantic", "paho", "rich")) == "[]"


def test_the_daemon_loads_neither_the_reader_of_videos_nor_what_draws_terminals() -> None:
    assert _loaded("import dms.service.daemon, dms.cli.app", ("av", "rich", "pyarrow")) == "[]"


def test_help_lists_commands_by_their_whole_first_paragraph(dms: Run) -> None:
    assert "..." not in dms("--help").stdout.partition("Commands:")[2]
    assert " ".join(dms("bench", "--help").stdout.split()).count("Needs Mosquitto.") == 2


def test_every_model_that_ships_is_trained_and_measured_by_its_name() -> None:
    assert set(RECIPES) == set(MODEL_NAMES)
    assert set(get_command(app).commands["evaluate"].commands) == set(MODEL_NAMES)  # type: ignore[attr-defined]
