"""What was seen in one frame: the plain data that perception gives and the driver room judges.

Takes nothing and imports no other room, so that both sides of the road can share it. Every measure has three
values, not two: a number, or ``None`` for unknown. Unknown is never read as open, closed, calm or absent.
"""

from dataclasses import dataclass
from enum import StrEnum

from dms.frozen import quick_init


class View(StrEnum):
    """Whether the picture as a whole can be judged."""

    CLEAR = "clear"
    DARK = "dark"
    """Too little light for any face to be seen."""
    COVERED = "covered"
    """No detail anywhere: a hand, tape or fog on the lens, or a picture without content."""
    LOST = "lost"
    """No picture at all: the camera gives nothing."""
    FAILED = "failed"
    """There was a picture, but it could not be analysed: a net or the picture itself failed."""


@quick_init
@dataclass(frozen=True, slots=True)
class Box:
    """A face, tight from forehead to chin, in pixels of the frame it was found in."""

    x: float
    y: float
    width: float
    height: float

    def within(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the part of the box that a picture of this size holds, whole pixels."""
        left, top = min(max(0, int(self.x)), width), min(max(0, int(self.y)), height)
        right, bottom = min(int(self.x + self.width), width), min(int(self.y + self.height), height)
        return left, top, max(left, right), max(top, bottom)


@quick_init
@dataclass(frozen=True, slots=True)
class HeadPose:
    """Rotation of the head against the camera axis, in degrees.

    Positive yaw turns the head towards the image's right, positive pitch raises the chin, positive roll tilts
    the head clockwise in the image.
    """

    yaw: float
    pitch: float
    roll: float


@quick_init
@dataclass(frozen=True, slots=True)
class Emotions:
    """Probabilities of the eight FER+ classes (Barsoum et al. 2016); they add up to 1."""

    neutral: float
    happiness: float
    surprise: float
    sadness: float
    anger: float
    disgust: float
    fear: float
    contempt: float


@quick_init
@dataclass(frozen=True, slots=True)
class WideMouth:
    """What a mouth does that is wide open, as probabilities that add up to 1; of another mouth they say nothing."""

    yawn: float
    shout: float
    """Shouts in anger."""
    other: float
    """Talks, laughs, is surprised."""


@quick_init
@dataclass(frozen=True, slots=True)
class Observation:
    """One frame as seen, without a picture.

    Attributes:
        t: The frame's own timestamp in seconds; only differences mean anything.
        view: Whether the picture can be judged at all.
        face: True present, False absent, None unknown (the picture cannot be judged, or was not).
        face_score: Confidence of the face in 0..1, None without a face.
        box: The driver's face in frame pixels.
        pose: Head rotation, None when it could not be measured.
        left_eye: Probability in 0..1 that the driver's left eye (on the image's right) is closed, None unknown.
        right_eye: The same for the driver's right eye. An eye that looks down under a lowered lid is not closed.
        yawn: Probability in 0..1 of a mouth wide open as in a yawn, None unknown (covered, turned away).
        emotions: None when unknown or not measured on this frame: it may run at a lower rate than the eyes.
        looking_down: Probability in 0..1 that the driver's eyes are lowered, to a lap, a phone or the console, and not
            shut; None unknown, and where an eye is plainly open.
        wide_mouth: What the mouth does if it is wide open, read from the whole face together with ``emotions``.
        upright: Whether the face stands upright in the picture: False when the camera is turned, and then pose, eyes,
            mouth and emotions are unknown; None unknown.
        frown: Probability in 0..1 of an angry frown, read together with ``emotions``; of a wide mouth it says nothing.
            None also for a head that is seen from above, whose brow always looks knit.
            ``emotions.anger`` is the same question with the odds of pictures on the web, where frowns are rare.
    """

    t: float
    view: View = View.CLEAR
    face: bool | None = None
    face_score: float | None = None
    box: Box | None = None
    pose: HeadPose | None = None
    left_eye: float | None = None
    right_eye: float | None = None
    yawn: float | None = None
    emotions: Emotions | None = None
    looking_down: float | None = None
    wide_mouth: WideMouth | None = None
    upright: bool | None = None
    frown: float | None = None
