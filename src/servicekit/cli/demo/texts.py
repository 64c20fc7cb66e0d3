"""Act two: mails become texts, texts are delivered and answered, and what is refused is refused."""

from __future__ import annotations

import smtplib
from collections import Counter
from email import policy
from email.parser import BytesParser
from email.utils import getaddresses
from importlib.resources import files
from pathlib import Path

from servicekit.cli.demo.organisation import Salon
from servicekit.cli.demo.report import Report
from servicekit.cli.demo.world import World
from servicekit.commands import Principal
from servicekit.messages import SearchLog, SendText

__all__ = ["play_texts"]

_TEXTS = {
    "thunderbird-flowed.eml": "Tiden på torsdag\nHej Maria! Jag har fått en kurs på torsdag förmiddag och behöver flytta dig"
    " till kl 14:30 istället. Funkar det?\n\nHälsningar Anna",
    "outlook-html-only.eml": "Din hårfärg\nHej Johan,\n\nfärgen du ville ha har kommit in \u2013 du kan hämta den när du vill,"
    " vi har öppet till 18.\nBoka gärna en tid på boka.salon.example/tider om du vill att vi lägger den.",
    "gmail-emoji.eml": "Grattis på födelsedagen Lisa! 🎂✂️ Vi bjuder på en inpackning vid nästa klippning.",
    "gmail-answer.eml": "Ja det går fint, vi har plats för er båda.",
    "outlook-answer.eml": "Toppen, då säger vi så. Ta med fotot du visade!",
    "iphone-subject-only.eml": "Är 10 min sen, gå in och sätt dig så länge",
    "apple-mail-several.eml": "Stängt på lördag\nHej! Vi har tyvärr stängt nu på lördag, rören ska bytas i hela huset. Svara på"
    " det här så hittar vi en ny tid.\n/Anna på Saxen",
    "long-with-euro.eml": "Priser\nHej Sophie, det du frågade om: klippning 45 €, slingor 110 €, klippning och slingor ihop"
    " 140 €. Du kan betala med kort eller Swish. Vi har en ledig tid fredag 14 augusti kl 9:15 och en lördag 15 augusti kl 11,"
    " säg till vilken du vill ha så håller jag den till ikväll.\nCleo",
    "outlook-web-signature.eml": "Inför torsdag\nHej Åke! Kom ihåg att inte tvätta håret samma dag som du kommer.\n\nSes kl 10!",
    "samsung-forward.eml": "Leverans imorgon\nHej Bo, chauffören är hos er mellan 9 och 10 imorgon. Någon behöver kvittera.",
    "thunderbird-attachment.eml": "Kvitto\nKvittot för igår är 495 kr, betalt med kort. Originalet ligger i kassan om du"
    " behöver det.\n\n/Bo",
}
"""For each mail of the examples that a person wrote: what its recipients read."""

_NOTHING = ("out-of-office.eml", "bounce.eml", "freezer-alarm.eml", "two-senders.eml")
"""Mails of machines, and of nobody knows whom: taken, and nothing comes of them."""

_MARIA = "+46701740605"
_GUEST = "+46701740690"


def play_texts(world: World, salon: Salon, report: Report) -> None:
    """Mails in, texts out, reports back, an answer, and three refusals."""
    _mails(world, report)
    _reports(world, salon, report)
    _answer(world, salon, report)
    _refusals(world, salon, report)


def _mails(world: World, report: Report) -> None:
    report.begin("Mails become texts")
    folder = _folder()
    for name in sorted(path.name for path in folder.iterdir() if path.suffix == ".eml"):
        report.expect(f"{name} is taken", "250", _sent(world, folder / name)[:3])
    for name, text in sorted(_TEXTS.items()):
        for number in _recipients(folder / name):
            wanted = [text]

            def texts_at(number: str = number, text: str = text) -> list[str]:
                return [seen.text for seen in world.elks.handset(number) if seen.text == text]

            report.expect(f"{name} at {number}", wanted, world.seen(texts_at, wanted))
    parts = [len(seen.parts) for seen in world.elks.handset(_recipients(folder / "long-with-euro.eml")[0])]
    report.expect("long-with-euro.eml came in parts", [2], parts)
    silent = [name for name in _NOTHING if any(world.elks.handset(number) for number in _recipients(folder / name))]
    report.expect("out-of-office, bounce, alarm and two senders became nothing", [], silent)


