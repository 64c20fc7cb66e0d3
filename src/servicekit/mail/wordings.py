"""The words that mail programs write around quotes and under mails, as patterns over single lines.

They are data with a language each; :mod:`servicekit.mail.quotes` says what follows from them. A new program or language is a
line here and a mail in the tests. Every pattern is bounded, so that no line takes long.
"""

from __future__ import annotations

import re

__all__ = [
    "divides",
    "header_label",
    "is_device_line",
    "is_reply_line",
    "is_rule",
    "is_signature_start",
    "names_date_and_time",
]

LONGEST = 400
"""Characters of the longest line, or joined reply line, that is looked at; mail programs write none longer."""

# --- reply lines, as in "On Mon, 3 Aug 2026 at 10:05, Anna Ek <anna@salon.example> wrote"

_START = re.compile(r"(?:on|den|på|vid|am|le|el|il|em|op|w dniu|pe)\b|\d", re.IGNORECASE)
_VERBS = (
    r"wrote|writes"  # English
    r"|skrev|skreiv"  # Swedish, Danish, Norwegian
    r"|schrieb"  # German
    r"|a écrit"  # French
    r"|escribió|escreveu"  # Spanish, Portuguese
    r"|ha scritto|schreef|kirjoitti|napisał|napisała"  # Italian, Dutch, Finnish, Polish
)
_VERB = re.compile(rf"\b(?:{_VERBS})\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\S@\S")
_DIGIT = re.compile(r"\d")
_WITHOUT_VERB = re.compile(
    r"\d{4}-\d\d-\d\d \d{1,2}:\d\d\b.*@\S+:"  # Gmail, some years: "2026-08-12 8:55 GMT+02:00 Maria <maria@x.example>:"
    r"|(?:zitat von|quoting|citerar|citat från|citando a|quoting message from) \S.*:",  # Horde
    re.IGNORECASE,
)
_FEWEST_NAMES, _MOST_NAMES = 2, 5
_TIME = re.compile(r"\b\d{1,2}:\d{2}\b|\bkl\.? ?\d{1,2}\.\d{2}\b|\b\d{1,2}\.\d{2} uhr\b", re.IGNORECASE)
_YEAR_OR_ADDRESS = re.compile(r"\b20\d\d\b|\S@\S")


def is_reply_line(text: str) -> bool:
    """Whether a mail program may have written this above a quote; several wrapped lines are joined by the caller."""
    if len(text) > LONGEST or not text.endswith(":"):
        return False
    verb = _VERB.search(text)
    if verb is None:
        return _WITHOUT_VERB.fullmatch(text) is not None
    if _START.match(text) is not None and _DIGIT.search(text) is not None:
        return True
    if _ADDRESS.search(text) is not None:
        return verb.start() > 0
    # "Maria Lund wrote:", as Thunderbird had it for years.
    name = text[: verb.start()].split()
    capitals = bool(name) and name[0].lstrip("\"'(")[:1].isupper() and name[-1][:1].isupper()
    return _FEWEST_NAMES <= len(name) <= _MOST_NAMES and capitals and text[verb.end() :].strip() == ":"


def names_date_and_time(text: str) -> bool:
    """Whether a reply line tells when the quoted mail was sent, which people who tell of a mail hardly do."""
    return _TIME.search(text) is not None and _YEAR_OR_ADDRESS.search(text) is not None


# --- dividers

_DIVIDER_WORDS = (
    r"original message|forwarded message|begin forwarded message"
    r"|ursprungligt meddelande|originalmeddelande|vidarebefordrat (?:meddelande|brev)|vidarebefordrat mail"
    r"|ursprüngliche nachricht|original-?nachricht|weitergeleitete nachricht|anfang der weitergeleiteten (?:nachricht|e-mail)"
    r"|message d['\u2019]origine|message original|message transféré|début du message (?:transféré|réexpédié)"
    r"|mensaje original|mensaje reenviado|inicio del mensaje reenviado"
    r"|oprindelig meddelelse|opprinnelig melding|videresendt meddelelse|videresendt melding"
    r"|oorspronkelijk bericht|doorgestuurd bericht|alkuperäinen viesti"
)
_DIVIDER = re.compile(_DIVIDER_WORDS, re.IGNORECASE)
_GROUPWISE = re.compile(r">>> \S.{0,300}\d{1,2}:\d\d.{0,20} >>>")
_DASHES = "-_* "
_RULE = re.compile(r"[-_]{10,}")


