"""From a vendor's call to an answer, for any framework.

Rules kept here: a call that cannot be proven is answered 401 and nothing of it is kept; a busy database is answered 503, so
that the vendor tries again; what an answer says never tells a stranger more than its status.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from servicekit.errors import BadWebhook, Forged, Stale, StorageError
from servicekit.kit import Kit
from servicekit.ports.http import HookAnswer

__all__ = ["answer"]

_log = logging.getLogger("servicekit.web")


def answer(kit: Kit, source: str, headers: Mapping[str, str], body: bytes) -> HookAnswer:
    """Take in a vendor's call and say how to answer it.

    Args:
        kit: open, with the adapter that is called ``source``.
        source: the adapter's name, mostly the last part of the webhook's path.
        headers: of the request, names in any case.
        body: of the request, the very bytes.
    """
    if source not in kit.sources:
        return HookAnswer(status=404)
    try:
        return kit.receive(source, headers, body)
    except (Forged, Stale) as error:
        _log.warning("a call for %s was not believed: %s", source, error.message)
        return HookAnswer(status=401)
    except BadWebhook as error:
        _log.warning("a call for %s was not understood: %s", source, error.message)
        return HookAnswer(status=400)
    except StorageError:
        _log.exception("a call for %s could not be stored; it is asked for again", source)
        return HookAnswer(status=503, headers={"retry-after": "30"})
