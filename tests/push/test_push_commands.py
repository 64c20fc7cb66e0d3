"""What is asked about pushes shows no secret."""

from __future__ import annotations

from servicekit.ids import GroupId
from servicekit.push import Push, PushForm, PushSet, SetPush

ROOT = GroupId("grp_root")


def test_neither_secret_nor_url_is_shown() -> None:
    """A URL may have a key in its query; both are there to be read, not to be logged."""
    push = Push(
        group=ROOT,
        user=None,
        url="https://example.com/?key=hidden",
        form=PushForm.FORM,
        inherited=False,
        both_until=None,
        waiting=0,
        given_up=0,
        paused_until=None,
        trouble="",
    )
    made = PushSet(push=push, secret="whsec_hidden")

    assert "hidden" not in f"{made!r} {push!r} {SetPush(group=ROOT, url=push.url)!r}"
    assert made.secret == "whsec_hidden"
