"""One connection to the broker, from the first byte to the last.

Takes messages to send, gives what came back: acknowledgements, inputs, a refusal, the end. Everything happens in
the thread that calls ``step``; paho's callbacks only note what they received. Never reconnects: a new connection
is a new ``Connection``, so nothing of an old one lives on.
"""

import functools
import select
import socket
from dataclasses import dataclass
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from dms.alerts.client import new_client
from dms.alerts.delivery.limits import Limits, content_type
from dms.alerts.delivery.publication import Publication
from dms.alerts.messages import OFFLINE
from dms.alerts.reasons import blames_message, connack_in_words, disconnect_in_words
from dms.alerts.version import Version
from dms.config.alerts import MqttSettings

_MAX_INCOMING_BYTES = 4096
"""Largest packet that the broker may send (MQTT 5): inputs are a quarter of it."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker's answer to a message.

    Attributes:
        mid: The message's id on this connection.
        refusal: Why the broker did not take it; None when it did.
    """

    mid: int
    refusal: str | None


@dataclass(frozen=True, slots=True)
class Received:
    """A message from the broker, as it came."""

    topic: str
    payload: bytes
    retained: bool


@dataclass(frozen=True, slots=True)
class Will:
    """What a broker takes of a last will: one that keeps nothing or acknowledges nothing refuses it otherwise."""

    qos: int = 1
    retain: bool = True


WHOLE_WILL = Will()


