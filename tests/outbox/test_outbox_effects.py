"""Effects: what a new one is, and the words that it is stored by."""

from __future__ import annotations

import pytest

from servicekit.ids import EffectId, GroupId
from servicekit.moments import Instant
from servicekit.outbox.effects import DiscardEffect, Effect, EffectKind, EffectState, ListEffects, RetryEffect, Stage

SALON = GroupId("grp_1")


def effect(**said: object) -> Effect:
    """A key's effect, due at once."""
    return Effect(
        id=EffectId("eff_1"),
        organisation=SALON,
        kind=EffectKind.KEY,
        subject="bkg_1",
        made_at=Instant(0),
        due_at=Instant(0),
        **said,  # type: ignore[arg-type]
    )


def test_a_new_effect_is_due_and_untried() -> None:
    """Nobody has claimed it, it has not failed, and it waits for nothing."""
    new = effect()
    assert (new.state, new.attempts, new.leased_until, new.fence) == (EffectState.DUE, 0, None, 0)
    assert (new.stage, new.about, new.revision, new.trouble) == (Stage.DEED, "", 1, "")


@pytest.mark.parametrize(("stored", "stage"), [(0, Stage.DEED), (1, Stage.NOTICE), (Stage.NOTICE, Stage.NOTICE)])
def test_a_stage_is_read_from_its_number(stored: int, stage: Stage) -> None:
    """A row's number is the stage again, so that deeds sort before notices in SQL as in Python."""
    assert effect(stage=stored).stage is stage
    assert Stage.DEED < Stage.NOTICE


def test_another_stage_is_refused() -> None:
    """A number that no release has written is a fault of the storage, and not taken for a deed."""
    with pytest.raises(ValueError, match="7 is not a valid Stage"):
        effect(stage=7)


def test_dead_letters_are_what_is_listed() -> None:
    """Unless another state is asked for, a list of effects shows those that wait for a person; retrying and discarding name one."""
    assert ListEffects(organisation=SALON) == ListEffects(organisation=SALON, state=EffectState.DEAD, most=100)
    assert RetryEffect(EffectId("eff_1")).effect == "eff_1"
    assert DiscardEffect(EffectId("eff_1")).effect == "eff_1"


def test_words_that_are_stored() -> None:
    """Databases hold these words: changing one loses what was stored under it."""
    assert set(EffectKind) >= {"text", "letter", "key", "meeting", "notice", "notice text", "reminder"}
    assert set(EffectState) == {"due", "leased", "done", "dead", "replaced", "discarded"}
