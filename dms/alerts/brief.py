"""An alert for a microcontroller whose client takes 256 bytes.

Takes an alert that has just been sent, gives its short form: at most 200 bytes of packet with a prefix and a vehicle id
of together 24 characters. It is not kept and not acknowledged: the alert itself is.
"""

import json
from dataclasses import replace

from dms.alerts.delivery.publication import Publication
from dms.alerts.topics import Topics

_FIELDS = ("event_id", "phase", "level", "sequence")


def brief(topics: Topics, alert: Publication) -> Publication:
    """Return the short form of an alert's message."""
    said = json.loads(alert.payload)
    short = {name: said[name] for name in _FIELDS} | ({"test": True} if said.get("test") else {})
    payload = json.dumps(short, separators=(",", ":"))
    topic = topics.brief(alert.topic)
    return replace(alert, topic=topic, payload=payload, qos=0, bare=True, expiry_s=None, key=None, t=None, size=0)
