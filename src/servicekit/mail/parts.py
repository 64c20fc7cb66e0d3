"""From a parsed mail to the lines of the one part that a person typed, and the names of what hangs on it.

Rules kept here:

* ``multipart/alternative``: the plain text, unless it is empty or only says that HTML is needed; then the HTML.
* Anything else with parts: its first part that has text, and those that go on behind an attachment: Apple's programs cut
  a text in two where a picture stands in it. A mail inside the mail (``message/rfc822``) is an attachment.
* A part that is an attachment, or has a file name, is never text.
* A signature (S/MIME, PGP/MIME) and a third form of the same text (an invitation as ``text/calendar``) are no attachments:
  nobody misses them.
* A wrong transfer encoding or charset is read as well as it can be; nothing here refuses a mail for it.
* Each part is taken apart and decoded once (:class:`Part`), however many questions are asked about it.

Refused by the caller before anything gets here: too large, too many parts, nested too deep.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.policy import Compat32
from functools import cached_property, lru_cache

from attrs import define

from servicekit.mail.artefacts import is_sealed, without_artefacts, without_files
from servicekit.mail.headers import bytes_of_base64, bytes_of_quoted_printable, decoded, text_of
from servicekit.mail.html import html_lines
from servicekit.mail.lines import Line, plain_lines, tidy

__all__ = ["AsTheyStand", "Part", "attachment_names", "bodies", "depth_of", "parameter", "sealed", "text_size"]

_READABLE = frozenset({"text/plain", "text/html"})
_PICTURE = re.compile(r"data:image/[^\s\"'>]{100,}")  # inside an address; megabytes that nobody reads
_NEEDS_HTML = re.compile(r"\bhtml\b", re.IGNORECASE)
_LONGEST_EXCUSE = 400  # characters of "your client cannot show HTML", in the longest wording seen
_LONGEST_NAME = 200
_SMALL_FIELD = 200  # characters of a MIME field that is worth remembering: many mails have the very same ones


@define(eq=False, slots=False)
class Part:
    """A part of a mail, or the mail itself.

    Attributes:
        message: as the standard library has parsed it.
        kind: its type, such as ``text/plain``.
        has_parts: whether there are parts in it, by its type and as it is.
        parts: these.
    """

    message: Message
    kind: str
    has_parts: bool
    parts: Sequence[Part]

    @classmethod
    def of(cls, message: Message) -> Part:
        """The recursion is bounded by the caller's count of parts that hold parts."""
        has_parts = message.is_multipart()
        # Only asked of a part with parts: of others it decodes the content by a charset that may be anything.
        inside = message.get_payload() if has_parts else []
        parts = [cls.of(one) for one in inside if isinstance(one, Message)]
        return cls(message, message.get_content_type(), has_parts, parts)

    @property
    def main_kind(self) -> str:
        """``text`` of ``text/plain``."""
        return self.kind.partition("/")[0]

    @cached_property
    def is_attached(self) -> bool:
        """Whether it says that it is an attachment."""
        said = str(self.message.get("content-disposition", ""))
        return said.partition(";")[0].strip().lower() == "attachment"

    @cached_property
    def file_name(self) -> str:
        """Its name on one line; empty if it has none."""
        named = parameter(self.message, "filename", "content-disposition") or parameter(self.message, "name")
        return _one_line(decoded(named)) if named else ""

    @cached_property
    def text(self) -> str:
        """Its content in the charset that it is in."""
        content = _content(self.message)
        charset = parameter(self.message, "charset")
        if not charset and self.kind == "text/html":
            named = _META.search(content, 0, _HEAD)
            charset = named.group(1).decode("ascii") if named else ""
        return _PICTURE.sub("", text_of(content, charset))

    def is_text(self, *, top: bool) -> bool:
        """Whether it is to be read; ``top``: it is the whole mail."""
        if self.has_parts:
            return False
        # A mail that says it has parts and has none is what it looks like.
        readable = self.kind in _READABLE or self.main_kind == "multipart"
        return readable and (top or not (self.is_attached or self.file_name))


def depth_of(part: Part) -> int:
    """How deep parts stand inside parts; 1 for a mail without any."""
    return 1 + max((depth_of(one) for one in part.parts), default=0)


def text_size(part: Part, *, top: bool = True) -> int:
    """The characters of all its parts that may be read as text; reading them takes time in proportion."""
    if part.has_parts:
        return sum(text_size(one, top=False) for one in part.parts)
    return len(part.text) if part.is_text(top=top) else 0


