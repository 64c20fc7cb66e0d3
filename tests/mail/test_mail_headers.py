"""Header fields: words, charsets, addresses and ids, against the standard library's encoder as the slow way round."""

from __future__ import annotations

import base64
from email import message_from_bytes
from email.charset import BASE64, QP, Charset
from email.header import Header
from email.policy import Compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.mail.headers import (
    _runs,
    bytes_of_base64,
    bytes_of_quoted_printable,
    decoded,
    fields,
    message_ids,
    one_address,
    text_of,
)

SAID = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")) | st.just(" "), min_size=1).map(
    lambda text: " ".join(text.split())
)


class _AsItStands(Compat32):
    """Fields without the library's repairs, as the reader has them."""

    def header_fetch_parse(self, name: str, value: str) -> str:  # noqa: ARG002 - the library's signature
        return value


class TestDecoded:
    """RFC 2047 words."""

    @settings(deadline=None)
    @given(SAID, st.sampled_from([BASE64, QP]), st.integers(30, 76))
    def test_reads_what_the_standard_library_writes(self, text: str, encoding: int, width: int) -> None:
        """Whatever text the library encodes and folds, in either encoding, comes back."""
        charset = Charset("utf-8")
        charset.header_encoding = encoding
        folded = Header(text, charset, maxlinelen=width, header_name="Subject").encode()
        message = message_from_bytes(f"Subject: {folded}\n\n".encode())
        assert decoded(fields(message, "subject")[0]) == text

    @given(
        st.lists(st.sampled_from(["=?utf-8?q?a?=", "=?", "?=", " ", "Hej", "\x00", "\x7f", "å", "\udce5"])).map("".join)
    )
    def test_a_field_without_words_stands_as_it_is(self, value: str) -> None:
        """The short way gives the same as the long one."""
        assert decoded(value) == "".join(text_of(data, charset) for charset, data in _runs(value))

    @given(st.text("åäö€😀", min_size=1, max_size=8), st.data())
    def test_joins_characters_cut_in_two(self, text: str, data: st.DataObject) -> None:
        """Two words in one charset are one run of bytes, wherever they are cut."""
        raw = text.encode()
        cut = data.draw(st.integers(1, len(raw) - 1))
        words = (f"=?UTF-8?B?{base64.b64encode(part).decode()}?=" for part in (raw[:cut], raw[cut:]))
        assert decoded("\n ".join(words).replace("\n", "")) == text

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            ("Hej", "Hej"),
            ("Hej =?utf-8?q?p=C3=A5?= dig", "Hej på dig"),
            ("=?iso-8859-1?q?p=E5?= =?utf-8?q?_g=C3=A5ng?=", "på gång"),
            ("=?iso-8859-1*sv?Q?=E5?=", "å"),
            ("=?utf-8?b?w6U?=", "å"),
            ("=?utf-8?b?w6=U=?=", "å"),
            ("=?no-such-set?q?=E5?=", "å"),
            ("=?utf-8?q?=E5?=", "å"),
            ("=?utf-8?x?=E5?=", "=?utf-8?x?=E5?="),
            ("100 =?", "100 =?"),
            (b"r\xe5 8-bit".decode("ascii", "surrogateescape"), "rå 8-bit"),
            ("rå utf-8".encode().decode("ascii", "surrogateescape"), "rå utf-8"),
            ("", ""),
        ],
    )
    def test_reads_what_programs_write(self, value: str, text: str) -> None:
        """Languages, missing padding, unknown charsets, raw eight-bit bytes: read as well as can be."""
        assert decoded(value) == text


class TestTextOf:
    """Bytes in a charset that may be wrong."""

    def test_a_charset_with_an_endless_name_is_none(self) -> None:
        """It is not even looked up."""
        assert text_of("å".encode(), "iso-8859-1".ljust(101, "1")) == "å"

    @pytest.mark.parametrize(
        ("data", "charset", "text"),
        [
            (b"r\xe4ksm\xf6rg\xe5s", "iso-8859-1", "räksmörgås"),
            (b"45 \x80", "iso-8859-1", "45 €"),
            (b"45 \xa4", "ISO-8859-15", "45 €"),
            ("på".encode(), "us-ascii", "på"),
            (b"p\xe5", "us-ascii", "på"),
            (b"p\xe5", "utf-8", "på"),
            ("på".encode(), "unknown-8bit", "på"),
            ("på".encode(), "", "på"),
            ("på".encode("utf-16"), "utf-16", "på"),
            ("\ufeffpå".encode(), '"utf8"', "på"),
            ("тест".encode("koi8-r"), "KOI8-R", "тест"),
            (b"a\\u0041", "unicode_escape", "a\\u0041"),
            (b"p\xe5", "base64", "på"),
            (b"p\xe5", "a\x00b", "på"),
            (b"p\xe5", "å", "på"),
            (b"\x81\xe5", "", "\x81å"),
        ],
    )
    def test_decodes_what_is_meant(self, data: bytes, charset: str, text: str) -> None:
        """The charset if it is true, else UTF-8, else windows-1252; never an error, never a codec that is no charset."""
        assert text_of(data, charset) == text

    @given(st.binary(), st.text())
    def test_never_fails(self, data: bytes, charset: str) -> None:
        """Any bytes under any name give text that can be written down."""
        assert text_of(data, charset).encode("utf-8", "surrogatepass") is not None


