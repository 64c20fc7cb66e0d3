"""Commands performed once under a key of the asker's."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from desk import MOBILE
from servicekit import Kit, Principal
from servicekit.accounts import ANSWER_SPAN, Done, LogIn, PerformOnce
from servicekit.codec import loads
from servicekit.commands import Command
from servicekit.errors import ConfigurationError, Conflict, Forbidden, Invalid
from servicekit.groups import AddGroup, FoundOrganisation, Group, ListGroups, Settings
from servicekit.messages import Message, SearchLog, SendText
from world import OPERATOR, World

pytest_plugins = ("world_fixtures",)


def once(world: World, command: Command[object], request: str = "1") -> Done:
    """Anna's."""
    return world.kit.perform(PerformOnce(request=request, command=command), by=world.anna)


def test_the_second_time_gives_the_first_answer(world: World) -> None:
    """And does nothing, for a day."""
    command = AddGroup(parent=world.root.id, name="Team")
    first = once(world, command)
    again = once(world, command)

    assert (first.again, again) == (False, Done(first.answer, again=True))
    assert [one.name for one in world.ask(ListGroups(world.root.id))] == ["Salon", "Team"]
    assert loads(first.answer, Group).name == "Team"
    world.clock.advance(ANSWER_SPAN)
    assert not once(world, command).again
    assert len(world.ask(ListGroups(world.root.id))) == 3


def test_another_command_under_the_key_is_refused(world: World) -> None:
    """Also of another kind; under another key it is done."""
    once(world, AddGroup(parent=world.root.id, name="Team"))
    for other in (AddGroup(parent=world.root.id, name="Night"), SendText(user=world.admin.id, to=MOBILE, text="Hej")):
        refused = world.refused(PerformOnce(request="1", command=other))
        assert (type(refused), refused.code) == (Conflict, "request_key_reused")
    assert not once(world, AddGroup(parent=world.root.id, name="Night"), "2").again


def test_what_is_refused_is_not_kept(world: World) -> None:
    """It needs the right that the command needs."""
    command = PerformOnce(request="1", command=AddGroup(parent=world.root.id, name="Team"))
    assert type(world.refused(PerformOnce(request="1", command=AddGroup(parent=world.root.id, name=" ")))) is Invalid
    with pytest.raises(Forbidden):
        once(world, FoundOrganisation(name="X", zone="UTC", admin="x@x.se"))
    assert not world.kit.perform(command, by=world.anna).again


@pytest.mark.parametrize("request_", ["", "x" * 256, "a\nb"])
def test_a_key_has_1_to_255_characters(world: World, request_: str) -> None:
    """Printable ones."""
    refused = world.refused(PerformOnce(request=request_, command=AddGroup(parent=world.root.id, name="Team")))
    assert refused.code == "bad_request_key"
    once(world, AddGroup(parent=world.root.id, name="Team"), "x" * 255)


@pytest.mark.parametrize(
    "command",
    [LogIn(email="a@b.se", password="x"), PerformOnce(request="1", command=AddGroup(parent="grp_1", name="X"))],  # type: ignore[arg-type]
)
def test_only_what_asks_nobody_before_is_performed_once(world: World, command: Command[object]) -> None:
    """It is wrong wiring, and no refusal."""
    with pytest.raises(ConfigurationError, match="cannot be performed once"):
        once(world, command)


def test_many_who_ask_at_once_have_it_done_once(database_url: str) -> None:
    """On either database: one text, and the same answer for all."""
    with closing(Kit.open(database_url)) as kit:
        founded = kit.perform(
            FoundOrganisation(
                name="Salon", zone="UTC", admin="anna@salon.example", settings=Settings(sender_name="Salon")
            ),
            by=OPERATOR,
        )
        anna = Principal.of(founded.admin.id)
        command = PerformOnce(request="1", command=SendText(user=founded.admin.id, to=MOBILE, text="Hej"))
        made: list[Done] = []
        threads = [threading.Thread(target=lambda: made.append(kit.perform(command, by=anna))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (message,) = kit.ask(SearchLog(group=founded.root.id), by=anna).messages

    assert sorted(one.again for one in made) == [False] + [True] * 5
    assert {loads(one.answer, Message).id for one in made} == {message.id}
