"""What can be asked of the messages' room."""

from __future__ import annotations

import pytest

from servicekit.ids import UserId
from servicekit.messages import SearchLog, SendText


def test_texts_stay_out_of_logs() -> None:
    """A command can be logged without the text that it sends."""
    assert "4711" not in repr(SendText(user=UserId("usr_1"), to="0701740605", text="Your code is 4711"))


@pytest.mark.parametrize("kind", [SendText, SearchLog])
def test_everything_is_said_by_name(kind: type) -> None:
    """Recipient and text cannot be swapped unseen: arguments without names are refused."""
    with pytest.raises(TypeError, match="positional argument"):
        kind("usr_1", "0701740605", "Hej")