class TestBytesOfBase64:
    """Base64 as it comes."""

    @given(st.binary(), st.sampled_from([b"", b"\r\n", b" ", b"!"]))
    def test_is_the_inverse_of_the_standard_librarys(self, data: bytes, noise: bytes) -> None:
        """Line breaks and strange characters between do not matter."""
        encoded = base64.b64encode(data)
        assert bytes_of_base64(noise.join(encoded[at : at + 5] for at in range(0, len(encoded), 5))) == data

    @given(st.binary())
    def test_never_fails(self, text: bytes) -> None:
        """Cut or broken base64 gives what it can."""
        assert isinstance(bytes_of_base64(text), bytes)

    @pytest.mark.parametrize(
        ("text", "data"),
        [
            (b"SGVq\n\n-- \nfooter\n", b"Hej"),
            (b"SGVq\n_____\nfooter\n", b"Hej"),
            (b"SGVqIQ==\nwords below\n", b"Hej!"),
            (b"SGVqIQ==\nSGVq\nIQ==", b"Hej!Hej!"),
            (b"\n\nSGVq\n\nSGVq", b"HejHej"),
            (b"SGVq=SGVq", b"HejHej"),
            (b"SGVqI", b"Hej"),
        ],
    )
    def test_pieces_belong_together_and_footers_do_not(self, text: bytes, data: bytes) -> None:
        """A padded piece may be followed by others; words below it are no base64, though their letters are."""
        assert bytes_of_base64(text) == data


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (b"a=C3=A5=  \r\nb", b"a\xc3\xa5b"),
        (b"a=c3=a5=\nb=", b"a\xc3\xa5b"),
        (b"50 % = a=", b"50 % = a"),
        (b"a=  ", b"a"),
    ],
)
def test_quoted_printable_as_relays_leave_it(text: bytes, data: bytes) -> None:
    """Spaces after soft breaks, small letters, signs that begin nothing."""
    assert bytes_of_quoted_printable(text) == data


class TestOneAddress:
    """The From field."""

    @pytest.mark.parametrize(
        ("value", "address"),
        [
            ("anna@salon.example", "anna@salon.example"),
            ("<anna@salon.example>", "anna@salon.example"),
            ("Anna Ek <Anna@Salon.Example>", "anna@salon.example"),
            ('"Ek, Anna <boss>" <anna@salon.example>', "anna@salon.example"),
            ("=?utf-8?q?=C3=85sa?= <asa+bok@salon.example.>", "asa+bok@salon.example"),
            ("anna@salon.example (Anna (at (the) desk))", "anna@salon.example"),
            ("anna@salon.example <anna@salon.example>", "anna@salon.example"),
            ("Anna <anna@sälong.example>", "anna@xn--slong-gra.example"),
            ("+46701740605@sms.example", "+46701740605@sms.example"),
        ],
    )
    def test_finds_the_one(self, value: str, address: str) -> None:
        """Names, comments and case do not matter; the domain is compared in its IDNA form."""
        assert one_address(value) == address

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "Anna",
            "<>",
            "anna@",
            "@salon.example",
            "anna@salon.example, bo@salon.example",
            "<anna@salon.example>, <bo@salon.example>",
            "anna@salon.example <mallory@elsewhere.example>",
            "staff: anna@salon.example;",
            "staff: <anna@salon.example>;",
            "Anna Ek <anna@salon.example",
            "Anna Ek <anna@salon.example> x",
            '"anna ek"@salon.example',
            "an..na@salon.example",
            "anna@salon..example",
            "anna@-salon.example",
            "anna@sa_lon.example",
            "anna@[192.0.2.1]",
            "åsa@salon.example",
            "anna@" + "a" * 64 + ".example",
            "a" * 250 + "@salon.example",
            "anna@\udce5.example",
            "(" * 20 + ")" * 20 + "anna@salon.example",
            "anna@salon.example\\",
        ],
    )
    def test_refuses_what_two_readers_could_read_in_two_ways(self, value: str) -> None:
        """Several addresses, groups, open brackets, what is no domain: None instead of a guess."""
        assert one_address(value) is None

    @given(st.text(st.sampled_from('ab@.<>()",;:\\ å\udce5')))
    def test_never_fails_and_finds_only_addresses(self, value: str) -> None:
        """Any field gives None or one address without a space or bracket."""
        found = one_address(value)
        assert found is None or (found.count("@") == 1 and not set(found) & set('<>()",;: '))


class TestMessageIds:
    """Message-ID, In-Reply-To, References."""

    def test_finds_them_in_order(self) -> None:
        """Several in a field, with comments and folding between, and none where there is none."""
        assert message_ids(["<a@x> (his) <b@y>", "nothing", "<c@z>"]) == ("<a@x>", "<b@y>", "<c@z>")
        assert message_ids(["<a b@x> <å@x> <> <a\x00@x>", "<" + "a" * 300 + ">"]) == ()


def test_fields_are_unfolded_and_keep_their_order() -> None:
    """The same name twice gives two values, in any case of letters."""
    message = message_from_bytes(b"To: a\r\nX: 1\r\n 2\r\nx: 3\r\n\r\n")
    assert fields(message, "X") == ["1 2", "3"]
    assert fields(message, "none") == []


def test_raw_utf_8_in_a_field_is_text() -> None:
    """RFC 6532; other bytes over 127 stand as surrogates, and an address with them is none."""
    message = message_from_bytes("From: å@b\u00fccher.example\r\n".encode() + b"X: \xe5\r\n\r\n", policy=_AsItStands())
    assert fields(message, "from") == ["å@bücher.example"]
    assert fields(message, "x") == ["\udce5"]
