"""Choosing and decoding the part that a person typed, and naming what hangs on the mail."""

from __future__ import annotations

from email import message_from_bytes, message_from_string
from email.message import Message

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from servicekit.mail.headers import text_of
from servicekit.mail.lines import tidy
from servicekit.mail.parts import Part, attachment_names, bodies, depth_of, parameter, sealed, text_size


def _part(kind: str, body: str = "", **headers: str) -> str:
    fields = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    return f"Content-Type: {kind}\n{fields}\n{body}\n"


def _multi(kind: str, *parts: str) -> str:
    edge = f"b{len(''.join(parts))}"
    return _part(f'multipart/{kind}; boundary="{edge}"', "".join(f"--{edge}\n{one}" for one in parts) + f"--{edge}--\n")


PLAIN, HTML = _part("text/plain", "Hej"), _part("text/html", "<p>Hallå</p>")
PDF = _part("application/pdf", "x", Content_Disposition='attachment; filename="a.pdf"')
EXCUSE = _part("text/plain", "Your mail program cannot display HTML. Please open this message in a browser.")
MAIL = _part("message/rfc822", "Subject: inuti\nContent-Type: text/plain\n\nInre")
LOGO = _part("image/png", "x", Content_ID="<logo>")


def _parsed(source: str) -> Part:
    return Part.of(message_from_string(source))


def _body(source: str) -> str:
    return next((tidy(line.text for line in form) for form in bodies(_parsed(source))), "")


@pytest.mark.spec("M-10")
@pytest.mark.parametrize(
    ("source", "text"),
    [
        (PLAIN, "Hej"),
        (HTML, "Hallå"),
        ("\nutan fält", "utan fält"),
        (_multi("alternative", PLAIN, HTML), "Hej"),
        (_multi("alternative", HTML, PLAIN), "Hej"),
        (_multi("alternative", _part("text/plain", "  "), HTML), "Hallå"),
        (_multi("alternative", EXCUSE, HTML), "Hallå"),
        (
            _multi("alternative", EXCUSE),
            "Your mail program cannot display HTML. Please open this message in a browser.",
        ),
        (_multi("alternative", PLAIN, _multi("related", HTML, LOGO)), "Hej"),
        (_multi("alternative", _multi("related", HTML, LOGO)), "Hallå"),
        (_multi("mixed", _multi("alternative", PLAIN, HTML), PDF), "Hej"),
        (_multi("mixed", PDF, PLAIN, HTML), "Hej"),
        (_multi("mixed", _part("text/plain", " "), PDF, PLAIN), "Hej"),
        (_multi("mixed", PLAIN, MAIL), "Hej"),
        (_multi("mixed", MAIL), ""),
        (_multi("signed", PLAIN, _part("application/pgp-signature", "x")), "Hej"),
        (_multi("mixed", _part("text/plain", "bifogad", Content_Disposition="attachment")), ""),
        (_multi("mixed", _part('text/plain; name="a.txt"', "bifogad"), PLAIN), "Hej"),
        (_part("text/plain; name=a.txt", "ensam"), "ensam"),
        (_part("text/calendar", "BEGIN:VCALENDAR"), ""),
        (_part("multipart/mixed", "utan gräns"), "utan gräns"),
        (_multi("mixed"), ""),
        (_multi("alternative", PDF), ""),
        (_part("text/plain", "=48ej =C3=A5", Content_Transfer_Encoding="Quoted-Printable"), "Hej å"),
        (_part("text/plain", "SGVqIMOl", Content_Transfer_Encoding="BASE64"), "Hej å"),
        (_part("text/plain", "SGVqIMOl!", Content_Transfer_Encoding="base64"), "Hej å"),
        (_part("text/plain", "Hej", Content_Transfer_Encoding="x-nonsense"), "Hej"),
        (_part("text/plain; charset=iso-8859-1", "=E5", Content_Transfer_Encoding="quoted-printable"), "å"),
        (_part("text/plain; charset*=utf-8''iso-8859-1", "=E5", Content_Transfer_Encoding="quoted-printable"), "å"),
        (_part("text/plain; format=Flowed", "Hej \ndu"), "Hej du"),
        (_part("text/plain; format=flowed; delsp=YES", "He \nj"), "Hej"),
    ],
)
def test_the_part_that_a_person_typed(source: str, text: str) -> None:
    """Plain before HTML unless it is an excuse; the first part with text; no attachment; any encoding."""
    assert _body(source) == text


@pytest.mark.parametrize(
    ("source", "names"),
    [
        (PLAIN, ()),
        (_multi("mixed", PLAIN, PDF), ("a.pdf",)),
        (_multi("mixed", PLAIN, _part("application/pdf")), ("application/pdf",)),
        (_multi("mixed", PLAIN, _part('image/png; name="=?utf-8?q?p=C3=A5_a.png?="')), ("på a.png",)),
        (
            _multi("mixed", PLAIN, _part("image/png", Content_Disposition="inline; filename*=utf-8''p%C3%A5.png")),
            ("på.png",),
        ),
        (_multi("related", HTML, LOGO), ()),
        (_multi("related", HTML, PDF), ("a.pdf",)),
        (_multi("mixed", PLAIN, LOGO), ("image/png",)),
        (_multi("mixed", PLAIN, MAIL), ("message/rfc822",)),
        (_multi("mixed", PLAIN, _part("application/pdf; name=" + "a" * 300)), ("a" * 200,)),
        (_multi("signed", PLAIN, _part('application/pkcs7-signature; name="smime.p7s"', "x")), ()),
        (_multi("signed", PLAIN, PDF), ("a.pdf",)),
        (_multi("alternative", PLAIN, _part("text/calendar", "x"), PDF), ("a.pdf",)),
        (_multi("alternative", PLAIN, _part('text/calendar; name="a.ics"', "x")), ("a.ics",)),
        (_part("text/plain", "Hej\nbegin 644 a.txt\n#0V%T\n`\nend"), ("a.txt",)),
        (_multi("mixed", PLAIN, _part('application/pdf; name="a\n b"')), ("a b",)),
    ],
)
def test_names_of_attachments(source: str, names: tuple[str, ...]) -> None:
    """What a sender would miss in the SMS is named; pictures inside HTML are not; names are on one line."""
    assert attachment_names(_parsed(source)) == names


