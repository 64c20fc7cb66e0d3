"""``python -m benchmarks._mailing PORT MAILS CONNECTIONS``: sends mails over SMTP as fast as a server takes them; tells how long.

Light on purpose, so that a server on the same machine has the processors to itself. Each mail is one of those that people's
programs send: some headers, plain text and HTML, a signature; each has its own words, its own Message-ID and one recipient.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

DOMAIN = "sms.example"
SENDER = "anna@salon.example"

_MAIL = """\
Received: from mail.salon.example (mail.salon.example [192.0.2.7])
 by mx.sms.example (Postfix) with ESMTPS id 4C{number}
 for <{to}>; Wed, 25 Nov 2026 12:00:00 +0000 (UTC)
From: =?utf-8?Q?Anna_=C3=96berg?= <anna@salon.example>
To: <{to}>
Subject: =?utf-8?Q?P=C3=A5minnelse_{number}?=
Date: Wed, 25 Nov 2026 13:00:00 +0100
Message-ID: <{number}.{run}@salon.example>
MIME-Version: 1.0
Content-Language: sv-SE
Content-Type: multipart/alternative; boundary="=_{number}"

--=_{number}
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Hej! Din tid {number} =C3=A4r p=C3=A5 torsdag klockan nio. Ring oss om du f=C3=A5r f=
=C3=B6rhinder.

--=20
Anna =C3=96berg
Salongen

--=_{number}
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: quoted-printable

<html><head><meta http-equiv=3D"Content-Type" content=3D"text/html; charset=3Dutf-8">
<style>p {{ margin: 0 }} .sig {{ color: #888 }}</style></head><body lang=3D"SV">
<p>Hej! Din tid {number} =C3=A4r p=C3=A5 <b>torsdag klockan nio</b>. Ring oss om du f=C3=A5r f=
=C3=B6rhinder.</p><p class=3D"sig">-- <br>Anna =C3=96berg<br>Salongen</p></body></html>

--=_{number}--
"""


def mail(number: int, run: str) -> tuple[str, bytes]:
    """One mail's recipient and its bytes, as they go over the wire but for the dots."""
    to = f"070174{number % 10000:04}@{DOMAIN}"
    return to, _MAIL.format(number=number, to=to, run=run).replace("\n", "\r\n").encode()


async def _send(port: int, numbers: Iterator[int], run: str) -> int:
    """Mails over one connection; how many were taken."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def reply(wanted: bytes) -> None:
        while True:
            line = await reader.readline()
            if line[3:4] != b"-":
                break
        if not line.startswith(wanted):
            raise RuntimeError(f"the server said {line!r}, and not {wanted!r}")

    async def command(line: str, wanted: bytes) -> None:
        writer.write(f"{line}\r\n".encode())
        await reply(wanted)

    await reply(b"220")
    await command("EHLO mail.salon.example", b"250")
    taken = 0
    for number in numbers:
        to, raw = mail(number, run)
        await command(f"MAIL FROM:<{SENDER}>", b"250")
        await command(f"RCPT TO:<{to}>", b"250")
        await command("DATA", b"354")
        writer.write(raw + b".\r\n")
        await reply(b"250")
        taken += 1
    await command("QUIT", b"221")
    writer.close()
    return taken


async def _all(port: int, mails: int, connections: int) -> None:
    numbers, run = iter(range(mails)), str(time.time_ns())
    start = time.perf_counter()
    taken = await asyncio.gather(*(_send(port, numbers, run) for _ in range(connections)))
    if sum(taken) != mails:
        raise RuntimeError(f"{sum(taken)} of {mails} mails were taken")
    print(time.perf_counter() - start)


if __name__ == "__main__":
    asyncio.run(_all(*map(int, sys.argv[1:])))
