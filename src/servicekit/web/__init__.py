"""Glue for web applications: vendors' calls in, over WSGI; and what the kit can do, for programs that call over HTTP.

Thin on purpose: a vendor's request becomes ``kit.receive`` and its outcome a status. Whoever has a framework may do the
same in three lines of a view. The old call (:mod:`servicekit.web.old_call`) and the JSON API (:mod:`servicekit.web.api`) are
functions from a call to an answer, mounted as WSGI or as ASGI.
"""

from servicekit.web.answers import answer
from servicekit.web.calls import AsgiApp, Call, HideKeys, WsgiApp
from servicekit.web.old_call import OldCall, old_call
from servicekit.web.wsgi import Webhooks

__all__ = ["AsgiApp", "Call", "HideKeys", "OldCall", "Webhooks", "WsgiApp", "answer", "old_call"]
