"""What was told to whom: the helpers that the tests of notices and of their words share."""

from __future__ import annotations

from servicekit.bookings import (
    AddService,
    Booking,
    BookingRules,
    BookSeat,
    ScheduleClass,
    Service,
)
from servicekit.ids import ClientId
from servicekit.notices import (
    Channel,
    Occasion,
    SaveTemplate,
    Template,
)
from world import DAY, EVA_MOBILE, HOUR, MAIN, World

EVA, ROOM = "eva@home.example", "room@salon.example"


def save(world: World, channel: Channel, text: str, *, occasion: Occasion = Occasion.BOOKED, **more: str) -> Template:
    """Save a template."""
    saved: Template = world.ask(
        SaveTemplate(organisation=world.root.id, occasion=occasion, channel=channel, text=text, **more)
    )
    return saved


def approved(world: World) -> Service:
    """A service whose bookings need approval, with doors and a meeting."""
    made: Service = world.ask(
        AddService(
            branch=world.branch.id, name="Colour", length=HOUR, needs_approval=True, components=(MAIN,), online=True
        )
    )
    return made


def texts(world: World) -> list[str]:
    """What stands on Eva's phone."""
    return [text.text for text in world.elks.handset(EVA_MOBILE)]


def yoga(world: World, *clients: ClientId) -> list[Booking]:
    """Seats of these clients in an online class tomorrow."""
    service = world.ask(
        AddService(branch=world.advice.branch, name="Yoga", length=HOUR, online=True, rules=BookingRules(seats=5))
    )
    scheduled = world.ask(ScheduleClass(service=service.id, provider=world.room.id, starts=world.now + DAY))
    return [world.ask(BookSeat(scheduled=scheduled.id, client=client)) for client in clients]