@pytest.mark.parametrize(
    ("source", "is_sealed"),
    [
        (_multi("encrypted", _part("application/pgp-encrypted", "Version: 1")), True),
        (_part("application/pkcs7-mime; smime-type=signed-data", "MIAG"), True),
        (_part("text/plain", "-----BEGIN PGP MESSAGE-----"), True),
        (_multi("signed", PLAIN, _part("application/pgp-signature", "x")), False),
        (PDF, False),
        (PLAIN, False),
    ],
)
def test_a_sealed_text_is_known(source: str, is_sealed: bool) -> None:
    """Encrypted, or inside an S/MIME signature."""
    assert sealed(_parsed(source)) is is_sealed


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (_multi("mixed", _part("text/plain", "ett"), PDF, _part("text/plain", "två")), "ett\n\ntvå"),
        (_multi("mixed", _part("text/plain", "ett"), PDF, PDF, HTML, _part("text/plain", "footer")), "ett\n\nHallå"),
        (_multi("mixed", _part("text/plain", "ett"), _part("text/plain", "två"), PDF), "ett"),
        (_multi("mixed", PDF, _part("text/plain", "ett"), PDF), "ett"),
        (_multi("mixed", _multi("mixed", PLAIN, PLAIN), PDF, PLAIN), "Hej"),
    ],
)
def test_a_text_goes_on_behind_a_picture(source: str, text: str) -> None:
    """As Apple's programs send it; what follows a text directly is a footer, or another mail's."""
    assert _body(source) == text


def test_depth() -> None:
    """Each part inside a part is one deeper; mails inside mails too."""
    assert depth_of(_parsed(PLAIN)) == 1
    assert depth_of(_parsed(_multi("mixed", PLAIN, _multi("related", HTML, LOGO)))) == 3
    assert depth_of(_parsed(_multi("mixed", MAIL))) == 3


def test_a_part_without_content_says_nothing() -> None:
    """A part that was made without a body, as a program may hand one over."""
    assert bodies(Part.of(Message())) == []


def test_other_forms_of_the_same_text_follow() -> None:
    """Plain and HTML of one alternative belong together; another part does not."""
    forms = bodies(_parsed(_multi("mixed", _multi("alternative", HTML, PLAIN), _part("text/plain", "Annat"))))
    assert [tidy(line.text for line in form) for form in forms] == ["Hej", "Hallå"]


def test_the_size_of_the_text_counts_every_part_that_may_be_read() -> None:
    """Attachments do not count, nor do pictures inside addresses; characters do, not bytes."""
    long = _part("text/plain", "x" * 500, Content_Disposition="attachment")
    assert text_size(_parsed(_multi("mixed", _multi("alternative", HTML, PLAIN), PDF, long))) == 15
    picture = f"<img src='data:image/png;base64,{'A' * 5000}'>\n"
    assert text_size(_parsed(_part("text/html", picture))) < 20


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text/plain; charset=utf-8", "utf-8"),
        ("text/plain", ""),
        ("text/plain; charset*0=ut; charset*1=f-8", "utf-8"),
        ("text/plain; charset*=iso-8859-1'sv'%E5", "å"),
        ("text/plain; charset*=''%C3%A5", "å"),
        ("text/plain; charset", ""),
    ],
)
def test_parameters(field: str, value: str) -> None:
    """Plain, in pieces, and encoded (RFC 2231)."""
    assert parameter(message_from_string(f"Content-Type: {field}\n\n"), "charset") == value


def test_a_parameter_that_cannot_be_taken_apart_is_none() -> None:
    """Raw bytes where RFC 2231 wants percent signs are nobody's charset."""
    assert parameter(message_from_bytes(b"Content-Type: text/plain; charset*=utf-8''\xe5\n\n"), "charset") == ""


PIECES = st.sampled_from(
    [
        ";",
        " ",
        "=",
        '"',
        "*",
        "*0",
        "*1",
        "''",
        "name",
        "NAME",
        "charset",
        "utf-8",
        "filename",
        "x",
        "%E5",
        "\\",
        "text/plain",
    ]
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=40).map("".join), st.sampled_from(["name", "charset"]), st.booleans())
def test_a_parameter_is_the_librarys(field: str, name: str, long: bool) -> None:
    """Whether it is looked up at all, remembered from another mail, or taken apart anew."""
    field += "; y=" + "z" * 250 if long else ""
    message = Message()
    message["Content-Type"] = field
    try:
        value = message.get_param(name, "")
    except (ValueError, TypeError, AttributeError, LookupError):
        value = ""
    for _ in range(2):
        read = parameter(message, name)
        assert read == (
            value.strip() if isinstance(value, str) else text_of(value[2].encode("latin-1"), value[0] or "")
        )


def test_each_part_is_decoded_once() -> None:
    """However often it is asked for its text."""
    part = _parsed(PLAIN)
    assert part.text is part.text
