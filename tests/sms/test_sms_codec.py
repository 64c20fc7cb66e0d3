"""The GSM alphabet as a Python codec."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sms_model import SEPTETS, any_text, gsm_text

from servicekit.sms import GSM_03_38, register_codecs, unregister_codecs


@pytest.fixture(autouse=True, scope="module")
def _registered() -> Iterator[None]:
    register_codecs()
    yield
    unregister_codecs()


@given(gsm_text)
@pytest.mark.spec("M-16")
def test_it_encodes_and_decodes_like_the_alphabet(text: str) -> None:
    """One septet in each octet, both ways."""
    assert text.encode("gsm-03.38") == GSM_03_38.encode(text)
    assert text.encode("gsm-03.38").decode("gsm-03.38") == text
    assert codecs.lookup("gsm-03.38").encode(text) == (GSM_03_38.encode(text), len(text))
    assert codecs.lookup("gsm-03.38").decode(GSM_03_38.encode(text)) == (text, len(GSM_03_38.encode(text)))


@pytest.mark.parametrize("name", ["gsm-03.38", "GSM-03.38", "gsm_03.38", "gsm 03.38"])
def test_names(name: str) -> None:
    """As Python treats names of codecs."""
    assert "€".encode(name) == b"\x1be"
    assert codecs.lookup(name).name == "gsm-03.38"


def test_national_tables() -> None:
    """With the single shift table of a language."""
    assert "ağ".encode("gsm-03.38-turkish") == b"a\x1bg"
    assert b"\x1ba".decode("gsm-03.38-spanish") == "á"
    assert "ã".encode("gsm-03.38-portuguese") == b"\x1b{"
    with pytest.raises(LookupError):
        "a".encode("gsm-03.38-default")


def test_errors_name_the_place() -> None:
    """Strict, as by default, raises what Python's own codecs raise."""
    with pytest.raises(UnicodeEncodeError, match="not in the GSM alphabet") as refusal:
        "ab„c".encode("gsm-03.38")
    assert (refusal.value.encoding, refusal.value.start, refusal.value.end) == ("gsm-03.38", 2, 3)
    assert refusal.value.reason == "character is not in the GSM alphabet"
    with pytest.raises(UnicodeDecodeError, match="no character has this code") as refused:
        b"ab\x1bzc".decode("gsm-03.38")
    assert (refused.value.encoding, refused.value.start, refused.value.end) == ("gsm-03.38", 2, 4)
    assert refused.value.reason == "no character has this code"
    with pytest.raises(UnicodeDecodeError) as refused:
        b"ab\x1b".decode("gsm-03.38")
    assert (refused.value.start, refused.value.end) == (2, 3)


@pytest.mark.parametrize(
    ("errors", "octets"), [("replace", b"a??\x1be"), ("ignore", b"a\x1be"), ("xmlcharrefreplace", b"a&#8222;&#7;\x1be")]
)
def test_handlers_when_encoding(errors: str, octets: bytes) -> None:
    """Every handler that Python knows."""
    assert "a„\x07€".encode("gsm-03.38", errors) == octets


@pytest.mark.parametrize(
    ("errors", "text"),
    [("replace", "a\ufffdb\ufffd\ufffd"), ("ignore", "ab"), ("backslashreplace", "a\\x1b\\x7ab\\x80\\x1b")],
)
def test_handlers_when_decoding(errors: str, text: str) -> None:
    """An unknown extension code, an octet that is no septet and a dangling escape are each one error."""
    assert b"a\x1bzb\x80\x1b".decode("gsm-03.38", errors) == text


def _go_on_with(instead: str | bytes, after: int = 0) -> Callable[[UnicodeError], tuple[str | bytes, int]]:
    """A handler that gives something and goes on so many characters after the bad one."""

    def handler(error: UnicodeError) -> tuple[str | bytes, int]:
        assert isinstance(error, UnicodeEncodeError)
        return instead, error.end + after

    return handler


def test_a_handler_of_ones_own() -> None:
    """It may give text that is encoded in turn, or octets as they are; text outside the alphabet is the error again."""
    codecs.register_error("gsm-text", _go_on_with("€"))
    codecs.register_error("gsm-octets", _go_on_with(b"\x7f\x7f"))
    codecs.register_error("gsm-bad", _go_on_with("„"))
    codecs.register_error("gsm-skip", _go_on_with("", after=1))
    assert "a„b".encode("gsm-03.38", "gsm-text") == b"a\x1beb"
    assert "a„b".encode("gsm-03.38", "gsm-octets") == b"a\x7f\x7fb"
    assert "a„bc".encode("gsm-03.38", "gsm-skip") == b"ac"
    with pytest.raises(UnicodeEncodeError):
        "a„b".encode("gsm-03.38", "gsm-bad")


@given(any_text)
def test_ignoring_keeps_what_can_be_encoded(text: str) -> None:
    """And nothing else."""
    kept = "".join(character for character in text if character in SEPTETS)
    assert text.encode("gsm-03.38", "ignore") == GSM_03_38.encode(kept)


@given(gsm_text, st.integers(1, 5))
@pytest.mark.spec("M-16")
def test_octets_may_come_in_pieces(text: str, size: int) -> None:
    """The incremental decoder keeps an escape for the next piece; the encoder needs to keep nothing."""
    octets = GSM_03_38.encode(text)
    decoder = codecs.getincrementaldecoder("gsm-03.38")()
    pieces = [decoder.decode(octets[at : at + size]) for at in range(0, len(octets), size)]
    assert "".join(pieces) + decoder.decode(b"", final=True) == text
    encoder = codecs.getincrementalencoder("gsm-03.38")("strict")
    assert b"".join(encoder.encode(text[at : at + size]) for at in range(0, len(text), size)) == octets


def test_an_escape_waits_for_its_code() -> None:
    """A double escape is complete, and with three the last one waits; at the end it is an error."""
    decoder = codecs.getincrementaldecoder("gsm-03.38")("replace")
    assert decoder.decode(b"a\x1b") == "a"
    assert decoder.decode(b"e\x1b\x1b") == "€\ufffd"
    assert decoder.decode(b"\x1b\x1b\x1b") == "\ufffd"
    assert decoder.decode(b"e") == "€"
    assert decoder.decode(b"\x1b", final=True) == "\ufffd"


def test_files() -> None:
    """``open(..., encoding="gsm-03.38")`` reads and writes."""
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="gsm-03.38", newline="") as file:
        file.write("Hej [då] €\n")
        file.flush()
        assert raw.getvalue() == GSM_03_38.encode("Hej [då] €\n")
        file.seek(0)
        assert file.read() == "Hej [då] €\n"


def test_nothing_is_registered_before_one_asks() -> None:
    """Names of codecs belong to the whole process; registering twice and taking back twice do no harm."""
    register_codecs()
    unregister_codecs()
    with pytest.raises(LookupError):
        "a".encode("gsm-03.38")
    unregister_codecs()
    register_codecs()
    assert "a".encode("gsm-03.38") == b"a"
