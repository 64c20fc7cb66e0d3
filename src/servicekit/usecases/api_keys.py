"""API keys made, rotated, revoked, listed and used.

Rules kept here: what a key may do is a grant like others, so it is checked, explained and ended like others. Whoever makes a
key passes on what it holds itself.
"""

from __future__ import annotations

import re

from attrs import evolve

from servicekit.accounts import (
    CALLS,
    KEY_BYTES,
    AddApiKey,
    ApiCaller,
    ApiKey,
    ApiKeyMade,
    CallRefused,
    ListApiKeys,
    ListedApiKey,
    NoCaller,
    RevokeApiKey,
    RotateApiKey,
    TakeCall,
    key_digest,
    key_of,
    rotated_key,
    subject_of,
)
from servicekit.errors import Invalid
from servicekit.groups import Group, User
from servicekit.groups.tree import PROGRAMS
from servicekit.ids import ApiKeyId, GrantId, UserId
from servicekit.permissions import Grant
from servicekit.usecases.giving import demand_to_give
from servicekit.usecases.restructuring import end
from servicekit.usecases.work import Work, named, unseen

__all__ = ["add_api_key", "list_api_keys", "revoke_api_key", "rotate_api_key", "take_call"]

_LONGEST_NAME = 30


def add_api_key(work: Work, command: AddApiKey) -> ApiKeyMade:
    """With its grant, and its user where none is named."""
    work.store.hold_tree(command.group)
    path = work.allow("grants:write", command.group)
    name = named(command.name)
    scopes = work.wiring.scopes.checked(command.scopes)
    if not scopes:
        raise Invalid("This key could do nothing: name a scope.", code="no_scopes")
    if command.ends_at is not None and command.ends_at <= work.at:
        raise Invalid("The key would have ended already: give a later end.", code="empty_time")
    key_id = work.new(ApiKeyId)
    grant = Grant(
        id=work.new(GrantId),
        organisation=path[-1].id,
        principal=key_id,
        scopes=tuple(map(str, scopes)),
        group=path[0].id,
        since=work.at,
        until=command.ends_at,
        given_by=work.by.id,
    )
    demand_to_give(work, grant, path)
    user = _new_user(work, path[0], name) if command.user is None else _member(work, path[0], command.user)
    secret = key_of(work.wiring.random_bytes(KEY_BYTES))
    key = ApiKey(
        id=key_id,
        organisation=path[-1].id,
        group=path[0].id,
        user=user,
        name=name,
        digest=key_digest(secret) or "",
        made_at=work.at,
        made_by=work.by.id,
        ends_at=command.ends_at,
    )
    work.store.api_keys.add(key)
    work.store.grants.add(grant)
    return ApiKeyMade(key=_listed(work, key), secret=secret)


def _new_user(work: Work, group: Group, name: str) -> UserId:
    """An API user: known by a name, at a domain that no mail reaches (RFC 2606)."""
    user = work.new(UserId)
    local = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_NAME] or "api"
    email = f"{local}-{user[-8:]}@{PROGRAMS}"
    work.store.users.add(User(id=user, organisation=group.organisation, group=group.id, email=email))
    return user


def _member(work: Work, group: Group, user: UserId) -> UserId:
    known = work.store.users.find(user)
    if known is None or known.removed or known.group not in work.store.below(group.id):
        raise Invalid(
            f"{user} is no user of this group: a key sends as one of its users.", code="not_a_member", user=user
        )
    return known.id


def rotate_api_key(work: Work, command: RotateApiKey) -> ApiKeyMade:
    """Another secret."""
    key = _held(work, command.key)
    secret = key_of(work.wiring.random_bytes(KEY_BYTES))
    key = rotated_key(key, key_digest(secret) or "", command.overlap, work.at)
    work.store.api_keys.save(key)
    return ApiKeyMade(key=_listed(work, key), secret=secret)


def revoke_api_key(work: Work, command: RevokeApiKey) -> ListedApiKey:
    """At once, with its grants."""
    key = _held(work, command.key)
    listed = _listed(work, key)
    work.store.api_keys.save(evolve(key, revoked_at=work.at))
    end(work, work.store.grants.where(principal=key.id))
    return listed


def list_api_keys(work: Work, query: ListApiKeys) -> tuple[ListedApiKey, ...]:
    """Those that are good."""
    path = work.allow("grants:read", query.group)
    below = frozenset(work.store.below(path[0].id))
    keys = work.store.api_keys.where(organisation=path[-1].id, revoked_at=None)
    return tuple(_listed(work, key) for key in keys if key.group in below and key.takes(key.digest, work.at))


def take_call(work: Work, command: TakeCall) -> ApiCaller | NoCaller:
    """Whose it is, while its user is there."""
    work.operator()
    digest = key_digest(command.secret)
    key = None if digest is None else _presented(work, digest)
    user = None if key is None else work.store.users.find(key.user)
    if key is None or user is None or user.removed:
        return NoCaller(why=CallRefused.UNKNOWN)
    subject = subject_of("call", key.id)
    if not work.store.paces.spend(subject, CALLS, work.at):
        again = CALLS.next_at(work.store.paces.until(subject), work.at)
        return NoCaller(why=CallRefused.SLOW_DOWN, until=again, most=CALLS.burst)
    until = work.store.paces.until(subject) or work.at
    return ApiCaller(
        key=key.id,
        group=key.group,
        user=key.user,
        most=CALLS.burst,
        left=CALLS.left(until, work.at),
        full_in=until - work.at,
        origin=work.by.origin,
    )


def _presented(work: Work, digest: str) -> ApiKey | None:
    found = work.store.api_keys.where(digest=digest) or work.store.api_keys.where(old_digest=digest)
    return found[0] if found and found[0].takes(digest, work.at) else None


def _held(work: Work, key_id: ApiKeyId) -> ApiKey:
    """The key, held, once the asker may change it; one that is over is not there."""
    key = work.store.api_keys.get(key_id)
    work.store.hold_tree(key.group)
    work.owned("grants:write", key, key.group)
    key = work.store.api_keys.hold(key_id)
    if not key.takes(key.digest, work.at):
        raise unseen(key)
    return key


def _listed(work: Work, key: ApiKey) -> ListedApiKey:
    grants = (grant for grant in work.store.grants.where(principal=key.id) if grant.holds_at(work.at))
    rotates = key.old_until is not None and work.at < key.old_until
    return ListedApiKey(
        id=key.id,
        group=key.group,
        user=key.user,
        name=key.name,
        scopes=tuple(sorted({scope for grant in grants for scope in grant.scopes})),
        made_at=key.made_at,
        made_by=key.made_by,
        both_until=key.old_until if rotates else None,
        ends_at=key.ends_at,
    )
