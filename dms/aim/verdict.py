"""What is said about a camera's aim: plain data."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar, Self


class Verdict(StrEnum):
    """Whether the driver can be watched like this."""

    GOOD = "good"
    USABLE = "usable"
    """The driver is watched, but not as well as could be."""
    NOT_USABLE = "not_usable"


class Problem(StrEnum):
    """What is wrong with the aim."""

    NO_FACE = "no_face"
    FACE_TOO_SMALL = "face_too_small"
    DARK = "dark"
    BACKLIGHT = "backlight"
    UPSIDE_DOWN = "upside_down"
    SIDEWAYS = "sideways"
    EYE_HIDDEN = "eye_hidden"
    GLARE = "glare"
    CUT_OFF = "cut_off"
    LARGER_FACE = "larger_face"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Advice:
    """One problem, and what to do about it.

    Attributes:
        problem: Which.
        grave: Whether the driver cannot be watched before it is mended.
        text: What is wrong, with its number, and what to change.
    """

    problem: Problem
    grave: bool
    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured over the stretch that was judged. Light is a mean grey level 0..255; shares are 0..1.

    Attributes:
        start_t: When it begins, seconds on the frames' clock.
        seconds: How long it is.
        pictures: How many pictures it holds.
        fps: Pictures per second, None for a single one.
        width: Of the picture, pixels.
        height: Of the picture, pixels.
        picture_light: Of the whole picture.
        blown_out: Share of the picture that is as bright as can be, without the face.
        dark: Share of the time in which nothing could be seen for darkness.
        covered: Share of the time in which the picture showed nothing.
        face: Share of the time in which the driver's face was seen.
        face_height: Forehead to chin, pixels; this and all below None without a face.
        face_outside: Share of the face that lies beyond the picture's edge.
        edges: Which edges cut it off: of left, top, right, bottom.
        face_light: Of the face.
        around_light: Of what is around it.
        left_eye: Share of the pictures with a face in which the driver's left eye could be read.
        right_eye: The same for the right eye.
        either_eye: The same for at least one of them.
        yaw: How far the head is turned, degrees; positive towards the image's right.
        glare: Share of the pictures with a face in which light is reflected over an eye.
        turn: Clockwise degrees by which the picture must be turned for its face to stand upright; None when no face
            was found at any of 0, 90, 180 and 270.
        other_height: Height of the largest other face that might be taken for the driver's, pixels; None without one.
        other_left: Whether that face is left of the driver's in the picture.
        split: Share 0..1 of the picture's width half-way between the two faces.
        elsewhere: Whether a face was seen outside ``perception.region`` and none in it.
    """

    start_t: float
    seconds: float
    pictures: int
    fps: float | None
    width: int
    height: int
    picture_light: float
    blown_out: float
    dark: float
    covered: float
    face: float
    face_height: float | None = None
    face_outside: float | None = None
    edges: tuple[str, ...] = ()
    face_light: float | None = None
    around_light: float | None = None
    left_eye: float | None = None
    right_eye: float | None = None
    either_eye: float | None = None
    yaw: float | None = None
    glare: float | None = None
    turn: int | None = None
    other_height: float | None = None
    other_left: bool | None = None
    split: float | None = None
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Aim:
    """How a camera looks at the driver.

    Attributes:
        verdict: In one word.
        advice: What is wrong, gravest first; empty when it is good.
        measured: What that rests on.
    """

    verdict: Verdict
    advice: tuple[Advice, ...]
    measured: Measured
    warnings: ClassVar[tuple[str, ...]] = ()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, gravest first."""
        return tuple(one.problem for one in self.advice)

    @property
    def usable(self) -> bool:
        """Whether the driver can be watched like this."""
        return self.verdict is not Verdict.NOT_USABLE

    def headline(self) -> str:
        """Return the verdict in a sentence."""
        found = self.measured
        if self.verdict is Verdict.GOOD:
            height = f"a face {found.face_height:.0f} pixels high" if found.face_height is not None else "the face"
            rate = "" if found.fps is None else f", {found.fps:.1f} pictures a second"
            return f"good: {height}, both eyes readable{rate}"
        if self.verdict is Verdict.USABLE:
            return "usable: the driver is watched, but not as well as could be"
        return "not usable: the driver cannot be watched like this"

    def text(self) -> str:
        """Return everything for people: the verdict, then a line for each problem."""
        return "\n".join([self.headline(), *(f"  {one.problem:<14} {one.text}" for one in self.advice)])

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "verdict": self.verdict.value,
            "problems": [problem.value for problem in self.problems],
            "advice": [asdict(one) for one in self.advice],
            "measured": asdict(self.measured),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Return the aim that ``to_json`` gave as plain data, of this release.

        Raises:
            ValueError: It is of another one.
        """
        try:
            advice = tuple(Advice(**{**one, "problem": Problem(one["problem"])}) for one in data["advice"])
            measured = Measured(**{**data["measured"], "edges": tuple(data["measured"]["edges"])})
            return cls(Verdict(data["verdict"]), advice, measured)
        except (TypeError, KeyError) as error:
            raise ValueError(f"no aim of this release: {error}") from error
