"""Commands performed once under a key of the asker's; see :mod:`servicekit.accounts.once`."""

from __future__ import annotations

from servicekit.accounts import ANSWER_SPAN, Done, KeptAnswer, PerformOnce, digest_of
from servicekit.codec import dumps
from servicekit.errors import ConfigurationError, Conflict, Invalid
from servicekit.usecases.work import Work

__all__ = ["perform_once"]

_LONGEST = 255


def perform_once(work: Work, command: PerformOnce) -> Done:
    """What it returned, now or then."""
    from servicekit.usecases import commands, inquiries

    kind = type(command.command)
    if kind not in commands() or kind in inquiries() or kind is PerformOnce:
        raise ConfigurationError(f"{kind.__name__} cannot be performed once: it is asked about outside before.")
    if not 1 <= len(command.request) <= _LONGEST or not command.request.isprintable():
        raise Invalid(
            f"A request's key has 1 to {_LONGEST} printable characters: a random UUID will do.", code="bad_request_key"
        )
    fingerprint = digest_of(f"{kind.__name__} {dumps(command.command)}")
    work.store.inbox.hold("once", f"{work.by.id} {command.request}")
    found = work.store.api_answers.where(caller=work.by.id, request=command.request)
    kept = found[0] if found else None
    if kept is not None and work.at < kept.made_at + ANSWER_SPAN:
        if kept.fingerprint != fingerprint:
            raise Conflict(
                "This key was used for another request: choose a new one for each.", code="request_key_reused"
            )
        return Done(kept.answer, again=True)
    answer = KeptAnswer(
        caller=work.by.id,
        request=command.request,
        fingerprint=fingerprint,
        answer=dumps(commands()[kind](work, command.command)),
        made_at=work.at,
    )
    work.store.api_answers.forget(work.by.id, work.at - ANSWER_SPAN)
    work.store.api_answers.add(answer)
    return Done(answer.answer, again=False)
