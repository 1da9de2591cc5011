"""Keeps every vehicle's alerts in SQLite: each once, with gaps reported and open alerts known.

    python examples/fleet_subscriber.py broker.example.com alerts.sqlite --user fleet --password-file secret

Needs paho-mqtt alone. It has a persistent session, so the broker keeps for it what is raised while it is away, and a
message is acknowledged only when it is in the database: with QoS 1 that makes each alert arrive at least once, and
``event_id`` with ``sequence`` make it once.
"""

import argparse
import itertools
import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    topic TEXT NOT NULL, sequence INTEGER NOT NULL, event_id TEXT NOT NULL, phase TEXT NOT NULL, level TEXT NOT NULL,
    at TEXT NOT NULL, payload TEXT NOT NULL, PRIMARY KEY (topic, event_id, sequence)
);
"""
_SESSION_S = 7 * 24 * 3600


class Alerts:
    """The alerts in a SQLite file.

    Args:
        path: The file; made when missing.
    """

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(_SCHEMA)

    def add(self, topic: str, payload: str) -> bool:
        """Keep a message; False when it is there already.

        Raises:
            ValueError: It is no alert that version 1 can read.
        """
        try:
            alert: dict[str, Any] = json.loads(payload)
            row = [alert[name] for name in ("sequence", "event_id", "phase", "level", "at")]
            readable = alert["schema_version"] == 1 and isinstance(row[0], int)
        except (KeyError, TypeError) as error:
            raise ValueError(f"no alert: {error}") from error
        if not readable:
            raise ValueError("no alert of version 1")
        kept = "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?)"
        return self._database.execute(kept, (topic, *row, payload)).rowcount == 1

    def gaps(self) -> list[tuple[str, int, int]]:
        """Topic, first and last number of what is missing between numbers that came."""
        numbers = self._database.execute(
            "SELECT DISTINCT topic, sequence FROM message ORDER BY topic, sequence"
        ).fetchall()
        pairs = itertools.pairwise(numbers)
        return [(topic, one + 1, two - 1) for (topic, one), (other, two) in pairs if topic == other and two > one + 1]

    def open_alerts(self) -> list[tuple[str, str, str]]:
        """Topic, event id and level of alerts that have started and not ended.

        A start that follows on its topic ends what was before it, should its own end be in a gap.
        """
        newest = "SELECT topic, event_id, level, phase, max(sequence) FROM message GROUP BY topic"
        return [
            (topic, event, level) for topic, event, level, phase, _ in self._database.execute(newest) if phase != "end"
        ]

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def subscribe(
    alerts: Alerts, host: str, port: int, client_id: str, login: tuple[str, str] | None, tls: bool
) -> mqtt.Client:
    """Make a client that keeps every alert; it is not connected yet."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv5, manual_ack=True)
    if login:
        client.username_pw_set(*login)
    if tls:
        client.tls_set()

    def on_connect(client: mqtt.Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
        if reason.is_failure:
            print(f"refused: {reason}", file=sys.stderr)
        else:
            client.subscribe("dms/+/alert/+", qos=1)

    def on_message(client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        try:
            if alerts.add(message.topic, message.payload.decode()):
                print(message.topic, message.payload.decode(), flush=True)
        except ValueError as error:
            print(f"{message.topic}: {error}", file=sys.stderr)
        client.ack(message.mid, message.qos)  # only now: it is on disk, or never will be

    client.on_connect, client.on_message = on_connect, on_message
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = _SESSION_S
    client.connect(host, port, clean_start=False, properties=properties)
    return client


def main() -> None:
    """Keep alerts until interrupted, then report gaps and open alerts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("host")
    parser.add_argument("database", type=Path)
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--client-id", default="fleet-subscriber", help="keep it: the session has this name")
    parser.add_argument("--user")
    parser.add_argument("--password-file", type=Path)
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()
    login = (given.user, given.password_file.read_text().strip()) if given.user else None
    with closing(Alerts(given.database)) as alerts:
        client = subscribe(alerts, given.host, given.port, given.client_id, login, given.tls)
        try:
            client.loop_forever()
        except KeyboardInterrupt:
            client.disconnect()
        for topic, first, last in alerts.gaps():
            print(f"gap: {topic} {first} to {last}", file=sys.stderr)
        for topic, event_id, level in alerts.open_alerts():
            print(f"open: {topic} {level} {event_id}", file=sys.stderr)


if __name__ == "__main__":
    main()
