"""Sounds, played by the real aplay into a real PulseAudio without a desktop, whose null sink keeps time."""

import shutil
import subprocess
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_sounds import SOUNDS as TONES
from make_sounds import samples

from dms.actions.actions import Actions
from dms.actions.sound import SOUNDS, Sound, SoundError, seconds_of, sound_of
from dms.actions.worker import Outcome
from dms.config.actions import ActionSettings, SoundSettings
from dms.driver.state import AngerLevel, Condition, Degraded, FatigueLevel, Phase
from dms.sink import Step
from tests.alerts.make import state
from tests.conftest import until

from .make import INFO, message, stamp

needs_aplay = pytest.mark.skipif(
    shutil.which("aplay") is None, reason="aplay is not installed: apt-get install alsa-utils"
)


@pytest.fixture
def alsa(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ALSA configuration with the devices ``null``, which takes everything at once, and ``absent``."""
    config = tmp_path / "asound.conf"
    config.write_text("pcm.quick { type null }\n")
    monkeypatch.setenv("ALSA_CONFIG_PATH", f"/usr/share/alsa/alsa.conf:{config}")
    return config


@pytest.fixture
def loudspeaker(alsa: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a device that takes as long as a loudspeaker would."""
    if shutil.which("pulseaudio") is None or not list(
        Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")
    ):
        pytest.skip("needs PulseAudio: apt-get install pulseaudio libasound2-plugins")
    socket = tmp_path / "pulse"
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--system=no",
         "-L", "module-null-sink", "-L", f"module-native-protocol-unix socket={socket} auth-anonymous=1"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    monkeypatch.setenv("PULSE_SERVER", f"unix:{socket}")
    alsa.write_text("pcm.cabin { type pulse }\n")
    until(socket.exists)
    yield "cabin"
    server.terminate()
    server.wait(10)


@needs_aplay
def test_a_sound_takes_its_time(loudspeaker: str) -> None:
    start = time.monotonic()
    assert "wake_up.wav played" in Sound(SoundSettings(device=loudspeaker)).act(message())
    assert time.monotonic() - start >= 0.8 * seconds_of(SOUNDS / "wake_up.wav")


@needs_aplay
def test_a_sound_that_is_cut_off_was_not_played(alsa: Path) -> None:
    with pytest.raises(SoundError, match="it was cut off"):
        Sound(SoundSettings(device="quick")).act(message())


@needs_aplay
def test_a_device_that_is_not_there_is_told_by_name(alsa: Path) -> None:
    with pytest.raises(SoundError, match=r"aplay -D absent: .+"):
        Sound(SoundSettings(device="absent")).act(message())


@needs_aplay
def test_it_falls_silent_when_it_is_closed(loudspeaker: str) -> None:
    outcomes: list[Outcome] = []
    actions = Actions(ActionSettings(sound=SoundSettings(device=loudspeaker)), "van-7", stamp, witness=outcomes.append)
    actions.start(INFO)
    actions.alert(message())
    actions.stop(0.2)
    until(lambda: bool(outcomes))
    assert not outcomes[0].done


@needs_aplay
def test_it_says_once_that_the_driver_is_watched(loudspeaker: str) -> None:
    outcomes: list[Outcome] = []
    actions = Actions(ActionSettings(sound=SoundSettings(device=loudspeaker)), "van-7", stamp, witness=outcomes.append)
    actions.start(INFO)
    dark: dict[str, Any] = {"condition": Condition.DEGRADED, "degraded": Degraded.DARK}
    for t, changes in enumerate(({}, dark, {})):
        actions.step(Step(None, None, state(t=float(t), **changes), (), ()))
    until(lambda: len(outcomes) == 3)
    actions.stop(5.0)
    assert [outcome.text.split(" ")[0] for outcome in outcomes] == ["watching.wav", "silent", "silent"]


def test_sounds_are_told_apart() -> None:
    wake, rest = sound_of(message()), sound_of(message(level=FatigueLevel.DROWSY))
    assert {wake, rest, sound_of(message(level=AngerLevel.ANGRY))} == {"wake_up", "drowsy", "anger"}
    assert sound_of(message(level=FatigueLevel.UNRESPONSIVE)) == wake
    assert {path.stem for path in SOUNDS.glob("*.wav")} == {wake, rest, "anger", "distraction", "degraded", "watching"}


def test_the_end_of_an_alert_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: "/nonexistent/aplay")
    assert Sound(SoundSettings(device="x")).act(message(phase=Phase.END)) == "silent"


@pytest.mark.parametrize("name", sorted(TONES))
def test_the_files_are_what_the_script_makes(name: str) -> None:
    with wave.open(str(SOUNDS / f"{name}.wav")) as file:
        found = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    made = samples(TONES[name])
    assert found.shape == made.shape
    # the last bit of a sine differs between machines
    assert np.abs(found.astype(int) - made).max() <= 1


@pytest.mark.parametrize("name", sorted(TONES))
def test_no_sound_holds_up_the_next_one_for_long(name: str) -> None:
    assert 0.2 < seconds_of(SOUNDS / f"{name}.wav") < 2.0
