"""What HTML mark-up means for a reader: unseen, quoted, part of a signature; and making a page safe to parse.

It knows the marks that mail programs leave (Gmail, Outlook, Thunderbird, Yahoo, Proton); :mod:`servicekit.mail.html` walks
the page. Every function is linear in the length of what it is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import frozen

__all__ = ["PARAGRAPHS", "Meaning", "address_to_tell", "meaning_of", "parsable", "starts_below"]

# --- before parsing

_INVISIBLE = re.compile(r"<!--|<(script|style)\b", re.IGNORECASE)
_COMMENT_END = re.compile("-->")
_DECLARATION = re.compile(r"<[!?][^<>]*>")
_LESS_IN_VALUE = re.compile(r"=\s*\"[^\"<>]*<[^\"<>]*\"")
_NO_TAG = re.compile(r"<(?=[^<>]*(?:<|\Z))|<(?=[!?])")
_NO_CHARACTER = re.compile(r"&#(?:[0-9]{8,}|[xX][0-9a-fA-F]{8,});?")


def parsable(html: str) -> str:
    """The same page without what the standard library's parser takes quadratic time for.

    These are open comments, scripts, declarations and tags, each of which makes it search to the end of the page. And
    without numbers of characters that are none: the parser raises for those of thousands of digits.
    """
    seen = _NO_CHARACTER.sub("\ufffd", _DECLARATION.sub("", _without_invisible(html)))
    return _NO_TAG.sub("&lt;", _LESS_IN_VALUE.sub('=""', seen))


def _without_invisible(html: str) -> str:
    kept, at = [], 0
    while start := _INVISIBLE.search(html, at):
        kept.append(html[at : start.start()])
        if start.group(1) is None:
            end = _COMMENT_END.search(html, start.end() - 2)  # "<!-->" is a whole comment
        else:
            end = re.compile(rf"</{start.group(1)}[^<>]*>", re.IGNORECASE).search(html, start.end())
        if end is None:
            return "".join(kept)  # as browsers do: an open comment hides the rest
        at = end.end()
    return "".join([*kept, html[at:]])


# --- meaning


@frozen
class Meaning:
    """What an element does to the lines inside it."""

    unseen: bool = False
    quotes: bool = False
    signs: bool = False
    apart: bool = False
    """An empty line stands before and after."""

    @property
    def marks(self) -> bool:
        """Whether it means more than where lines break."""
        return self.unseen or self.quotes or self.signs


PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6"})
_UNSEEN = frozenset({"title", "script", "style", "template", "object", "svg", "select", "textarea"})
_HIDDEN = re.compile(r"display:none|visibility:hidden|mso-hide:all|(?:font-size|max-height):0(?![.\d])")
_QUOTES = frozenset({"gmail_quote", "protonmail_quote", "tutanota_quote"})
_SIGNATURES = ("gmail_signature", "moz-signature", "protonmail_signature", "ms-outlook-mobile-signature")
_SIGNATURE_IDS = frozenset({"signature", "ms-outlook-mobile-signature"})
_BELOW_IDS = frozenset({"divrplyfwdmsg", "appendonsend"})
_OUTLOOK_RULE = re.compile(r"border:none;border-top:solid#(?:e1e1e1|b5c4df)")
_NO_MARGIN = re.compile(r"margin(?:-top|-bottom)?:0(?![.\d])")


def meaning_of(tag: str, attributes: Mapping[str, str]) -> Meaning:
    """The meaning of an element by its tag, type, class, id and style."""
    if not attributes:
        return _BARE.get(tag, _NOTHING)  # most elements; the long way gives the same
    classes = _classes(attributes)
    cites = attributes.get("type", "").lower() == "cite" or not _QUOTES.isdisjoint(classes)
    return Meaning(
        unseen=tag in _UNSEEN or "hidden" in attributes or _HIDDEN.search(_style(attributes)) is not None,
        # Gmail's "div class=gmail_quote" is none: what people type between its quotes stands inside it too.
        quotes=(tag == "blockquote" and cites) or "yahoo_quoted" in classes,
        # Nor is the id AppleMailSignature a signature: telephones put text that was typed above it inside.
        signs=(
            _id(attributes) in _SIGNATURE_IDS
            or any(one.startswith(_SIGNATURES) for one in classes)
            or attributes.get("name", "").lower() == "_mailautosig"
            or "mso-bookmark:_mailautosig" in _style(attributes)
        ),
        # Outlook writes each line as a paragraph without margins: MsoNormal, MsoListParagraph, MsoPlainText.
        apart=(
            tag in PARAGRAPHS
            and not any(one.startswith("mso") for one in classes)
            and _NO_MARGIN.search(_style(attributes)) is None
        ),
    )


_NOTHING = Meaning()
_BARE = {tag: Meaning(unseen=True) for tag in _UNSEEN} | {tag: Meaning(apart=True) for tag in PARAGRAPHS}


def starts_below(attributes: Mapping[str, str]) -> bool:
    """Whether the mail that Outlook answers or forwards begins here, and goes on to the end of the page."""
    return bool(attributes) and (_id(attributes) in _BELOW_IDS or _OUTLOOK_RULE.search(_style(attributes)) is not None)


def _classes(attributes: Mapping[str, str]) -> list[str]:
    # Outlook on the web puts "x_" before the classes and ids of mails that are quoted in others.
    return [one.removeprefix("x_") for one in attributes.get("class", "").lower().split()]


def _id(attributes: Mapping[str, str]) -> str:
    return attributes.get("id", "").lower().removeprefix("x_")


def _style(attributes: Mapping[str, str]) -> str:
    return re.sub(r"\s", "", attributes.get("style", "").lower())


# --- links

_LOOKS_LIKE_ADDRESS = re.compile(r"\S+[.@]\S+")


def address_to_tell(href: str, text: str) -> str:
    """The address of a link that its text does not tell; empty if there is nothing to tell.

    A text that is an address itself stands alone: the link behind it is mostly a detour of a mail filter.
    """
    told = not text or _LOOKS_LIKE_ADDRESS.fullmatch(text) is not None
    return "" if told or not href.lower().startswith(("http://", "https://")) else href
