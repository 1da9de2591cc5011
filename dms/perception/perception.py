"""The Perception object: follows the driver's face or has it searched for, and runs each model at its own rate.

Takes a ``Frame``, gives an ``Observation``. It follows a face from frame to frame by its landmarks and searches the
whole picture only when it is lost. What was not measured, or cannot be, is unknown.
"""

from dataclasses import fields, replace
from typing import Annotated, Any, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from dms.config import PerceptionSettings
from dms.config.constant import Constant
from dms.frames import Frame, Image
from dms.models import MODEL_NAMES, ModelFile, load_verified
from dms.observation import Box, Emotions, HeadPose, Observation, View, WideMouth
from dms.perception.emotion import EmotionNet, face_patch
from dms.perception.eyes import EyeNet, Side, eye_patch
from dms.perception.face import Detection, FaceDetector, in_region
from dms.perception.landmarks import Crop, LandmarkNet, Landmarks
from dms.perception.lids import LidNet, lids_down
from dms.perception.mouth import MouthNet, mouth_patch
from dms.perception.pose import bowed, far_eye, head_pose, turned_to_camera
from dms.perception.search import FaceSearch
from dms.perception.stages import Stages, StageTime
from dms.perception.upright import UprightJudge
from dms.perception.view import ViewJudge, as_grey

_Shares = TypeVar("_Shares", Emotions, WideMouth)
_DECIMALS = 4
"""Of probabilities; pixels and degrees keep one."""
_DOUBT_S: Annotated[float, Constant("s", 0.0, 1.0, "own: one frame at 5 fps, with slack")] = 0.25
"""Longest time since a followed face was last confirmed for which it is followed on, unknown, while its landmarks are
in doubt: those of a face that turns far are, for a frame or two. One frame at 5 fps."""
VIEW_HZ: Annotated[float, Constant("Hz", 5, 60, "own: a hand is before the lens for seconds")] = 10.0
"""Rate at which a clear view is looked at again for darkness and a covered lens."""
RELIEVED_EMOTION_HZ: Annotated[float, Constant("Hz", 0.5, 10, "own: anger is averaged over seconds")] = 1.0
"""Rate of the emotion net on a machine that cannot keep up."""
ASK_FROM: Annotated[float, Constant("1", 0.0, 1.0, "own: the least that `closure.yawn_limit` takes")] = 0.2
"""Probability of a yawn from which the emotion net is asked what the mouth does, which is a second run of it."""
RELIEVED_MOUTH_HZ: Annotated[float, Constant("Hz", 3, 10, "yawns: one lasts 3 s or more")] = 3.0
"""Rate of the mouth net on a machine that cannot keep up."""


class _Pace:
    """Lets a stage run at most at a given rate, by the frames' own time."""

    def __init__(self, hz: float) -> None:
        self.hz = hz
        self._last = -np.inf

    def due(self, t: float) -> bool:
        # a tenth of slack keeps a 5 Hz stage at 5 Hz when frames come at 10 or 15 fps with jitter
        if 0 <= t - self._last < 0.9 / self.hz:
            return False
        self._last = t
        return True


