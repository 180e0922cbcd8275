"""A process that dies while it hands a mail over: nobody gets the mail a second time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.heavy

DIES = """
from tests.migrated import set_up_migrated
set_up_migrated()
from django.conf import settings
from evalhub.env import mailer
from evalhub.features.monitoring.mailing import mail_alarms
from tests.cast import a_team
from tests.fakes.smtp_server import SMTPServer
from tests.features.monitoring.monitors_of import a_champion, a_monitor, a_stream, an_alarm
from tests.killed_writes import deaths, in_a_child

team = a_team()
team.olga.email = "olga@example.org"
team.olga.save()
version, monitor = a_champion(team), a_monitor(team)
for metric in ("errors", "cost"):
    an_alarm(a_stream(monitor, version, metric))

with SMTPServer() as server:
    settings.MAIL_URL = server.url
    settings.MAILERS = {"default": mailer(server.url)}
    for died in deaths(mail_alarms):
        sent = len(server.mails)
        for _ in range(2):
            assert in_a_child(mail_alarms) == 0
        print(bool(died), sent, len(server.mails), flush=True)
        server.mails.clear()
"""


def test_it_dies_at_each_statement_and_no_mail_comes_twice(tmp_path: Path) -> None:
    """Once handed over it is never sent again; what was only noted is sent by the next."""
    environment = dict(os.environ) | {"EVALHUB_HOME": str(tmp_path), "EVALHUB_DATABASE_URL": ""}
    process = subprocess.run(
        [sys.executable, "-c", DIES], env=environment, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    rows = [line.split() for line in process.stdout.splitlines()]
    assert len(rows) > 5, "it died at several statements"
    assert all(int(after) <= 1 for *_, after in rows), rows
    assert rows[0] == ["True", "0", "1"], "nothing was noted: the next one sends it"
    assert rows[-1] == ["False", "1", "1"]
    assert ["True", "1", "1"] in rows, "it died after sending"
