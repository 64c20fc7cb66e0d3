"""The error tree: its drawing, its codes and facts, and its way between processes."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicekit import errors
from servicekit.errors import ConfigurationError, MissingExtra, ServicekitError, Throttled
from servicekit.moments import Instant

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
TAKEN = {"self", "message", "code", "until"}  # arguments of their own
NAMES = st.from_regex(r"[a-z_]{1,9}", fullmatch=True).filter(lambda name: name not in TAKEN)
FACTS = st.dictionaries(NAMES, JSON)


def tree(root: type[ServicekitError]) -> Iterator[type[ServicekitError]]:
    """The class and all below it, of this module alone."""
    yield root
    for below in root.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from tree(below)


KINDS = list(tree(ServicekitError))


def drawn() -> dict[str, str]:
    """Each error's parent, read from the drawing in the module's docstring."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ([│├└─ ]*)([A-Z]\w+)", line)
        if found is None:
            continue
        depth = len(found[1])
        above = [(indent, name) for indent, name in above if indent < depth]
        parents[found[2]] = above[-1][1] if above else "Exception"
        above.append((depth, found[2]))
    return parents


def test_drawing_is_the_tree() -> None:
    """The tree that the docstring draws is the tree of the classes, and every class is public."""
    classes = {kind.__name__: kind.__bases__[0].__name__ for kind in [*KINDS, ConfigurationError, MissingExtra]}
    assert drawn() == classes
    assert sorted(classes) == errors.__all__


def test_wrong_wiring_stands_outside() -> None:
    """Nobody who handles servicekit's errors swallows wrong configuration with them."""
    assert not issubclass(ConfigurationError, ServicekitError)
    assert issubclass(MissingExtra, ConfigurationError)


def test_default_codes_tell_the_types_apart() -> None:
    """Each type has a code of its own, in lower case with underscores."""
    codes = [kind("no").code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in codes)


@pytest.mark.parametrize("kind", KINDS)
def test_message_code_and_facts_are_kept(kind: type[ServicekitError]) -> None:
    """What was said is the text; the code replaces the default; keywords are the facts."""
    error = kind("The room is taken.", code="taken", room=7, other=None)
    assert str(error) == error.message == "The room is taken."
    assert error.code == "taken"
    assert error.facts == {"room": 7, "other": None}


def test_throttled_says_until_when() -> None:
    """The end of a vendor's pause is an attribute and no fact; None where the vendor did not say."""
    until = Instant(5)
    assert Throttled("wait", until=until, status=429).until == until
    assert Throttled("wait", until=until, status=429).facts == {"status": 429}
    assert Throttled("wait").until is None


@given(kind=st.sampled_from(KINDS), message=st.text(), code=st.text(), facts=FACTS)
def test_errors_cross_processes_whole(
    kind: type[ServicekitError], message: str, code: str, facts: dict[str, object]
) -> None:
    """A pickled or copied error has its type, text, code and facts still."""
    error = kind(message, code=code, **facts)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - our own bytes
        assert type(again) is kind
        assert (str(again), again.args, again.message, again.code, again.facts) == (
            message,
            (message,),
            message,
            code or kind.default_code,
            facts,
        )


def test_a_pause_crosses_processes() -> None:
    """Throttled keeps its ``until`` on the way."""
    error = Throttled("wait", until=Instant(7))
    assert pickle.loads(pickle.dumps(error)).until == Instant(7)  # noqa: S301 - our own bytes


def test_missing_extra_names_the_line_that_mends_it() -> None:
    """The message says what for, and what to type; so does its copy from another process."""
    error = MissingExtra("pdf", "Invoices as PDF")
    for shown in (error, pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own bytes
        assert str(shown) == (
            "Invoices as PDF needs an extra that is not installed: python -m pip install 'servicekit-sdk[pdf]'"
        )
        assert shown.extra == "pdf"
