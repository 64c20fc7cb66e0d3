"""How long reading takes for mails made to take long: seconds at 2.5, 5 and 10 megabytes, and how they grow.

``python -m benchmarks.bench_mail_traps``. Level or doubling with the size is linear; four times as much for twice the size is
not. What is refused before it is read says so.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable

from benchmarks._measure import table

from servicekit.errors import UnreadableMail
from servicekit.mail import read_mail

HEAD = b"From: anna@salon.example\r\nSubject: Hej\r\nMessage-ID: <1@salon.example>\r\n"
SIZES = (2_500_000, 5_000_000, 10_000_000 - 2000)
_TEXT = 990_000  # characters of text that are read at most, less a little


def _filled(unit: bytes, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def _text(unit: bytes, *, kind: str = "plain") -> Callable[[int], bytes]:
    """Text of as many characters as are read, scaled like the mail."""
    head = HEAD + b"Content-Type: text/" + kind.encode() + b"; charset=utf-8\r\n\r\n"
    return lambda size: head + _filled(unit, _TEXT * size // SIZES[-1])


def _field(unit: bytes, *, name: bytes = b"X-Filler") -> Callable[[int], bytes]:
    return lambda size: HEAD + name + b": " + _filled(unit, size) + b"\r\n\r\nHej\r\n"


def _body(unit: bytes, *, kind: bytes = b"multipart/mixed; boundary=x", more: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: HEAD + b"Content-Type: " + kind + b"\r\n" + more + b"\r\n" + _filled(unit, size)


def _nested(size: int) -> bytes:
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(18))
    return HEAD + opened + b"\r\n" + _filled(b"x" * 60 + b"\r\n", size)


def _base64(size: int) -> bytes:
    raw = base64.encodebytes(b"\x00" * (size * 7 // 10))
    head = b'Content-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    return HEAD + b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nHej\r\n--x\r\n" + head + raw + b"--x--"


TRAPS: dict[str, Callable[[int], bytes]] = {
    "a common mail with a large attachment": _base64,
    "one endless field": _field(b"x"),
    "a field folded without end": _field(b" a\r\n"),
    "as many fields": lambda size: HEAD + _filled(b"X: y\r\n", size) + b"\r\nHej",
    "references without end": _field(b"<a@b> ", name=b"References"),
    "recipients without end": _field(b'"a" <a@b.example>, ', name=b"To"),
    "encoded words without end": _field(b"=?utf-8?q?x", name=b"Subject"),
    "a subject of encoded words": lambda _: HEAD[:-2] + b"\r\nSubject: " + _filled(b"x=?u?q?x", 9_900) + b"\r\n\r\nHej",
    "parameters without end": _field(b"; a=b", name=b"Content-Type: text/plain"),
    "quotes in parameters": _field(b';"', name=b"Content-Type: text/plain"),
    "parts without end": _body(b"--x\r\n\r\n\r\n"),
    "parts with long types": _body(b"--x\r\nContent-Type: text/plain; " + b"a=b;" * 50 + b"\r\n\r\n\r\n"),
    "open parts in parts over many lines": _nested,
    "mails in mails": _body(b"Content-Type: message/rfc822\r\n\r\n", kind=b"message/rfc822"),
    "lone carriage returns": _body(b"a\r", kind=b"text/plain"),
    "base64 in padded pieces": _body(b"AAAA=", kind=b"text/plain", more=b"Content-Transfer-Encoding: base64\r\n"),
    "quoted-printable of spaces": _body(
        b"=" + b" " * 60, kind=b"text/plain", more=b"Content-Transfer-Encoding: quoted-printable\r\n"
    ),
    "quote marks": _text(b"> "),
    "quote marks, line by line": _text(b">>>>>>>>> x\n"),
    "header blocks": _text(b"From: a\nSubject: b\n"),
    "recipients of header blocks": _text(b"From: a\nTo: b\nc\n"),
    "reply lines that are none": _text(b"On 3 " + b"a@b " * 90 + b":\n"),
    "verbs without an address": _text(b"wrote " * 60 + b":\n"),
    "wrapped reply lines": _text(b"On 3 a@b x\n"),
    "dashes": _text(b"-" * 399 + b"\n"),
    "dashes and spaces": _text(b"- " * 190 + b"x\n"),
    "device lines that are none": _text(b"Sent from " + b"my iphone " * 38 + b",\n"),
    "addresses repeated": _text(b"a.b<http://x>"),
    "open brackets": _text(b"[image: "),
    "files in the text": _text(b"begin 644 a\n" + b"M" * 60 + b"\n"),
    "armour": _text(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: x\n\n- - a\n"),
    "spaces": _text(b" "),
    "spaces and tabs, line by line": _text(b" \t" * 100 + b"\n"),
    "accents without end": _text("\u0301\u0323".encode()),
    "elements without end": _text(b"<div>", kind="html"),
    "quotes in quotes": _text(b'<blockquote type="cite">', kind="html"),
    "tables in tables": _text(b"<table><tr><td>", kind="html"),
    "lists in lists": _text(b"<ul><li>", kind="html"),
    "open links": _text(b"<a href='", kind="html"),
    "links in links": _text(b'<a href="http://x.example/">x', kind="html"),
    "open tags": _text(b"<", kind="html"),
    "open attributes": _text(b"<a b", kind="html"),
    "attributes without end": lambda size: _text(b" a=b", kind="html")(size).replace(b" a=b", b"<a a=b", 1) + b">",
    "open comments": _text(b"<!--", kind="html"),
    "open declarations": _text(b"<![", kind="html"),
    "scripts": _text(b"<script>", kind="html"),
    "ends without beginnings": _text(b"</div></b>", kind="html"),
    "entities": _text(b"&amp;", kind="html"),
    "entities without an end": _text(b"&ampampamp", kind="html"),
    "a number of a character without end": lambda size: _text(b"9", kind="html")(size).replace(
        b"\r\n\r\n", b"\r\n\r\n&#", 1
    ),
    "declared entities": _text(b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>&b;', kind="html"),
    "pictures inside addresses": _body(b"<img src='data:image/png;base64,AAAA" + b"A" * 90, kind=b"text/html"),
}


def timed(make: Callable[[int], bytes], size: int) -> tuple[float, str]:
    """Seconds, and the refusal's code or nothing."""
    raw = make(size)
    start = time.perf_counter()
    try:
        read_mail(raw)
    except UnreadableMail as refused:
        return time.perf_counter() - start, refused.code
    return time.perf_counter() - start, ""


def main() -> None:
    """Print the table."""
    rows = []
    for name, make in TRAPS.items():
        found = [timed(make, size) for size in SIZES]
        seconds = [one for one, _ in found]
        growth = seconds[2] / max(seconds[1], 1e-9)
        rows.append([name, *(f"{one:.3f}" for one in seconds), f"{growth:.1f}", found[2][1]])
    print(table(["seconds", "2.5 MB", "5 MB", "10 MB", "for twice the size", "refused"], rows))


if __name__ == "__main__":
    main()
