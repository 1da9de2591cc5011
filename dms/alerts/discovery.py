"""Home Assistant's discovery message: one device with the vehicle's entities.

Takes the vehicle's topics, gives topic and payload of the device discovery (Home Assistant 2024.11 and later). What is
not known is shown as unknown. Availability belongs to each entity that has a state, never to an event: an event that
goes away and comes back would count as raised again.
"""

import json
from enum import StrEnum
from typing import Any, get_args

from dms import __version__
from dms.alerts.health import CameraStatus, ModelsStatus
from dms.alerts.messages import OFFLINE, ONLINE
from dms.alerts.topics import Topics
from dms.driver.state import AlertKind, AngerLevel, Condition, DistractionLevel, FatigueLevel, Phase

LATE_S = 60
"""An alert older than this triggers no device trigger: nobody is to be woken for what is over."""
_STALE_AFTER_S = 150
"""Two and a half times the longest service.state_interval_s: an older value is shown as unavailable."""
_HEALTH_STALE_AFTER_S = 1800
"""Three times the longest service.health_interval_s."""
_LEVELS: dict[AlertKind, type[StrEnum]] = {
    AlertKind.FATIGUE: FatigueLevel,
    AlertKind.ANGER: AngerLevel,
    AlertKind.DISTRACTION: DistractionLevel,
}
_JUDGED = [str(Condition.ATTENTIVE), str(Condition.FATIGUED)]

_CAMERA: tuple[str, ...] = get_args(CameraStatus.__value__)
_MODELS: tuple[str, ...] = get_args(ModelsStatus.__value__)

_TEST = "test"
"""What an alert that somebody tries is, instead of its level."""
_IS_TEST = "(value_json.test | default(false))"

_Component = tuple[str, dict[str, object]]


def discovery_topic(topics: Topics, prefix: str) -> str:
    """Return where the discovery message goes."""
    return f"{prefix}/device/dms-{topics.vehicle_id}/config"


def birth_topic(prefix: str) -> str:
    """Return where Home Assistant says that it has started."""
    return f"{prefix}/status"


def discovery(topics: Topics, prefix: str) -> tuple[str, str]:
    """Topic and payload of the discovery message."""
    name = f"dms-{topics.vehicle_id}"
    payload = {
        "device": {
            "identifiers": [name],
            "name": f"Driver monitor {topics.vehicle_id}",
            "manufacturer": "DMS",
            "model": "Driver monitor",
            "serial_number": topics.vehicle_id,
            "sw_version": __version__,
        },
        "origin": {"name": "dms", "sw_version": __version__},
        "qos": 1,
        "components": dict(_Components(topics, name).all()),
    }
    return discovery_topic(topics, prefix), json.dumps(payload, separators=(",", ":"))


