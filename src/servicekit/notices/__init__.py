"""Notices: what clients and providers are told of a booking, and by which way.

The rules of this room:

* A text is a template with variables in square brackets; one that names an unknown variable is refused when it is saved.
* A line whose variables are all empty vanishes whole, so that a booking without a meeting shows no bare label.
* The host's link stands only in what the provider gets; a template for clients that names it is refused.
* A notice states facts, so it is written once the facts are there: after the key and the meeting, never before.
"""

from servicekit.notices.commands import SaveTemplate
from servicekit.notices.templates import DEFAULTS, VARIABLES, Channel, Occasion, Rendered, Template, check, render

__all__ = [
    "DEFAULTS",
    "VARIABLES",
    "Channel",
    "Occasion",
    "Rendered",
    "SaveTemplate",
    "Template",
    "check",
    "render",
]
