"""Mail that comes while PostgreSQL is stopped: kept by whoever sent it, and in the log once when the server runs again."""

from __future__ import annotations

import smtplib

import pytest

from gateways import gateway_on
from postgres_server import Stoppable
from servicekit.adapters.mail.listener import Listener
from world import GATEWAY, mail

TO = f"0701740605@{GATEWAY}"


@pytest.mark.parametrize("lmtp", [False, True])
def test_a_stopped_database_asks_to_come_again(
    lmtp: bool, stoppable_postgres: Stoppable, caplog: pytest.LogCaptureFixture
) -> None:
    """4xx as long as it is stopped, without a word of why; 250 once it runs; and one text, also where the mail came twice."""
    with gateway_on(stoppable_postgres) as it:
        listener = Listener(
            lambda envelope, raw: it.kit.receive("mail", envelope, raw),
            domain=GATEWAY,
            judge=it.kit.hopeless,
            lmtp=lmtp,
        )
        with listener, (smtplib.LMTP if lmtp else smtplib.SMTP)("127.0.0.1", listener.port, timeout=60) as client:
            assert client.sendmail("anna@salon.example", [TO], mail("before", number=1)) == {}
            stoppable_postgres.stop()
            for _ in range(2):
                with pytest.raises(smtplib.SMTPResponseException) as kept:
                    client.sendmail("anna@salon.example", [TO], mail("meanwhile", number=2))
                assert kept.value.smtp_code == 451
                assert b"PostgreSQL" not in kept.value.smtp_error
            stoppable_postgres.start()
            for _ in range(2):  # as a server does that missed our answer
                assert client.sendmail("anna@salon.example", [TO], mail("meanwhile", number=2)) == {}
        assert it.log() == ["meanwhile", "before"]
    assert "The database took no mail" in caplog.text