def divides(text: str) -> bool:
    """Whether the line says that another mail follows: "-----Ursprungligt meddelande-----", "Begin forwarded message:"."""
    if len(text) > LONGEST:
        return False
    if text.endswith(":"):
        return _DIVIDER.fullmatch(text[:-1].rstrip()) is not None
    bare = text.strip(_DASHES)
    before, _, after = text.partition(bare) if bare else (text, "", "")
    if "--" in before and "--" in after:
        # Zoho writes its reply line between dashes.
        return _DIVIDER.fullmatch(bare) is not None or (is_reply_line(f"{bare}:") and names_date_and_time(bare))
    return _GROUPWISE.fullmatch(text) is not None


def is_rule(text: str) -> bool:
    """Whether the line is a drawn rule, which Outlook puts above a header block."""
    return len(text) <= LONGEST and _RULE.fullmatch(text) is not None


# --- header blocks

_LABELS = {
    "from": "from|från|von|de|da|fra|van|lähettäjä",
    "sent": "sent|date|skickat|skickades|datum|gesendet|envoyé|inviato|data|enviado|enviado el|fecha|sendt|dato|verzonden"
    "|lähetetty",
    "to": "to|cc|bcc|till|kopia|an|à|a|para|til|aan|vastaanottaja|reply-to|svar till",
    "subject": "subject|ämne|rubrik|betreff|objet|asunto|emne|onderwerp|aihe|oggetto|assunto",
}
_LABEL = re.compile(
    r"\*?(?:" + "|".join(f"(?P<{name}>{words})" for name, words in _LABELS.items()) + r") ?(?::\*?|\*:)(?:\s.*)?",
    re.IGNORECASE,
)


def header_label(text: str) -> str | None:
    """Which field of a quoted mail's header the line shows: ``from``, ``sent``, ``to`` (or Cc), ``subject``, or None."""
    found = _LABEL.fullmatch(text) if ":" in text and len(text) <= 2 * LONGEST else None
    return found.lastgroup if found else None


# --- signatures

_DEVICES = (
    r"iphone|ipad|ipod|apple|mac|android|samsung|galaxy|huawei|xiaomi|redmi|oneplus|pixel|sony|xperia|nokia|motorola|htc|blackberry"
    r"|outlook|windows|mail|e-post|yahoo|gmail|proton|tutanota|k-9|thunderbird|aol|gmx|web\.de|spark"
    r"|smart ?phone|mobil\w*|mobile|phone|handy|telefon|surfplatta|tablet|smartwatch|device|gerät|enhet"
)
_SENT = r"sent|skickat|skickades|sänt|gesendet|envoyé|enviado|sendt|verzonden|verstuurd|inviato|lähetetty"
_WITH = r"from|via|with|using|från|med|von|vom|mit|aus|depuis|de|à partir de|desde|fra|vanaf|met|da|dal"
_DEVICE_LINE = re.compile(
    rf"(?:{_SENT}) (?:{_WITH}) .{{0,40}}\b(?:{_DEVICES})\b[^,;:!?]{{0,40}}"
    rf"|(?:diese nachricht wurde )?von mein\w+ .{{0,30}}\b(?:{_DEVICES})\b.{{0,30}} (?:gesendet|gesandt|verschickt)\.?"
    r"|(?:get|hämta|hent|holen sie sich|télécharge[rz]|obtenga|obtener|download|skaffa) outlook .{0,30}"
    r"|outlook für .{0,20} beziehen"
    r"|lähetetty .{0,30}(?:iphone|puhelim|android).{0,20}"
    # virus scanners
    r"|virus-?free\.? ?www\.av(?:ast|g)\.com|www\.av(?:ast|g)\.com|<#[0-9a-f-]{36}>"
    r"|(?:det här|detta) e-post\w{0,20} .{0,60}\bav(?:ast|g)\b.{0,60}|diese e-mail wurde .{0,60}\bav(?:ast|g)\b.{0,60}"
    r"|this e-?mail has been (?:checked|scanned) for viruses .{0,60}",
    re.IGNORECASE,
)
_LINK = re.compile(r"\s*[<(\[]?https?://\S+")


def is_device_line(text: str) -> bool:
    """Whether a telephone or a mail program wrote the line about itself: "Skickat från min iPhone"."""
    if len(text) > LONGEST:
        return False
    return _DEVICE_LINE.fullmatch(_LINK.sub("", text).strip(" .*_")) is not None


def is_signature_start(text: str) -> bool:
    """Whether the line is the delimiter ``-- ``; many programs drop its space."""
    return text.rstrip() == "--"
