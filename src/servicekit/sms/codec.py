"""The GSM alphabet as a Python codec, registered on request: ``text.encode("gsm-03.38")``.

Rules kept here:

* Names: ``gsm-03.38``, and ``gsm-03.38-turkish``, ``-spanish``, ``-portuguese`` for the default basic table with that single
  shift table; one septet in each octet. Packing is `servicekit.sms.pack`'s business.
* ``errors`` works as for every codec: ``"strict"`` raises `UnicodeEncodeError` or `UnicodeDecodeError`; other handlers are
  asked. To decode as a phone does, use `Alphabet.decode`.

Nothing is registered on import: names of codecs belong to the whole process.
"""

from __future__ import annotations

import codecs
from functools import cache
from typing import TYPE_CHECKING, Final

from servicekit.sms.alphabet import ESCAPE, Alphabet
from servicekit.sms.national import Language, Tables, alphabet_for

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["register_codecs", "unregister_codecs"]

_NAME: Final = "gsm-03.38"
_TABLES: Final = {
    _NAME: Tables(),
    **{f"{_NAME}-{language.name.lower()}": Tables(single=language) for language in Language if language},
}


def register_codecs() -> None:
    r"""Register the codecs for this process; more than once does no harm.

    >>> register_codecs()
    >>> "5 €".encode("gsm-03.38")
    b'5 \x1be'
    >>> b"5 \x1be".decode("gsm-03.38")
    '5 €'
    """
    codecs.unregister(_find)
    codecs.register(_find)


def unregister_codecs() -> None:
    """Take them back."""
    codecs.unregister(_find)


@cache
def _find(asked: str) -> codecs.CodecInfo | None:
    name = asked.replace("_", "-")
    if name not in _TABLES:
        return None
    letters = alphabet_for(_TABLES[name])

    class Encoder(codecs.IncrementalEncoder):
        def encode(self, input: str, final: bool = False) -> bytes:  # noqa: A002, ARG002  the base class's names
            return _encode(letters, name, input, self.errors)

    class Decoder(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, input: Buffer, errors: str, final: bool) -> tuple[str, int]:  # noqa: A002  as above
            octets = bytes(input)
            # An escape at the end waits for its code.
            ready = len(octets) if final or not _ends_in_escape(octets) else len(octets) - 1
            return _decode(letters, name, octets[:ready], errors), ready

    def encode(text: str, errors: str = "strict") -> tuple[bytes, int]:
        return _encode(letters, name, text, errors), len(text)

    def decode(given: Buffer, errors: str = "strict") -> tuple[str, int]:
        octets = bytes(given)
        return _decode(letters, name, octets, errors), len(octets)

    return codecs.CodecInfo(encode, decode, incrementalencoder=Encoder, incrementaldecoder=Decoder, name=name)


def _ends_in_escape(octets: bytes) -> bool:
    """Whether the last octet is an escape that no escape before it has used up."""
    return (len(octets) - len(octets.rstrip(bytes((ESCAPE,))))) % 2 == 1


def _encode(letters: Alphabet, name: str, text: str, errors: str) -> bytes:
    stream = letters.stream(text)
    if stream is not None:
        return letters.septets_of(stream)
    pieces: list[bytes] = []
    index = 0
    while index < len(text):
        if text[index] in letters:
            pieces.append(letters.encode(text[index]))
            index += 1
            continue
        error = UnicodeEncodeError(name, text, index, index + 1, "character is not in the GSM alphabet")
        instead, index = codecs.lookup_error(errors)(error)
        if isinstance(instead, str):
            if instead not in letters:
                raise error
            instead = letters.encode(instead)
        pieces.append(instead)
    return b"".join(pieces)


def _decode(letters: Alphabet, name: str, octets: bytes, errors: str) -> str:
    pieces: list[str] = []
    index = 0
    while index < len(octets):
        end = index + (2 if octets[index] == ESCAPE else 1)
        character = letters.character(octets[index:end])
        if character is not None:
            pieces.append(character)
            index = end
            continue
        error = UnicodeDecodeError(name, octets, index, min(end, len(octets)), "no character has this code")
        instead, index = codecs.lookup_error(errors)(error)
        pieces.append(str(instead))
    return "".join(pieces)
