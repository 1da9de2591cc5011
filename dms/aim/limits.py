"""From when on something is a problem of the aim. Each limit has its unit and its source.

Where it says "study", ``python studies/aim_limits.py`` prints the numbers; docs/aim.md shows them.
"""

STRETCH_S = 5.0
"""Seconds that are judged together: several blinks and a glance at a mirror change no verdict. Source: own."""
LEAST_S = 1.0
"""Seconds of pictures that a verdict needs; a recording that is shorter is judged whole. Source: own; a camera finds
its exposure meanwhile."""

SEEN_LEAST = 0.5
"""Share of the time below which a face or an eye is too rarely seen. Source: ``driver.perclos.min_valid_share``: below
it PERCLOS is unknown."""
SEEN_WELL = 0.8
"""Share of the time from which it is seen well enough. Source: own; room for one look aside of a second in five."""

HEIGHT_LEAST = 50.0
"""Pixels from forehead to chin below which the eyes cannot be read: an eye is then under the 8 pixels that
``dms.perception.eyes.MIN_WIDTH`` asks for. Source: study."""
HEIGHT_WELL = 80.0
"""Pixels from which the eyes are read as well as in larger faces, with room for a driver who leans back by a fifth of
the distance. Source: study."""
IN_NET_LEAST, IN_NET_WELL = 14.0, 20.0
"""The same in pixels of the face net's input of 160x120, which is what counts in wide pictures. Source: the smallest
faces that the net was trained on."""

LIGHT_LEAST = 15.0
"""Mean grey level of a face below which the eyes, a third darker than the cheeks around them, fall under
``dms.perception.eyes.MIN_MEAN``. Source: study."""
LIGHT_WELL = 30.0
"""Mean grey level of a face from which its eyes are read as well as in daylight. Source: docs/models.md: 97.1 % of eyes
at a mean of 65, 94.4 % at 26."""
AGAINST_LIGHT = 2.5
"""How many times as bright as a face that is too dark its surroundings are when they, and not the night, make it so.
Source: study."""
BLOWN_OUT, BLOWN_OUT_SHARE = 245, 0.2
"""Grey level of pixels that are as bright as can be, and the share of a picture without a face that must be so before
it is said to be against the light. Source: study."""

OUTSIDE_WELL, OUTSIDE_LEAST = 0.05, 0.35
"""Share of a face beyond the picture's edge: up to the first nothing is lost, beyond the second eyes or mouth are.
Source: study."""

OTHER_NEAR, OTHER_LARGER = 0.7, 1.0
"""Height of another face over the one that is watched: from the first it is as near as somebody in a front seat, and
may be the driver's or be taken for it; above the second the next search takes it. Source: own;
``dms.perception.face.select_driver`` takes the largest."""

GLARE_SHARE = 0.3
"""Share of the pictures in which a reflection covers an eye from which it is said. Source: study."""

FPS_CLOSURES = 5.0
"""Pictures a second that closures need. Source: ``camera.fps``. PERCLOS needs one in
``driver.perclos.max_interval_s``."""

STEADY = 0.015
"""Most mean movement of the 68 points between a first and a second look at the same face, as a share of its height.
Source: study; of faces that stand upright 95 % move by 0.009 or less, of those that do not 95 % by 0.022 or more."""
SETTLED = 0.008
"""The same between the second and a third look, which is taken where the second moved too far. Source: study; 95 % of
upright faces move by 0.006 or less, 95 % of the others by 0.011 or more."""
TURNS = (0, 90, 180, 270)
"""Clockwise degrees by which a picture is turned to look for a face in it: what ``camera.rotate`` can mend."""
TURN_LOOKS, TURN_SHARE = 2, 0.3
"""Looks in the stretch that must find an upright face at a turn, and their share of the looks at it. Source: own;
one in a hundred finds one where none is, and a driver looks aside now and then."""
