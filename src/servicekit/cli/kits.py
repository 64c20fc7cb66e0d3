"""Where an application keeps its kit."""

from __future__ import annotations

import importlib
import sys

from servicekit.errors import ConfigurationError
from servicekit.kit import Kit

__all__ = ["kit_of"]


def kit_of(app: str) -> Kit:
    """The kit that ``package.module:name`` names; ``kit`` where no name is said.

    Raises:
        ConfigurationError: there is something else.
    """
    module, _, name = app.partition(":")
    sys.path.insert(0, "")
    found = getattr(importlib.import_module(module), name or "kit", None)
    if not isinstance(found, Kit):
        raise ConfigurationError(f"{app} is no Kit: write package.module:name, where name = Kit.open(...).")
    return found
