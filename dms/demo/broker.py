"""The broker of the demonstration: Mosquitto where it is installed, else amqtt in this process.

Takes nothing, gives a port of loopback. amqtt speaks MQTT 3.1.1 only, so the demo speaks MQTT 5 with Mosquitto alone.
"""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from dms.alerts.mosquitto import free_port, mosquitto
from dms.errors import UserError

HOST = "127.0.0.1"
Protocol = Literal["5", "3.1.1"]


@contextmanager
def broker() -> Iterator[tuple[int, Protocol]]:
    """Run a broker; yields its port and what it speaks.

    Raises:
        UserError: Neither Mosquitto nor the extra ``demo`` is installed.
        WorldError: Mosquitto does not start.
    """
    with mosquitto() as port:
        if port is not None:
            yield port, "5"
            return
    with _amqtt() as port:
        yield port, "3.1.1"


@contextmanager
def _amqtt() -> Iterator[int]:
    """Start a broker on a free port of loopback, in a thread with an event loop of its own."""
    try:
        from amqtt.broker import Broker  # noqa: PLC0415  # an extra
    except ImportError as error:
        raise UserError(
            "the demo needs a broker: apt install mosquitto, or pip install '.[demo]' in a checkout of DMS"
        ) from error
    logging.getLogger("amqtt").setLevel(logging.CRITICAL)
    logging.getLogger("transitions").setLevel(logging.CRITICAL)
    port = free_port()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="broker", daemon=True)
    thread.start()
    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }

    async def make() -> Any:
        return Broker(settings, loop=loop)

    embedded = asyncio.run_coroutine_threadsafe(make(), loop).result(10)
    asyncio.run_coroutine_threadsafe(embedded.start(), loop).result(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(embedded.shutdown(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