class _Components:
    """Makes the entities of one vehicle. Their unique ids never change: entities would double."""

    def __init__(self, topics: Topics, name: str) -> None:
        self._topics = topics
        self._name = name

    def all(self) -> list[_Component]:
        return [
            self._state("condition", "Condition", "{{ value_json.condition }}", "mdi:account-eye", **_enum(Condition)),
            # no alert is open: that says something only where the driver is judged
            self._state(
                "fatigue",
                "Fatigue",
                f"{{{{ value_json.fatigue or ('none' if value_json.condition in {_JUDGED} else none) }}}}",
                "mdi:sleep",
                **_enum(FatigueLevel, "none"),
            ),
            self._state(
                "anger",
                "Anger",
                "{{ value_json.anger or ('none' if value_json.anger_score is not none else none) }}",
                "mdi:emoticon-angry-outline",
                **_enum(AngerLevel, "none"),
            ),
            self._state(
                "perclos",
                "PERCLOS",
                "{{ (value_json.perclos * 100) | round(1) if value_json.perclos is not none else none }}",
                "mdi:eye-off-outline",
                unit_of_measurement="%",
                state_class="measurement",
                suggested_display_precision=1,
            ),
            self._state(
                "eyes_off_road",
                "Eyes off the road",
                "{{ value_json.eyes_off_road_s | default(none) }}",
                "mdi:eye-arrow-right-outline",
                device_class="duration",
                unit_of_measurement="s",
                state_class="measurement",
                suggested_display_precision=1,
            ),
            self._state(
                "safety",
                "Safety",
                f"{{{{ 'ON' if value_json.fatigue else ('OFF' if value_json.condition in {_JUDGED} else none) }}}}",
                None,
                platform="binary_sensor",
                device_class="safety",
            ),
            self._connectivity(),
            self._acknowledge(),
            self._event(AlertKind.FATIGUE, "Fatigue alert", "mdi:sleep"),
            self._event(AlertKind.ANGER, "Anger alert", "mdi:emoticon-angry-outline"),
            self._event(AlertKind.DISTRACTION, "Distraction alert", "mdi:eye-arrow-right-outline"),
            *self._triggers(),
            self._health("camera", "Camera", "camera.status", "mdi:camera", **_options(_CAMERA)),
            self._health("models", "Models", "models.status", "mdi:brain", **_options(_MODELS)),
            self._health("outbox", "Alerts waiting", "broker.outbox", "mdi:tray-full", state_class="measurement"),
            self._health(
                "frame_rate",
                "Frame rate",
                "camera.frames_per_s",
                "mdi:speedometer",
                unit_of_measurement="fps",
                state_class="measurement",
                suggested_display_precision=1,
            ),
            self._health(
                "temperature",
                "Processor temperature",
                "cpu_temperature_c",
                None,
                device_class="temperature",
                unit_of_measurement="°C",
                state_class="measurement",
                suggested_display_precision=1,
            ),
            self._health(
                "memory",
                "Memory",
                "rss_mb",
                None,
                device_class="data_size",
                unit_of_measurement="MB",
                state_class="measurement",
                suggested_display_precision=0,
            ),
        ]

    def _component(self, key: str, title: str, icon: str | None, **more: object) -> _Component:
        shown: dict[str, object] = {} if icon is None else {"icon": icon}
        return key, {"platform": "sensor", "unique_id": f"{self._name}-{key}", "name": title, **shown, **more}

    def _available(self) -> dict[str, object]:
        return {
            "availability_topic": self._topics.availability,
            "payload_available": ONLINE,
            "payload_not_available": OFFLINE,
        }

    def _state(self, key: str, title: str, template: str, icon: str | None, **more: object) -> _Component:
        said: dict[str, Any] = {"state_topic": self._topics.state, "value_template": template}
        return self._component(key, title, icon, **said, expire_after=_STALE_AFTER_S, **self._available(), **more)

    def _health(self, key: str, title: str, path: str, icon: str | None, **more: object) -> _Component:
        """Return a diagnostic; the part that it belongs to, with its error, is its attributes."""
        part, _, _ = path.partition(".")
        said: dict[str, Any] = {"state_topic": self._topics.health, "value_template": f"{{{{ value_json.{path} }}}}"}
        if part != path:
            said["json_attributes_topic"] = self._topics.health
            said["json_attributes_template"] = f"{{{{ value_json.{part} | to_json }}}}"
        said |= {"expire_after": _HEALTH_STALE_AFTER_S, "entity_category": "diagnostic"}
        return self._component(key, title, icon, **said, **self._available(), **more)

    def _connectivity(self) -> _Component:
        return self._component(
            "connectivity",
            "Connection",
            None,
            platform="binary_sensor",
            device_class="connectivity",
            entity_category="diagnostic",
            state_topic=self._topics.availability,
            payload_on=ONLINE,
            payload_off=OFFLINE,
        )

    def _acknowledge(self) -> _Component:
        return self._component(
            "acknowledge",
            "Acknowledge alerts",
            "mdi:check",
            platform="button",
            command_topic=self._topics.acknowledge,
            payload_press="{}",
            **self._available(),
        )

    def _event(self, kind: AlertKind, title: str, icon: str) -> _Component:
        fields = ", ".join(f"'{name}': value_json.{name}" for name in ("phase", "level", "event_id"))
        # a test is no event of its level: who calls for help at that level must not do so
        kinds = (
            f"'{Phase.END}' if value_json.phase == '{Phase.END}' else ('{_TEST}' if {_IS_TEST} else value_json.level)"
        )
        template = f"{{{{ {{'event_type': ({kinds}), {fields}, 'test': {_IS_TEST}, "
        template += "'late_s': value_json.late_s | default(none), "
        template += "'cause': value_json.evidence.cause | default(none)} | to_json }}"
        return f"{kind}_alert", {
            "platform": "event",
            "unique_id": f"{self._name}-{kind}-alert",
            "name": title,
            "icon": icon,
            "state_topic": self._topics.alert(kind),
            "event_types": [*_values(_LEVELS[kind]), str(Phase.END), _TEST],
            "value_template": template,
        }

    def _triggers(self) -> list[_Component]:
        """Device triggers: each level that an alert reaches, and a test, while it is young."""
        young = f"value_json.late_s is not none and value_json.late_s < {LATE_S}"
        told = f"value_json.phase == '{Phase.END}' or not ({young})"
        kinds = f"'over' if {told} else ('{_TEST}' if {_IS_TEST} else value_json.level)"
        return [
            (
                f"{kind}_{level}_trigger",
                {
                    "platform": "device_automation",
                    "automation_type": "trigger",
                    "topic": self._topics.alert(kind),
                    "type": f"{kind}_alert",
                    "subtype": level,
                    "payload": level,
                    "value_template": f"{{{{ {kinds} }}}}",
                },
            )
            for kind, levels in _LEVELS.items()
            for level in (*_values(levels), _TEST)
        ]


def _values(values: type[StrEnum]) -> list[str]:
    return [str(value) for value in values]


def _enum(values: type[StrEnum], *more: str) -> dict[str, object]:
    return _options((*more, *_values(values)))


def _options(options: tuple[str, ...]) -> dict[str, object]:
    return {"device_class": "enum", "options": list(options)}
