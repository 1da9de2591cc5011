"""The side of the commands: asks the daemon that runs here.

Takes a state folder and a question, gives the answers as they come.
"""

import json
import socket
from collections.abc import Generator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from dms.errors import UserError, WorldError
from dms.service.control.address import short_address
from dms.service.control.protocol import LONGEST_ANSWER, VERSION, End, Reply, socket_paths

SILENCE_S = 10.0
"""Longest time without an answer: what takes longer says something in between."""


class NotRunningError(WorldError):
    """No daemon answers."""


class NotAnsweredError(WorldError):
    """The daemon answers, but not this.

    Attributes:
        end: Why, in the protocol's word.
    """

    def __init__(self, text: str, end: End) -> None:
        super().__init__(text)
        self.end: End = end


def ask(
    folder: Path, question: str, arguments: Mapping[str, Any] | None = None, silence_s: float = SILENCE_S
) -> Generator[dict[str, Any], None, None]:
    """Ask the daemon of a state folder. Closing the generator ends the asking.

    Args:
        folder: As ``state_folder`` gives it.
        question: Its name.
        arguments: What it asks for in particular, plain data.
        silence_s: Longest time to wait for the next answer, seconds.

    Raises:
        NotRunningError: No daemon of this folder runs.
        UserError: The arguments are wrong.
        NotAnsweredError: It does not answer that, or not now.
        WorldError: This user may not ask, or the daemon has ended or hangs.
    """
    with _connected(folder) as daemon:
        daemon.settimeout(silence_s)
        line = json.dumps({"version": VERSION, "ask": question, "arguments": dict(arguments or {})})
        try:
            with suppress(BrokenPipeError):  # one that is busy answers before it is asked, and closes
                daemon.sendall(line.encode() + b"\n")
            with daemon.makefile("rb") as answers:
                while True:
                    reply = _reply(answers.readline(LONGEST_ANSWER))
                    if reply.end == "done":
                        return
                    if reply.end == "invalid":
                        raise UserError(reply.text)
                    if reply.end is not None:
                        raise NotAnsweredError(_in_words(reply), reply.end)
                    if reply.answer is not None:
                        yield reply.answer
        except TimeoutError as error:
            raise WorldError(f"the daemon does not answer for {silence_s:g} s: it hangs") from error
        except OSError as error:
            raise WorldError(f"the daemon ended while it was asked ({error.strerror or error})") from error


def _connected(folder: Path) -> socket.socket:
    for path in socket_paths(folder):
        daemon = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            daemon.settimeout(SILENCE_S)
            with short_address(path) as address:
                daemon.connect(address)
        except PermissionError as error:
            daemon.close()
            raise WorldError(f"{path}: only the daemon's own user and group may ask it (sudo?)") from error
        except OSError:  # not there, or nobody listens any more
            daemon.close()
        else:
            return daemon
    raise NotRunningError(f"no dms runs with the state folder {folder} (sudo systemctl start dms)")


def _reply(line: bytes) -> Reply:
    if not line.endswith(b"\n"):
        raise WorldError("the daemon ended while it was asked")
    try:
        return Reply.model_validate_json(line)
    except ValidationError as error:
        raise WorldError("what answers is no dms that this one understands") from error


def _in_words(reply: Reply) -> str:
    if reply.end in {"unknown", "version"}:
        return f"{reply.text}: it is of another release, restart it (sudo systemctl restart dms)"
    return reply.text or str(reply.end)
