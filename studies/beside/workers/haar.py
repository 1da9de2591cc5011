"""OpenCV's Haar cascades for face and eyes, with the papers' CNN for the emotion: haar.py OUT CLIP...

The cascades' settings are those of OpenCV's own tutorial. A face in whose upper half the cascade finds no eye has its
eyes shut. CNN10 in the environment names the net, float as cnn10.py makes it or INT8 as ``dms train cnn10`` does; the
first of its seven answers, FER2013's, is angry.
"""

import os
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from clips import run
from rules import ANGRY_S, CLOSED_S, Lasting, Pace
from tflite_runtime.interpreter import Interpreter

HZ = 5.0
"""Small computers do not manage more cascades a second, and closures of a second need no more."""


def cascade(name: str) -> Any:
    return cv2.CascadeClassifier(f"{cv2.data.haarcascades}haarcascade_{name}.xml")


def make() -> Callable[[float, Any], list[str]]:
    faces, eyes = cascade("frontalface_default"), cascade("eye")
    net = Interpreter(os.environ["CNN10"], num_threads=1)
    net.allocate_tensors()
    given, answer = net.get_input_details()[0], net.get_output_details()[0]["index"]
    closure, anger, pace = Lasting(CLOSED_S), Lasting(ANGRY_S), Pace(HZ)

    def angry(face: Any) -> bool:
        patch = cv2.resize(face, (48, 48))[None, :, :, None]
        whole = given["dtype"] is np.int8
        net.set_tensor(given["index"], (patch - 128).view(np.int8) if whole else patch / np.float32(255))
        net.invoke()
        return bool(net.get_tensor(answer)[0].argmax() == 0)

    def see(t: float, image: Any) -> list[str]:
        if not pace.due(t):
            return []
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        found = faces.detectMultiScale(grey, 1.3, 5)
        if not len(found):
            closure.add(t, False)
            anger.add(t, False)
            return []
        x, y, width, height = max(found, key=lambda box: box[2] * box[3])
        shut = not len(eyes.detectMultiScale(grey[y : y + height // 2, x : x + width]))
        alarms = ["fatigue"] if closure.add(t, shut) else []
        if anger.add(t, angry(grey[y : y + height, x : x + width])):
            alarms.append("anger")
        return alarms

    return see


run(make)
