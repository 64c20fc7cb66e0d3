"""The table that the demo ends in: what was expected, what was found."""

from __future__ import annotations

import json

from attrs import define, field, frozen

__all__ = ["Line", "Report"]


_WIDTH = 120  # characters, where there is no terminal to ask


@frozen
class Line:
    """One expectation."""

    act: str
    what: str
    expected: str
    found: str

    @property
    def held(self) -> bool:
        """Whether what was found is what was expected."""
        return self.expected == self.found


@define
class Report:
    """All expectations so far."""

    lines: list[Line] = field(factory=list)
    act: str = ""
    seconds: float = 0.0
    kills: int = 0

    def begin(self, act: str) -> None:
        """The following lines belong to this act."""
        self.act = act

    def expect(self, what: str, expected: object, found: object) -> None:
        """One line; both sides are compared as the text that is shown."""
        self.lines.append(Line(self.act, what, _shown(expected), _shown(found)))

    def took(self, seconds: float, kills: int) -> None:
        """How long it took, and how often the relay was killed: for people, not part of the table."""
        self.seconds, self.kills = seconds, kills

    @property
    def held(self) -> bool:
        """Whether every expectation held."""
        return bool(self.lines) and all(line.held for line in self.lines)

    def show(self, *, as_json: bool) -> None:
        """Print the table."""
        if as_json:
            rows = [
                {"act": line.act, "what": line.what, "expected": line.expected, "found": line.found}
                for line in self.lines
            ]
            print(json.dumps({"held": self.held, "lines": rows}, ensure_ascii=False, indent=1))
            return
        self._show_table()

    def _show_table(self) -> None:
        from rich import box
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, title="servicekit demo", pad_edge=False)
        for name in ("", "what", "found"):
            table.add_column(name, overflow="fold")
        act = ""
        for line in self.lines:
            if line.act != act:
                act = line.act
                table.add_section()
                table.add_row("", f"[bold]{escape(act)}[/bold]", "")
            found = (
                escape(line.found)
                if line.held
                else f"[red]{escape(line.found)}[/red]\nexpected: {escape(line.expected)}"
            )
            table.add_row("[green]✓[/green]" if line.held else "[red]✗[/red]", escape(line.what), found)
        console = Console()
        if not console.is_terminal:
            console = Console(width=_WIDTH)
        console.print(table)
        wrong = sum(not line.held for line in self.lines)
        killed = f", the relay killed {self.kills} times" if self.kills else ""
        word = "all held" if not wrong else f"{wrong} did NOT hold"
        console.print(f"{len(self.lines)} expectations, {word}; {self.seconds:.1f} s{killed}.")


def _shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_shown, value)) or "nothing"
        case _:
            return str(value)