def _reports(world: World, salon: Salon, report: Report) -> None:
    report.begin("Delivery reports come back")
    sent = len(_TEXTS) + 2  # one mail has three recipients
    wanted = {"DELIVERED": sent}

    def statuses() -> dict[str, int]:
        page = world.kit.ask(SearchLog(group=salon.root.id), by=salon.admin)
        return dict(Counter(message.shown for message in page.messages))

    report.expect("every text is DELIVERED in the log", wanted, world.seen(statuses, wanted))


def _answer(world: World, salon: Salon, report: Report) -> None:
    report.begin("A mobile answers")
    number = world.elks.handset(_MARIA)[0].sender
    world.elks.answer_from_mobile(_MARIA, number, "Det går bra! Kan jag ta med min syster?")
    wanted = [f"{_MARIA}@sms.example"]

    def mails() -> list[str]:
        return [mail["mail_from"] for mail in world.mailbox.mails("anna@salon.example")]

    report.expect("the answer is in Anna's mailbox, from the mobile's number", wanted, world.seen(mails, wanted))
    page = world.kit.ask(SearchLog(group=salon.root.id, number=_MARIA, most=1), by=salon.admin)
    report.expect("the log has it, free of charge", ["INCOMING", 0], [page.messages[0].shown, page.segments])


def _refusals(world: World, salon: Salon, report: Report) -> None:
    report.begin("What is refused is refused")

    def send(name: str, text: str) -> str:
        user = salon.user(name)
        return world.kit.perform(SendText(user=user, to="070-174 06 90", text=text), by=Principal.of(user)).shown

    report.expect("Dora's first text passes", "QUEUED", send("dora", "Vi öppnar kl 10 på lördag."))
    report.expect("her second strikes the group above hers", "Group:Extra", send("dora", "Vi öppnar kl 11 på lördag."))
    report.expect("Filip's first text passes", "QUEUED", send("filip", "Hej, jag är ny här!"))
    report.expect("his second strikes his own limit", "Personal:Praktik", send("filip", "Hej igen!"))
    report.expect("Anna's text passes", "QUEUED", send("anna", "Din tid är kl 9."))
    report.expect("the same again within 24 hours does not", "sms_already_sent_24H", send("anna", "Din tid är kl 9."))
    wanted = ["DELIVERED", "DELIVERED", "DELIVERED", "Group:Extra", "Personal:Praktik", "sms_already_sent_24H"]

    def log() -> list[str]:
        page = world.kit.ask(SearchLog(group=salon.root.id, number=_GUEST), by=salon.admin)
        return sorted(message.shown for message in page.messages)

    report.expect("the log has all six", wanted, world.seen(log, wanted))
    report.expect("the guest got three", 3, len(world.elks.handset(_GUEST)))


def _sent(world: World, file: Path) -> str:
    """Send a mail to the gateway as a mail server would; the gateway's answer."""
    raw = file.read_bytes()
    mail = BytesParser(policy=policy.default).parsebytes(raw, headersonly=True)
    sender = "" if mail["Return-Path"] == "<>" else getaddresses([str(mail["From"])])[0][1]
    with smtplib.SMTP("127.0.0.1", world.at.gateway_port, timeout=10) as server:
        try:
            refused = server.sendmail(sender, _addresses(file), raw)
        except smtplib.SMTPResponseException as error:
            return f"{error.smtp_code}"
        return f"{next(iter(refused.values()))[0]}" if refused else "250"


def _addresses(file: Path) -> list[str]:
    mail = BytesParser(policy=policy.default).parsebytes(file.read_bytes(), headersonly=True)
    return [address for _, address in getaddresses([str(mail[name]) for name in ("To", "Cc") if mail[name]])]


def _recipients(file: Path) -> list[str]:
    """The mobiles a mail is for, in E.164."""
    numbers = [address.partition("@")[0] for address in _addresses(file)]
    return [number if number.startswith("+") else f"+46{number.removeprefix('0')}" for number in numbers]


def _folder() -> Path:
    """The example mails: in the wheel beside this file, in a checkout in ``examples/mails``."""
    packed = Path(str(files("servicekit.cli.demo"))) / "mails"
    return packed if packed.is_dir() else Path(__file__).parents[4] / "examples" / "mails"
