"""What can be asked of the notices' room."""

from __future__ import annotations

import pytest

from servicekit.ids import GroupId
from servicekit.notices import Channel, Occasion, SaveTemplate


def test_a_text_message_needs_no_subject() -> None:
    """A template for texts is saved without one."""
    command = SaveTemplate(
        organisation=GroupId("grp_1"), occasion=Occasion.BOOKED, channel=Channel.CLIENT_TEXT, text="Hello [client]"
    )
    assert command.subject == ""


def test_everything_is_said_by_name() -> None:
    """Subject and text cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        SaveTemplate(GroupId("grp_1"), Occasion.BOOKED, Channel.CLIENT_MAIL, "Hello", "Booked")  # type: ignore[call-arg]
