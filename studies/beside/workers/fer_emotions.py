"""The package ``fer`` with its Haar detector, five times a second: fer_emotions.py OUT CLIP...

Anger is what it says when ``angry`` is the strongest emotion of the largest face.
"""

from collections.abc import Callable
from typing import Any

from clips import run
from fer import FER
from rules import ANGRY_S, Lasting, Pace

EMOTION_HZ = 5.0
DETECTOR = FER(mtcnn=False)


def make() -> Callable[[float, Any], list[str]]:
    anger, pace = Lasting(ANGRY_S), Pace(EMOTION_HZ)

    def see(t: float, image: Any) -> list[str]:
        if not pace.due(t):
            return []
        found = DETECTOR.detect_emotions(image)
        if not found:
            anger.add(t, False)
            return []
        emotions = max(found, key=lambda face: face["box"][2] * face["box"][3])["emotions"]
        return ["anger"] if anger.add(t, max(emotions, key=emotions.get) == "angry") else []

    return see


run(make)
