"""What a text costs and how it travels: the SMS room's front page.

::

    from servicekit.sms import count_segments

Rules that this room keeps: a text is GSM-7 (160 septets in one SMS, 153 in each of several) if every character is in the
alphabet of 3GPP TS 23.038, else UCS-2 (70; 67); an escape pair or a surrogate pair is never cut; the parts join to the very
text; nothing is normalised, transliterated or truncated unless the caller asks. The room sends nothing and reads no clock.

What it refuses, as `servicekit.errors.Invalid` with a code: more segments than allowed, half surrogate pairs that are
to be sent, parts that do not make a message, sender names that the standard does not allow, and what is no mobile number.

Importing this page loads the standard library, attrs and `servicekit.errors`, nothing else.
"""

from servicekit.sms.alphabet import GSM_03_38, Alphabet
from servicekit.sms.codec import register_codecs, unregister_codecs
from servicekit.sms.destinations import Destination, check_costly, check_countries, own_country, read_destination
from servicekit.sms.explanation import Blocker, Explanation, explain
from servicekit.sms.national import Language, Tables, alphabet_for
from servicekit.sms.numbers import parse_number
from servicekit.sms.packing import pack, unpack
from servicekit.sms.parts import AnyPart, Part, join, split
from servicekit.sms.reading import ReceivedPart, read_part
from servicekit.sms.segments import Segments, Unencodable, check_limit, count_segments
from servicekit.sms.senders import Sender, check_sender, read_sender
from servicekit.sms.transliteration import Replacement, Transliterated, transliterate
from servicekit.sms.truncation import truncate

__all__ = [
    "GSM_03_38",
    "Alphabet",
    "AnyPart",
    "Blocker",
    "Destination",
    "Explanation",
    "Language",
    "Part",
    "ReceivedPart",
    "Replacement",
    "Segments",
    "Sender",
    "Tables",
    "Transliterated",
    "Unencodable",
    "alphabet_for",
    "check_costly",
    "check_countries",
    "check_limit",
    "check_sender",
    "count_segments",
    "explain",
    "join",
    "own_country",
    "pack",
    "parse_number",
    "read_destination",
    "read_part",
    "read_sender",
    "register_codecs",
    "split",
    "transliterate",
    "truncate",
    "unpack",
    "unregister_codecs",
]
