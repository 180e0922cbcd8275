"""Whatever host a request names, the site's addresses are its own: EVALHUB_URL's, or where it
listens. Asked of real sites, by requests that are forged, or passed on by a proxy as nginx does."""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.fakes.oidc_server import CLIENT, SECRET, OIDCServer
from tests.fakes.smtp_server import SMTPServer
from tests.fakes.webhook_receiver import Receiver, receiver
from tests.serving.site import PATIENCE_S, Reply, Site, ask, up
from tests.studies.desks import Desk

pytestmark = pytest.mark.heavy

URL = "https://evalhub.example.org:8443"
EVIL = "evil.test"
FORGED = {"X_Forwarded_Host": EVIL, "X_Forwarded_Port": "666", "Forwarded": f"host={EVIL}"}
NORA, PASSWORD = "nora@example.org", "a long passphrase"


@dataclass
class Grown:
    """A site that other machines reach, whose operator let any host in."""

    site: Site
    mail: SMTPServer
    provider: OIDCServer
    token: str


@dataclass
class Browser:
    """Sends each request under a host that somebody made up, and keeps cookies."""

    port: int
    host: str = EVIL
    origin: str = URL
    scheme: str = "https"
    cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Reply:
        return self.send("GET", path, None, headers)

    def post(self, path: str, **fields: str) -> Reply:
        """A form, with the token that its page has."""
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', self.get(path).text)
        assert token, path
        body = urlencode(fields | {"csrfmiddlewaretoken": token[1]})
        headers = {"Content_Type": "application/x-www-form-urlencoded", "Origin": self.origin}
        return self.send("POST", path, body, headers)

    def send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Reply:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        everything = FORGED | {"X_Forwarded_Proto": self.scheme, "Cookie": cookies} | headers
        reply = ask(self.port, path, method=method, host=self.host, body=body, **everything)
        for header in reply.headers.get_all("Set-Cookie") or []:
            morsels = SimpleCookie(header)
            self.cookies |= {name: morsel.value for name, morsel in morsels.items()}
        assert EVIL not in reply.text
        assert EVIL not in str(reply.headers)
        return reply


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    with (
        SMTPServer() as mail,
        OIDCServer() as provider,
        up(
            tmp_path_factory.mktemp("grown"),
            EVALHUB_URL=f"{URL}/",
            EVALHUB_ALLOWED_HOSTS="*",
            EVALHUB_MAIL_URL=mail.url,
            EVALHUB_OIDC_URL=provider.url,
            EVALHUB_OIDC_CLIENT_ID=CLIENT,
            EVALHUB_OIDC_SECRET=SECRET,
        ) as site,
    ):
        yield Grown(site, mail, provider, token_at(site))


def token_at(site: Site) -> str:
    site.command("user", "add", "olga", "--project", "support", "--role", "owner")
    scopes = [f"--scope={scope}" for scope in ("read", "ingest", "admin")]
    made = site.command("token", "add", "ci", "--project", "support", "--user", "olga", *scopes)
    return made.split()[0]


def invited_to(site: Site, token: str, whom: str, host: str = EVIL) -> str:
    """The link that makes an account, as REST answers with it."""
    reply = ask(
        site.port,
        "/api/v1/projects/support/members",
        method="POST",
        host=host,
        body=json.dumps({"whom": whom, "role": "evaluator"}),
        Content_Type="application/json",
        Authorization=f"Bearer {token}",
        Idempotency_Key=f"invite {whom}",
        X_Forwarded_Proto="https",
        **FORGED,
    )
    assert reply.status == 201, reply.text
    return str(json.loads(reply.text)["link"])


def newest_message(hook: Receiver) -> dict[str, dict[str, str]]:
    until = time.monotonic() + PATIENCE_S
    while not hook.messages and time.monotonic() < until:
        time.sleep(0.05)
    message: dict[str, dict[str, str]] = json.loads(hook.messages[-1].body)
    return message


def told_of_a_decision(site: Site, folder: Path) -> dict[str, str]:
    """What a webhook is told of a study that is decided in the site's home."""
    folder.mkdir()
    desk = Desk(folder)
    desk.study["project"] = "support"
    with receiver() as hook:
        kind = ("--event", "decision.made", "--private")
        site.command("webhook", "add", hook.url, "--project", "support", *kind)
        site.command("study", "run", str(desk.write()))
        return newest_message(hook)["data"]


