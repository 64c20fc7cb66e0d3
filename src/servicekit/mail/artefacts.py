"""What programs leave in plain text that nobody typed, taken out before lines are judged.

Rules kept here:

* Pictures' place-holders (``[cid:image001.png@01DC]``, ``[image: logo.png]``) and the address that a program repeats behind
  an address (``salon.example<https://salon.example/>``) go. A link whose text is no address keeps it: it says where to go.
* A text signed with PGP is the text inside the armour, its dashes unescaped (RFC 9580, 7.1).
* A uuencoded file is named, not shown.
* The line above which a ticket system wants its answers goes.

Every function is linear in the length of the text.
"""

from __future__ import annotations

import re

__all__ = ["is_sealed", "without_artefacts", "without_files"]

_SIGNED = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\r?\n")
_SIGNATURE = re.compile(r"^-----BEGIN PGP SIGNATURE-----", re.MULTILINE)
_HASHES = re.compile(r"(?:[A-Za-z]{1,20}: [^\r\n]{0,100}\r?\n){0,5}[ \t]*\r?\n")
_ESCAPED = re.compile(r"^- (?=-)", re.MULTILINE)
_SEALED = "-----BEGIN PGP MESSAGE-----"


def is_sealed(text: str) -> bool:
    """Whether the text is encrypted with PGP, so that there is nothing to read."""
    return text.lstrip().startswith(_SEALED)


_PLACE = r"\[(?:cid:[^\[\]\s]{1,200}|image: [^\[\]\n]{0,200})\][ \t]*"
_PICTURE = re.compile(rf"^[ \t]*{_PLACE}\r?\n|{_PLACE}", re.MULTILINE)
_TICKET = re.compile(
    r"^[ \t>]{0,20}(?:##-[^\n]{1,200}-##|-{3,} ?[^\n-]{0,40}(?:above this line|ovanför denna rad)[^\n-]{0,40}-{3,})",
    re.MULTILINE,
)
_REPEATED = re.compile(r"( ?)<(mailto:|https?://)([^<>\s]{1,2000})>")
_TEXT_BEFORE = re.compile(r"[^\s<>()\[\]\"]{1,200}\Z")
_TEXT_AFTER = re.compile(r" ([^\s<>()\[\]\"]{1,200})")


def without_artefacts(text: str) -> str:
    """The text without them.

    >>> without_artefacts("Se www.salon.example<http://www.salon.example/> [cid:a.png@01DC]")
    'Se www.salon.example '
    """
    text = _TICKET.sub("", _PICTURE.sub("", _unsigned(text)))
    if "<" not in text:
        return text
    kept, at = [], 0
    for link in _REPEATED.finditer(text):
        before = _TEXT_BEFORE.search(text, max(at, link.start() - 200), link.start())
        after = _TEXT_AFTER.match(text, link.end())
        if (before and _says(before.group(), link, touching=not link.group(1))) or (
            after and _says(after.group(1), link, touching=False)
        ):
            kept.append(text[at : link.start()])
            at = link.end()
    return "".join([*kept, text[at:]])


def _says(text: str, link: re.Match[str], *, touching: bool) -> bool:
    """Whether a text beside a link is its address; or any address that it touches, for mail filters make detours."""
    bare = text.removeprefix("http://").removeprefix("https://").strip(".,;:!?/").lower()
    looks = "." in bare[1:-1] or "@" in bare
    return looks and (touching or link.group(3).lower().strip("/").removeprefix("www.") == bare.removeprefix("www."))


def _unsigned(text: str) -> str:
    start = _SIGNED.match(text.lstrip())
    if start is None:
        return text
    inside = text.lstrip()[start.end() :]
    head = _HASHES.match(inside)
    inside = inside[head.end() :] if head else inside
    end = _SIGNATURE.search(inside)
    return _ESCAPED.sub("", inside[: end.start()] if end else inside)


_FILE = re.compile(
    r"^begin(?:-base64)? [0-7]{3,4} (\S[^\r\n]{0,199})\r?\n(?:[!-`][ -`]{0,70}\r?\n)*(?:[` ]?\r?\n)?end[ \t]*(?=\r?$)",
    re.MULTILINE,
)


def without_files(text: str) -> tuple[str, tuple[str, ...]]:
    r"""The text without uuencoded files, and their names.

    >>> without_files("Hej\nbegin 644 a.txt\n#0V%T\n`\nend\n")
    ('Hej\n\n', ('a.txt',))
    """
    if "\nend" not in text:
        return text, ()
    return _FILE.sub("", text), tuple(found.group(1) for found in _FILE.finditer(text))
