"""The configuration: what it accepts, and how it says what is wrong."""

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
        ("[camera]\nfps = 200\n", "camera.fps", "200", "less than or equal to 60"),
        ('[camera]\nrotate = "left"\n', "camera.rotate", "'left'", "0, 90, 180 or 270"),
        ('[mqtt]\nport = "many"\n', "mqtt.port", "'many'", "valid integer"),
        ('[vehicle]\nid = "a/b"\n', "vehicle.id", "'a/b'", "match pattern"),
        ("[perception]\nregion = [0, 0, 1]\n", "perception.region.3", "[0, 0, 1]", "required"),
        ("[perception]\nregion = [0.6, 0, 0.4, 1]\n", "perception.region", "0.6, 0, 0.4, 1", "left < right"),
        ("[perception]\nregion = [0, 0.5, 1, 0.5]\n", "perception.region", "0, 0.5, 1, 0.5", "top < bottom"),
        ("[perception]\nregion = [0, 0, 640, 480]\n", "perception.region", "0, 0, 640, 480", "shares 0..1"),
        ("[perception]\nregion = [nan, 0, 1, 1]\n", "perception.region", "nan, 0, 1, 1", "shares 0..1"),
        ("[camera]\nsource = 0\n", "camera.source", "0", 'write it in quotes, "0"'),
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


def test_a_wrong_table_is_told_without_its_content(tmp_path: Path) -> None:
    with pytest.raises(UserError) as raised:
        load_config(write(tmp_path, '[mqtt]\nhost = "hidden"\nlogin_file = "a"\nlogin_credential = "b"\n'))
    message = str(raised.value)
    assert "mqtt: login_file and login_credential exclude each other" in message
    assert "hidden" not in message


def test_values_of_the_command_line_are_checked_like_those_of_the_file() -> None:
    assert with_values(load_config(None), "camera", source="1").camera.source == "1"
    with pytest.raises(UserError, match=r"^mqtt.host: '' given; .* at least 1 character"):
        with_values(load_config(None), "mqtt", host="")


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
