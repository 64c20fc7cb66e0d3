"""Reading whole mails: the same text in every dress, the bounds, and bytes that are no mail at all."""

from __future__ import annotations

import base64
import html
import quopri
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from servicekit.errors import UnreadableMail
from servicekit.mail import AutomaticKind, Envelope, Mail, read_mail, sms_text

HEAD = "From: Anna Ek <anna@salon.example>\nTo: 0701740605@sms.example\nMessage-ID: <1@salon.example>\n"


def _mail(body: str = "Hej", *, head: str = HEAD, more: str = "") -> bytes:
    return f"{head}{more}\n{body}\n".encode()


# --- the same text in every dress (M-10)

CHARSETS = [
    *("us-ascii", "iso-8859-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-15", "macintosh", "koi8-r"),
    *("windows-1250", "windows-1251", "windows-1252", "windows-1253", "cp850", "iso-2022-jp", "shift_jis", "euc-jp"),
    *("gb2312", "gb18030", "big5", "euc-kr", "utf-7", "utf-8", "utf-16", "utf-16le"),
]
WIDE = {"utf-16", "utf-16le"}
"""Charsets whose bytes are no lines: only base64 carries them."""
LETTERS = {
    "us-ascii": "abcXYZ.,!?:()&<'\"",
    "iso-8859-1": "åäöÉß",
    "windows-1252": "€\u2013…",
    "windows-1250": "łśžŐ",
    "koi8-r": "ЖабвЫ",
    "iso-8859-7": "αβΣώ",
    "shift_jis": "日本かな",
    "gb2312": "中国好",
    "euc-kr": "안녕",
    "utf-8": "😀✂Ж中é",
}
LABELS = {
    "utf-8": ["utf-8", "UTF8", "us-ascii", "x-unknown", ""],
    "windows-1252": ["windows-1252", "iso-8859-1", "ansi"],
}
"""What programs call them, also falsely; any other by its name alone."""


def _typed(charset: str) -> st.SearchStrategy[str]:
    """Paragraphs of lines of words in the letters of some language; always the same one, or hardly a charset could hold it."""
    word = st.text(LETTERS["us-ascii"] + LETTERS[charset], min_size=1, max_size=8)
    line = st.lists(word, min_size=1, max_size=9).map(" ".join).filter(lambda line: line[0].isalpha())
    return st.lists(st.lists(line, min_size=1, max_size=3).map("\n".join), min_size=1, max_size=3).map("\n\n".join)


TYPED = st.sampled_from(list(LETTERS)).flatmap(_typed)

SIGNATURES = [
    "",
    "-- \nAnna Ek\nSalong Saxen",
    "Sent from my iPhone",
    "Skickat från min iPhone",
    "Von meinem iPhone gesendet",
]
INTROS = [
    "On Mon, 3 Aug 2026 at 10:05, Maria <+46701740605@sms.example> wrote:",
    "Den mån 3 aug. 2026 kl 10:05 skrev Maria <+46701740605@sms.example>:",
    "Am Mo., 3. Aug. 2026 um 10:05 Uhr schrieb Maria <+46701740605@sms.example>:",
    "Le lun. 3 août 2026 à 10:05, Maria <+46701740605@sms.example> a écrit :",
    "El lun, 3 ago 2026 a las 10:05, Maria (<+46701740605@sms.example>) escribió:",
    "-----Original Message-----\nFrom: Maria\nSent: Monday\nTo: Anna\nSubject: SMS",
]
QUOTED = "Kan vi flytta tiden?\nMaria"


def _flowed(text: str, width: int) -> str:
    """RFC 3676, slowly: break after the last space that fits, stuff what needs it."""
    found = []
    for line in text.split("\n"):
        rest = line
        while line != "-- " and len(rest) > width and " " in rest[:width].strip():
            at = rest[:width].rindex(" ") + 1
            found.append(rest[:at])
            rest = rest[at:]
        found.append(rest)
    return "\n".join(f" {line}" if line.startswith((" ", ">", "From ")) and line != "-- " else line for line in found)


