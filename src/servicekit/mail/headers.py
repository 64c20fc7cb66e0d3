"""Header fields as they stand in raw mail, made readable.

Written here and not taken from ``email.policy.default``, for two reasons: that one decodes each RFC 2047 word alone, so that
a character split between two words is lost, and it lets hostile fields raise whatever they like. Here nothing raises, and
every function is linear in the length of the field. Two readers of one From field must not see two senders, so
:func:`one_address` refuses what RFC 5322 does not allow instead of repairing it.
"""

from __future__ import annotations

import binascii
import codecs
import re
from collections.abc import Iterator
from email.message import Message
from functools import lru_cache

from servicekit.domain_names import ascii_domain

__all__ = ["bytes_of_base64", "bytes_of_quoted_printable", "decoded", "fields", "message_ids", "one_address", "text_of"]


def fields(message: Message, name: str) -> list[str]:
    """All fields of that name, unfolded, in their order; bytes that are no UTF-8 stand as surrogates."""
    wanted = name.lower()
    return [_unfolded(str(value)) for key, value in message.raw_items() if key.lower() == wanted]


def _unfolded(value: str) -> str:
    line = value.replace("\r", "").replace("\n", "").strip()
    if line.isascii():
        return line
    try:
        return line.encode("utf-8", "surrogateescape").decode("utf-8")  # RFC 6532
    except UnicodeError:
        return line


# --- charsets

# Codecs that Python counts as text but no mail is written in (punycode, unicode_escape) are slow or raise warnings.
_CHARSETS = re.compile(
    r"ascii|utf-(7|8|16|32)(-[lb]e)?|utf-8-sig|iso8859-\d+|cp\d+|koi8-\w|mac-\w+|gb\w+|hz|big5\w*|shift_jis\w*|euc_\w+|iso2022_\w+|tis-620"
)


def text_of(data: bytes, charset: str) -> str:
    """Bytes as text in the charset that they are said to be in, if that is true; else UTF-8, else windows-1252.

    ISO-8859-1 and ASCII are read as windows-1252, which holds them both: that is what senders mean by them.
    """
    said = _codec(charset) if len(charset) <= _LONGEST_LABEL else ""
    for name in (said, _MEANT.get(said, ""), _by_mark(data), "utf-8", "cp1252"):
        if name:
            try:
                return data.decode(name).replace("\ufeff", "")
            except UnicodeError:
                continue
    return data.decode("latin-1")


_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def _by_mark(data: bytes) -> str:
    """UTF-16 by its byte order mark: scripts write it and say nothing."""
    return _MARKS.get(data[:2], "")


_MEANT = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "tis-620": "cp874",
}
"""Programs name the small charset and write the large one that holds it (as the Encoding Standard, 4.2, has it)."""
_LABELS = {
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "x-sjis": "cp932",
    "x-gbk": "gb18030",
    "unicode": "utf-16",
}
"""Labels that mail programs write and Python does not know."""


_LONGEST_LABEL = 100


@lru_cache(maxsize=256)
def _codec(charset: str) -> str:
    label = charset.strip().strip("\"'").lower()
    if not label.isascii() or not label.isprintable():
        return ""
    try:
        name = codecs.lookup(_LABELS.get(label, label)).name
    except LookupError:
        return ""
    if name in {"iso8859-1", "ascii"}:
        # Eight-bit bytes under the name of ASCII are mostly UTF-8; under that of ISO-8859-1, windows-1252.
        return "cp1252" if name == "iso8859-1" else ""
    return name if _CHARSETS.fullmatch(name) else ""


_NO_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_RUN = re.compile(rb"([^=]+)(=*)")
_NO_PIECE = re.compile(rb"[^A-Za-z0-9+/=\s]|\S[ \t]+\S")
_FOOTER = re.compile(rb"\n[ \t]*\r?\n|\n[-_]{2,}[ \t]*\r?\n")


def bytes_of_base64(text: bytes) -> bytes:
    """Base64 decoded, whatever stands between its characters and however it ends.

    Some programs encode in pieces that are padded each. What follows the padding, or an empty line, and is no such piece
    is a footer that somebody wrote below.
    """
    text = text.lstrip()
    below = _FOOTER.search(text)
    if below is not None and _NO_PIECE.search(text, below.start() + 1):
        text = text[: below.start()]
    found: list[bytes] = []
    piece, ended = bytearray(), False  # grows in place: many lone signs must not make it copied as often
    for run in _RUN.finditer(text):
        if ended and _NO_PIECE.search(run.group(1)):
            break
        piece += _NO_BASE64.sub(b"", run.group(1))
        ended = bool(run.group(2)) and (len(piece) + len(run.group(2))) % 4 == 0
        if ended:
            found.append(_whole(piece))
            piece = bytearray()
    return b"".join([*found, _whole(piece)])


