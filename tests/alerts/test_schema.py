"""The committed contracts are those of the code, and the official tools accept them."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dms.alerts.clock import Stamp
from dms.alerts.encoder import Encoder
from dms.alerts.schema import asyncapi, messages_schema
from dms.alerts.topics import Topics
from dms.driver.state import AlertKind

from .make import GOOD_UTC, VEHICLE, alert, state
from .test_publisher import health, info

SCHEMAS = Path(__file__).parents[2] / "docs" / "schema"


@pytest.mark.parametrize(("name", "made"), [("messages", messages_schema()), ("asyncapi", asyncapi())])
def test_the_committed_document_is_the_one_that_the_code_makes(name: str, made: dict[str, Any]) -> None:
    committed = json.loads((SCHEMAS / f"{name}.json").read_text())
    assert committed == made, f"run: dms schema {name} > docs/schema/{name}.json"


def test_every_topic_of_a_vehicle_is_a_channel_and_no_other() -> None:
    topics = Topics("{vehicle_id}")
    published = {topics.availability, topics.info, topics.health, topics.state, *map(topics.alert, AlertKind)}
    document = asyncapi()
    by_action: dict[str, set[str]] = {"send": set(), "receive": set()}
    for operation in document["operations"].values():
        channel = operation["channel"]["$ref"].rpartition("/")[2]
        by_action[operation["action"]].add(document["channels"][channel]["address"])
    assert by_action == {"send": published, "receive": set(topics.inputs)}


def test_retain_qos_and_last_will_are_in_the_bindings() -> None:
    document = asyncapi()
    bindings = {name: operation["bindings"]["mqtt"] for name, operation in document["operations"].items()}
    assert {binding["qos"] for binding in bindings.values()} == {1}
    assert {name for name, binding in bindings.items() if binding["retain"]} == {
        "sendAvailability",
        "sendInfo",
        "sendHealth",
        "sendState",
    }
    will = document["servers"]["broker"]["bindings"]["mqtt"]["lastWill"]
    assert will == {"topic": "dms/{vehicle_id}/availability", "qos": 1, "message": "offline", "retain": True}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


@pytest.mark.parametrize("document", [messages_schema(), asyncapi()], ids=["messages", "asyncapi"])
def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    found = set(references(document))
    assert found
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_real_messages_satisfy_the_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    schema = messages_schema()
    encoder = Encoder(VEHICLE, "session", lambda t: Stamp(GOOD_UTC + t))
    made = {
        "FatigueAlertMessage": encoder.alert(alert()),
        "AngerAlertMessage": encoder.alert(alert(kind=AlertKind.ANGER)),
        "StateMessage": encoder.state(state()),
        "HealthMessage": health(),
        "InfoMessage": info(),
    }
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, message in made.items():
        jsonschema.validate(json.loads(message.to_json()), {**schema, "anyOf": [{"$ref": f"#/$defs/{name}"}]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"kind": "fatigue"}, schema)


def test_the_official_asyncapi_parser_finds_no_fault() -> None:
    """Needs @asyncapi/parser (npm install @asyncapi/parser) in the folder that ASYNCAPI_PARSER names."""
    folder = os.environ.get("ASYNCAPI_PARSER")
    if folder is None or shutil.which("node") is None:
        pytest.skip("ASYNCAPI_PARSER does not name a folder with @asyncapi/parser, or node is not installed")
    script = (
        "const { Parser } = require('@asyncapi/parser');"
        "new Parser().parse(require('fs').readFileSync(0, 'utf8')).then(({document, diagnostics}) => {"
        "console.log(JSON.stringify({valid: !!document, problems: diagnostics.filter(d => d.severity < 2)}))})"
    )
    ran = subprocess.run(
        ["node", "-e", script], input=json.dumps(asyncapi()), cwd=folder, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == {"valid": True, "problems": []}


def test_a_generated_client_keeps_the_discriminator_and_gets_named_enums() -> None:
    definitions = messages_schema()["$defs"]
    for name, kind in (("FatigueAlertMessage", "fatigue"), ("AngerAlertMessage", "anger")):
        message = definitions[name]
        assert {"kind", "schema_version", "session", "evidence"} <= set(message["required"])
        assert message["properties"]["kind"]["enum"] == [kind]
        assert "const" not in message["properties"]["kind"]
        assert message["properties"]["evidence"]["properties"]["closed_s"] == {"type": ["number", "null"]}
        assert "required" not in message["properties"]["evidence"]
        # a number and a reference, no class around either
        assert message["properties"]["late_s"]["type"] == ["number", "null"]
        assert message["properties"]["level"]["allOf"] == [{"$ref": f"#/$defs/{kind.title()}Level"}]
        assert "title" not in message["properties"]["at"]
    for name in ("CameraStatus", "ModelsStatus", "BrokerStatus", "ServiceStatus", "MqttVersion", "Degraded"):
        assert definitions[name]["enum"]
    # an input's fields stay optional
    assert "required" not in definitions["AcknowledgeInput"]


def test_what_a_message_always_sends_is_required() -> None:
    definitions = messages_schema()["$defs"]
    for name in ("InfoMessage", "HealthMessage", "StateMessage", "BrokerHealth", "CameraHealth"):
        assert set(definitions[name]["required"]) == set(definitions[name]["properties"])
