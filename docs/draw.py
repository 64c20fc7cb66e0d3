"""Draws what pages take from the code: tables and diagrams between ``<!-- made by draw.py: NAME -->`` and ``<!-- end -->``.

    python docs/draw.py            redraw all pages
    python docs/draw.py --check    say which pages differ from the code, and fail if one does

A folder can be named besides; it is this one by default. Nothing outside the markers is touched. Refused: a NAME that nothing
draws, and a block without an end.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from drawings import BLOCKS

BLOCK = re.compile(r"<!-- made by draw\.py: ([\w-]+) -->\n(.*?)<!-- end -->", re.DOTALL)
OPENING = "<!-- made by draw.py: "


def redrawn(page: str) -> str:
    """The page with its blocks as the code has them now.

    Raises:
        ValueError: a block has no end, or a name that nothing draws.
    """
    if page.count(OPENING) != len(BLOCK.findall(page)):
        raise ValueError("a block has no end: write <!-- end --> below it")

    def drawn(found: re.Match[str]) -> str:
        if found[1] not in BLOCKS:
            raise ValueError(f"nothing draws {found[1]!r}; there are {', '.join(BLOCKS)}")
        return f"{OPENING}{found[1]} -->\n\n{BLOCKS[found[1]]()}\n\n<!-- end -->"

    return BLOCK.sub(drawn, page)


def main(arguments: list[str]) -> int:
    """Redraw the pages of a folder, or check them; 1 if a page differs or cannot be drawn."""
    check = "--check" in arguments
    folder = Path(next((one for one in arguments if one != "--check"), Path(__file__).parent))
    wrong = []
    for page in sorted(folder.rglob("*.md")):
        before = page.read_text(encoding="utf-8")
        try:
            after = redrawn(before)
        except ValueError as error:
            wrong.append(f"{page}: {error}")
            continue
        if after == before:
            continue
        if check:
            wrong.append(f"{page} differs from the code: run python docs/draw.py")
        else:
            page.write_text(after, encoding="utf-8")
            print(f"{page} redrawn")
    print(*wrong, sep="\n", end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
