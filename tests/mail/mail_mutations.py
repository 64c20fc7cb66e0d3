"""Mails that went wrong: the corpus and the examples, hit several times; and framing that no decent client would send.

All from one number, so that a mail that broke something can be made again.
"""

from __future__ import annotations

import base64
import quopri
import random
from collections.abc import Callable
from pathlib import Path

__all__ = ["NESTED", "SEEDS", "framed", "mutated"]

_HERE = Path(__file__).parent
SEEDS = [
    path.read_bytes()
    for folder in (_HERE / "corpus", _HERE.parents[1] / "examples" / "mails")
    for path in sorted(folder.glob("*.eml"))
]
_SPLINTERS = [
    b"\n",
    b"\r\n\r\n",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r\n..\r\n",
    b"\r",
    b"\x00",
    b"\x00" * 50,
    b"\xff\xfe\x00",
    b"\xf0\x9f",
    b"\x1b$B",
    b"From: ",
    b"From: x@y.example\r\n",
    b"Subject: =?utf-8?b?",
    b"=?" * 40,
    b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
    b'Content-Type: multipart/alternative; boundary=""\r\n',
    b"Content-Type: multipart/report; boundary*0*=utf-8''%\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: message/partial; id=1; number=1\r\n\r\n",
    b"Content-Type: text/html; charset=utf-16\r\n\r\n",
    b"Content-Type: text/plain; charset=utf-7\r\n",
    b"Content-Type: text/plain; charset=idna\r\n",
    b"Content-Type: text/plain; format=flowed; delsp=yes\r\n",
    b"; charset*=a\x00b'c'%E5",
    b"; boundary*=\xe5''x",
    b'; filename*1*=x; filename="',
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 666 x\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n=",
    b"<!--",
    b"<![CDATA[",
    b"<a '",
    b"<script>",
    b"<div style='display:none'>",
    b'<blockquote type="cite">' * 30,
    b"&#" + b"9" * 5000 + b";",
    b"&#xD800;&#0;&#x110000;",
    b"> > >",
    b"-- \r\n",
    b"\r\nFrom: a\r\nSent: b\r\nTo: c\r\nSubject: d\r\n",
    b"-----BEGIN PGP SIGNED MESSAGE-----\r\n",
    b"begin 644 a\r\n#0V%T\r\nend\r\n",
    b"Auto-Submitted: \xff\r\n",
    b"Received: " + b"x" * 3000 + b"\r\n",
    "\u2028\u0085\u202e\ufeff\u200b".encode(),
    "a\u0301\u0323".encode() * 100,
]
_CHARSETS = [
    b"utf-8",
    b"utf-16",
    b"utf-7",
    b"iso-2022-jp",
    b"hz",
    b"koi8-r",
    b"gb2312",
    b"big5",
    b"cp037",
    b"rot13",
    b"\xff",
]


def _cut(dice: random.Random, raw: bytes) -> bytes:
    return raw[: dice.randrange(len(raw) + 1)]


def _taken_out(dice: random.Random, raw: bytes) -> bytes:
    at = dice.randrange(len(raw) + 1)
    return raw[:at] + raw[at + dice.randrange(300) :]


def _spiked(dice: random.Random, raw: bytes) -> bytes:
    at, new = dice.randrange(len(raw) + 1), dice.choice(_SPLINTERS)
    return raw[:at] + new + raw[at + dice.choice([0, len(new)]) :]


