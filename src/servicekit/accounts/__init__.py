"""Accounts: how a person comes to a password, logs in and stays so. Whoever is sent a link may choose one, once and for a while.

The rules of this room:

* A link's token is 32 bytes of the caller's randomness. Only its SHA-256 is stored: who reads the database can open no account.
* A link is good for seven days, one that was asked for because a password is forgotten for an hour; and for one use. It is for
  one user, for ever.
* A password has ten characters or more, of any kind. What is stored of it is made by a port that is slow on purpose.
* Guessing is slowed by address and by origin, and never stopped: see :mod:`servicekit.accounts.pacing`.
* An API key is stored as a digest as well; what it may do is granted to it: see :mod:`servicekit.accounts.api_keys`.
* A session's token changes as it is used, and a copy of an old one ends it: see :mod:`servicekit.accounts.sessions`.

Refused: a link that is unknown, used or too old, all alike (``dead_link``), so that nobody learns which tokens there were; a
password that is short, long or easy.
"""

from servicekit.accounts.api_keys import (
    KEY_BYTES,
    LONGEST_KEY_OVERLAP,
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
)
from servicekit.accounts.commands import (
    ChangePassword,
    CheckSession,
    EndSession,
    ForgotPassword,
    ListSessions,
    LoggedIn,
    LogIn,
    LogOut,
    NotLoggedIn,
    PasswordChanged,
    RenewSession,
    SetPassword,
    WhyNot,
)
from servicekit.accounts.links import (
    LINK_SPAN,
    RESET_SPAN,
    TOKEN_BYTES,
    Invitation,
    PasswordLink,
    check_usable,
    digest_of,
    invitation_for,
    link_for,
    token_of,
)
from servicekit.accounts.once import ANSWER_SPAN, Done, KeptAnswer, PerformOnce
from servicekit.accounts.pacing import (
    ASKING,
    ASKING_FROM,
    CALLS,
    GUESSES,
    GUESSES_FROM,
    Pace,
    network_of,
    subject_of,
)
from servicekit.accounts.passwords import FEWEST_CHARACTERS, MOST_CHARACTERS, Password, check_password, prepared
from servicekit.accounts.sessions import (
    GRACE,
    SESSION_BYTES,
    ListedSession,
    Session,
    SessionEnd,
    listed,
    presented,
    principal_of,
    recognised,
    selector_of,
    session_for,
)

__all__ = [
    "ANSWER_SPAN",
    "ASKING",
    "ASKING_FROM",
    "CALLS",
    "FEWEST_CHARACTERS",
    "GRACE",
    "GUESSES",
    "GUESSES_FROM",
    "KEY_BYTES",
    "LINK_SPAN",
    "LONGEST_KEY_OVERLAP",
    "MOST_CHARACTERS",
    "RESET_SPAN",
    "SESSION_BYTES",
    "TOKEN_BYTES",
    "AddApiKey",
    "ApiCaller",
    "ApiKey",
    "ApiKeyMade",
    "CallRefused",
    "ChangePassword",
    "CheckSession",
    "Done",
    "EndSession",
    "ForgotPassword",
    "Invitation",
    "KeptAnswer",
    "ListApiKeys",
    "ListSessions",
    "ListedApiKey",
    "ListedSession",
    "LogIn",
    "LogOut",
    "LoggedIn",
    "NoCaller",
    "NotLoggedIn",
    "Pace",
    "Password",
    "PasswordChanged",
    "PasswordLink",
    "PerformOnce",
    "RenewSession",
    "RevokeApiKey",
    "RotateApiKey",
    "Session",
    "SessionEnd",
    "SetPassword",
    "TakeCall",
    "WhyNot",
    "check_password",
    "check_usable",
    "digest_of",
    "invitation_for",
    "key_digest",
    "key_of",
    "link_for",
    "listed",
    "network_of",
    "prepared",
    "presented",
    "principal_of",
    "recognised",
    "rotated_key",
    "selector_of",
    "session_for",
    "subject_of",
    "token_of",
]
