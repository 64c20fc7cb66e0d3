"""The branded log-in address: the company's name exactly as it is set, percent-encoded (RFC 3986, 2.1) in UTF-8.

Rules kept here:

* What was set is what the address says, to the last space: nothing is trimmed, folded or normalised, and no other spelling
  finds it.
* Only a known brand shows a logo. Every name that is none gives the very same page, whatever it is near to.
* A brand has a logo, so whoever is refused a name because it is taken learns no more than the log-in page shows to everybody.

A space is ``%20`` and never ``+``, a plus sign ``%2B``: so it reads the same whether or not a reader takes ``+`` for a space.
"""

from __future__ import annotations

from urllib.parse import quote, unquote_to_bytes, urlsplit, urlunsplit

from attrs import frozen

from servicekit.commands import Command, Query
from servicekit.errors import Invalid
from servicekit.ids import GroupId

__all__ = ["Brand", "GetBrand", "LoginPage", "OpenLoginPage", "SetBrand", "brand_in", "branded_address", "check_brand"]

_LONGEST = 200
_LONGEST_LOGO = 2000


@frozen(kw_only=True)
class Brand:
    """An organisation's name and logo on its log-in page; ``logo`` is an address of ``https``."""

    organisation: GroupId
    name: str
    logo: str


def check_brand(name: str, logo: str) -> None:
    """Demand a name that a page can show and a logo that it can load.

    Raises:
        Invalid: ``not_a_brand``, ``not_a_logo``.
    """
    if not name.strip() or not name.isprintable() or len(name) > _LONGEST:
        raise Invalid(
            f"A brand is 1 to {_LONGEST} printable characters, spaces among them.", code="not_a_brand", name=name
        )
    try:
        parts = urlsplit(logo)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme != "https" or not parts.netloc or not logo.isascii() or len(logo) > _LONGEST_LOGO or " " in logo:
        raise Invalid(f"{logo!r} is no address of a logo: give one of https.", code="not_a_logo", logo=logo)


def branded_address(login: str, name: str) -> str:
    """The log-in page's address with ``branding=<name>`` added to its query.

    Raises:
        Invalid: ``not_a_brand`` for text with half a surrogate pair, which is no text in UTF-8.

    >>> branded_address("https://app.example/login", "OO Software AB")
    'https://app.example/login?branding=OO%20Software%20AB'
    """
    try:
        value = quote(name, safe="")
    except UnicodeEncodeError as error:
        raise Invalid("A brand is text of whole characters.", code="not_a_brand", name=repr(name)) from error
    parts = urlsplit(login)
    query = f"{parts.query}&branding={value}" if parts.query else f"branding={value}"
    return urlunsplit(parts._replace(query=query))


def brand_in(address: str) -> str | None:
    """The name in a log-in address, the last one if there are several; None where there is none, or none in UTF-8.

    >>> brand_in("https://app.example/login?branding=V%C3%A5r%20Service%20%26%20Co")
    'Vår Service & Co'
    """
    query = address.partition("#")[0].partition("?")[2]
    values = [pair.partition("=")[2] for pair in query.split("&") if pair.partition("=")[0] == "branding"]
    if not values:
        return None
    try:
        return unquote_to_bytes(values[-1]).decode("utf-8")
    except UnicodeError:
        return None


@frozen(kw_only=True)
class SetBrand(Command[Brand]):
    """Set an organisation's brand, in place of the one before. Needs ``brand:write``.

    Raises:
        Invalid: ``not_a_brand``, ``not_a_logo``.
        Conflict: ``brand_taken`` if another organisation has exactly this name.
    """

    organisation: GroupId
    name: str
    logo: str


@frozen
class GetBrand(Query[Brand]):
    """An organisation's brand. Needs ``brand:read``.

    Raises:
        NotFound: ``no_brand`` if it has set none.
    """

    organisation: GroupId


@frozen
class LoginPage:
    """What a log-in page shows: a known brand's name and logo, or neither."""

    name: str = ""
    logo: str = ""


@frozen
class OpenLoginPage(Query[LoginPage]):
    """What the log-in page shows for a name that stands in its address. For operators: nobody has logged in yet."""

    branding: str | None
