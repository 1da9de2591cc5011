"""MediaPipe Face Mesh with the rule on the eye aspect ratio: face_mesh.py OUT CLIP..., REFINED=1 for refined eyes."""

import os
from collections.abc import Callable
from typing import Any

import cv2
import mediapipe
from clips import run
from rules import CLOSED_EAR, CLOSED_S, Lasting, eye_aspect_ratio

RIGHT, LEFT = (33, 160, 158, 133, 153, 144), (362, 385, 387, 263, 373, 380)
"""The six points of each eye among the 468 of the mesh, as they are commonly taken."""


def make() -> Callable[[float, Any], list[str]]:
    # the defaults are those of a video: the face is followed
    mesh = mediapipe.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=bool(os.environ.get("REFINED")))
    closure = Lasting(CLOSED_S)

    def see(t: float, image: Any) -> list[str]:
        found = mesh.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).multi_face_landmarks
        if not found:
            return ["fatigue"] if closure.add(t, False) else []
        height, width = image.shape[:2]
        points = found[0].landmark
        ratios = [eye_aspect_ratio([(points[i].x * width, points[i].y * height) for i in eye]) for eye in (RIGHT, LEFT)]
        return ["fatigue"] if closure.add(t, sum(ratios) / 2 < CLOSED_EAR) else []

    return see


run(make)
