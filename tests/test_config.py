"""The configuration: what it accepts, and how it says what is wrong."""

import re
from pathlib import Path

import pytest

from dms.config import load_config, with_values
from dms.errors import UserError


def write(folder: Path, text: str) -> Path:
    path = folder / "dms.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold() -> None:
    config = load_config(None)
    assert config.vehicle.id == "vehicle-1"
    assert config.camera.source == "0"


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "")) == load_config(None)


def test_values_are_read(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, '[vehicle]\nid = "van-7"\n[camera]\nsource = "/dev/video2"\nfps = 10\n'))
    assert (config.vehicle.id, config.camera.source, config.camera.fps) == ("van-7", "/dev/video2", 10.0)


@pytest.mark.parametrize(
    ("text", "path", "given", "allowed"),
    [
        ("[camera]\nfps = 200\n", "camera.fps", "200", "must be a number from 5 to 60"),
        ('[camera]\nrotate = "left"\n', "camera.rotate", "'left'", "0, 90, 180 or 270"),
        ('[mqtt]\nport = "many"\n', "mqtt.port", "'many'", "must be a whole number from 1 to 65535, without quotes"),
        ('[vehicle]\nid = "a/b"\n', "vehicle.id", "'a/b'", "must be 1 to 64 letters, digits, - and _"),
        ("[vehicle]\nid = 7\n", "vehicle.id", "7", 'write it in quotes, "7"'),
        ("[perception]\nregion = [0, 0, 1]\n", "perception.region", "[0, 0, 1]", "must be an array of 4 numbers"),
        ("[perception]\nregion = [0.6, 0, 0.4, 1]\n", "perception.region", "0.6, 0, 0.4, 1", "left < right"),
        ("[perception]\nregion = [0, 0.5, 1, 0.5]\n", "perception.region", "0, 0.5, 1, 0.5", "top < bottom"),
        ("[perception]\nregion = [0, 0, 640, 480]\n", "perception.region", "0, 0, 640, 480", "shares 0..1"),
        ("[perception]\nregion = [nan, 0, 1, 1]\n", "perception.region", "nan, 0, 1, 1", "shares 0..1"),
        ("[camera]\nsource = 0\n", "camera.source", "0", 'write it in quotes, "0"'),
        ('[camera]\nfps = "15"\n', "camera.fps", "'15'", "must be a number from 5 to 60, without quotes"),
        ("[camera]\nfps = nan\n", "camera.fps", "nan", "must be a number from 5 to 60"),
        ("[camera]\nfps = true\n", "camera.fps", "true", "must be a number from 5 to 60"),
        ("[camera.fps]\nsecret = 1\n", "camera.fps", "a table", "must be a number from 5 to 60"),
        ('[camera]\nwidth = "640"\n', "camera.width", "'640'", "must be a whole number from 160 to 1920, without"),
        ('[camera]\nmirror = "yes"\n', "camera.mirror", "'yes'", "must be true or false, without quotes"),
        ('[mqtt]\nhome_assistant = "off"\n', "mqtt.home_assistant", "'off'", "must be true or false"),
        ("[mqtt]\nprotocol = 5\n", "mqtt.protocol", "5", "must be 'auto', '5' or '3.1.1': write it in quotes"),
        ("[service]\nstate_dir = 5\n", "service.state_dir", "5", "must be a path: write it in quotes"),
        (
            '[actions.hook]\nkinds = ["x"]\n',
            "actions.hook.kinds.0",
            "'x'",
            "must be 'fatigue', 'anger', 'distraction' or 'degraded'",
        ),
        (
            "[actions.hook]\nkinds = []\n",
            "actions.hook.kinds",
            "[]",
            "an array of 1 or more of 'fatigue', 'anger', 'distraction' or 'degraded'",
        ),
        ('[actions.led]\npin = "x"\n', "actions.led.pin", "'x'", "must be text: In gpiozero's words"),
        ("camera = 5\n", "camera", "5", "must be a table"),
        ('[camera]\nsource = ""\n', "camera.source", "''", "at least 1 character"),
    ],
)
def test_a_wrong_value_is_told_with_its_path_what_was_given_and_what_is_allowed(
    tmp_path: Path, text: str, path: str, given: str, allowed: str
) -> None:
    with pytest.raises(UserError) as raised:
        load_config(write(tmp_path, text))
    message = str(raised.value)
    assert path in message
    assert given in message
    assert allowed in message
    assert "\n" not in message


