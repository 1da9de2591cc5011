"""Says in words what to change: one function for each thing that can be wrong.

Takes what was measured, gives ``Advice``. The graver comes first; what explains the rest is said alone.
"""

from collections.abc import Callable
from itertools import chain

from dms.aim import limits
from dms.aim.verdict import Advice, Measured, Problem
from dms.config import Config

_TOWARDS = {
    "left": "turn the camera to the picture's left",
    "right": "turn the camera to the picture's right",
    "top": "tilt the camera up",
    "bottom": "tilt the camera down",
}
_OPPOSITE = ({"left", "right"}, {"top", "bottom"})

_Advise = Callable[[Measured, Config], list[Advice]]


def advise(measured: Measured, config: Config) -> tuple[Advice, ...]:
    """Return what is wrong, gravest first; nothing when the aim is good.

    Args:
        measured: What was seen.
        config: How the picture is turned now, and what PERCLOS needs.
    """
    found = _hidden(measured, config) or list(chain.from_iterable(one(measured, config) for one in _OF_A_FACE))
    found += _slow(measured, config)
    return tuple(sorted(found, key=lambda one: not one.grave))


def _hidden(measured: Measured, config: Config) -> list[Advice]:
    """Return what makes everything else meaningless: a turned picture, darkness, a cover, nobody there."""
    if measured.turn:
        return [_turned(measured.turn, config)]
    if measured.dark >= limits.SEEN_LEAST:
        text = (
            f"the picture is dark (light {measured.picture_light:.0f} of 255): it needs a lamp, or a camera with "
            "infrared light and without an infrared filter"
        )
        return [Advice(Problem.DARK, True, text)]
    if measured.face < limits.SEEN_LEAST:
        return _nobody(measured, config)
    return []


def _turned(turn: int, config: Config) -> Advice:
    camera = config.camera
    # a mirrored picture turns the other way round
    rotate = (camera.rotate + (-turn if camera.mirror else turn)) % 360
    if turn == 180:
        return Advice(Problem.UPSIDE_DOWN, True, f"the picture is upside down: set camera.rotate = {rotate}")
    return Advice(Problem.SIDEWAYS, True, f"the picture lies on its side: set camera.rotate = {rotate}")


def _nobody(measured: Measured, config: Config) -> list[Advice]:
    if measured.covered >= limits.SEEN_LEAST:
        text = "the picture shows nothing: take off the cover, clean the lens, or turn the camera away from the wall"
        return [Advice(Problem.NO_FACE, True, text)]
    if measured.elsewhere:
        text = "a face is seen, but outside perception.region: move the camera, or widen the region"
        return [Advice(Problem.NO_FACE, True, text)]
    if measured.face > 0:
        text = f"the face is seen for only {measured.face:.0%} of the time: point the camera at the middle of the head"
        # what makes it hard to find, where it was seen at all
        found = [Advice(Problem.NO_FACE, True, text), *_small(measured, config), *_dim(measured, config)]
    else:
        found = [Advice(Problem.NO_FACE, True, "no face is seen: sit as you drive, and point the camera at your head")]
    if measured.blown_out >= limits.BLOWN_OUT_SHARE:
        text = (
            f"{measured.blown_out:.0%} of the picture is blown out: turn the camera away from the window or the lamp "
            "behind you"
        )
        found.append(Advice(Problem.BACKLIGHT, True, text))
    return found


def _seldom(measured: Measured, _config: Config) -> list[Advice]:
    if measured.face >= limits.SEEN_WELL:
        return []
    text = f"the face is seen for only {measured.face:.0%} of the time: point the camera at the middle of the head"
    return [Advice(Problem.NO_FACE, False, text)]


def _small(measured: Measured, _config: Config) -> list[Advice]:
    height = measured.face_height
    if height is None:
        return []
    # pixels of the picture in one of the face net's
    scale = max(measured.width / 160, measured.height / 120)
    least = max(limits.HEIGHT_LEAST, limits.IN_NET_LEAST * scale)
    well = max(limits.HEIGHT_WELL, limits.IN_NET_WELL * scale)
    if height >= well:
        return []
    text = (
        f"the face is {height:.0f} pixels high, and {well:.0f} are wanted: bring the camera nearer, to "
        f"{height / well:.0%} of its distance"
    )
    if well == limits.HEIGHT_WELL:
        text += ", or ask for a larger picture (camera.width, camera.height)"
    return [Advice(Problem.FACE_TOO_SMALL, height < least, text)]


