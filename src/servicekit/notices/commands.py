"""What can be asked of the room."""

from __future__ import annotations

from attrs import frozen

from servicekit.commands import Command
from servicekit.ids import GroupId
from servicekit.notices.templates import Channel, Occasion, Template

__all__ = ["SaveTemplate"]


@frozen(kw_only=True)
class SaveTemplate(Command[Template]):
    """Save what is sent on an occasion by a channel, in place of the built-in text. Needs ``templates:write``.

    Raises:
        Invalid: ``unknown_variable``, ``host_link_for_client``, ``empty_template``.
    """

    organisation: GroupId
    occasion: Occasion
    channel: Channel
    text: str
    subject: str = ""