def _whole(piece: bytearray) -> bytes:
    piece = piece[: len(piece) - 1] if len(piece) % 4 == 1 else piece
    return binascii.a2b_base64(piece + b"=" * (-len(piece) % 4))


_SPACE_AFTER_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n|\Z)")


def bytes_of_quoted_printable(text: bytes) -> bytes:
    """Quoted-printable decoded (RFC 2045, 6.7); spaces that a relay left after a soft break are no part of the text."""
    return binascii.a2b_qp(_SPACE_AFTER_SOFT_BREAK.sub(b"=", text))


# --- words

# A question mark inside a word is against RFC 2047 (4.2) and common. The bound keeps words without an end cheap.
_WORD = re.compile(r"=\?([^?\s*]{1,40})(?:\*[^?\s]{0,40})?\?([bBqQ])\?((?:[^?]|\?(?!=)){0,1000})\?=")


def decoded(value: str) -> str:
    """A field's text with its RFC 2047 words decoded, also where a character is split between two of them.

    >>> decoded("=?utf-8?q?Tid_p=C3?= =?utf-8?q?=A5_torsdag?=")
    'Tid på torsdag'
    """
    if "=?" not in value and value.isascii():
        return value  # most fields; the long way gives the same
    return "".join(text_of(data, charset) for charset, data in _runs(value))


def _runs(value: str) -> Iterator[tuple[str, bytes]]:
    """Charset and bytes of each run; words next to one another in one charset are one run."""
    charset, data, end = "", b"", 0
    for word in _WORD.finditer(value):
        between = value[end : word.start()]
        inside = _raw(word.group(3))
        content = bytes_of_base64(inside) if word.group(2) in "bB" else binascii.a2b_qp(inside, header=True)
        if charset == word.group(1).lower() and not between.strip():
            data += content
        else:
            yield charset, data
            # White space between two words is no part of the text (RFC 2047, 6.2).
            yield "", _raw(between if between.strip() or end == 0 else "")
            charset, data = word.group(1).lower(), content
        end = word.end()
    yield charset, data
    yield "", _raw(value[end:])


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


# --- addresses and ids

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_ADDRESS = re.compile(rf"({_LOCAL})@([^\s@<>()\[\],;:\\\"]+)")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MOST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets


def one_address(value: str) -> str | None:
    """The one address of a From field in lower case (the domain in IDNA form), or None where it is not exactly one.

    The local part is lower-cased too, against the letter of RFC 5321 (2.4): a person who writes it in two ways is one person.

    >>> one_address('"Ek, Anna" <Anna@Salon.Example> (at the desk)')
    'anna@salon.example'
    >>> one_address("anna@salon.example <mallory@elsewhere.example>") is None
    True
    """
    bare = _QUOTED.sub('""', value)
    for _ in range(8):
        bare, changed = _COMMENT.subn(" ", bare)
        if not changed:
            break
    named = bare.partition("<")
    if named[1]:
        inside, closed, after = named[2].partition(">")
        # A list, a group, or a second address in front of the bracket: two readers could see two senders.
        if not closed or after.strip() or re.search(r"[,;:]", named[0]):
            return None
        bare = inside
        if any(one.group().lower() != inside.strip().lower() for one in _ADDRESS.finditer(named[0])):
            return None
    found = _ADDRESS.fullmatch(bare.strip())
    return None if found is None else _normal(found.group(1), found.group(2))


def _normal(local: str, domain: str) -> str | None:
    name = ascii_domain(domain.removesuffix("."))
    if name is None:
        return None
    address = f"{local.lower()}@{name}"
    right = all(_LABEL.fullmatch(label) for label in name.split(".")) and len(address) <= _MOST_ADDRESS
    return address if right else None


_ID = re.compile(r"<[!-;=?-~]{1,250}>")  # ASCII, no space, no control character


def message_ids(values: list[str]) -> tuple[str, ...]:
    """The message ids in these fields, with their angle brackets; what is none is passed over."""
    return tuple(one for value in values for one in _ID.findall(value))