def _as_html(style: str, text: str) -> str:
    lines = [html.escape(line) for line in text.split("\n")]
    if style == "br":
        return "<br>\n".join(lines)
    if style == "div":
        return "".join(f"<div>{line or '<br>'}</div>" for line in lines)
    if style == "outlook":
        return "".join(f'<p class="MsoNormal">{line or "&nbsp;"}<o:p></o:p></p>\n' for line in lines)
    return "".join(f"<p>{html.escape(one).replace(chr(10), '<br>')}</p>" for one in text.split("\n\n"))


@st.composite
def dressed(draw: st.DrawFn, typed: str) -> bytes:
    """The text as a mail of some program: form, charset, transfer encoding, signature and quote are drawn."""
    form = draw(st.sampled_from(["plain", "flowed", "html", "alternative"]))
    style = draw(st.sampled_from(["br", "div", "outlook", "p"]))
    signature, intro = draw(st.sampled_from(SIGNATURES)), draw(st.sampled_from(["", *INTROS]))
    marked = bool(draw(st.booleans()))
    plain = "\n\n".join(one for one in (typed, signature, intro) if one)
    page = _as_html(style, typed)
    if signature.startswith("-- "):
        page += f'<div class="gmail_signature" dir="ltr">{_as_html("br", signature)}</div>'
    elif signature:
        page += f'<div dir="ltr">{signature}</div>'
    if intro:
        plain += "\n" + ("> " + QUOTED.replace("\n", "\n> ") if marked else QUOTED)
        tag = 'blockquote type="cite"' if marked else "div"
        page += f"<div>{_as_html('br', intro)}</div><{tag}>{_as_html('br', QUOTED)}</{tag.partition(' ')[0]}>"
    if form == "flowed":
        plain = _flowed(plain, draw(st.integers(20, 78)))
    page = f"<html><head><style>p {{margin:0}}</style></head><body>{page}</body></html>"
    texts = {"plain": plain, "flowed": plain, "html": page, "alternative": plain}
    first = _part(
        draw, texts[form], "html" if form == "html" else "plain", "; format=flowed" if form == "flowed" else ""
    )
    if form != "alternative":
        return HEAD.encode() + first
    both = b"--edge\n" + first + b"\n--edge\n" + _part(draw, page, "html", "") + b"\n--edge--\n"
    return HEAD.encode() + b'Content-Type: multipart/alternative; boundary="edge"\n\n' + both


def _part(draw: st.DrawFn, text: str, kind: str, more: str) -> bytes:
    charset = draw(st.sampled_from([one for one in CHARSETS if _holds(one, text)]))
    raw = text.encode(charset)
    encodings: dict[str, Callable[[bytes], bytes]] = {
        "base64": base64.encodebytes,
        "quoted-printable": quopri.encodestring,
        "8bit": bytes,
    }
    encoding = draw(st.sampled_from(["base64"] if charset in WIDE else list(encodings)))
    label = draw(st.sampled_from(LABELS.get(charset, [charset])))
    named = f"; charset={label}" if label else ""
    head = f"Content-Type: text/{kind}{named}{more}\nContent-Transfer-Encoding: {encoding}\n\n"
    encoded = encodings[encoding](raw)
    if encoding == "base64" and draw(st.booleans()):
        encoded = encoded.replace(b"\n", b" \t!\n") + b"\n-- \nA footer that a relay has added\n"
    if encoding == "quoted-printable" and draw(st.booleans()):
        encoded = encoded.replace(b"=\n", b"=  \n").replace(b"=E", b"=e")
    return head.encode() + encoded


def _holds(charset: str, text: str) -> bool:
    return text.encode(charset, "ignore").decode(charset) == text


