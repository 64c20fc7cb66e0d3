"""Reading the numbered migrations.

A file is ``NNNN_name.sql``; what the databases spell differently is a placeholder in braces. Statements end with ``;`` at the
end of a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

from attrs import frozen

__all__ = ["Migration", "migrations"]


@frozen
class Migration:
    """One numbered step: its statements, in order."""

    number: int
    name: str
    statements: tuple[str, ...]


def migrations(spelling: Mapping[str, str]) -> tuple[Migration, ...]:
    """All steps in order, in a database's spelling (such as ``{"bytes": "BLOB"}``)."""
    found = []
    for file in sorted(files(f"{__package__}.migrations").iterdir(), key=lambda file: file.name):
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if not number.isdigit():
            continue
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("--")]
        text = "\n".join(lines)
        for word, spelt in spelling.items():
            text = text.replace(f"{{{word}}}", spelt)
        statements = tuple(bare for statement in f"{text}\n".split(";\n") if (bare := statement.strip()))
        found.append(Migration(int(number), name, statements))
    return tuple(found)
