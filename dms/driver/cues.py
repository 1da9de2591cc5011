"""What is seen of the driver besides the eyes: where the head points and rests, what the mouth does.

Takes observations, gives what may explain shut eyes, and whether eyes can be believed at all. Fatigue and anger both
rest on it.
"""

from dms.config.driver import DriverSettings
from dms.driver.head import HeadStep, RestingHead
from dms.driver.lids import LoweredLids
from dms.driver.mouth import MouthReader
from dms.driver.state import Looking
from dms.observation import HeadPose, Observation

LOOKING_AWAY = "looking_away"
"""The head is turned down or aside: what explains a closure for longest."""
LOOKING_DOWN = "looking_down"
"""The head went down just when the lids fell."""
LAUGHING = "laughing"
YAWNING = "yawning"
MOUTH_WIDE = "mouth_wide"
"""The mouth is wide open in a face that rather shouts, laughs or talks."""


class Cues:
    """Head and mouth over one drive.

    Args:
        settings: All limits of the driver room.
    """

    __slots__ = (
        "_aside_deg",
        "_limits",
        "_profile_deg",
        "_settings",
        "_step",
        "head",
        "laughed_t",
        "lids",
        "mouth",
        "yawned",
    )

    def __init__(self, settings: DriverSettings) -> None:
        self._settings = settings
        self._limits = settings.closure
        self._profile_deg = settings.closure.profile_deg
        self._aside_deg = settings.closure.aside_deg
        self.head = RestingHead(settings.baseline)
        self._step = HeadStep(settings.closure)
        self.lids = LoweredLids(settings.closure, self._step)
        self.mouth = MouthReader(settings.closure, settings.signs)
        self.laughed_t = float("-inf")
        """When the face laughed last; whoever knows says so."""
        self.yawned = False
        """A yawn has just been made out."""

    def begin(self) -> None:
        """Somebody else drives: the head rests elsewhere too."""
        self.head = RestingHead(self._settings.baseline)
        self.reset()

    def reset(self) -> None:
        """Begin all measures anew; the head rests where it did."""
        self._step.reset()
        self.lids.reset()
        self.mouth.reset()
        self.laughed_t = float("-inf")
        self.yawned = False

    def update(self, observation: Observation) -> None:
        """Take what an observation shows of head and mouth."""
        t, pose, yawn = observation.t, observation.pose, observation.yawn
        if pose is not None and observation.upright is not False:
            self.head.update(t, pose)
            self._step.update(t, pose.pitch)
        self.yawned = yawn is not None and self.mouth.read(t, yawn)
        if observation.wide_mouth is not None:
            self.mouth.read_face(t, observation.wide_mouth.yawn)

    def turned_away(self, pose: HeadPose | None) -> bool:
        """Whether a head shows its profile because it turned, so that lids which look shut may be open.

        A face whose profile shows while it rests there looks ahead, seen by a camera at a mirror; until it is known
        where it rests, it must have been met there too.
        """
        # a yaw that is not a number is no profile
        if pose is None or not abs(pose.yaw) >= self._profile_deg:
            return False
        return self._aside(pose) or not (self.head.settled or abs(pose.yaw - self.head.met_yaw) < self._aside_deg)

    def shows_one_side(self, pose: HeadPose | None) -> bool:
        """Whether a head is in profile and does not rest close to there.

        Its farther eye can say that the eyes are open, but bears little witness that they are shut: it is narrow, half
        behind the nose, and looks down as the nearer one does.
        """
        if pose is None or not abs(pose.yaw) >= self._profile_deg:
            return False
        return abs(pose.yaw - self.head.yaw) >= self._aside_deg / 2

    def explain(self, observation: Observation, laughing: bool) -> tuple[str, ...]:
        """What else than sleep may have shut the eyes of an observation."""
        pose, t = observation.pose, observation.t
        found: tuple[str, ...] = ()
        if pose is not None and (self._aside(pose) or (self._bowed(pose) and not self._may_nod(t))):
            found = (LOOKING_AWAY,)
        if laughing:
            found += (LAUGHING,)
        if self.mouth.wide(t):
            found += (YAWNING if self.mouth.yawns else MOUTH_WIDE,)
        return found

    def looking(self, observation: Observation) -> Looking | None:
        """Where the open eyes of an observation look, None when neither head nor eyes tell."""
        pose, lowered = observation.pose, observation.looking_down
        if lowered is not None and lowered >= self._limits.lowered_likely:
            return Looking.DOWN
        if pose is None:
            return None
        if self._bowed(pose):
            return Looking.DOWN
        return Looking.ASIDE if self._aside(pose) else Looking.AHEAD

    def _bowed(self, pose: HeadPose) -> bool:
        return pose.pitch <= self.head.pitch - self._limits.down_deg

    def _aside(self, pose: HeadPose) -> bool:
        return abs(pose.yaw - self.head.yaw) >= self._aside_deg

    def fell_with_lids(self, start_t: float, t: float) -> bool:
        """Whether the head went down just when the lids did, at ``start_t``; said once the stretch after it is over.

        Not where a nod may begin so.
        """
        if t - start_t < self._limits.step_window_s or self._may_nod(t):
            return False
        down_deg = self._step.down_deg(start_t)
        return down_deg is not None and down_deg >= self._limits.step_deg

    def _may_nod(self, t: float) -> bool:
        """Whether the lids are surely shut in a face that has not just laughed: then the head excuses nothing."""
        return self.lids.surely_shut(t) and t - self.laughed_t >= self._limits.excused_s
