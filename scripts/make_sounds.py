#!/usr/bin/env python3
"""Make the sounds of ``[actions.sound]``: python scripts/make_sounds.py

Each is made of tones between 500 and 2,500 Hz, which small loudspeakers give and a cabin's noise covers least, and told
from the others by its rhythm alone, for drivers who do not hear pitch well.
"""

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
"""Samples a second; the highest tone is far below half of it."""
FOLDER = Path(__file__).parent.parent / "dms" / "actions" / "sounds"
FADE_S = 0.01
"""Each tone swells and fades for so long: a loudspeaker that clicks is heard as broken."""

Tone = tuple[float, float, float]
"""Hertz (0 silence), seconds, loudness 0..1."""
SOUNDS: dict[str, tuple[Tone, ...]] = {
    # fast and rising, twice: wakes
    "wake_up": (((1000, 0.09, 1.0), (1500, 0.09, 1.0), (2200, 0.12, 1.0), (0, 0.06, 0.0)) * 4),
    # two slow strokes: take a break
    "drowsy": ((880, 0.35, 0.7), (0, 0.1, 0.0), (660, 0.55, 0.7)),
    # one low, soft stroke: does not startle an angry driver
    "anger": ((523, 0.6, 0.4),),
    # two short ones that fall: eyes up
    "distraction": ((1400, 0.12, 0.8), (0, 0.06, 0.0), (1000, 0.2, 0.8)),
    # three equal short ones, a pause, the same again: the camera needs a hand
    "degraded": (((700, 0.12, 0.6), (0, 0.12, 0.0)) * 3 + ((0, 0.3, 0.0),) + ((700, 0.12, 0.6), (0, 0.12, 0.0)) * 3),
    # one short rise: I watch
    "watching": ((660, 0.1, 0.5), (990, 0.18, 0.5)),
}


def samples(tones: tuple[Tone, ...]) -> npt.NDArray[np.int16]:
    """(N,) int16."""
    parts = []
    for hertz, seconds, loudness in tones:
        t = np.arange(round(seconds * RATE)) / RATE
        edge = np.clip(np.minimum(t, seconds - t) / FADE_S, 0.0, 1.0)
        # a third harmonic cuts through noise better than a pure tone
        tone = np.sin(2 * np.pi * hertz * t) + 0.3 * np.sin(6 * np.pi * hertz * t)
        parts.append(loudness * edge * tone / 1.3)
    return np.asarray(np.round(np.concatenate(parts) * 30_000), np.int16)


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, tones in SOUNDS.items():
        with wave.open(str(FOLDER / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples(tones).tobytes())
