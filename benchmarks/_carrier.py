"""``python -m benchmarks._carrier SECONDS``: a carrier that takes every text and answers after so many seconds.

It speaks as much HTTP/1.1 as POST with a Content-Length needs, so that it takes a twentieth of a processor where those who call it
take a whole one. Prints its port, and ends with its standard input. ``GET`` answers how many texts it has taken, and how many
were in its hands at once at most.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Carrier(asyncio.Protocol):
    """One connection."""

    seconds = 0.05
    taken = now = most = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: asyncio.WriteTransport = transport  # type: ignore[assignment]
        self._heard = b""
        self._loop = asyncio.get_running_loop()

    def data_received(self, data: bytes) -> None:
        """Take a text when it is whole."""
        self._heard += data
        head, ended, body = self._heard.partition(b"\r\n\r\n")
        if not ended:
            return
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if len(body) < int(length or b"0"):
            return
        self._heard = b""
        if head.startswith(b"GET"):
            self._write(b'{"taken": %d, "most": %d}' % (Carrier.taken, Carrier.most))
            return
        Carrier.now += 1
        Carrier.most = max(Carrier.most, Carrier.now)
        self._loop.call_later(self.seconds, self._answer)

    def _answer(self) -> None:
        Carrier.now -= 1
        Carrier.taken += 1
        self._write(b'{"id": "s%d", "status": "created", "parts": 1}' % Carrier.taken)

    def _write(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)


@contextmanager
def carrier(seconds: float) -> Iterator[str]:
    """The carrier in a process of its own; its base URL."""
    command = [sys.executable, "-m", "benchmarks._carrier", str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        assert process.stdin is not None
        process.stdin.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Carrier, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    ended = asyncio.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(ended.set)), daemon=True).start()
    await ended.wait()


if __name__ == "__main__":
    Carrier.seconds = float(sys.argv[1])
    asyncio.run(_serve())
