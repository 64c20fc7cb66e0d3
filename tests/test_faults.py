"""Faults that other systems for bookings, doors, meetings and messages have had: each has a test that carries its number.

Rules kept here: a number is never given again, and a test that carries one fails where the fault is planted.
"""

from __future__ import annotations

import re
from pathlib import Path

FAULTS = {
    "bookings": range(1, 12),
    "classes and seats": range(20, 25),
    "online meetings": range(30, 41),
    "keys": range(50, 61),
    "messages": range(70, 80),
}


def test_every_fault_has_a_test_with_its_number() -> None:
    """``test_f24_...``, or of several ``test_f01_f11_f24_...``; and no test carries a number that is none."""
    numbers = set[int]()
    for file in Path(__file__).parent.rglob("test_*.py"):
        for name in re.findall(r"^def test((?:_f\d\d)+)_", file.read_text(encoding="utf-8"), re.MULTILINE):
            numbers |= {int(number) for number in re.findall(r"\d\d", name)}
    assert numbers == {number for some in FAULTS.values() for number in some}
