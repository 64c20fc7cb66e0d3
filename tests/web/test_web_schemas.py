"""Schemas of types: what they say is what the codec writes, judged by a validator that is not ours."""

from __future__ import annotations

import json
from datetime import timedelta
from enum import StrEnum

import pytest
from attrs import field, frozen
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from servicekit.codec import dumps
from servicekit.ids import GroupId, UserId
from servicekit.moments import Instant
from servicekit.web.schemas import Schemas, fields_of


class Colour(StrEnum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


@frozen
class Leaf:
    """A leaf."""

    colour: Colour
    weight: float
    grown: timedelta


@frozen(kw_only=True)
class Tree:
    """A tree, with everything that a field may be.

    More words.
    """

    id: GroupId
    owner: UserId | None
    name: str
    rings: int
    evergreen: bool
    planted: Instant
    leaves: tuple[Leaf, ...] = ()
    parent: Tree | None = None
    secret: int = field(default=1, init=False)


LEAVES = st.builds(
    Leaf,
    colour=st.sampled_from(Colour),
    weight=st.floats(allow_nan=False, allow_infinity=False),
    grown=st.timedeltas(max_value=timedelta(days=9999)),
)
TREES = st.builds(
    Tree,
    id=st.just(GroupId("grp_1")),
    owner=st.none() | st.just(UserId("usr_1")),
    name=st.text(st.characters(exclude_categories=["Cs"])),
    rings=st.integers(-(2**63), 2**63 - 1),
    evergreen=st.booleans(),
    planted=st.integers(0, 10**16).map(Instant),
    leaves=st.lists(LEAVES, max_size=3).map(tuple),
)


def validator(schemas: Schemas, kind: object) -> Draft202012Validator:
    """Of a type, with the classes that it refers to."""
    return Draft202012Validator({**schemas.of(kind), "components": {"schemas": schemas.components}})


@given(TREES, st.none() | TREES)
def test_what_the_codec_writes_is_what_the_schema_says(tree: Tree, parent: Tree | None) -> None:
    """Every field of a class is there."""
    from attrs import evolve

    written = json.loads(dumps(evolve(tree, parent=parent)))

    validator(Schemas(), Tree).validate(written)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("id", "usr_1"),
        ("owner", 5),
        ("name", None),
        ("rings", 2**63),
        ("evergreen", "true"),
        ("planted", 5),
        ("leaves", [{}]),
        ("leaves", [{"colour": "green", "weight": 1, "grown": 1}]),
        ("more", 1),
    ],
)
def test_what_the_codec_refuses_the_schema_refuses(name: str, wrong: object) -> None:
    """Types, kinds of ids, names."""
    tree = Tree(id=GroupId("grp_1"), owner=None, name="x", rings=1, evergreen=True, planted=Instant(0))
    right = json.loads(dumps(tree))

    made = validator(Schemas(), Tree)
    assert made.is_valid(right)
    assert not made.is_valid({**right, name: wrong})


def test_a_class_stands_once_under_its_name() -> None:
    """With the first line of its docstring; what is no argument of it is no property."""
    schemas = Schemas()
    schemas.of(tuple[Tree, ...])
    assert sorted(schemas.components) == ["Leaf", "Tree"]
    assert schemas.components["Tree"]["description"] == "A tree, with everything that a field may be."
    assert [item.name for item in fields_of(Tree)][-1] == "parent"


def test_an_object_of_some_fields() -> None:
    """What is required is said, or is what has no default."""
    schemas = Schemas()
    some = schemas.object_of(Tree, {"name": True, "rings": False})
    assert (sorted(some["properties"]), some["required"]) == (["name", "rings"], ["name"])
    assert "leaves" not in schemas.object_of(Tree)["required"]
    assert "required" not in schemas.object_of(Tree, {"rings": False})


@pytest.mark.parametrize("kind", [complex, dict[str, int], tuple[int, str], object])
def test_other_types_are_refused(kind: object) -> None:
    """When the description is made."""
    with pytest.raises(TypeError, match="no JSON schema"):
        Schemas().of(kind)
