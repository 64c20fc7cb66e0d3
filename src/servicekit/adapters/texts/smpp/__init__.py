"""SMPP 3.4 as carrier: :class:`Smpp`; extra ``smpp``."""

from servicekit.adapters.texts.smpp.smpp import Smpp

__all__ = ["Smpp"]
