"""Run by Home Assistant's own Python: its schemas judge each part of an announcement, its templates some messages.

Reads ``{"announced": ..., "samples": {topic: payload}}`` from standard input, writes what the parts show.
"""

import asyncio
import importlib
import json
import sys
import tempfile

from homeassistant.components.mqtt.schemas import MQTT_ORIGIN_INFO_SCHEMA
from homeassistant.const import __version__
from homeassistant.core import HomeAssistant
from homeassistant.helpers import frame
from homeassistant.helpers.template import Template


async def main() -> None:
    given = json.loads(sys.stdin.read())
    announced, samples = given["announced"], given["samples"]
    with tempfile.TemporaryDirectory() as folder:
        hass = HomeAssistant(folder)
        frame.async_setup(hass)
        MQTT_ORIGIN_INFO_SCHEMA(announced["origin"])
        shown = {}
        for key, component in announced["components"].items():
            config = {**component, **{name: announced[name] for name in ("device", "origin", "qos")}}
            platform = config.pop("platform")
            if platform == "device_automation":
                module = importlib.import_module("homeassistant.components.mqtt.device_trigger")
                checked = module.TRIGGER_DISCOVERY_SCHEMA(config)
            else:
                module = importlib.import_module(f"homeassistant.components.mqtt.{platform}")
                checked = module.DISCOVERY_SCHEMA(config)
            template, payload = (
                checked.get("value_template"),
                samples.get(component.get("state_topic") or component.get("topic")),
            )
            if template is not None and payload is not None:
                # a device trigger's is made a template only when somebody uses it
                template = Template(template) if isinstance(template, str) else template
                template.hass = hass
                shown[key] = template.async_render_with_possible_json_value(payload, parse_result=False)
        print(json.dumps({"version": __version__, "checked": list(announced["components"]), "shown": shown}))
        await hass.async_stop(force=True)


asyncio.run(main())
