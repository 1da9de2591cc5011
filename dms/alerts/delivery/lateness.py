"""What an alert says when it is sent, which may be long after it was raised.

Takes a message as it was kept, gives the payload with ``late_s`` and, where the clock has become good since, with
its times worked out again. The same entry gives the same payload but for ``late_s`` once its times are good.
"""

import json
from datetime import UTC, datetime

from dms.alerts.clock import Clock, ClockQuality
from dms.alerts.delivery.entry import EARLIER_BOOT, Entry
from dms.alerts.messages import rfc3339


def as_sent(entry: Entry, clock: Clock, boot: str, offset: float | None) -> str:
    """Return the payload of an alert that is sent now.

    Args:
        entry: The message as it was kept.
        clock: The frames' clock and its UTC.
        boot: This boot of the machine.
        offset: UTC minus monotonic seconds of the boot in which the alert was raised; None when its clock was
            never good.
    """
    fields = json.loads(entry.payload)
    fields.setdefault("session", None)  # the first release did not say
    if fields["clock"] == ClockQuality.UNSYNCHRONISED and offset is not None:
        fields["at"] = _utc(entry.t + offset)
        if entry.started_t != EARLIER_BOOT:
            fields["started_at"] = _utc(entry.started_t + offset)
        fields["clock"] = ClockQuality.CORRECTED
    late_s = None
    if entry.boot == boot:
        late_s = clock.now() - entry.t
    elif fields["clock"] != ClockQuality.UNSYNCHRONISED and clock.synchronised:
        late_s = clock.stamp(clock.now()).utc - datetime.fromisoformat(fields["at"]).timestamp()
    fields["late_s"] = None if late_s is None else round(max(0.0, late_s), 3)
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def _utc(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
