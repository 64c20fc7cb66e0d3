"""The built-in texts, in English, German and Swedish. Plain data: what is sent where an organisation has no words of its own.

German addresses people formally, Swedish informally, as businesses there do.
"""

from __future__ import annotations

from collections.abc import Mapping

from servicekit.notices.templates import Channel, Occasion

__all__ = ["BUILT_IN", "DEFAULTS"]

Words = Mapping[tuple[Occasion, Channel], tuple[str, str]]
_Phrases = Mapping[str, str | tuple[str, str, str]]

_ENGLISH: _Phrases = {
    "hello": "Hello [{who}],",
    "facts": "What: [service]\nWhere: [branch]\n{with_or_for}\nFrom: [start]\nUntil: [end]",
    "with": "With: [provider]\nRoom: [room]",
    "for": "For: [client]\nRoom: [room]",
    "online": "Join online: [online_meeting_link]",
    "host": "Open the meeting as host: [online_meeting_provider_link]",
    "doors": "The doors open for your phone from [door_from] until [door_until].\nPIN: [door_pin]\n[door_information]",
    "over": "The booking of [service] at [branch] from [start] is cancelled.\nReason: [reason]",
    "booking": "Booking [booking]",
    "text_online": "Online: [online_meeting_link]",
    "text_doors": "Doors from [door_from]\nPIN: [door_pin]",
    "page": "The doors open with your phone: install the app dormakaba mobile access and register it with the mobile number "
    "that you give here.",
    "requested": ("Requested", "We have your request and will answer it.", "A booking is asked for: please answer it."),
    "booked": ("Booked", "Your booking is confirmed.", "You have a new booking."),
    "moved": ("Moved", "Your booking was moved.", "A booking was moved."),
    "cancelled": ("Cancelled", "", ""),
    "reminder": ("Reminder", "Your booking begins soon.", "A booking of yours begins soon."),
}
_GERMAN: _Phrases = {
    "hello": "Guten Tag [{who}]",
    "facts": "Was: [service]\nWo: [branch]\n{with_or_for}\nVon: [start]\nBis: [end]",
    "with": "Bei: [provider]\nRaum: [room]",
    "for": "Für: [client]\nRaum: [room]",
    "online": "Online teilnehmen: [online_meeting_link]",
    "host": "Meeting als Host öffnen: [online_meeting_provider_link]",
    "doors": "Die Türen öffnen sich mit Ihrem Telefon von [door_from] bis [door_until].\nPIN: [door_pin]\n"
    "[door_information]",
    "over": "Die Buchung von [service], [branch], ab [start] ist storniert.\nGrund: [reason]",
    "booking": "Buchung [booking]",
    "text_online": "Online: [online_meeting_link]",
    "text_doors": "Türen ab [door_from]\nPIN: [door_pin]",
    "page": "Die Türen öffnen sich mit Ihrem Telefon: Installieren Sie die App dormakaba mobile access und melden Sie sie mit "
    "der Mobilnummer an, die Sie hier angeben.",
    "requested": (
        "Angefragt",
        "Ihre Anfrage ist da; wir antworten darauf.",
        "Eine Buchung ist angefragt: bitte antworten.",
    ),
    "booked": ("Gebucht", "Ihre Buchung ist bestätigt.", "Sie haben eine neue Buchung."),
    "moved": ("Verschoben", "Ihre Buchung ist verschoben.", "Eine Buchung ist verschoben."),
    "cancelled": ("Storniert", "", ""),
    "reminder": ("Erinnerung", "Ihre Buchung beginnt bald.", "Eine Buchung bei Ihnen beginnt bald."),
}
_SWEDISH: _Phrases = {
    "hello": "Hej [{who}],",
    "facts": "Vad: [service]\nVar: [branch]\n{with_or_for}\nFrån: [start]\nTill: [end]",
    "with": "Hos: [provider]\nRum: [room]",
    "for": "För: [client]\nRum: [room]",
    "online": "Delta online: [online_meeting_link]",
    "host": "Öppna mötet som värd: [online_meeting_provider_link]",
    "doors": "Dörrarna öppnas med din telefon från [door_from] till [door_until].\nPIN: [door_pin]\n[door_information]",
    "over": "Bokningen av [service], [branch], från [start] är avbokad.\nOrsak: [reason]",
    "booking": "Bokning [booking]",
    "text_online": "Online: [online_meeting_link]",
    "text_doors": "Dörrar från [door_from]\nPIN: [door_pin]",
    "page": "Dörrarna öppnas med din telefon: installera appen dormakaba mobile access och registrera den med det "
    "mobilnummer som du anger här.",
    "requested": ("Förfrågan", "Vi har fått din förfrågan och svarar på den.", "En bokning önskas: svara på den."),
    "booked": ("Bokat", "Din bokning är bekräftad.", "Du har en ny bokning."),
    "moved": ("Flyttat", "Din bokning är flyttad.", "En bokning är flyttad."),
    "cancelled": ("Avbokat", "", ""),
    "reminder": ("Påminnelse", "Din bokning börjar snart.", "En bokning hos dig börjar snart."),
}


def _words(say: _Phrases) -> Words:
    """Subject and text for each occasion and channel, put together from phrases."""
    one: dict[str, str] = {name: phrase for name, phrase in say.items() if isinstance(phrase, str)}
    made: dict[tuple[Occasion, Channel], tuple[str, str]] = {(Occasion.DOORS, Channel.PAGE): ("", one["page"])}
    for occasion in (Occasion.REQUESTED, Occasion.BOOKED, Occasion.MOVED, Occasion.CANCELLED, Occasion.REMINDER):
        phrase = say[occasion]
        assert isinstance(phrase, tuple), "an occasion has three phrases"
        word, for_client, for_provider = phrase
        subject = f"{word}: [service], [start]"
        over = occasion is Occasion.CANCELLED

        def mail(who: str, headline: str, facts: str, *ways: str, over: bool = over) -> str:
            hello = one["hello"].format(who=who)
            body = [one["over"]] if over else [headline, "\n".join([one["facts"].format(with_or_for=facts), *ways])]
            return "\n\n".join([hello, *body, one["booking"]]) + "\n"

        short = f"{word}: [service], [branch], [start]"
        ways = [] if over else [one["text_online"], one["text_doors"]]
        made[occasion, Channel.CLIENT_MAIL] = (
            subject,
            mail("client", for_client, one["with"], one["online"], one["doors"]),
        )
        made[occasion, Channel.CLIENT_TEXT] = ("", "\n".join([short, *ways]))
        made[occasion, Channel.PROVIDER_MAIL] = (subject, mail("provider", for_provider, one["for"], one["host"]))
        made[occasion, Channel.PROVIDER_TEXT] = ("", f"{short}\n[client], [client_mobile]")
    return made


BUILT_IN: Mapping[str, Words] = {"en": _words(_ENGLISH), "de": _words(_GERMAN), "sv": _words(_SWEDISH)}
"""Subject and text for each occasion and channel, by language."""

DEFAULTS: Words = BUILT_IN["en"]
"""The English ones: what everybody reads whose language has no other."""