class Connection:
    """A connection with its last will.

    Args:
        settings: The ``[mqtt]`` table.
        client_id: Unique on the broker.
        version: Of MQTT.
        will: What of the last will an earlier connection was not refused for; None for no will.
        availability: The topic that the broker sets to ``offline`` when the connection breaks.

    Attributes:
        version: Of MQTT.
        accepted: The broker has accepted the connection.
        closed: Why the connection is over; None while it is not.
        refused: The broker refused the connection rather than being out of reach.
        subscribed: The broker has answered a subscription.
        opened: The broker's machine has taken the connection.
        code: The broker's reason code of its refusal or goodbye; None when it gave none.
        blames_message: Whether the end may be the fault of a message that was sent.
        limits: What the broker states that it takes.

    Raises:
        UserError: A login or certificate file is missing or not what it should be.
    """

    def __init__(
        self,
        settings: MqttSettings,
        client_id: str,
        availability: str,
        version: Version = "5",
        will: Will | None = WHOLE_WILL,
    ) -> None:
        self.accepted = False
        self.closed: str | None = None
        self.refused = False
        self.opened = False
        self.subscribed = False
        self.code: int | None = None
        self.blames_message = True
        self.limits = Limits()
        self._client_id = client_id
        self._settings = settings
        self._acknowledged: list[Acknowledged] = []
        self._received: list[Received] = []
        self._denied: list[str] = []
        self.version = version
        client = new_client(settings, client_id, version)
        if will is not None:
            properties = _will_properties() if version == "5" else None
            client.will_set(availability, OFFLINE, qos=will.qos, retain=will.retain, properties=properties)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        self._client = client

    def connect(self, timeout_s: float | None = None) -> None:
        """Open the connection and ask the broker to accept it.

        Args:
            timeout_s: Longest wait for the broker's machine; the client library's when absent.

        Raises:
            OSError: The broker cannot be reached, or TLS failed.
        """
        properties = None
        if self.version == "5":
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.MaximumPacketSize = _MAX_INCOMING_BYTES
        settings = self._settings
        if timeout_s is not None:
            self._client.connect_timeout = timeout_s
        self._client.connect(settings.host, settings.broker_port, settings.keepalive_s, properties=properties)
        self.opened = True

    def step(self, wake: socket.socket, timeout_s: float) -> None:
        """Move bytes until something happened, ``wake`` can be read, or the time is over."""
        sock = self._client.socket()
        if sock is None:
            self.closed = self.closed or "connection lost"
            return
        pending = getattr(sock, "pending", None)
        if pending is not None and pending():
            timeout_s = 0.0  # TLS has decrypted more than was read: the socket itself need not become readable
        writing = [sock] if self._client.want_write() else []
        readable, writable, _ = select.select([sock, wake], writing, [], timeout_s)
        if sock in readable or timeout_s == 0.0:
            self._client.loop_read()
        if writable:
            self._client.loop_write()
        self._client.loop_misc()

    def publish(self, message: Publication) -> int:
        """Send a message; returns its id on this connection."""
        properties = None
        if self.version == "5":
            properties = _publish_properties(None if message.bare else content_type(message.payload), message.expiry_s)
        sent = self._client.publish(message.topic, message.payload, message.qos, message.retain, properties)
        return sent.mid

    def subscribe(self, topics: tuple[str, ...]) -> None:
        """Listen to topics; messages that the broker kept are not asked for."""
        if self.version == "5":
            options = SubscribeOptions(qos=1, noLocal=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
            self._client.subscribe([(topic, options) for topic in topics])
        else:
            self._client.subscribe([(topic, 1) for topic in topics])

    def take_acknowledged(self) -> list[Acknowledged]:
        """Return what the broker answered since the last call."""
        taken, self._acknowledged = self._acknowledged, []
        return taken

    def take_received(self) -> list[Received]:
        """Return what came in since the last call."""
        taken, self._received = self._received, []
        return taken

    def take_denied(self) -> list[str]:
        """Return why topics may not be listened to, since the last call."""
        taken, self._denied = self._denied, []
        return taken

    def disconnect(self) -> None:
        """Say goodbye: the broker drops the last will."""
        self._client.disconnect()

    def close(self) -> None:
        """Close the socket without a goodbye; the broker publishes the last will."""
        sock = self._client.socket()
        if sock is not None:
            sock.close()

    def _on_connect(
        self, client: mqtt.Client, userdata: Any, flags: mqtt.ConnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        self.limits = Limits.stated(properties)
        if reason.is_failure:
            self.refused = True
            self.code = reason.value
            self.closed = connack_in_words(reason, self._client_id, self.limits.server_reference)
        else:
            self.accepted = True

    def _on_disconnect(
        self, client: mqtt.Client, userdata: Any, flags: mqtt.DisconnectFlags, reason: ReasonCode, properties: Any
    ) -> None:
        if self.closed is None:
            self.code = reason.value if flags.is_disconnect_packet_from_server else None
            self.blames_message = blames_message(reason)
            reference = getattr(properties, "ServerReference", None)
            self.closed = disconnect_in_words(reason, self._client_id, reference)

    def _on_publish(self, client: mqtt.Client, userdata: Any, mid: int, reason: ReasonCode, properties: Any) -> None:
        self._acknowledged.append(Acknowledged(mid, str(reason) if reason.is_failure else None))

    def _on_subscribe(
        self, client: mqtt.Client, userdata: Any, mid: int, reasons: list[ReasonCode], properties: Any
    ) -> None:
        self.subscribed = True
        self._denied.extend(str(reason) for reason in reasons if reason.is_failure)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            return  # a topic that is no text is none of ours
        self._received.append(Received(topic, bytes(message.payload), bool(message.retain)))


@functools.cache
def _publish_properties(content: str | None, expiry_s: int | None) -> Properties:
    """Made once for each kind of message: the client library takes its time, and changes nothing in them."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    if content is not None:
        properties.PayloadFormatIndicator = 1
        properties.ContentType = content
    if expiry_s is not None:
        properties.MessageExpiryInterval = expiry_s
    return properties


def _will_properties() -> Properties:
    properties = Properties(PacketTypes.WILLMESSAGE)  # type: ignore[no-untyped-call]
    properties.PayloadFormatIndicator = 1
    properties.ContentType = content_type(OFFLINE)
    return properties
