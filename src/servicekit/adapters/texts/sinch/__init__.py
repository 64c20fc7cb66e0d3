"""Sinch's SMS REST API as carrier: :class:`Sinch`."""

from servicekit.adapters.texts.sinch.sinch import STATUSES, Sinch

__all__ = ["STATUSES", "Sinch"]
