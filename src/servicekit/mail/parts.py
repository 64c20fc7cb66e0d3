"""From a parsed mail to the lines of the one part that a person typed, and the names of what hangs on it.

Rules kept here:

* ``multipart/alternative``: the plain text, unless it is empty or only says that HTML is needed; then the HTML.
* Anything else with parts: its first part that has text, and those that go on behind an attachment: Apple's programs cut
  a text in two where a picture stands in it. A mail inside the mail (``message/rfc822``) is an attachment.
* A part that is an attachment, or has a file name, is never text.
* A signature (S/MIME, PGP/MIME) and a third form of the same text (an invitation as ``text/calendar``) are no attachments:
  nobody misses them.
* A wrong transfer encoding or charset is read as well as it can be; nothing here refuses a mail for it.

Refused by the caller before anything gets here: too large, too many parts, nested too deep.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from email.message import Message

from servicekit.mail.artefacts import is_sealed, without_artefacts, without_files
from servicekit.mail.headers import bytes_of_base64, bytes_of_quoted_printable, decoded, text_of
from servicekit.mail.html import html_lines
from servicekit.mail.lines import Line, plain_lines, tidy

__all__ = ["attachment_names", "bodies", "depth_of", "parameter", "sealed", "text_size"]

_READABLE = frozenset({"text/plain", "text/html"})
_PICTURE = re.compile(r"data:image/[^\s\"'>]{100,}")  # inside an address; megabytes that nobody reads
_NEEDS_HTML = re.compile(r"\bhtml\b", re.IGNORECASE)
_LONGEST_EXCUSE = 400  # characters of "your client cannot show HTML", in the longest wording seen
_LONGEST_NAME = 200


def depth_of(message: Message) -> int:
    """How deep parts stand inside parts; 1 for a mail without any. The recursion is bounded by the caller's count of parts."""
    return 1 + max((depth_of(part) for part in _children(message)), default=0)


def text_size(message: Message, *, top: bool = True) -> int:
    """The characters of all its parts that may be read as text; reading them takes time in proportion."""
    if message.is_multipart():
        return sum(text_size(part, top=False) for part in _children(message))
    return len(_text(message)) if _is_text(message, top=top) else 0


def bodies(message: Message) -> list[list[Line]]:
    """The lines that a person typed: as the part to prefer has them, then the same in other forms, if there are any."""
    return next((forms for forms in _texts(message, top=True) if _says(forms[0])), [])