@pytest.mark.spec("M-10")
@settings(max_examples=200, deadline=None)
@given(st.data(), TYPED)
def test_a_text_is_the_same_in_every_dress(data: st.DataObject, typed: str) -> None:
    """Plain, flowed, HTML of several programs, both; any charset and encoding; signed and quoting: the SMS is what was typed."""
    mail = read_mail(data.draw(dressed(typed)))
    assert sms_text(mail, is_answer=False) == typed


# --- the whole value


def test_reads_every_field() -> None:
    """Ids keep their brackets, the sender is in lower case, the subject is one line."""
    more = "Subject: =?utf-8?q?Tid_p=C3=A5?=\n torsdag\nIn-Reply-To: <a@x>\nReferences: <r@x>\n <a@x>\n"
    assert read_mail(_mail(more=more)) == Mail(
        message_id="<1@salon.example>",
        from_address="anna@salon.example",
        subject="Tid på torsdag",
        text="Hej",
        in_reply_to="<a@x>",
        references=("<r@x>", "<a@x>"),
    )


def test_what_was_typed_stands_in_no_repr() -> None:
    """A mail that is logged does not show its text."""
    assert "hemligt" not in repr(read_mail(_mail("hemligt")))


@pytest.mark.spec("M-09")
def test_the_envelope_tells_machines_apart() -> None:
    """With an empty envelope sender it is a bounce; without an envelope only the mail itself is judged."""
    found = read_mail(_mail(), envelope=Envelope("", ("0701740605@sms.example",))).automatic
    assert found is not None
    assert found.kind is AutomaticKind.ANSWERING
    assert read_mail(_mail()).automatic is None


class TestMessageId:
    """Knowing a mail again."""

    HEAD = "From: anna@salon.example\nDate: Mon, 3 Aug 2026 10:05:00 +0200\n"

    def _id(self, body: str = "Hej", head: str = HEAD) -> str:
        return read_mail(_mail(body, head=head)).message_id

    def test_is_made_where_there_is_none(self) -> None:
        """The same mail over another way has the same; another text, date or sender has another."""
        made = self._id()
        assert made.endswith("@no-message-id.invalid>")
        assert self._id(head="Received: by mx2\n" + self.HEAD) == made
        others = {
            self._id("Hej!"),
            self._id(head=self.HEAD.replace("3 Aug", "4 Aug")),
            self._id(head=self.HEAD.replace("anna", "bo")),
        }
        assert len(others | {made}) == 4

    def test_a_broken_or_endless_one_is_none(self) -> None:
        """It would not be the same twice, or not be stored."""
        assert "invalid" in self._id(head=self.HEAD + "Message-ID: 1@salon.example\n")
        assert "invalid" in self._id(head=self.HEAD + "Message-ID: " + "<1@salon.example>" * 1000 + "\n")


@pytest.mark.parametrize(
    ("subject", "body", "text"),
    [
        ("Tid", "> Gammalt", "Gammalt"),
        ("Re: Tid", "> Gammalt", ""),
        ("Re: Fwd: Tid", "> Gammalt", "Gammalt"),
        ("Tid", "-- \nAnna", ""),
        ("", "-- \nAnna", "Anna"),
        ("Fwd:", "-- \nAnna", "Anna"),
    ],
)
def test_what_is_left_depends_on_what_the_mail_is(subject: str, body: str, text: str) -> None:
    """An answer without words is empty, a forwarded mail is its content, a signature counts only alone."""
    assert read_mail(_mail(body, more=f"Subject: {subject}\n")).text == text


def test_an_answer_is_known_by_its_thread_too() -> None:
    """Some programs add no prefix."""
    assert read_mail(_mail("> Gammalt", more="In-Reply-To: <a@x>\n")).text == ""
    assert read_mail(_mail("> Gammalt", more="In-Reply-To: <a@x>\nSubject: VB: Tid\n")).text == "Gammalt"