def _header_spiked(dice: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    at = dice.randrange(min(len(lines), 25))
    return b"\r\n".join([*lines[:at], dice.choice(_SPLINTERS).strip(b"\r\n"), *lines[at:]])


def _doubled(dice: random.Random, raw: bytes) -> bytes:
    at, length = dice.randrange(len(raw) + 1), dice.randrange(400)
    return raw[:at] + raw[at : at + length] * dice.randrange(2, 20) + raw[at:]


def _flipped(dice: random.Random, raw: bytes) -> bytes:
    found = bytearray(raw)
    for _ in range(dice.randrange(1, 30)):
        if found:
            found[dice.randrange(len(found))] = dice.randrange(256)
    return bytes(found)


def _crossed(dice: random.Random, raw: bytes) -> bytes:
    other = dice.choice(SEEDS)
    return raw[: dice.randrange(len(raw) + 1)] + other[dice.randrange(len(other)) :]


def _without_lines(dice: random.Random, raw: bytes) -> bytes:
    return b"\r\n".join(line for line in raw.split(b"\r\n") if dice.random() < 0.9)


def _shuffled(dice: random.Random, raw: bytes) -> bytes:
    lines = raw.split(b"\r\n")
    at = dice.randrange(len(lines))
    some = lines[at : at + 8]
    dice.shuffle(some)
    return b"\r\n".join([*lines[:at], *some, *lines[at + 8 :]])


def _bare(dice: random.Random, raw: bytes) -> bytes:
    return raw.replace(b"\r\n", dice.choice([b"\n", b"\r", b"\n\r", b"\r\r\n"]))


def _relabelled(dice: random.Random, raw: bytes) -> bytes:
    return raw.replace(dice.choice([b"utf-8", b"UTF-8", b"iso-8859-1"]), dice.choice(_CHARSETS))


def _encoded(dice: random.Random, raw: bytes) -> bytes:
    """The body in an encoding that nobody announces, or announced twice."""
    head, _, body = raw.partition(b"\r\n\r\n")
    done = dice.choice([base64.encodebytes, quopri.encodestring])(body)
    said = dice.choice(
        [b"", b"\r\nContent-Transfer-Encoding: base64", b"\r\nContent-Transfer-Encoding: quoted-printable"]
    )
    return head + said + b"\r\n\r\n" + done


def _long_line(dice: random.Random, raw: bytes) -> bytes:
    at = dice.randrange(len(raw) + 1)
    return (
        raw[:at]
        + dice.choice([b"x", b" ", b"=", b"\xe5", b"<p>", b"> "]) * dice.choice([999, 5_000, 70_000])
        + raw[at:]
    )


def _many_fields(dice: random.Random, raw: bytes) -> bytes:
    return b"".join(b"X-%d: y\r\n" % number for number in range(dice.randrange(3_000))) + raw


NESTED = 40


def _nested(dice: random.Random, raw: bytes) -> bytes:
    found = raw.lstrip(b"\r\n")
    for level in range(dice.randrange(1, NESTED)):
        kind = dice.choice([b"mixed", b"alternative", b"related", b"signed"])
        found = b'Content-Type: multipart/%b; boundary="b%d"\r\n\r\n--b%d\r\n%b\r\n' % (kind, level, level, found)
    return b"From: anna@salon.example\r\n" + found


def _many_parts(dice: random.Random, raw: bytes) -> bytes:
    part = b"--p\r\nContent-Type: text/%b\r\n\r\nx\r\n" % dice.choice([b"plain", b"html", b"x"])
    head = raw.partition(b"\r\n\r\n")[0]
    return head + b"\r\nContent-Type: multipart/mixed; boundary=p\r\n\r\n" + part * dice.randrange(6_000)


_SOFT: list[Callable[[random.Random, bytes], bytes]] = [
    *(_cut, _taken_out, _spiked, _spiked, _header_spiked, _header_spiked, _doubled, _flipped, _crossed, _without_lines),
    *(_shuffled, _bare, _relabelled, _encoded),
]
_HARD: list[Callable[[random.Random, bytes], bytes]] = [_long_line, _many_fields, _nested, _many_parts]
_SHARE_HARD = 0.04


def mutated(number: int) -> bytes:
    """The mail of that number."""
    dice = random.Random(number)  # noqa: S311 - no secret
    raw = dice.choice(SEEDS)
    for _ in range(dice.choice([0, 1, 1, 2, 2, 3, 5])):
        raw = dice.choice(_SOFT)(dice, raw)
    if dice.random() < _SHARE_HARD:
        raw = dice.choice(_HARD)(dice, raw)
    if dice.random() < 0.8:  # else it is the same mail as others, by its id
        raw = b"Message-ID: <fuzz.%d@salon.example>\r\n" % number + raw
    return raw


def framed(number: int, raw: bytes) -> tuple[bytes, bool]:
    """What goes over the line after DATA, and whether it has an end.

    Mostly dots are doubled and the end is sent, as RFC 5321 (4.5.2) wants; else it is what a broken client makes of it.
    """
    dice = random.Random(-number - 1)  # noqa: S311 - no secret
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    stuffed = b"." + stuffed if stuffed.startswith(b".") else stuffed
    way = dice.choices(["as it is", "early end", "false end", "commands behind", "hangs up"], [95, 2, 1, 1, 1])[0]
    if way == "early end":  # dots as they are: the rest is taken for commands
        return raw + b"\r\n.\r\n", True
    if way == "false end":  # neither alone ends a mail (RFC 5321, 4.1.1.4)
        return stuffed + dice.choice([b"\n.\n", b"\n.\r\n", b"\r.\r"]) + b"\r\n.\r\n", True
    if way == "commands behind":
        nonsense = b"MAIL FROM:<\xff\x00>\r\nRCPT TO:" + b"<" * 2000 + b"\r\nDATA\r\n.\r\nRSET now\r\n\x00\r\n"
        return stuffed + b"\r\n.\r\n" + nonsense, True
    if way == "hangs up":
        return stuffed, False
    return stuffed + (b"" if stuffed.endswith(b"\r\n") else b"\r\n") + b".\r\n", True
