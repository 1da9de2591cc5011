"""A small RTSP server for tests: one video as an MPEG transport stream, RTP interleaved in the TCP connection.

RFC 2326 (RTSP), RFC 2250 (MPEG over RTP).
"""

import shutil
import socketserver
import struct
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

import pytest

_PACKETS = 7 * 188
"""Bytes of one RTP payload: seven packets of the transport stream."""
_SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=cabin\r\nt=0 0\r\nm=video 0 RTP/AVP 33\r\na=control:video\r\n"


class RtspServer:
    """Plays a video at its own pace to whoever asks, from its beginning."""

    def __init__(self, video: Path) -> None:
        ffmpeg = shutil.which("ffmpeg")
        if ffmpeg is None:
            pytest.skip("ffmpeg is not installed: it makes the stream")
        command = [ffmpeg, "-v", "error", "-re", "-i", str(video), "-c", "copy", "-f", "mpegts", "-"]

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with suppress(OSError):
                    while request := self._request():
                        method, number = request
                        self._answer(method, number)
                        if method == "PLAY":
                            self._play()
                            return

            def _request(self) -> tuple[str, str] | None:
                headers: list[str] = []
                while (line := self.rfile.readline().decode()) not in ("\r\n", ""):
                    headers.append(line.strip())
                if not headers:
                    return None
                number = next(line.split(":")[1].strip() for line in headers if line.lower().startswith("cseq"))
                return headers[0].split()[0], number

            def _answer(self, method: str, number: str) -> None:
                body = _SDP if method == "DESCRIBE" else ""
                self.wfile.write(
                    f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\nSession: 1\r\nPublic: DESCRIBE, SETUP, PLAY, TEARDOWN\r\n"
                    f"Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nContent-Type: application/sdp\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
                )

            def _play(self) -> None:
                with subprocess.Popen(command, stdout=subprocess.PIPE) as sending:
                    assert sending.stdout is not None
                    try:
                        sequence = 0
                        while payload := sending.stdout.read(_PACKETS):
                            header = struct.pack("!BBHII", 0x80, 33, sequence % 65536, sequence * 90, 1)
                            length = len(header) + len(payload)
                            self.wfile.write(struct.pack("!cBH", b"$", 0, length) + header + payload)
                            sequence += 1
                    finally:
                        sending.kill()

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"rtsp://127.0.0.1:{self._server.server_address[1]}/cabin"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