def _dim(measured: Measured, _config: Config) -> list[Advice]:
    light, around = measured.face_light, measured.around_light
    if light is None or light >= limits.LIGHT_WELL:
        return []
    grave = light < limits.LIGHT_LEAST
    if around is not None and around >= limits.AGAINST_LIGHT * light and around >= limits.LIGHT_WELL:
        text = (
            f"the face is dark (light {light:.0f} of 255, {limits.LIGHT_WELL:.0f} are wanted) before something bright "
            f"({around:.0f}): turn the camera so that no window is behind the head, or light the face"
        )
        return [Advice(Problem.BACKLIGHT, grave, text)]
    text = (
        f"the face is dark (light {light:.0f} of 255, {limits.LIGHT_WELL:.0f} are wanted): it needs a lamp, or a "
        "camera with infrared light"
    )
    return [Advice(Problem.DARK, grave, text)]


def _hidden_eye(measured: Measured, _config: Config) -> list[Advice]:
    left, right, either = measured.left_eye, measured.right_eye, measured.either_eye
    if left is None or right is None or either is None or min(left, right) >= limits.SEEN_WELL:
        return []
    why = _why_hidden(measured)
    if either < limits.SEEN_LEAST:
        text = f"the eyes can be read in only {either:.0%} of the pictures: {why}"
        return [Advice(Problem.EYE_HIDDEN, True, text)]
    side, share = ("left", left) if left < right else ("right", right)
    text = f"the {side} eye can be read in only {share:.0%} of the pictures: {why}"
    return [Advice(Problem.EYE_HIDDEN, False, text)]


def _why_hidden(measured: Measured) -> str:
    yaw = measured.yaw or 0.0
    if abs(yaw) >= 15.0:
        # a head that points to the picture's right looks at what is on the camera's right
        side = "right" if yaw > 0 else "left"
        return (
            f"the head points {abs(yaw):.0f} degrees to the picture's {side}: move the camera that way, towards where "
            "the driver looks"
        )
    return "take off sunglasses and what shades the eyes; mount the camera lower, and before the driver"


def _glare(measured: Measured, _config: Config) -> list[Advice]:
    if measured.glare is None or measured.glare < limits.GLARE_SHARE:
        return []
    text = (
        f"light is reflected over an eye in {measured.glare:.0%} of the pictures: move the camera or the lamp sideways "
        "or down, until the glasses no longer mirror it"
    )
    return [Advice(Problem.GLARE, False, text)]


def _cut(measured: Measured, _config: Config) -> list[Advice]:
    outside = measured.face_outside
    if outside is None or outside <= limits.OUTSIDE_WELL:
        return []
    grave = outside > limits.OUTSIDE_LEAST
    if any(pair <= set(measured.edges) for pair in _OPPOSITE):
        what = "move the camera away"
    else:
        what = " and ".join(_TOWARDS[edge] for edge in measured.edges) or "turn the camera towards the head"
    text = f"{outside:.0%} of the face is out of the picture: {what}"
    return [Advice(Problem.CUT_OFF, grave, text)]


def _rival(measured: Measured, _config: Config) -> list[Advice]:
    other, own = measured.other_height, measured.face_height
    if other is None or own is None or other < limits.OTHER_NEAR * own or measured.split is None:
        return []
    split = measured.split
    region = f"[{split}, 0.0, 1.0, 1.0]" if measured.other_left else f"[0.0, 0.0, {split}, 1.0]"
    side = "left" if measured.other_left else "right"
    text = (
        f"a second face, {other:.0f} pixels high, is {side} of the one that is watched ({own:.0f}), and the largest is "
        f"taken for the driver's: if the driver is not there, set perception.region = {region}"
    )
    return [Advice(Problem.LARGER_FACE, other > limits.OTHER_LARGER * own, text)]


def _slow(measured: Measured, config: Config) -> list[Advice]:
    wanted = 1 / config.driver.perclos.max_interval_s
    if measured.fps is None or measured.fps >= wanted:
        return []
    text = (
        f"{measured.fps:.1f} pictures a second, and PERCLOS needs {wanted:.1f}: give the camera more light, a smaller "
        f"picture or a higher camera.fps ({config.camera.fps:g} now), and this machine less other work"
    )
    return [Advice(Problem.SLOW, measured.fps < limits.FPS_CLOSURES, text)]


_OF_A_FACE: tuple[_Advise, ...] = (_seldom, _small, _dim, _hidden_eye, _glare, _cut, _rival)
