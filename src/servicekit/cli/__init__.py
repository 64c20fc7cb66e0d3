"""The command ``servicekit``. Needs the extra ``cli``; each subcommand imports what it needs when it is run."""

from __future__ import annotations

import sys

from servicekit.errors import MissingExtra

__all__ = ["main"]


def main() -> None:
    """Run the command, or say which extra is missing."""
    try:
        from servicekit.cli.commands import servicekit
    except ImportError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit(str(MissingExtra("cli", "The command servicekit")))
    servicekit()
