"""What people send us over Sinch: words, parts of long texts, and what is no text. Pure.

Rules kept here: nothing is refused and nothing is lost: what cannot be shown is named in one line, with its size or its URL. A
binary SMS is a part of a long text if its header and its octets say so (:mod:`servicekit.sms.unlabelled`).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from servicekit.outbox.facts import TextPart
from servicekit.sms.unlabelled import read_unlabelled, text_header

__all__ = ["Content", "content", "word"]

Content = tuple[str, TextPart | None, tuple[str, ...]]
"""Text, part and media."""


def content(kind: str, told: Mapping[str, Any]) -> Content:
    """What is in an inbound message of this type.

    >>> content("mo_text", {"body": "Ja"})
    ('Ja', None, ())
    >>> content("mo_binary", {"body": "AwE=", "udh": ""})
    ('', None, ('binary, 2 bytes',))
    """
    body = told.get("body")
    if kind == "mo_text" and isinstance(body, str):
        return body, None, ()
    if kind == "mo_media" and isinstance(body, dict):
        words = [said for name in ("subject", "message") if isinstance(said := body.get(name), str) and said]
        return "\n".join(words), None, tuple(_media(body.get("media")))
    if kind == "mo_binary":
        return _binary(told)
    return "", None, (f"{kind}, unreadable",)


def word(value: object) -> str:
    """An id or a word of Sinch's, or an empty text for what is none."""
    return value if isinstance(value, str) and value.isprintable() else ""


def _media(things: object) -> Iterator[str]:
    for thing in things if isinstance(things, list) else ():
        known = thing if isinstance(thing, dict) else {}
        kind, url = (word(known.get(name)) for name in ("content_type", "url"))
        yield f"{kind or 'media'} {url or '(not taken over by Sinch)'}"


def _binary(told: Mapping[str, Any]) -> Content:
    try:
        octets = base64.b64decode(str(told.get("body")), validate=True)
        udh = bytes.fromhex(str(told.get("udh") or ""))
    except ValueError:
        return "", None, ("binary, unreadable",)
    said, read = text_header(udh), read_unlabelled(udh, octets)
    part = None
    if said is not None:
        reference = f"{16 if said.wide_reference else 8}:{said.reference}"
        part = TextPart(reference=reference, number=said.number, total=said.total)
    return (read.text, part, ()) if read is not None else ("", part, (f"binary, {len(octets)} bytes",))