def test_every_value_may_be_written_as_toml_has_it(tmp_path: Path) -> None:
    text = """
    [camera]
    fps = 20
    mirror = true
    [perception]
    models_dir = "models"
    region = [0, 0.5, 1, 1]
    [mqtt.tls]
    ca_file = "ca.pem"
    [actions.hook]
    kinds = ["anger"]
    """
    config = load_config(write(tmp_path, text))
    assert (config.camera.fps, config.camera.mirror) == (20.0, True)
    assert (config.perception.models_dir, config.perception.region) == (Path("models"), (0.0, 0.5, 1.0, 1.0))
    assert (config.mqtt.tls.ca_file, config.actions.hook.kinds) == (Path("ca.pem"), ("anger",))
    assert with_values(config, "service", log_level="debug").perception == config.perception


def test_a_wrong_table_is_told_without_its_content(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        load_config(write(tmp_path, '[mqtt]\nhost = "hidden"\nlogin_file = "a"\nlogin_credential = "b"\n'))
    message = str(raised.value)
    assert "mqtt: login_file and login_credential exclude each other" in message
    assert "hidden" not in message


def test_values_of_the_command_line_are_checked_like_those_of_the_file() -> None:
    assert with_values(load_config(None), "camera", source="1").camera.source == "1"
    with pytest.raises(UserError, match=r"^mqtt.host: '' given; must be text of 1 to 253 characters$"):
        with_values(load_config(None), "mqtt", host="")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[camera]\nfps = 5\n[driver.time]\nmax_gap_s = 0.15\n", "driver.time.max_gap_s (0.15) must not be below"),
        (
            '[obd]\nport = "/dev/ttyUSB0"\ninterval_s = 5\n',
            "driver.speed.hold_s (5) must not be below obd.interval_s",
        ),
    ],
)
def test_what_would_mostly_be_unknown_is_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text)
    with pytest.raises(UserError, match=re.escape(words)):
        load_config(path)


def test_a_wrong_key_is_told_with_the_keys_that_are_allowed(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        load_config(write(tmp_path, "[camera]\nfsp = 10\n"))
    message = str(raised.value)
    assert "camera.fsp: no such key" in message
    assert "did you mean 'fps'?" in message
    assert "width" in message


def test_each_problem_has_a_line_of_its_own(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        load_config(write(tmp_path, "[camera]\nfps = 200\nwidth = 1\n[wheels]\nfour = true\n"))
    assert len(str(raised.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder / "absent.toml", "no such configuration file"),
        (lambda folder: folder, "cannot be read"),
        (lambda folder: write(folder, "[camera\n"), "not TOML"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path: Path, make: object, words: str) -> None:
    path = make(tmp_path)  # type: ignore[operator]
    with pytest.raises(UserError, match=words):
        load_config(path)


def test_systemds_state_directory_is_the_default_and_the_file_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", "/run/somewhere")
    assert load_config(None).service.state_dir == Path("/run/somewhere")
    chosen = load_config(write(tmp_path, '[service]\nstate_dir = "/data/dms"\n'))
    assert chosen.service.state_dir == Path("/data/dms")


def test_every_key_is_described() -> None:
    def fields(schema: dict, definitions: dict) -> list[tuple[str, dict]]:  # type: ignore[type-arg]
        return [(name, field) for part in [schema, *definitions.values()] for name, field in part["properties"].items()]

    schema = type(load_config(None)).model_json_schema()
    undescribed = [
        name for name, field in fields(schema, schema["$defs"]) if not (field.get("description") and field.get("title"))
    ]
    assert undescribed == []
