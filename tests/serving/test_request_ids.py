"""Each request has an id: in its answer, and in the log where that is JSON."""

import json
from pathlib import Path

from tests.fakes.proxy import proxy_to
from tests.serving.site import ask, up

GIVEN = "from-the-proxy-0001"


def test_an_id_comes_from_the_trusted_proxy_alone_and_stands_in_the_log(tmp_path: Path) -> None:
    with up(tmp_path, EVALHUB_LOG="json", EVALHUB_TRUSTED_PROXY="127.0.0.1") as site:
        with proxy_to(site.url, scheme="http") as port:
            by_proxy = ask(port, "/accounts/login/", X_Request_ID=GIVEN)
            odd = ask(port, "/accounts/login/", X_Request_ID="short")
        direct = ask(site.port, "/accounts/login/", X_Request_ID="from-a-stranger-0001")
        again = ask(site.port, "/accounts/sign-in/AbCdEf123/")
    assert by_proxy.headers["X-Request-ID"] == GIVEN
    made = [each.headers["X-Request-ID"] for each in (odd, direct, again)]
    assert all(len(each) == 32 for each in made)
    assert len(set(made)) == 3
    lines = [json.loads(line) for line in site.log.read_text().splitlines()]
    assert {GIVEN, *made} <= {line.get("request") for line in lines}
    [logged] = [
        line
        for line in lines
        if line.get("request") == GIVEN and line["logger"].endswith("requests")
    ]
    assert logged["message"] == "GET /accounts/login/: 200"
    assert logged["status"] == 200
    assert logged["ms"] > 0
    assert "AbCdEf123" not in site.log.read_text()
