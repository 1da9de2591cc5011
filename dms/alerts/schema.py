"""The machine-readable contracts of the wire: JSON Schema and AsyncAPI 3.

Takes the message models, gives plain data for ``dms schema``. Adds nothing that the models and topics do not say.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from dms.alerts.health import HealthMessage
from dms.alerts.inputs import MAX_BYTES, AcknowledgeInput, DriverNamedInput, SpeedInput
from dms.alerts.messages import (
    OFFLINE,
    ONLINE,
    SCHEMA_VERSION,
    AngerAlertMessage,
    DistractionAlertMessage,
    FatigueAlertMessage,
    InfoMessage,
    StateMessage,
)
from dms.alerts.topics import TEMPLATE, Topics
from dms.config.alerts import MqttSettings
from dms.driver.state import AlertKind

_ALERTS: Mapping[AlertKind, type[BaseModel]] = {
    AlertKind.FATIGUE: FatigueAlertMessage,
    AlertKind.ANGER: AngerAlertMessage,
    AlertKind.DISTRACTION: DistractionAlertMessage,
}
_OUTPUTS: tuple[type[BaseModel], ...] = (InfoMessage, HealthMessage, StateMessage, *_ALERTS.values())
_INPUTS = (AcknowledgeInput, DriverNamedInput, SpeedInput)
_MQTT = {"bindingVersion": "0.2.0"}


def _definitions(template: str) -> dict[str, Any]:
    models: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, "serialization") for model in _OUTPUTS]
    models += [(model, "validation") for model in _INPUTS]
    _, schema = models_json_schema(models, ref_template=template)
    return {name: _tidy(definition) for name, definition in schema["$defs"].items()}


def _tidy(node: Any) -> Any:
    """The same schema, said so that a code generator makes of it what a person would write."""
    if isinstance(node, list):
        return [_tidy(value) for value in node]
    if not isinstance(node, dict):
        return node
    # a title repeats the field's name, and generators make a type of each
    tidy = {key: _tidy(value) for key, value in node.items() if key != "title" or not isinstance(value, str)}
    if isinstance(tidy.get("const"), str):
        tidy["enum"] = [tidy.pop("const")]  # a string constant loses the discriminator
    for name in tidy.get("required", ()):
        tidy["properties"][name].pop("default", None)  # it is always there
    if "$ref" in tidy and len(tidy) > 1:
        tidy["allOf"] = [{"$ref": tidy.pop("$ref")}]  # with anything beside it a reference becomes a type of its own
    either = tidy.get("anyOf", ())
    if len(either) == 2 and either[1] == {"type": "null"} and isinstance(either[0].get("type"), str):
        # a number with bounds in one of two schemas becomes a class with one field
        del tidy["anyOf"]
        tidy = {**either[0], **tidy, "type": [either[0]["type"], "null"]}
    return tidy


def messages_schema() -> dict[str, Any]:
    """Return JSON Schema (2020-12) of all payloads; each message is a definition of its own."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"DMS messages, version {SCHEMA_VERSION}",
        "description": "Payloads below dms/<vehicle_id>/. A reader ignores fields that it does not know.",
        "anyOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in _OUTPUTS],
        "$defs": _definitions("#/$defs/{model}"),
    }


def asyncapi() -> dict[str, Any]:
    """Return the AsyncAPI 3.0 document of a vehicle, with MQTT bindings; the vehicle is the application described."""
    channels = _Channels()
    availability = {"type": "string", "enum": [ONLINE, OFFLINE], "description": "Retained; the last will is offline."}
    topics = channels.topics
    channels.add("availability", topics.availability, "Availability", "send", "Whether the daemon is there.", True)
    channels.add("info", topics.info, "InfoMessage", "send", "What runs.", True)
    channels.add("health", topics.health, "HealthMessage", "send", "How the parts are doing.", True)
    channels.add("state", topics.state, "StateMessage", "send", "The driver now.", True)
    for kind, model in _ALERTS.items():
        text = f"Alerts about {kind}, each at least once and in order; event_id and sequence tell a repeat."
        channels.add(f"{kind}Alert", topics.alert(kind), model.__name__, "send", text, False)
    bound = f"Dropped when longer than {MAX_BYTES} bytes, retained, not valid, or too frequent."
    channels.add("acknowledge", topics.acknowledge, "AcknowledgeInput", "receive", f"Alerts are noted. {bound}", False)
    channels.add("driver", topics.driver, "DriverNamedInput", "receive", f"Somebody else drives. {bound}", False)
    channels.add("speed", topics.speed, "SpeedInput", "receive", f"The vehicle's speed. {bound}", False)
    will = {"topic": topics.availability, "qos": 1, "message": OFFLINE, "retain": True}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "DMS",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": "A driver-monitoring service in a vehicle. It publishes the driver's state, fatigue, "
            "anger and distraction alerts and its own health, and listens to a few vehicle inputs.",
            "license": {"name": "MIT"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "Any MQTT 5 or 3.1.1 broker; over TLS (mqtts) on port 8883.",
                "variables": {
                    "host": {"default": "localhost", "description": "mqtt.host"},
                    "port": {"default": "1883", "description": "mqtt.port"},
                },
                "security": [
                    {"type": "userPassword", "description": "mqtt.login_file or mqtt.login_credential"},
                    {"type": "X509", "description": "mqtt.tls.cert_file"},
                ],
                "bindings": {
                    "mqtt": {
                        "clientId": f"dms-{topics.vehicle_id}",
                        "cleanSession": True,
                        "keepAlive": MqttSettings().keepalive_s,
                        "lastWill": will,
                        **_MQTT,
                    }
                },
            }
        },
        "channels": channels.channels,
        "operations": channels.operations,
        "components": {
            "schemas": {"Availability": availability, **_definitions("#/components/schemas/{model}")},
            "messages": channels.messages,
        },
    }


class _Channels:
    """Collects the channels with their messages and operations."""

    def __init__(self) -> None:
        self.topics = Topics(TEMPLATE)
        self.channels: dict[str, Any] = {}
        self.messages: dict[str, Any] = {}
        self.operations: dict[str, Any] = {}

    def add(self, name: str, address: str, schema: str, action: str, summary: str, retain: bool) -> None:
        plain = schema == "Availability"
        self.messages[name] = {
            "name": name,
            "summary": summary,
            "contentType": "text/plain" if plain else "application/json",
            "payload": {"$ref": f"#/components/schemas/{schema}"},
            "bindings": {"mqtt": {"payloadFormatIndicator": 1, **_MQTT}},
        }
        self.channels[name] = {
            "address": address,
            "description": summary,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "parameters": {TEMPLATE.strip("{}"): {"description": "1 to 64 letters, digits, '-' and '_'."}},
        }
        self.operations[f"{action}{name[0].upper()}{name[1:]}"] = {
            "action": action,
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": summary,
            "messages": [{"$ref": f"#/channels/{name}/messages/{name}"}],
            "bindings": {"mqtt": {"qos": 1, "retain": retain, **_MQTT}},
        }
