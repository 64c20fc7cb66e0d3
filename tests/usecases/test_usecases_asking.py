"""What is asked of a vendor outside of any transaction: nobody waits for the vendor, and what changed meanwhile counts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field

from servicekit.bookings import SetBranchDoors
from servicekit.errors import OutsideError
from servicekit.keys import ListComponents
from servicekit.notices import PlanNotices
from servicekit.testing.simulators import ExivoSimulator, Fault, transport
from servicekit.usecases.asking import Worked
from world import CLOAKROOM, MAIN, ROOM, ROOM_2, World, opened


@define
class Wire(httpx.BaseTransport):
    """The way to the door system, and what happens here while it is asked."""

    inner: httpx.BaseTransport
    meanwhile: list[Callable[[], object]] = field(factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Do it once, then ask."""
        while self.meanwhile:
            self.meanwhile.pop()()
        return self.inner.handle_request(request)


@pytest.fixture
def exivo() -> ExivoSimulator:
    """The door system."""
    return ExivoSimulator()


def write(world: World) -> Any:
    """A change of something else, in another transaction; with SQLite there is one writer at a time."""
    return world.ask(PlanNotices(organisation=world.root.id, language="sv"))


def doors(world: World, door: str) -> SetBranchDoors:
    """The branch opens this door with every booking."""
    return SetBranchDoors(
        branch=world.branch.id, site=world.branch.site, components=(door,), service_components=(ROOM, ROOM_2)
    )


@pytest.mark.parametrize("changes", [False, True], ids=["a reading", "a change"])
def test_others_write_while_a_vendor_is_asked(tmp_path: Path, exivo: ExivoSimulator, *, changes: bool) -> None:
    """No transaction is open then: whoever else writes does not wait for the vendor's answer."""
    wire = Wire(transport(exivo))
    with opened(tmp_path, transport=wire) as world:
        wire.meanwhile.append(lambda: write(world))
        asked = doors(world, MAIN)
        world.ask(asked if changes else ListComponents(world.branch.id))
        assert not wire.meanwhile
        with world.look() as store:
            assert store.notice_plans.get(world.root.id).language == "sv"


def test_what_changed_while_the_vendor_was_asked_counts(tmp_path: Path, exivo: ExivoSimulator) -> None:
    """The change is made on what is there by then: somebody has set other doors meanwhile, and the later command holds."""
    wire = Wire(transport(exivo))
    with opened(tmp_path, transport=wire) as world:
        wire.meanwhile.append(lambda: world.ask(doors(world, CLOAKROOM)))
        assert world.ask(doors(world, MAIN)).components == (MAIN,)
        with world.look() as store:
            assert store.branches.get(world.branch.id).components == (MAIN,)


def test_where_the_vendor_cannot_be_asked_nothing_is_changed(tmp_path: Path, exivo: ExivoSimulator) -> None:
    """The error is the vendor's, and not a row is written."""
    with opened(tmp_path, transport=transport(exivo)) as world:
        exivo.inject(Fault.error("GET", "/component"))
        before = world.tables()
        with pytest.raises(OutsideError):
            world.ask(doors(world, CLOAKROOM))
        assert world.tables() == before


def test_work_is_done_once_and_its_result_asked_for_as_often_as_wanted() -> None:
    """It asks nobody: its flow ends at once."""
    done: list[int] = []

    def work() -> str:
        done.append(1)
        return "result"

    asked = Worked(work).done()
    for _ in range(2):
        with pytest.raises(StopIteration) as ended:
            next(asked.flow())
        assert ended.value.value == "result"
    assert done == [1]