def sealed(message: Message) -> bool:
    """Whether the text is encrypted, or stands inside an S/MIME signature that no reader of plain text sees through."""
    kind = message.get_content_type()
    if kind in {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return True
    return _is_text(message, top=True) and is_sealed(_text(message))


def attachment_names(message: Message) -> tuple[str, ...]:
    """The names of what hangs on the mail; a type such as ``application/pdf`` for what has no name.

    Pictures that the HTML shows (in ``multipart/related``) are no attachments: nobody misses a logo in an SMS.
    """
    return tuple(_attached(message, top=True))


def _children(part: Message) -> list[Message]:
    # Only asked of a part with parts: of others it decodes the content by a charset that may be anything.
    inside = part.get_payload() if part.is_multipart() else []
    return [one for one in inside if isinstance(one, Message)]


# --- choosing


def _texts(part: Message, *, top: bool = False) -> Iterator[list[list[Line]]]:
    """The texts in the part, one after the other; each in its forms, best first."""
    kind = part.get_content_type()
    if kind == "multipart/alternative":
        offers = sorted(_children(part), key=lambda one: one.get_content_type() != "text/plain")
        forms = [lines for one in offers for forms in _texts(one) for lines in forms]
        if forms:
            yield sorted(forms, key=_is_excuse) if len(forms) > 1 else forms
    elif kind == "multipart/mixed" and part.is_multipart():
        yield from _around_attachments(_children(part))
    elif part.is_multipart() and part.get_content_maintype() == "multipart":
        for one in _children(part):
            yield from _texts(one)
    elif _is_text(part, top=top):
        yield [html_lines(_text(part)) if kind == "text/html" else _plain(part)]


def _around_attachments(parts: list[Message]) -> Iterator[list[list[Line]]]:
    """The texts, one after the other; those with an attachment between them are one."""
    text: list[list[Line]] = []
    apart = False
    for part in parts:
        found = list(_texts(part))
        if not found:
            apart = bool(text)
        elif apart:
            text = text[:1]  # whatever other forms there are, they do not go on
            text[0] += [Line(""), *(line for forms in found for line in forms[0])]
            apart = False
        else:
            if text:
                yield text
            yield from found[:-1]
            text = found[-1]
    if text:
        yield text


def _is_text(part: Message, *, top: bool) -> bool:
    if part.is_multipart():
        return False
    kind = part.get_content_type()
    # A mail that says it has parts and has none is what it looks like.
    readable = kind in _READABLE or part.get_content_maintype() == "multipart"
    return readable and (top or not (_disposition(part) == "attachment" or _file_name(part)))


def _is_excuse(lines: list[Line]) -> bool:
    text = html.unescape(" ".join(line.text for line in lines)[: 2 * _LONGEST_EXCUSE]).strip()
    return not text or (len(text) <= _LONGEST_EXCUSE and _NEEDS_HTML.search(text) is not None)


def _says(lines: list[Line]) -> bool:
    return any(line.text.strip() for line in lines)


def _attached(part: Message, *, top: bool = False, inside: str = "") -> Iterator[str]:
    if part.is_multipart() and part.get_content_maintype() == "multipart":
        for one in _children(part):
            yield from _attached(one, inside=part.get_content_type())
    elif _is_text(part, top=top):
        yield from map(_one_line, without_files(_text(part))[1])
    elif not _belongs(part, inside):
        yield _file_name(part) or _one_line(decoded(part.get_content_type()))


def _belongs(part: Message, inside: str) -> bool:
    """Whether a part that is no text belongs to one: a picture that it shows, its signature, another form of it."""
    if inside == "multipart/related":
        return part.get_content_maintype() == "image"
    if inside == "multipart/signed":
        return part.get_content_type().endswith("-signature")
    named = _disposition(part) == "attachment" or _file_name(part)
    return inside == "multipart/alternative" and part.get_content_maintype() == "text" and not named


# --- decoding


def _plain(part: Message) -> list[Line]:
    flowed = parameter(part, "format").lower() == "flowed"
    text = without_artefacts(without_files(_text(part))[0])
    return plain_lines(text, flowed=flowed, delsp=parameter(part, "delsp").lower() == "yes")


_META = re.compile(rb"<meta\b[^>]{0,200}\bcharset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HEAD = 4096  # bytes in which a page may name its charset (HTML, 4.2.5.4, has 1024; Word's pages are wordier)


def _text(part: Message) -> str:
    content = _content(part)
    charset = parameter(part, "charset")
    if not charset and part.get_content_type() == "text/html":
        named = _META.search(content, 0, _HEAD)
        charset = named.group(1).decode("ascii") if named else ""
    return _PICTURE.sub("", text_of(content, charset))


_ENCODING = "content-transfer-encoding"


def _content(part: Message) -> bytes:
    """The bytes of a part that has no parts. The library would stop at the first padding of base64."""
    said = str(part.get(_ENCODING, ""))
    if said:
        part.replace_header(_ENCODING, "8bit")
    raw = part.get_payload(decode=True)
    if said:
        part.replace_header(_ENCODING, said)
    if not isinstance(raw, bytes):
        return b""
    encoding = said.partition(";")[0].strip().lower()
    if encoding == "base64":
        return bytes_of_base64(raw)
    if encoding == "quoted-printable":
        return bytes_of_quoted_printable(raw)
    return raw


def _disposition(part: Message) -> str:
    return str(part.get("content-disposition", "")).partition(";")[0].strip().lower()


def _file_name(part: Message) -> str:
    return _one_line(decoded(parameter(part, "filename", "content-disposition") or parameter(part, "name")))


def _one_line(name: str) -> str:
    return " ".join(tidy([name]).split())[:_LONGEST_NAME]


def parameter(part: Message, name: str, header: str = "content-type") -> str:
    """A parameter of a MIME field as text; empty if it is absent or beyond what the standard library can take apart."""
    try:
        value = part.get_param(name, "", header)
        if isinstance(value, tuple):  # RFC 2231: charset, language, text with its bytes as code points
            value = text_of(value[2].encode("latin-1"), value[0] or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return str(value).strip()
