"""Plays a sound at each step of an alert, through ALSA: no desktop, no sound server.

Takes notices, gives sound: the WAV files of ``dms/actions/sounds`` (made by scripts/make_sounds.py), which ``aplay``
plays.
"""

import shutil
import subprocess
import threading
import time
import wave
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from dms.actions.notice import Notice
from dms.config.actions import SoundSettings
from dms.driver.state import AlertKind, FatigueLevel, Phase
from dms.errors import UserError

SOUNDS = Path(str(files("dms.actions") / "sounds"))
WHOLE = 0.8
"""Share of its length after which a sound counts as played: a device that takes 3 s of it in 3 ms has played nothing.
The rest may still lie in its buffer when the player ends."""
GRACE_S = 2.0
"""Seconds beyond its length that a sound may take to begin and end."""


class SoundError(Exception):
    """The sound was not played, or not whole."""


class Sound:
    """A loudspeaker.

    Args:
        settings: Which device; ``device`` is set.

    Raises:
        UserError: There is no ``aplay``.
    """

    name = "sound"

    def __init__(self, settings: SoundSettings) -> None:
        player = shutil.which("aplay")
        if player is None:
            raise UserError("actions.sound needs the program aplay: sudo apt-get install alsa-utils")
        self._player, self._device = player, str(settings.device)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._greeted = False

    def open(self) -> None:
        """Nothing to get ready: the device is taken for as long as it sounds."""

    def act(self, message: Notice) -> str:
        """Play the sound of a step and wait for its end.

        Raises:
            SoundError: The player failed, or the device did not take the time that the sound lasts.
        """
        if message.phase is Phase.END or (message.kind == "watching" and self._greeted):
            return "silent"
        self._greeted |= message.kind == "watching"
        return self._play(SOUNDS / f"{sound_of(message)}.wav")

    def _play(self, file: Path) -> str:
        length_s = seconds_of(file)
        start = time.monotonic()
        with self._lock:
            if self._closed:
                raise SoundError("it was stopped")
            process = self._process = subprocess.Popen(
                [self._player, "-q", "-D", self._device, str(file)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
        try:
            _, error = process.communicate(timeout=length_s + GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise SoundError(f"{self._device} took longer than the {length_s:.1f} s of {file.name}") from None
        finally:
            self._process = None
        took_s = time.monotonic() - start
        if process.returncode:
            raise SoundError(f"aplay -D {self._device}: {_last_line(error) or f'code {process.returncode}'}")
        if took_s < WHOLE * length_s:
            raise SoundError(f"{self._device} ended {file.name} after {took_s:.2f} of {length_s:.1f} s: it was cut off")
        return f"{file.name} played on {self._device}"

    def close(self) -> None:
        """Fall silent."""
        with self._lock:
            self._closed = True
            if self._process is not None:
                with suppress(ProcessLookupError):
                    self._process.kill()


def sound_of(message: Notice) -> str:
    """Return the name of the sound for a step."""
    if message.kind is AlertKind.FATIGUE:
        return "drowsy" if message.level is FatigueLevel.DROWSY else "wake_up"
    return str(message.kind)


def seconds_of(file: Path) -> float:
    """Length of a WAV file."""
    with wave.open(str(file)) as sound:
        return float(sound.getnframes() / sound.getframerate())


def _last_line(error: bytes) -> str:
    lines = error.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""