def bodies(mail: Part) -> list[list[Line]]:
    """The lines that a person typed: as the part to prefer has them, then the same in other forms, if there are any."""
    return next((forms for forms in _texts(mail, top=True) if _says(forms[0])), [])


def sealed(mail: Part) -> bool:
    """Whether the text is encrypted, or stands inside an S/MIME signature that no reader of plain text sees through."""
    if mail.kind in {"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}:
        return True
    return mail.is_text(top=True) and is_sealed(mail.text)


def attachment_names(mail: Part) -> tuple[str, ...]:
    """The names of what hangs on the mail; a type such as ``application/pdf`` for what has no name.

    Pictures that the HTML shows (in ``multipart/related``) are no attachments: nobody misses a logo in an SMS.
    """
    return tuple(_attached(mail, top=True))


# --- choosing


def _texts(part: Part, *, top: bool = False) -> Iterator[list[list[Line]]]:
    """The texts in the part, one after the other; each in its forms, best first."""
    if part.kind == "multipart/alternative":
        offers = sorted(part.parts, key=lambda one: one.kind != "text/plain")
        forms = [lines for one in offers for forms in _texts(one) for lines in forms]
        if forms:
            yield sorted(forms, key=_is_excuse) if len(forms) > 1 else forms
    elif part.kind == "multipart/mixed" and part.has_parts:
        yield from _around_attachments(part.parts)
    elif part.has_parts and part.main_kind == "multipart":
        for one in part.parts:
            yield from _texts(one)
    elif part.is_text(top=top):
        yield [html_lines(part.text) if part.kind == "text/html" else _plain(part)]


def _around_attachments(parts: Sequence[Part]) -> Iterator[list[list[Line]]]:
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


def _is_excuse(lines: list[Line]) -> bool:
    text = html.unescape(" ".join(line.text for line in lines)[: 2 * _LONGEST_EXCUSE]).strip()
    return not text or (len(text) <= _LONGEST_EXCUSE and _NEEDS_HTML.search(text) is not None)


def _says(lines: list[Line]) -> bool:
    return any(line.text.strip() for line in lines)


def _attached(part: Part, *, top: bool = False, inside: str = "") -> Iterator[str]:
    if part.has_parts and part.main_kind == "multipart":
        for one in part.parts:
            yield from _attached(one, inside=part.kind)
    elif part.is_text(top=top):
        yield from map(_one_line, without_files(part.text)[1])
    elif not _belongs(part, inside):
        yield part.file_name or _one_line(decoded(part.kind))


def _belongs(part: Part, inside: str) -> bool:
    """Whether a part that is no text belongs to one: a picture that it shows, its signature, another form of it."""
    if inside == "multipart/related":
        return part.main_kind == "image"
    if inside == "multipart/signed":
        return part.kind.endswith("-signature")
    named = part.is_attached or part.file_name
    return inside == "multipart/alternative" and part.main_kind == "text" and not named


# --- decoding


def _plain(part: Part) -> list[Line]:
    flowed = parameter(part.message, "format").lower() == "flowed"
    text = without_artefacts(without_files(part.text)[0])
    return plain_lines(text, flowed=flowed, delsp=parameter(part.message, "delsp").lower() == "yes")


_META = re.compile(rb"<meta\b[^>]{0,200}\bcharset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_HEAD = 4096  # bytes in which a page may name its charset (HTML, 4.2.5.4, has 1024; Word's pages are wordier)


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


def _one_line(name: str) -> str:
    return " ".join(tidy([name]).split())[:_LONGEST_NAME]


class AsTheyStand(Compat32):
    """Fields with their bytes over 127 as surrogates, which the library would make question marks of."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002  # the library's signature
        """The value itself."""
        return value


_AS_THEY_STAND = AsTheyStand()


def parameter(part: Message, name: str, header: str = "content-type") -> str:
    """A parameter of a MIME field as text; empty if it is absent or beyond what the standard library can take apart."""
    field = str(part.get(header, ""))
    if name not in field.lower():
        return ""
    return (_remembered if len(field) <= _SMALL_FIELD else _parameter)(field, name)


def _parameter(field: str, name: str) -> str:
    alone = Message(policy=_AS_THEY_STAND)
    alone["content-type"] = field
    try:
        value = alone.get_param(name, "")
        if isinstance(value, tuple):  # RFC 2231: charset, language, text with its bytes as code points
            value = text_of(value[2].encode("latin-1"), value[0] or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return ""
    return str(value).strip()


_remembered = lru_cache(maxsize=512)(_parameter)