def test_lines_end_where_the_sender_ended_them() -> None:
    """Where plain text is broken at some column and the HTML says the same words, its lines are taken; else the plain text's."""
    part = "--x\nContent-Type: text/{}\n\n{}\n"
    wrapped = part.format("plain", "Hej Maria, tiden är\nflyttad.\n\nAnna")
    head = HEAD + "Content-Type: multipart/alternative; boundary=x\n"
    same = part.format("html", "<div>Hej Maria, tiden är flyttad.</div><br><div>Anna</div>")
    other = part.format("html", "<div>Hej Maria, <b>tiden</b> är borta.</div><br><div>Anna</div>")
    assert read_mail(_mail(wrapped + same + "--x--", head=head)).text == "Hej Maria, tiden är flyttad.\n\nAnna"
    assert read_mail(_mail(wrapped + other + "--x--", head=head)).text == "Hej Maria, tiden är\nflyttad.\n\nAnna"


# --- refusals


def _refusal(raw: bytes, most_bytes: int = 10_000_000) -> UnreadableMail:
    with pytest.raises(UnreadableMail) as refused:
        read_mail(raw, most_bytes=most_bytes)
    assert refused.value.message.endswith(".")
    return refused.value


@pytest.mark.parametrize("raw", [b"", b" \r\n\r\n "])
def test_an_empty_mail_is_refused(raw: bytes) -> None:
    """There is nobody to answer either."""
    assert _refusal(raw).code == "empty_mail"


def test_the_size_bound_is_exact() -> None:
    """The last byte allowed is read, one more is not, and the refusal says how many there are."""
    raw = _mail()
    assert read_mail(raw, most_bytes=len(raw)).text == "Hej"
    refused = _refusal(raw, len(raw) - 1)
    assert refused.code == "mail_too_large"
    assert refused.facts == {"bytes": len(raw), "most": len(raw) - 1}


def _nested(levels: int) -> bytes:
    opened = "".join(f'Content-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}\n' for level in range(levels))
    return _mail(head=HEAD + opened, body="Hej")


def test_deep_nesting_is_refused() -> None:
    """Twenty levels are read, more are not; a thousand are refused before any recursion."""
    assert read_mail(_nested(19)).text == "Hej"
    assert _refusal(_nested(20)).code == "mail_too_complex"
    assert _refusal(_nested(1000)).code == "mail_too_complex"
    assert _refusal(_mail(head=HEAD + "Content-Type: message/rfc822\n\n" * 1000)).code == "mail_too_complex"


def test_endless_lines_and_subjects_are_refused() -> None:
    """What would take long to read, and what would have to be cut."""
    assert _refusal(_mail("\n" * 250_001)).code == "mail_too_complex"
    assert _refusal(_mail("--x\n" * 5_001)).code == "mail_too_complex"
    assert _refusal(_mail(more="Subject: " + "x" * 10_001 + "\n")).code == "mail_too_complex"
    assert _refusal(_mail("x" * 1_000_000)).code == "mail_too_complex"


@pytest.mark.parametrize(
    "senders",
    [
        "",
        "From: \n",
        "From: anna@salon.example\nFrom: bo@salon.example\n",
        "From: anna@salon.example\nfrom: anna@salon.example\n",
        "From: anna@salon.example, bo@salon.example\n",
        "From: anna@salon.example" + " " * 10_000 + "(x)\n",
    ],
)
def test_a_mail_has_one_sender(senders: str) -> None:
    """None, two fields, two addresses, or one that takes long to read."""
    assert _refusal(_mail(head=f"To: x\n{senders}")).code == "no_single_sender"


@pytest.mark.parametrize(
    "field",
    [
        "text/plain; x=" + "y" * 4_000,
        "text/plain" + "; a=b" * 61,
        "text/plain;\n" + " a=b;\n" * 61,
    ],
)
def test_mime_fields_without_end_are_refused(field: str) -> None:
    """The library takes them apart again and again, in quadratic time; no program writes them."""
    assert _refusal(_mail(more=f"Content-Type: {field}\n")).code == "mail_too_complex"
    assert read_mail(_mail(more=f"X-Other: {field}\n")).text == "Hej"
    assert read_mail(_mail(more="Content-Type: text/plain" + "; a=b" * 60 + "\n")).text == "Hej"


