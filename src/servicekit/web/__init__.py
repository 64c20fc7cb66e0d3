"""Glue for web applications: vendors' calls in, over WSGI.

Thin on purpose: it turns a request into ``kit.receive`` and its outcome into a status. Whoever has a framework may do the
same in three lines of a view.
"""

from servicekit.web.answers import answer
from servicekit.web.wsgi import Webhooks

__all__ = ["Webhooks", "answer"]
