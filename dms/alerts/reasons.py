"""What a broker's reason codes mean for who runs the vehicle, in words.

Takes MQTT's reason codes (MQTT 5, 2.4), gives text with what to do. A code that is not listed keeps its standard name.
"""

from paho.mqtt.reasoncodes import ReasonCode

UNSUPPORTED_VERSION = 0x84
SESSION_TAKEN_OVER = 0x8E
RETAIN_NOT_SUPPORTED = 0x9A
QOS_NOT_SUPPORTED = 0x9B
_USE_ANOTHER = 0x9C
_SERVER_MOVED = 0x9D

_CONNACK_WORDS = {
    UNSUPPORTED_VERSION: "it does not speak this version of MQTT: set mqtt.protocol",
    0x85: "it does not allow the client id {client_id}: set mqtt.client_id",
    0x86: "user or password is wrong: check mqtt.login_file",
    0x87: "Not authorized",
    0x88: "it is not available now",
    0x89: "it is busy",
    0x8A: "it has banned this client: ask who runs it",
    0x8C: "it wants another kind of login than user and password",
    0x90: "it does not allow the topic of the last will: check the permissions of this user",
    0x95: "it says that the connection request is too large",
    0x97: "a quota of this user is used up: ask who runs it",
    RETAIN_NOT_SUPPORTED: "it keeps no retained messages",
    QOS_NOT_SUPPORTED: "it acknowledges nothing (QoS 0 only)",
    _USE_ANOTHER: "it names another broker: set mqtt.host",
    _SERVER_MOVED: "it has moved: set mqtt.host",
    0x9F: "it takes no more connections now",
}
_DISCONNECT_WORDS = {
    0x8B: "the broker is shutting down",
    0x8D: "the broker heard nothing within the keep-alive",
    SESSION_TAKEN_OVER: "another client has connected with the id {client_id}: each vehicle needs its own",
    0x93: "the broker says that more was in flight than it takes",
    0x95: "the broker says that a message was too large",
    0x96: "the broker says that messages came too fast",
    0x97: "a quota of this user is used up: ask who runs the broker",
    0x98: "who runs the broker ended the connection",
    _USE_ANOTHER: "the broker names another one: set mqtt.host",
    _SERVER_MOVED: "the broker has moved: set mqtt.host",
}
_INNOCENT = {0x88, 0x89, 0x8B, 0x8D, SESSION_TAKEN_OVER, 0x98, _USE_ANOTHER, _SERVER_MOVED, 0x9F}
"""Reasons for the end of a connection that have nothing to do with what was sent."""


def connack_in_words(reason: ReasonCode, client_id: str, server_reference: str | None) -> str:
    """Return why a connection was refused."""
    return _in_words(_CONNACK_WORDS.get(reason.value, str(reason)), client_id, server_reference)


def disconnect_in_words(reason: ReasonCode, client_id: str, server_reference: str | None) -> str:
    """Return why a connection has ended."""
    if reason.value == 0x80:  # what the client library calls a socket that was closed
        return "the connection was closed without a reason"
    return _in_words(_DISCONNECT_WORDS.get(reason.value, str(reason)), client_id, server_reference)


def blames_message(reason: ReasonCode) -> bool:
    """Return whether the end of a connection may be the fault of a message."""
    return reason.value not in _INNOCENT


def _in_words(words: str, client_id: str, server_reference: str | None) -> str:
    text = words.format(client_id=client_id) if "{client_id}" in words else words
    return text if server_reference is None else f"{text} (it names {server_reference}, which is not followed)"
