"""Which readers of mail give what a person typed: kept libraries and ours, over the mails in tests/mail/corpus.

``python -m benchmarks.compare_mail_readers`` prints how many mails each gets right and how long it takes; with ``--each``, who is
right about which mail. Whoever is missing is left out: ``python -m pip install --group bench``, and talon by itself.

The libraries cut quotes and signatures from a text; decoding is not their subject. So the standard library chooses the part and
decodes it for them, and inscriptis (or html2text) turns HTML into text. To be fair there is a second count, over the mails that the
standard library hands to them whole: those where every word that was typed is there to be found. White space is made even for all.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from importlib import import_module
from pathlib import Path
from types import ModuleType

from attrs import frozen
from benchmarks._measure import race, table

from servicekit.mail import read_mail

FOLDER = Path(__file__).parents[1] / "tests" / "mail" / "corpus"
Reader = Callable[[bytes], str]


@frozen
class Sample:
    """A mail, and what was typed."""

    name: str
    raw: bytes
    text: str


def samples() -> list[Sample]:
    """All mails of the corpus but those that are to be refused."""
    found = []
    for path in sorted(FOLDER.glob("*.txt")):
        head, _, text = path.read_text(encoding="utf-8").partition("\n\n")
        if "Refused:" not in head:
            found.append(Sample(path.stem, path.with_suffix(".eml").read_bytes(), _even(text)))
    return found


def _even(text: str) -> str:
    """White space as nobody sees it: single spaces, no empty lines."""
    lines = (" ".join(line.split()) for line in text.replace("\u00a0", " ").splitlines())
    return "\n".join(line for line in lines if line)


def _peer(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except ImportError:
        print(f"({name} is not installed)")
        return None


# --- the standard library, as its documentation shows it


def _decoded(raw: bytes, page: Callable[[str], str]) -> str:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(preferencelist=("plain", "html"))
    if body is None:
        return ""
    text = str(body.get_content())
    return page(text) if body.get_content_type() == "text/html" else text


def _html2text(module: ModuleType) -> Callable[[str], str]:
    reader = module.HTML2Text(bodywidth=0)
    reader.ignore_images = reader.ignore_emphasis = True
    return lambda page: str(reader.handle(page))


_TAG = re.compile(r"<[^>]*>")


def readers() -> Mapping[str, Reader]:
    """Everybody who is there, by name."""
    inscriptis, html2text = _peer("inscriptis"), _peer("html2text")
    page: Callable[[str], str] = inscriptis.get_text if inscriptis else lambda text: _TAG.sub("", text)
    found: dict[str, Reader] = {"standard library, nothing cut": lambda raw: _decoded(raw, page)}

    def add(name: str, cut: Callable[[str], str], page: Callable[[str], str] = page) -> None:
        found[name] = lambda raw: cut(_decoded(raw, page))

    if reply := _peer("mailparser_reply"):
        parser = reply.EmailReplyParser(languages=["en", "sv", "de"])
        add("mail-parser-reply", lambda text: str(parser.parse_reply(text=text) or ""))
        if html2text:
            add(
                "mail-parser-reply, html2text",
                lambda text: str(parser.parse_reply(text=text) or ""),
                _html2text(html2text),
            )
    if github := _peer("email_reply_parser"):
        add("email-reply-parser", lambda text: str(github.EmailReplyParser.parse_reply(text)))
    if quail := _peer("quotequail"):
        add("quotequail", lambda text: "\n".join(part for own, part in quail.quote(text) if own))
    if talon := _peer("talon.quotations"):
        signature = import_module("talon.signature.bruteforce")
        add("talon", lambda text: str(signature.extract_signature(talon.extract_from_plain(text))[0]))
    found["servicekit.mail"] = lambda raw: read_mail(raw).text
    return found


def _answer(reader: Reader, raw: bytes) -> str:
    try:
        return _even(reader(raw))
    except Exception as error:  # noqa: BLE001 - whoever raises is not right
        return f"{type(error).__name__}!"


def main() -> None:
    """Print the table."""
    mails = samples()
    whole = {mail.name for mail in mails if _has_all(mail)}
    everybody = readers()
    runs = {name: _run_of(reader, mails) for name, reader in everybody.items()}
    right = {name: _right(run(), mails) for name, run in runs.items()}
    speed = race(runs, rounds=5)
    rows = [
        [
            name,
            f"{len(right[name])} of {len(mails)}",
            f"{len(right[name] & whole)} of {len(whole)}",
            f"{speed[name] / len(mails) * 1e6:.0f}",
        ]
        for name in everybody
    ]
    print(table(["reader", "right", "of those handed over whole", "microseconds a mail"], rows))
    if "--each" in sys.argv:
        print()
        each = [[mail.name, *("right" if mail.name in right[name] else "-" for name in everybody)] for mail in mails]
        print(table(["mail", *everybody], each))


def _run_of(reader: Reader, mails: list[Sample]) -> Callable[[], list[str]]:
    return lambda: [_answer(reader, mail.raw) for mail in mails]


def _right(answers: list[str], mails: list[Sample]) -> set[str]:
    return {mail.name for mail, answer in zip(mails, answers, strict=True) if answer == mail.text}


def _has_all(mail: Sample) -> bool:
    """Whether the standard library and inscriptis leave every word of the text in its place."""
    module = _peer("inscriptis")
    page = module.get_text if module else lambda text: _TAG.sub("", text)
    given = iter(_answer(lambda raw: _decoded(raw, page), mail.raw).split())
    return all(word in given for word in mail.text.split())


if __name__ == "__main__":
    main()
