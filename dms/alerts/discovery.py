"""Home Assistant's discovery message: one device with the vehicle's entities.

Takes the vehicle's topics, gives topic and payload of the device discovery (Home Assistant 2024.11 and later).
"""

import json

from dms import __version__
from dms.alerts.messages import OFFLINE, ONLINE
from dms.alerts.topics import Topics
from dms.driver.state import AlertKind, AngerLevel, Condition, FatigueLevel, Phase

_STALE_AFTER_S = 150
"""Two and a half times the longest service.state_interval_s: an older value is shown as unavailable."""
_HEALTH_STALE_AFTER_S = 1800
"""Three times the longest service.health_interval_s."""


def discovery_topic(topics: Topics, prefix: str) -> str:
    """Where the discovery message goes."""
    return f"{prefix}/device/dms-{topics.vehicle_id}/config"


def birth_topic(prefix: str) -> str:
    """Where Home Assistant says that it has started."""
    return f"{prefix}/status"


def discovery(topics: Topics, prefix: str) -> tuple[str, str]:
    """Topic and payload of the discovery message."""
    name = f"dms-{topics.vehicle_id}"

    def sensor(key: str, title: str, template: str, **more: object) -> tuple[str, dict[str, object]]:
        return key, {
            "platform": "sensor",
            "unique_id": f"{name}-{key}",
            "name": title,
            "state_topic": topics.state,
            "value_template": template,
            "expire_after": _STALE_AFTER_S,
            **more,
        }

    def levels(values: type[FatigueLevel] | type[AngerLevel] | type[Condition], *more: str) -> dict[str, object]:
        return {"device_class": "enum", "options": [*more, *(str(value) for value in values)]}

    def health(key: str, title: str, template: str, **more: object) -> tuple[str, dict[str, object]]:
        shared: dict[str, object] = {"state_topic": topics.health, "expire_after": _HEALTH_STALE_AFTER_S}
        return sensor(key, title, template, entity_category="diagnostic", **shared, **more)

    def event(kind: AlertKind, title: str) -> tuple[str, dict[str, object]]:
        template = "{{ {'event_type': value_json.phase, 'level': value_json.level, 'event_id': value_json.event_id, "
        template += "'late_s': value_json.late_s} | to_json }}"
        return f"{kind}_alert", {
            "platform": "event",
            "unique_id": f"{name}-{kind}-alert",
            "name": title,
            "state_topic": topics.alert(kind),
            "event_types": [str(phase) for phase in Phase],
            "value_template": template,
        }

    components = dict(
        [
            sensor("condition", "Condition", "{{ value_json.condition }}", **levels(Condition)),
            sensor("fatigue", "Fatigue", "{{ value_json.fatigue or 'none' }}", **levels(FatigueLevel, "none")),
            sensor("anger", "Anger", "{{ value_json.anger or 'none' }}", **levels(AngerLevel, "none")),
            sensor(
                "perclos",
                "PERCLOS",
                "{{ (value_json.perclos * 100) | round(1) if value_json.perclos is not none else none }}",
                unit_of_measurement="%",
                state_class="measurement",
            ),
            event(AlertKind.FATIGUE, "Fatigue alert"),
            event(AlertKind.ANGER, "Anger alert"),
            health("camera", "Camera", "{{ value_json.camera.status }}"),
            health("models", "Models", "{{ value_json.models.status }}"),
            health("outbox", "Alerts waiting", "{{ value_json.broker.outbox }}", state_class="measurement"),
            health(
                "frame_rate",
                "Frame rate",
                "{{ value_json.camera.frames_per_s }}",
                unit_of_measurement="fps",
                state_class="measurement",
            ),
        ]
    )
    payload = {
        "device": {"identifiers": [name], "name": f"Driver monitor {topics.vehicle_id}", "sw_version": __version__},
        "origin": {"name": "dms", "sw_version": __version__},
        "availability_topic": topics.availability,
        "payload_available": ONLINE,
        "payload_not_available": OFFLINE,
        "qos": 1,
        "components": components,
    }
    return discovery_topic(topics, prefix), json.dumps(payload, separators=(",", ":"))
