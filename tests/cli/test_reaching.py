"""`doctor --deploy` tries the mail server and the identity provider, real ones on this machine."""

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import mailers, send_mail

from evalhub.accounts.models import MailDay
from evalhub.cli.reaching import mail_finding, provider_findings
from evalhub.env import mailer
from tests.fakes.oidc_server import CLIENT, SECRET, OIDCServer
from tests.fakes.smtp_server import SMTPServer
from tests.serving.site import BIN, environment

type Settings = Any


def doctor(home: Path, *words: str, **variables: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [BIN / "evalhub", "doctor", "--deploy", "--json", *words],
        cwd=home.parent,
        env=environment(home, variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    assert "hunter" not in done.stdout + done.stderr
    return done.returncode, {each["name"]: each for each in json.loads(done.stdout)}


@pytest.mark.heavy
def test_the_command_tries_both_and_sends_nothing_unless_it_is_told_to(tmp_path: Path) -> None:
    with SMTPServer(user="eva", password="hunter2") as mail, OIDCServer() as provider:
        here = {
            "EVALHUB_MAIL_URL": mail.url,
            "EVALHUB_MAIL_FROM": "evalhub@example.org",
            "EVALHUB_OIDC_URL": provider.url,
            "EVALHUB_OIDC_CLIENT_ID": CLIENT,
            "EVALHUB_OIDC_SECRET": SECRET,
            "EVALHUB_URL": "https://evalhub.example.org",
            "EVALHUB_SECRET_KEY": "a-long-and-random-text-of-more-than-fifty-characters-01234",
        }
        code, findings = doctor(tmp_path / "home", **here)
        assert code == 0, findings
        assert findings["mail"]["seen"] == f"127.0.0.1:{mail.port} lets the site in"
        assert {"EHLO", "AUTH"} <= set(mail.verbs)
        assert not {"MAIL", "DATA"} & set(mail.verbs)
        about = findings["identity provider"]
        assert about["seen"] == f"{provider.url} answers as itself, with 1 keys"
        way_back = f"/accounts/oidc/localhost-{provider.port}/login/callback/"
        assert f"https://evalhub.example.org{way_back}" in about["advice"]

        code, findings = doctor(tmp_path / "home", "--mail-to", "olga@example.org", **here)
        assert code == 0, findings
        assert "a mail to olga@example.org was taken" in findings["mail"]["seen"]
        [sent] = mail.mails
        assert (sent["To"], sent["From"]) == ("olga@example.org", "evalhub@example.org")

        mail.password, provider.person = "hunter3", {}
        wrong = here | {"EVALHUB_OIDC_URL": f"{provider.url}/realms/team"}
        code, findings = doctor(tmp_path / "home", **wrong)
        assert code == 69
        assert "refuses the name or the password (535)" in findings["mail"]["seen"]
        assert "answers 404" in findings["identity provider"]["seen"]


def test_a_mail_is_for_deploy_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN / "evalhub", "doctor", "--mail-to", "olga@example.org"],
        env=environment(tmp_path / "home", {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert "it is for --deploy" in done.stderr


@pytest.fixture
def configured(settings: Settings) -> Any:
    """Sets the mail's address as a process has it."""

    def configure(url: str) -> None:
        settings.MAIL_URL, settings.MAILERS = url, {"default": mailer(url)}
        settings.DEFAULT_FROM_EMAIL = "evalhub@example.org"

    return configure


def test_a_mail_server_that_is_not_there_or_refuses_is_said(configured: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    configured(f"smtp://127.0.0.1:{port}")
    away = mail_finding()
    assert not away.well
    assert f"127.0.0.1:{port} can't be used: " in away.seen
    with SMTPServer() as server:
        configured(f"smtp+tls://127.0.0.1:{server.port}")
        assert "STARTTLS" in mail_finding().seen  # which it doesn't offer
        configured(f"smtp://eva:hunter2@127.0.0.1:{server.port}")
        assert not mail_finding().well  # it asks for no name
        configured(server.url)
        assert mail_finding().well
    configured("")
    assert mail_finding().well
    assert not mail_finding("olga@example.org").well


@pytest.mark.django_db
def test_a_sender_that_the_server_does_not_take_is_said(configured: Any) -> None:
    with SMTPServer(refuses="MAIL") as server:
        configured(server.url)
        assert mail_finding().well
        refused = mail_finding("olga@example.org")
    assert not refused.well
    assert "The sender is evalhub@example.org" in refused.advice


@pytest.mark.django_db
def test_mails_are_counted_by_whether_they_were_taken(configured: Any) -> None:
    with SMTPServer() as server:
        configured(server.url)
        send_mail("Hello", "you", None, ["olga@example.org"])
        server.refuses = "RCPT"
        with pytest.raises(OSError, match="550"):
            send_mail("Hello", "you", None, ["oswin@example.org"])
    with pytest.raises(OSError, match="refused"):
        send_mail("Hello", "you", None, ["oswin@example.org"])
    day = MailDay.objects.get()
    assert (day.sent, day.failed) == (1, 2)
    assert type(mailers["default"]).__name__ == "SiteMail"


@pytest.mark.parametrize(
    ("changed", "seen"),
    [
        ({"issuer": "https://other.example.org"}, "is of the issuer 'https://other.example.org'"),
        ({"issuer": None}, "is of the issuer None"),
        ({"token_endpoint": ""}, "has no token_endpoint"),
        ({"jwks_uri": "http://keys.example.org/"}, "its jwks_uri isn't https"),
        (
            {"authorization_endpoint": "https://elsewhere.example.org/authorize"},
            "is under another scheme or host",
        ),
        ({"response_types_supported": ["id_token"]}, "doesn't offer the authorisation code flow"),
    ],
)
def test_a_provider_that_says_something_else_of_itself_is_said(
    changed: dict[str, Any], seen: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OIDCServer() as server:
        settings.OIDC = server.app()
        right = server.discovery()
        monkeypatch.setattr(server, "discovery", lambda: right | changed)
        [finding] = provider_findings()
    assert not finding.well
    assert seen in finding.seen
    assert finding.advice


def test_a_provider_that_is_away_or_has_no_keys_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with OIDCServer() as server:
        settings.OIDC = server.app()
        right = server.discovery()
        keyless = right | {"jwks_uri": f"{server.url}/.well-known/openid-configuration"}
        monkeypatch.setattr(server, "discovery", lambda: keyless)
        [finding] = provider_findings()
        assert "there are no keys" in finding.seen
    [finding] = provider_findings()
    assert not finding.well
    assert "can't be reached" in finding.seen
    settings.OIDC = {}
    assert list(provider_findings()) == []
