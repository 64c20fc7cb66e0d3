"""What a text costs, why, and what would make it cheaper.

    python examples/count_segments.py "Välkommen på tisdag!"
    python examples/count_segments.py - < letter.txt

Nothing is sent and nothing needs to be configured.
"""

# ruff: noqa: RUF001  typographic signs are what this is about
from __future__ import annotations

import sys

from servicekit.sms import count_segments, explain, split, transliterate, truncate

REMINDER = (
    "Hi Anna! A reminder of your appointment – cut & colour – on Tuesday 24 November at nine o’clock. "
    "Can’t come? Call us on 08-123 45 67 by Monday."
)


def main(text: str) -> None:
    """Explain a text, and show the two ways to make it cheaper."""
    print(*explain(text).lines(), sep="\n")

    cheaper = transliterate(text)
    if cheaper.saved > 0:
        print(f"\nTransliterated ({len(cheaper.replacements)} replacements):\n{cheaper.text}")

    shortened = truncate(text, 1)
    if shortened != text:
        print(f"\nTruncated to {count_segments(shortened).segments} SMS:\n{shortened}")

    parts = split(text, reference=7)
    if len(parts) > 1:
        print("\nWhat a phone gets, part by part:")
    for part in parts:
        print(f"{part.udh.hex(' '):20} {part.units:3} {part.encoding} {part.text!r}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case []:
            main(REMINDER)
        case ["-"]:
            main(sys.stdin.read().rstrip("\n"))
        case words:
            main(" ".join(words))