def test_mails_lead_to_the_site(grown: Grown) -> None:
    """An account is made, its password forgotten, its address changed, all under a forged host."""
    browser = Browser(grown.site.port)
    link = invited_to(grown.site, grown.token, NORA)
    assert link.startswith(f"{URL}/accounts/join/")
    joined = browser.post(urlsplit(link).path, password=PASSWORD)
    assert (joined.status, joined.headers["Location"]) == (302, "/")

    Browser(grown.site.port).post("/accounts/password/forgotten/", email=NORA)
    forgotten = grown.mail.newest(to=NORA).get_content()
    assert re.findall(r"https?://\S+?(?=/accounts)", forgotten) == [URL]
    [path] = re.findall(rf"{URL}(/accounts/password/new/\S+)", forgotten)
    there = Browser(grown.site.port)
    to_form = there.get(path)
    assert to_form.status == 302
    form = to_form.headers["Location"]
    done = there.post(form, password1=PASSWORD + "!", password2=PASSWORD + "!")
    assert (done.status, done.headers["Location"]) == (302, "/accounts/password/new/done/")

    browser = Browser(grown.site.port)
    browser.post("/accounts/login/", login=NORA, password=PASSWORD + "!")
    browser.post("/accounts/again/", password=PASSWORD + "!")
    browser.post("/accounts/mail/", email="nora@new.example", action_add="1")
    confirm = grown.mail.newest(to="nora@new.example").get_content()
    assert re.findall(r"https?://\S+?(?=/accounts)", confirm) == [URL]


def test_the_identity_provider_sends_people_back_to_the_site(grown: Grown) -> None:
    browser = Browser(grown.site.port)
    grown.provider.person = {"sub": "7", "preferred_username": "sol"}
    provider = grown.provider.app()["provider_id"]
    begun = browser.post(f"/accounts/oidc/{provider}/login/")
    query = parse_qs(urlsplit(begun.headers["Location"]).query)
    assert query["redirect_uri"] == [f"{URL}/accounts/oidc/{provider}/login/callback/"]
    back = grown.provider.authorize({name: values[0] for name, values in query.items()})
    assert back.startswith(query["redirect_uri"][0])
    signed_in = browser.get(back.removeprefix(URL))  # the code is redeemed with the same address
    assert signed_in.status == 302, signed_in.text
    assert browser.get("/accounts/").status == 200


def test_passkeys_are_bound_to_the_sites_name(grown: Grown) -> None:
    browser = Browser(grown.site.port)
    reply = browser.get("/accounts/passkeys/login/", Accept="application/json")
    assert json.loads(reply.text)["request_options"]["publicKey"]["rpId"] == "evalhub.example.org"
    link = grown.site.command("user", "link", "olga")
    [path] = re.findall(rf"{URL}(\S+)", link)
    browser.post(path)
    page = browser.get("/accounts/passkeys/add/")
    assert '"rp": {"name": "Evalhub", "id": "evalhub.example.org"}' in page.text, page.text


def test_a_command_that_lacks_the_variable_has_it_from_the_site(grown: Grown) -> None:
    others = grown.site.environment.items()
    lacking = {name: value for name, value in others if name != "EVALHUB_URL"}
    assert f"  {URL}/accounts/" in replace(grown.site, environment=lacking).command(
        "user", "link", "olga"
    )


def test_a_webhook_names_the_site(grown: Grown, tmp_path: Path) -> None:
    data = told_of_a_decision(grown.site, tmp_path / "desk")
    assert data["url"].startswith(f"{URL}/studies/")
    assert data["api"].startswith(f"{URL}/api/v1/projects/")


def test_what_came_without_https_is_sent_to_the_site(grown: Grown) -> None:
    page = Browser(grown.site.port, scheme="http").get("/accounts/login/")
    assert (page.status, page.headers["Location"]) == (301, f"{URL}/accounts/login/")


@pytest.mark.parametrize("host", ["evalhub.example.org:8443", "evalhub.example.org", "127.0.0.1"])
def test_forms_of_the_site_are_taken_however_a_proxy_names_its_host(
    grown: Grown, host: str
) -> None:
    """As nginx passes it on by $http_host, by $host, which has no port, and where nothing is set.

    Another port's page isn't the site's."""
    forms = [Browser(grown.site.port, host=host), Browser(grown.site.port, host=host)]
    forms[1].origin = URL.replace("8443", "9443")
    statuses = [
        form.post("/accounts/login/", login="nobody", password="wrong").status for form in forms
    ]
    assert statuses == [200, 403]


def test_the_doctor_lets_nobody_in_who_may_call_himself_anything(grown: Grown) -> None:
    with pytest.raises(AssertionError, match="answers to any name"):
        grown.site.command("doctor", "--deploy")


def test_without_evalhub_url_it_is_where_the_site_listens(tmp_path: Path) -> None:
    """In both of its processes, and in commands beside it; not after its end."""
    with up(tmp_path, "--processes", "2", EVALHUB_ALLOWED_HOSTS="*") as site:
        own = f"http://localhost:{site.port}"
        token = token_at(site)
        links = [invited_to(site, token, f"m{n}@example.org") for n in range(4)]
        assert {urlsplit(link)._replace(path="").geturl() for link in links} == {own}
        assert f"  {own}/accounts/sign-in/" in site.command("user", "link", "olga")
        assert told_of_a_decision(site, tmp_path / "desk")["url"].startswith(f"{own}/studies/")
    assert "  http://localhost:8000/accounts/" in site.command("user", "link", "olga")


def test_a_site_is_answered_at_the_address_that_it_prints(tmp_path: Path) -> None:
    with up(tmp_path, "--host", "127.0.0.2") as site:
        own = f"http://127.0.0.2:{site.port}"
        assert f"Evalhub is at {own} " in site.printed
        assert f"  {own}/accounts/sign-in/" in site.command("user", "add", "nora")
