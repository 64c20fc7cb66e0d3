"""dormakaba exivo."""

from servicekit.adapters.doors.exivo.exivo import Exivo

__all__ = ["Exivo"]
