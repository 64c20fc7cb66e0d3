"""The front page of the SMS room."""

from __future__ import annotations

import subprocess
import sys

import servicekit.sms


def test_every_public_name_is_there_and_has_a_docstring() -> None:
    """What ``__all__`` lists exists and says what it is; nothing is listed twice."""
    assert len(set(servicekit.sms.__all__)) == len(servicekit.sms.__all__)
    for name in servicekit.sms.__all__:
        assert getattr(servicekit.sms, name).__doc__, name


def test_importing_it_loads_no_library_but_attrs() -> None:
    """Somebody who only counts pays for nothing else."""
    program = """
import sys
before = set(sys.modules)
from servicekit.sms import count_segments
roots = {name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)
assert roots <= {"servicekit", "attr", "attrs"}, roots
assert count_segments("hej").segments == 1
"""
    subprocess.run([sys.executable, "-c", program], check=True)
