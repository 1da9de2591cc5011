"""The demonstration finds a broker: Mosquitto where it is installed, else the embedded one."""

import threading

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from dms.alerts import mosquitto
from dms.demo.broker import HOST, broker


def is_heard(port: int, protocol: MQTTProtocolVersion) -> bool:
    """Whether a message comes back to who subscribes."""
    heard = threading.Event()
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=protocol)
    client.on_message = lambda *_: heard.set()
    client.on_connect = lambda client, *_: client.subscribe("here", qos=1)
    client.on_subscribe = lambda client, *_: client.publish("here", "text", qos=1)
    client.connect(HOST, port)
    client.loop_start()
    try:
        return heard.wait(60.0)
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.skipif(mosquitto.find_mosquitto() is None, reason="Mosquitto is not installed")
def test_it_is_mosquitto_with_mqtt_5_where_that_is_installed() -> None:
    with broker() as (port, protocol):
        assert protocol == "5"
        assert is_heard(port, mqtt.MQTTv5)


def test_without_mosquitto_it_is_embedded(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("amqtt", reason="amqtt is not installed: pip install 'dms[demo]'")
    monkeypatch.setattr(mosquitto, "find_mosquitto", lambda: None)
    with broker() as (port, protocol):
        assert protocol == "3.1.1"
        assert is_heard(port, mqtt.MQTTv311)
