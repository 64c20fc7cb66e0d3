"""Programs that call: a salon with an API key, and its calls over HTTP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from servicekit.accounts import AddApiKey, ApiKeyMade
from servicekit.ports.http import HookAnswer
from servicekit.web.old_call import old_call
from world import World

MOBILE = "+46701740605"


def key(world: World, *scopes: str, name: str = "Till", **more: Any) -> ApiKeyMade:
    """A key of the salon's, by Anna; it may send unless said."""
    command = AddApiKey(group=world.root.id, name=name, scopes=scopes or ("messages:write",), **more)
    return world.kit.perform(command, by=world.anna)


def get(world: World, **parameters: str) -> HookAnswer:
    """The old call with parameters in the URL."""
    return old_call(world.kit, "GET", {}, urlencode(parameters), b"", origin="192.0.2.7")


def post(world: World, body: bytes, query: str = "", **headers: str) -> HookAnswer:
    """The old call with a body."""
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return old_call(world.kit, "POST", said, query, body)


def said(answer: HookAnswer) -> tuple[str, dict[str, str]]:
    """The element's name and attributes; XML that is not well-formed fails here."""
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    element = ET.fromstring(answer.body)  # noqa: S314 - our own answer
    assert (len(element), element.text) == (0, None)
    return element.tag, dict(element.attrib)
