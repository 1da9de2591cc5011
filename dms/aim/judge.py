"""Judges the aim over a stretch of pictures. Pure: it reads no clock and keeps no picture.

Takes glimpses and scenes in order of time, gives an ``Aim`` about the last five seconds.
"""

from collections import deque
from collections.abc import Callable, Iterable
from statistics import fmean, median
from typing import Any

from dms.aim.advice import advise
from dms.aim.glimpse import Glimpse
from dms.aim.limits import LEAST_S, STRETCH_S, TURN_LOOKS, TURN_SHARE, TURNS
from dms.aim.scout import Scene
from dms.aim.verdict import Aim, Measured, Verdict
from dms.config import Config
from dms.observation import Box, View
from dms.perception.face import SAME_FACE, in_region, overlap

_NOTHING_SEEN = frozenset({View.DARK, View.COVERED, View.LOST})


class AimJudge:
    """Judges the last ``STRETCH_S`` seconds.

    Args:
        config: How the picture is turned now, where the driver's face may be, and what PERCLOS needs.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._glimpses: deque[tuple[Glimpse, bool]] = deque()
        self._scenes: deque[tuple[Scene, Box | None]] = deque()

    def update(self, glimpse: Glimpse, scene: Scene | None = None) -> None:
        """Take the next picture.

        Args:
            glimpse: What it shows of the aim. A time before the last one begins a new stretch.
            scene: The faces beside the driver's and in the turned picture, where they were looked for.
        """
        if self._glimpses and glimpse.t < self._glimpses[-1][0].t:
            self._glimpses.clear()
            self._scenes.clear()
        # between two searches for a lost face it is unknown: it then is what it was
        seen = self._glimpses[-1][1] if glimpse.face is None and self._glimpses else bool(glimpse.face)
        self._glimpses.append((glimpse, seen and glimpse.view not in _NOTHING_SEEN))
        if scene is not None:
            self._scenes.append((scene, glimpse.box))
        while self._glimpses[0][0].t < glimpse.t - STRETCH_S:
            self._glimpses.popleft()
        while self._scenes and self._scenes[0][0].t < glimpse.t - STRETCH_S:
            self._scenes.popleft()

    @property
    def ready(self) -> bool:
        """Whether there are pictures of at least ``LEAST_S``.

        A face that is not upright is waited for longer: until it is known how it must be turned, or nearly a stretch.
        """
        if len(self._glimpses) < 2:
            return False
        seconds = self._glimpses[-1][0].t - self._glimpses[0][0].t
        turned = self._glimpses[-1][0].upright is False and not self._turn()
        return seconds >= (0.9 * STRETCH_S if turned else LEAST_S)

    def aim(self) -> Aim:
        """Judge what was seen, however short it is.

        Raises:
            ValueError: Nothing was.
        """
        if not self._glimpses:
            raise ValueError("no picture was seen")
        measured = self._measure()
        advice = advise(measured, self._config)
        verdict = Verdict.GOOD
        if advice:
            verdict = Verdict.NOT_USABLE if any(one.grave for one in advice) else Verdict.USABLE
        return Aim(verdict, advice, measured)

    def _measure(self) -> Measured:
        glimpses = [glimpse for glimpse, _ in self._glimpses]
        faces = [glimpse for glimpse in glimpses if glimpse.box is not None]
        seconds = glimpses[-1].t - glimpses[0].t
        width, height = glimpses[-1].size
        boxes = [glimpse.box for glimpse in faces if glimpse.box is not None]
        return Measured(
            round(glimpses[0].t, 3),
            round(seconds, 3),
            len(glimpses),
            round((len(glimpses) - 1) / seconds, 2) if seconds > 0 else None,
            width,
            height,
            round(median(glimpse.light for glimpse in glimpses), 1),
            round(median(glimpse.blown_out for glimpse in glimpses), 3),
            dark=_share(glimpse.view is View.DARK for glimpse in glimpses),
            covered=_share(glimpse.view is View.COVERED for glimpse in glimpses),
            face=_share(seen for _, seen in self._glimpses),
            face_height=_middle((box.height for box in boxes), 1),
            face_outside=_middle((glimpse.outside for glimpse in faces), 3),
            edges=_most(faces, lambda glimpse: glimpse.edges),
            face_light=_middle((glimpse.face_light for glimpse in faces), 1),
            around_light=_middle((glimpse.around_light for glimpse in faces), 1),
            left_eye=_share(glimpse.left_eye for glimpse in faces) if faces else None,
            right_eye=_share(glimpse.right_eye for glimpse in faces) if faces else None,
            either_eye=_share(glimpse.left_eye or glimpse.right_eye for glimpse in faces) if faces else None,
            yaw=_middle((glimpse.yaw for glimpse in faces), 1),
            glare=_share(glimpse.glare for glimpse in faces) if faces else None,
            turn=self._turn(),
            **self._others(),
        )

    def _turn(self) -> int | None:
        """Return the turn at which faces stand upright, None when they do at none."""
        glimpses, found = dict.fromkeys(TURNS, 0), dict.fromkeys(TURNS, 0)
        for scene, _ in self._scenes:
            glimpses[scene.turn] += 1
            found[scene.turn] += bool(scene.faces)
        best = max(TURNS, key=lambda turn: found[turn] / max(glimpses[turn], 1))
        share = found[best] / max(glimpses[best], 1)
        enough = found[best] >= TURN_LOOKS and share >= TURN_SHARE
        return best if enough and (best == 0 or found[best] > 2 * found[0]) else None

    def _others(self) -> dict[str, Any]:
        """Return the largest face that might be taken for the driver's, and whether one is where none may be."""
        near: list[tuple[Box, Box]] = []
        elsewhere = 0
        settings = self._config.perception
        size = self._glimpses[-1][0].size
        shape = (size[1], size[0])
        scenes = [(scene, box) for scene, box in self._scenes if scene.turn == 0]
        for scene, driver in scenes:
            others = [face for face in scene.faces if driver is None or overlap(face, driver) < SAME_FACE]
            elsewhere += driver is None and any(not in_region(face, shape, settings) for face in others)
            possible = [face for face in others if in_region(face, shape, settings)]
            if driver is not None and possible:
                near.append((driver, max(possible, key=lambda face: face.height)))
        found: dict[str, Any] = {"elsewhere": elsewhere >= TURN_LOOKS and elsewhere > len(scenes) / 2}
        if len(near) >= TURN_LOOKS and len(near) >= len(scenes) / 2:
            driver_x = fmean(driver.x + driver.width / 2 for driver, _ in near)
            other_x = fmean(other.x + other.width / 2 for _, other in near)
            found |= {
                "other_height": round(median(other.height for _, other in near), 1),
                "other_left": other_x < driver_x,
                "split": round((driver_x + other_x) / 2 / size[0], 2),
            }
        return found


def _share(flags: Iterable[bool | None]) -> float:
    """Return the share of the flags that are set; there must be one."""
    known = [bool(flag) for flag in flags]
    return round(sum(known) / len(known), 3)


def _middle(values: Iterable[float | None], digits: int) -> float | None:
    known = [value for value in values if value is not None]
    return round(median(known), digits) if known else None


def _most(glimpses: list[Glimpse], of: Callable[[Glimpse], tuple[str, ...]]) -> tuple[str, ...]:
    """Return what more than half of the glimpses have."""
    names = {name: None for glimpse in glimpses for name in of(glimpse)}
    return tuple(name for name in names if sum(name in of(glimpse) for glimpse in glimpses) > len(glimpses) / 2)