class Perception:
    """Sees the driver.

    Args:
        settings: Rates, limits, and where the models are; the defaults and the shipped models without.

    Raises:
        UserError: A model is missing, is not the one its card describes, or cannot be run.
    """

    def __init__(self, settings: PerceptionSettings | None = None) -> None:
        settings = settings or PerceptionSettings()
        self._settings = settings
        files = {name: load_verified(name, settings.models_dir) for name in MODEL_NAMES}
        threads, runtime = settings.threads, settings.runtime
        self._finder = FaceDetector(files["face"], threads, runtime)
        self._landmarks = LandmarkNet(files["landmarks"], threads, runtime)
        self._eyes = EyeNet(files["eyes"], threads, runtime)
        self._lids = LidNet(files["lids"], threads, runtime)
        self._mouth = MouthNet(files["mouth"], threads, runtime)
        self._emotion = EmotionNet(files["emotion"], threads, runtime)
        self._view = ViewJudge(settings)
        self._search = FaceSearch(
            self._find_faces, self._locate_points, settings, self._landmarks.confidences.sure_again
        )
        self._upright = UprightJudge(self._locate_points, self._landmarks.confidences)
        self._view_pace = _Pace(VIEW_HZ)
        self._last_view: View | None = None
        self._search_pace = _Pace(settings.search_hz)
        self._mouth_pace = _Pace(settings.mouth_hz)
        self._emotion_pace = _Pace(settings.emotion_hz)
        self._stages = Stages()
        self._yawn = 0.0
        self._followed: Landmarks | None = None
        self._shape: tuple[int, ...] = ()
        self._driver: tuple[float, Box] | None = None
        self.models: dict[str, ModelFile] = files

    @property
    def landmarks(self) -> npt.NDArray[np.float32] | None:
        """(68, 2) points of the last frame in pixels, for people who look; None without a face."""
        return self._followed.points if self._followed is not None else None

    def take_times(self) -> dict[str, StageTime]:
        """Return the time spent by stage since the last call."""
        return self._stages.take()

    def relieve(self, *, emotion: bool, mouth: bool) -> None:
        """Run these nets less often than the settings say, or as often again; eyes are seen in every frame.

        Args:
            emotion: At most ``RELIEVED_EMOTION_HZ``.
            mouth: At most ``RELIEVED_MOUTH_HZ``.
        """
        settings = self._settings
        self._emotion_pace.hz = min(settings.emotion_hz, RELIEVED_EMOTION_HZ) if emotion else settings.emotion_hz
        self._mouth_pace.hz = min(settings.mouth_hz, RELIEVED_MOUTH_HZ) if mouth else settings.mouth_hz

    def warm_up(self) -> None:
        """Run every model once on an empty picture, to prove that it works before it is needed."""
        self._finder.find(np.zeros((480, 640), np.uint8))
        for net in (self._landmarks, self._eyes, self._lids, self._mouth, self._emotion):
            net.warm_up()

    def observe(self, frame: Frame) -> Observation:
        """See one frame.

        Args:
            frame: Frames must come in order of time.

        Returns:
            What was seen, numbers rounded to what they mean, so that a trace on disk holds just what was judged.
        """
        with self._stages["view"]:
            grey = as_grey(frame.image)
            if grey.shape != self._shape:
                self._shape = grey.shape
                self._forget_place()
            # what cannot be seen is looked at anew in every frame, so that a clear view is known at once
            if self._last_view is not View.CLEAR or self._view_pace.due(frame.t):
                before, self._last_view = self._last_view, self._view.judge(grey, frame.t)
                if self._last_view is View.CLEAR and before is not View.CLEAR:
                    # whoever it shows is searched for at once
                    self._search_pace = _Pace(self._settings.search_hz)
        followed = self._followed
        seen = self._locate(grey, frame.t)
        if self._last_view is not View.CLEAR and not self._is_lit(grey, seen):
            self._followed = None
            return Observation(frame.t, self._last_view)
        if self._followed is None or not seen.face:
            return seen
        with self._stages["pose"]:
            pose = head_pose(self._followed.points)
        upright = self._upright.judge(grey, frame.t, self._followed, pose, new=followed is None)
        if not upright:
            return replace(seen, upright=False)
        measured = self._measure(grey, frame.t, self._followed.points, pose)
        return Observation(frame.t, face=True, face_score=seen.face_score, box=seen.box, upright=True, **measured)

    def _forget_place(self) -> None:
        """The pictures have another size: where the face was is no place in them."""
        self._followed = self._driver = None
        self._search_pace = _Pace(self._settings.search_hz)

    def _is_lit(self, grey: Image, seen: Observation) -> bool:
        """Return whether a picture that is dark or without detail on the whole shows a face all the same, in its light.

        Only the cabin behind it is dark then, or flat.
        """
        box = seen.box
        if not seen.face or box is None:
            return False
        left, top, right, bottom = box.within(grey.shape[1], grey.shape[0])
        face = grey[top:bottom, left:right]
        return face.size > 0 and cv2.mean(face)[0] >= self._settings.dark_level

    def _locate(self, grey: Image, t: float) -> Observation:
        """Follow the face, or search for it; sets what is followed."""
        if self._followed is not None:
            landmarks = self._locate_points(grey, Crop.around_landmarks(self._followed.points))
            if in_region(landmarks.box, grey.shape, self._settings):
                if self._search.confirms(landmarks):
                    return self._face(t, landmarks)
                if self._only_doubtful(t, landmarks):
                    self._followed = landmarks
                    return Observation(t)
            self._followed = None
            self._search_pace = _Pace(self._settings.search_hz)
        if not self._search_pace.due(t):
            return Observation(t)
        sighting = self._search.search(grey, self._remembered(t))
        return Observation(t, face=sighting.face) if sighting.landmarks is None else self._face(t, sighting.landmarks)

    def _only_doubtful(self, t: float, landmarks: Landmarks) -> bool:
        """Return whether a followed face may be back in a moment; a face that is gone has a confidence near 0."""
        if self._driver is None or landmarks.confidence < self._settings.track_score / 2:
            return False
        return 0 <= t - self._driver[0] <= _DOUBT_S

    def _find_faces(self, grey: Image) -> list[Detection]:
        with self._stages["face"]:
            return self._finder.find(grey)

    def _locate_points(self, grey: Image, crop: Crop) -> Landmarks:
        with self._stages["landmarks"]:
            return self._landmarks.locate(grey, crop)

    def _remembered(self, t: float) -> Box | None:
        """Return where the driver's face was, as long as nobody else may take its place."""
        if self._driver is None or not 0 <= t - self._driver[0] <= self._settings.driver_hold_s:
            return None
        return self._driver[1]

    def _face(self, t: float, landmarks: Landmarks) -> Observation:
        box, score = landmarks.box, round(landmarks.confidence, _DECIMALS)
        self._followed, self._driver = landmarks, (t, box)
        return Observation(t, face=True, face_score=score, box=_rounded(box))

    def _measure(self, grey: Image, t: float, points: npt.NDArray[np.float32], pose: HeadPose) -> dict[str, Any]:
        """Pose, eyes, mouth and emotion of an upright face whose landmarks are known, as the observation names them."""
        ahead = turned_to_camera(pose)
        measured: dict[str, Any] = {"pose": _rounded_pose(pose)}
        if ahead:
            with self._stages["eyes"]:
                left, right = (eye_patch(grey, points, side) for side in (Side.LEFT, Side.RIGHT))
                eyes = self._eyes.look(left, right, far_eye(pose))
            measured["left_eye"], measured["right_eye"] = _round(eyes.left), _round(eyes.right)
            if lids_down(eyes):
                with self._stages["lids"]:
                    measured["looking_down"] = _round(self._lids.lowered(eyes.upright))
        if self._mouth_pace.due(t):
            with self._stages["mouth"]:
                yawn = self._mouth.yawn(mouth_patch(grey, points))
            self._yawn = yawn or 0.0
            measured["yawn"] = _round(yawn)
        if ahead and self._emotion_pace.due(t):
            with self._stages["emotion"]:
                patch = face_patch(grey, points)
                if (shown := self._emotion.expression(patch)) is not None:
                    measured["emotions"] = _rounded_shares(shown.emotions)
                    measured["frown"] = None if bowed(pose) else _round(shown.frown)
                if self._yawn >= ASK_FROM:
                    measured["wide_mouth"] = _rounded_shares(self._emotion.wide_mouth(patch))
        return measured


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DECIMALS)


def _rounded(box: Box) -> Box:
    return Box(round(box.x, 1), round(box.y, 1), round(box.width, 1), round(box.height, 1))


def _rounded_pose(pose: HeadPose) -> HeadPose:
    return HeadPose(round(pose.yaw, 1), round(pose.pitch, 1), round(pose.roll, 1))


def _rounded_shares(record: _Shares | None) -> _Shares | None:
    if record is None:
        return None
    # as astuple would, which copies every number on the way
    return type(record)(*[round(getattr(record, field.name), _DECIMALS) for field in fields(record)])
