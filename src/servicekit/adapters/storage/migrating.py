"""The numbered migrations: read from files, compared with what a database has, printed for other tools.

A file is ``NNNN_name.sql``; what the databases spell differently is a placeholder in braces. Statements end with ``;`` at the
end of a line. What has been applied stands in the table ``schema_migrations``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files

from attrs import frozen

from servicekit.errors import StorageError

__all__ = ["Migration", "check_applied", "migrations", "missing", "script"]

BOOK = "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
"""The table of what has been applied."""


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


def missing(steps: Sequence[Migration], applied: Iterable[int]) -> tuple[Migration, ...]:
    """The steps that a database lacks.

    Raises:
        StorageError: ``schema_too_new``: it has had steps that are not among these.
    """
    done = set(applied)
    newer = done - {step.number for step in steps}
    if newer:
        raise StorageError(
            f"The database is at migration {max(newer)}, which this version of servicekit does not know: upgrade it.",
            code="schema_too_new",
        )
    return tuple(step for step in steps if step.number not in done)


def check_applied(steps: Sequence[Migration], applied: Iterable[int]) -> None:
    """Demand that a database lacks no step.

    Raises:
        StorageError: ``schema_too_old`` or ``schema_too_new``.
    """
    lacking = missing(steps, applied)
    if lacking:
        raise StorageError(
            f"The database lacks migration {lacking[0].number} ({lacking[0].name}):"
            " run servicekit migrate, or what it prints with --print-sql.",
            code="schema_too_old",
        )


def script(spelling: Mapping[str, str], *, after: int = 0) -> str:
    """SQL that applies the steps after a number and notes them, for a migration of Django's or Alembic's, or by hand."""
    lines = [] if after else [f"{BOOK};"]
    for step in migrations(spelling):
        if step.number > after:
            lines += ["", f"-- {step.number:04d} {step.name}"]
            lines += [f"{statement};" for statement in step.statements]
            note = f"INSERT INTO schema_migrations (number, name) VALUES ({step.number}, '{step.name}');"  # noqa: S608 - ours
            lines.append(note)
    return "\n".join(lines).strip() + "\n"
