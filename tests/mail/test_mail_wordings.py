"""The words that mail programs write, each in its language."""

from __future__ import annotations

import pytest

from servicekit.mail.wordings import (
    LONGEST,
    divides,
    header_label,
    is_device_line,
    is_reply_line,
    is_rule,
    is_signature_start,
    names_date_and_time,
)

SURE = [
    "On Mon, 3 Aug 2026 at 10:05, Anna Ek <anna@salon.example> wrote:",
    "On 3 Aug 2026, at 10:05, Anna Ek <anna@salon.example> wrote:",
    "Den mån 3 aug. 2026 kl 10:05 skrev Anna Ek <anna@salon.example>:",
    "Den 2026-08-03 kl. 10:05, skrev Anna Ek:",
    "3 aug. 2026 kl. 10.05 skrev Anna Ek <anna@salon.example>:",
    "Am Mo., 3. Aug. 2026 um 10:05 Uhr schrieb Anna Ek <anna@salon.example>:",
    "Am 03.08.2026 um 10.05 Uhr schrieb Anna Ek:",
    "Le lun. 3 août 2026 à 10:05, Anna Ek <anna@salon.example> a écrit :",
    "El lun, 3 ago 2026 a las 10:05, Anna Ek (<anna@salon.example>) escribió:",
    "Em seg., 3 de ago. de 2026 às 10:05, Anna Ek <anna@salon.example> escreveu:",
    "Il giorno lun 3 ago 2026 alle ore 10:05 Anna Ek <anna@salon.example> ha scritto:",
    "Op ma 3 aug 2026 om 10:05 schreef Anna Ek <anna@salon.example>:",
]
UNSURE = [
    "Den 3 augusti skrev Anna:",
    "Anna Ek <anna@salon.example> skrev:",
    "anna@salon.example wrote:",
    "On 3/8, Anna wrote:",
]


@pytest.mark.parametrize("text", SURE)
def test_reply_lines_with_date_and_time_are_sure(text: str) -> None:
    """Gmail, Apple Mail, Thunderbird and Outlook, in their languages."""
    assert is_reply_line(text)
    assert names_date_and_time(text)


@pytest.mark.parametrize("text", UNSURE)
def test_reply_lines_without_are_not(text: str) -> None:
    """They may stand above a quote, and a person may write them."""
    assert is_reply_line(text)
    assert not names_date_and_time(text)


@pytest.mark.parametrize(
    "text",
    [
        "Jag skrev upp dig kl 10:05 den 3 augusti",
        "Så här gör du:",
        "Anna skrev:",
        "On my way:",
        "Ondskan 3 skrev Anna:",
        "On 3 Aug 2026 " + "x" * LONGEST + " wrote:",
        "",
    ],
)
def test_what_people_write_is_no_reply_line(text: str) -> None:
    """No colon at the end, no date, no verb, or too long for a program."""
    assert not is_reply_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "-----Original Message-----",
        "-----Ursprungligt meddelande-----",
        "-------- Originalmeddelande --------",
        "-----Ursprüngliche Nachricht-----",
        "---------- Forwarded message ---------",
        "---------- Vidarebefordrat meddelande ---------",
        "-----Message d\u2019origine-----",
        "-----Mensaje original-----",
        "Begin forwarded message:",
        "Vidarebefordrat brev:",
        "Début du message réexpédié :",
    ],
)
def test_dividers(text: str) -> None:
    """What says that another mail follows."""
    assert divides(text)


@pytest.mark.parametrize(
    "text", ["Original message", "-----", "--- hej ---", "-----Original Message-----" + "-" * LONGEST]
)
def test_no_dividers(text: str) -> None:
    """Dashes or words alone divide nothing."""
    assert not divides(text)


def test_rules() -> None:
    """Outlook draws a line of underscores; a short one is somebody's own."""
    assert is_rule("_" * 32)
    assert is_rule("-" * 10)
    assert not is_rule("___")
    assert not is_rule("_" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("From: Anna", "from"),
        ("Från: Anna", "from"),
        ("*Von:* Anna", "from"),
        ("*De :* Anna", "from"),
        ("Sent:", "sent"),
        ("Skickat: den 3 augusti", "sent"),
        ("Enviado el: lunes", "sent"),
        ("Till: Maria", "to"),
        ("Cc: Bo", "to"),
        ("Kopia: Bo", "to"),
        ("ÄMNE: Tiden", "subject"),
        ("Betreff: Termin", "subject"),
        ("Objet : Rendez-vous", "subject"),
        ("Obs: viktigt", None),
        ("From here", None),
        ("Till:11", None),
        ("To: " + "x" * 2 * LONGEST, None),
    ],
)
def test_header_labels(text: str, label: str | None) -> None:
    """Fields of a quoted header, plain or bold."""
    assert header_label(text) == label


@pytest.mark.parametrize(
    "text",
    [
        "Sent from my iPhone",
        "Skickat från min iPhone",
        "Skickat från min Samsung Galaxy-smartphone.",
        "Von meinem iPhone gesendet",
        "Diese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Sendt fra min iPad",
        "Sent from Yahoo Mail on Android",
        "Skickades från E-post för Windows",
        "Sent from Mail<https://go.microsoft.example/fwlink/?LinkId=550986> for Windows",
        "Hämta Outlook för iOS<https://aka.example/o0ukef>",
        "Get Outlook for Android",
        "Holen Sie sich Outlook für iOS",
    ],
)
def test_device_lines(text: str) -> None:
    """What telephones and programs say about themselves."""
    assert is_device_line(text)


@pytest.mark.parametrize(
    "text",
    [
        "Skickat med posten idag",
        "Skickat från lagret, kommer imorgon",
        "Jag har skickat det från min iPhone",
        "Outlook krånglar",
        "",
        "Sent from my iPhone" + " " * LONGEST,
    ],
)
def test_no_device_lines(text: str) -> None:
    """People send things too."""
    assert not is_device_line(text)


def test_signature_start() -> None:
    """Two dashes alone, with the space that RFC 3676 wants or without."""
    assert is_signature_start("-- ")
    assert is_signature_start("--")
    assert not is_signature_start("---")
    assert not is_signature_start(" --")
