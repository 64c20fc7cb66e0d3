"""Twilio as SMS carrier: :class:`Twilio`."""

from servicekit.adapters.texts.twilio.twilio import STATUSES, Twilio

__all__ = ["STATUSES", "Twilio"]
