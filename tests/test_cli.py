"""The command line as a person meets it: help, version, one-line errors, exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = ("run", "demo", "replay", "score", "evaluate", "bench", "check", "schema", "train", "watch")


def dms(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dms", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def test_version() -> None:
    result = dms("--version")
    assert result.returncode == 0
    assert result.stdout.startswith("dms 0.")


def test_help_lists_every_command() -> None:
    result = dms("--help")
    assert result.returncode == 0
    for command in COMMANDS:
        assert f" {command} " in result.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = dms(command, "--help")
    assert result.returncode == 0
    assert f"Example: dms {command}" in result.stdout


def test_schema_config_is_a_json_schema() -> None:
    schema = json.loads(dms("schema", "config").stdout)
    assert set(schema["properties"]) == {"vehicle", "camera", "perception", "driver", "mqtt", "service"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", "/nowhere/drive.mp4", "--out", "{out}"), "/nowhere/drive.mp4: no such file"),
        (("replay", "{out}/none.jsonl", "--out", "{out}"), "cannot be read"),
        (("run", "--config", "/nowhere/dms.toml"), "no such configuration file"),
        (("score", "/nowhere/events.jsonl", "--labels", "/nowhere/labels.csv"), "/nowhere/"),
        (("check", "--config", "/nowhere/dms.toml"), "no such configuration file"),
        (("bench", "--source", "/nowhere/drive.mp4"), "no such file"),
    ],
)
def test_a_wrong_input_ends_with_one_line_and_code_2(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    result = dms(*(argument.format(out=tmp_path) for argument in arguments))
    assert result.returncode == 2
    assert words in result.stderr
    assert result.stderr.startswith("dms: ")
    assert len(result.stderr.strip().splitlines()) == 1


def test_check_finds_what_is_wrong_and_says_what_to_do(tmp_path: Path) -> None:
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
