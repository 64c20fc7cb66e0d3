"""From a parsed mail to the lines of the one part that a person typed, and the names of what hangs on it.

Rules kept here:

* ``multipart/alternative``: the plain text, unless it is empty or only says that HTML is needed; then the HTML.
* Anything else with parts: its first part that has text. A mail inside the mail (``message/rfc822``) is an attachment.
* A part that is an attachment, or has a file name, is never text.
* A wrong transfer encoding or charset is read as well as it can be; nothing here refuses a mail for it.

Refused by the caller before anything gets here: too large, too many parts, nested too deep.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.message import Message

from servicekit.mail.headers import decoded, text_of
from servicekit.mail.html import html_lines
from servicekit.mail.lines import Line, plain_lines, tidy

__all__ = ["attachment_names", "bodies", "depth_of", "parameter", "text_size"]

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
    elif part.get_content_maintype() == "multipart":
        for one in _children(part):
            yield from _texts(one)
    elif _is_text(part, top=top):
        yield [html_lines(_text(part)) if kind == "text/html" else _plain(part)]


def _is_text(part: Message, *, top: bool) -> bool:
    readable = part.get_content_type() in _READABLE and not part.is_multipart()
    return readable and (top or not (_disposition(part) == "attachment" or _file_name(part)))


def _is_excuse(lines: list[Line]) -> bool:
    text = " ".join(line.text for line in lines).strip()
    return not text or (len(text) <= _LONGEST_EXCUSE and _NEEDS_HTML.search(text) is not None)


def _says(lines: list[Line]) -> bool:
    return any(line.text.strip() for line in lines)


def _attached(part: Message, *, top: bool = False, shown: bool = False) -> Iterator[str]:
    if part.get_content_maintype() == "multipart":
        related = part.get_content_type() == "multipart/related"
        for one in _children(part):
            yield from _attached(one, shown=related)
    elif not (_is_text(part, top=top) or (shown and part.get_content_maintype() == "image")):
        yield _file_name(part) or _one_line(part.get_content_type())


# --- decoding


def _plain(part: Message) -> list[Line]:
    flowed = parameter(part, "format").lower() == "flowed"
    return plain_lines(_text(part), flowed=flowed, delsp=parameter(part, "delsp").lower() == "yes")


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    text = text_of(content, parameter(part, "charset")) if isinstance(content, bytes) else ""
    return _PICTURE.sub("", text)


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