def test_many_lines_in_parts_in_parts_are_refused() -> None:
    """The parser asks every open part about every line."""
    assert _refusal(_nested(19) + b"x\n" * 249_000).code == "mail_too_complex"
    assert read_mail(_nested(19) + b"\n" * 200_000).text == "Hej"


def test_an_encrypted_mail_is_refused() -> None:
    """Its subject alone is not what somebody meant to send."""
    assert _refusal(_mail("-----BEGIN PGP MESSAGE-----", more="Subject: ...\n")).code == "mail_sealed"


def test_a_mail_out_of_an_mbox() -> None:
    """Its first line is no field; what it escaped is as it was; elsewhere such a line is a quote."""
    body = "Hej\n>From nu\n>>From dem"
    assert read_mail(b"From anna Mon Aug  3 10:05:00 2026\n" + _mail(body)).text == "Hej\nFrom nu"
    assert read_mail(_mail(body)).text == "Hej"


def test_a_structure_that_no_parser_takes_apart_is_refused() -> None:
    """The standard library lets out a ValueError here."""
    broken = b"Content-Type: multipart/mixed; boundary*=a%00b''x\n\nHej\n"
    assert _refusal(HEAD.encode() + broken).code == "mail_malformed"


# --- bytes that are no mail

EXAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[2] / "examples" / "mails").glob("*.eml"))]
SPLINTERS = [
    b"\n",
    b"\r\n\r\n",
    b"From: ",
    b"Subject: =?utf-8?b?",
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\n",
    b"Content-Type: multipart/report; boundary*0*=utf-8''%\n",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Type: text/html; charset=utf-16\n\n",
    b"; charset*=a\x00b'c'%E5",
    b"; boundary*=\xe5''x",
    b"; charset=\xe5\x00",
    b'; filename*1*=x; filename="',
    b"Content-Transfer-Encoding: base64\n",
    b"Content-Transfer-Encoding: x-uuencode\nbegin 666 x\n",
    b"Content-Transfer-Encoding: quoted-printable\n=",
    b"<!--",
    b"<a '",
    b"> > >",
    b"\xff\xfe\x00",
    b"\xf0\x9f",
]


@st.composite
def broken_mails(draw: st.DrawFn) -> bytes:
    """A real mail, hit several times: cut, doubled, overwritten, spiked with what breaks parsers."""
    raw = draw(st.sampled_from(EXAMPLES))
    for _ in range(draw(st.integers(1, 6))):
        at, length = draw(st.integers(0, len(raw))), draw(st.integers(0, 200))
        new = draw(st.sampled_from(SPLINTERS) | st.binary(max_size=8) | st.just(raw[at : at + length] * 2))
        raw = raw[:at] + new + raw[at + draw(st.sampled_from([0, len(new), length])) :]
    return raw


@settings(max_examples=200, deadline=None)
@given(
    broken_mails()
    | st.binary(max_size=300)
    | st.binary(max_size=100).map(lambda raw: HEAD.encode() + b"Content-Type: " + raw)
)
@example(b"From: <a@b.example>\nContent-Type: text/plain; charset=\xff\x00\n\n\x80")
@example(b"From: <a@b.example>\nContent-Type: \x00/\n\n")
def test_whatever_the_bytes_are_there_is_a_mail_or_a_refusal(raw: bytes) -> None:
    """No other error, and nothing in the mail that could not be written down or stored."""
    try:
        mail = read_mail(raw)
    except UnreadableMail:
        return
    assert mail.from_address.count("@") == 1
    said = "\n".join([mail.subject, mail.text, mail.message_id, mail.in_reply_to, *mail.references, *mail.attachments])
    assert said.encode().decode() == said
    assert "\x00" not in said
    assert "\n" not in mail.subject
