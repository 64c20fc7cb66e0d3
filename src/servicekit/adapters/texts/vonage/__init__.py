"""Vonage's SMS API as carrier: :class:`Vonage`."""

from servicekit.adapters.texts.vonage.vonage import Vonage

__all__ = ["Vonage"]
