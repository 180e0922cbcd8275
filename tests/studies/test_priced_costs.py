"""A budget of cost by prices that no study's file says: a table's, kept with the runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.cli.app import run
from evalhub.ledger.models import Decision
from tests.fakes.openai_server import OpenAIServer, saying
from tests.studies.desks import Desk

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
Servers = tuple[OpenAIServer, OpenAIServer]


@pytest.fixture
def servers() -> Iterator[Servers]:
    """The large model, and the small one."""
    with OpenAIServer() as large, OpenAIServer() as small:
        large.misbehave = lambda prompt, attempt: saying("right")
        small.misbehave = lambda prompt, attempt: saying("right too")
        yield large, small


@pytest.fixture
def desk(tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Both arms are asked, of 60 questions: 9 tokens each, 1 back by the large one and 2 by the
    small one. It may cost half as much."""
    monkeypatch.setattr(settings, "HOME", tmp_path / "home")
    settings.HOME.mkdir()
    desk = Desk(tmp_path)
    for arm, server in zip(("base", "tuned"), servers, strict=True):
        asked = {"url": server.url, "model": "m", "concurrency": 8}
        desk.study["arms"][arm] = {"kind": "base", "backend": {"openai": asked}}
    triage = desk.study["test_sets"]["triage"]
    triage |= {"metric": {"name": "contains"}, "min_gain": -0.2}
    desk.study["test_sets"] = {"triage": triage}
    desk.study["policy"] = {"budgets": {"cost": {"max_ratio": 0.5}}}
    return desk


def a_table(**prices: tuple[OpenAIServer, float]) -> None:
    """Who sells the model at a server, at so much a million tokens."""
    providers = {
        name: {
            "hosts": [f"127.0.0.1:{server.port}"],
            "source": f"https://{name}.example.org/prices",
            "models": [
                {
                    "names": ["m"],
                    "prices": [{"since": "2026-01-01", "prompt": price, "completion": price}],
                }
            ],
        }
        for name, (server, price) in prices.items()
    }
    table = {"schema": "evalhub.prices/1", "providers": providers}
    (settings.HOME / "prices.yaml").write_text(json.dumps(table))


def decided(desk: Desk, capsys: Capture) -> dict[str, Any]:
    capsys.readouterr()
    code = run(["study", "run", str(desk.write()), "--json"])
    found = capsys.readouterr()
    assert code in (0, 1, 2), found.err
    record: dict[str, Any] = json.loads(found.out)
    return record


def cost(record: dict[str, Any]) -> dict[str, Any]:
    (row,) = [each for each in record["criteria"] if each["name"] == "cost"]
    return dict(row)


@pytest.mark.heavy
def test_a_table_s_prices_are_taken_and_kept_whatever_becomes_of_it(
    desk: Desk, servers: Servers, capsys: Capture, tmp_path: Path, client: Client
) -> None:
    a_table(dear=(servers[0], 10.0), cheap=(servers[1], 1.0))
    record = decided(desk, capsys)
    # 9 + 1 tokens at 10 millionths, 9 + 2 at 1
    assert (cost(record)["baseline"], cost(record)["candidate"]) == pytest.approx((100e-6, 11e-6))
    assert record["verdict"] == "ship"
    base, tuned = record["prices"]["sentences"]
    assert base == (
        "base costs 10 and 10 a million tokens, dear's price of m since 2026-01-01 by the table of "
        "this home (https://dear.example.org/prices), as it was when it was asked."
    )
    assert "https://cheap.example.org/prices" in tuned
    assert record["policy"]["prices"] == {}, "a table changes no policy"

    a_table(dear=(servers[0], 1.0), cheap=(servers[1], 9.0))
    assert decided(desk, capsys) == record
    assert Decision.objects.count() == 1
    kept = tmp_path / "decision.json"
    kept.write_text(json.dumps(record))
    assert run(["decision", "verify", str(kept)]) == 0
    (settings.HOME / "prices.yaml").unlink()
    assert decided(desk, capsys) == record

    assert run(["study", "run", str(desk.file)]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "(https://dear.example.org/prices)" in told
    client.force_login(User.objects.create_superuser("root"))
    page = client.get(reverse("site:decision", args=[Decision.objects.get().pk]))
    assert "https://dear.example.org/prices" in page.content.decode()


def test_the_study_s_price_goes_before_the_table_s(
    desk: Desk, servers: Servers, capsys: Capture
) -> None:
    a_table(dear=(servers[0], 10.0), cheap=(servers[1], 1.0))
    desk.study["arms"]["tuned"]["price"] = {"prompt": 20, "completion": 20}
    record = decided(desk, capsys)
    assert cost(record)["candidate"] == pytest.approx(220e-6)
    assert record["prices"]["candidate"]["said_by"] == "study"
    assert record["prices"]["baseline"]["listed"]["table"] == "home"
    assert record["verdict"] == "hold"


def test_an_arm_without_a_price_has_no_cost_until_somebody_knows_one(
    desk: Desk, servers: Servers, capsys: Capture
) -> None:
    a_table(dear=(servers[0], 10.0))
    record = decided(desk, capsys)
    assert record["verdict"] == "need-more-data"
    assert record["pending"] == [
        "The cost of tuned isn't known: no price of it is. Say arms.tuned.price in the study's "
        "file, or put its model into prices.yaml, and run the study again"
    ]
    assert record["prices"]["candidate"] is None
    assert [each["name"] for each in record["criteria"]] == ["triage"]

    asked = [len(each.requests) for each in servers]
    a_table(dear=(servers[0], 10.0), cheap=(servers[1], 1.0))
    record = decided(desk, capsys)
    assert (record["verdict"], record["pending"]) == ("ship", [])
    assert cost(record)["candidate"] == pytest.approx(11e-6)
    assert [len(each.requests) for each in servers] == asked, "nobody is asked again for it"
    assert Decision.objects.count() == 2


def test_where_nobody_knows_a_price_tokens_are_compared(
    desk: Desk, servers: Servers, capsys: Capture
) -> None:
    record = decided(desk, capsys)
    assert (cost(record)["baseline"], cost(record)["candidate"]) == pytest.approx((10e-6, 11e-6))
    assert record["prices"] is None


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"prompt": -1, "completion": 1}, "arms.tuned.price.prompt"),
        ({"prompt": float("nan"), "completion": 1}, "arms.tuned.price.prompt"),
        ({"prompt": 1}, "arms.tuned.price.completion"),
        ({"prompt": 1, "completion": 1, "currency": "EUR"}, "arms.tuned.price.currency"),
    ],
)
def test_what_is_wrong_with_a_price_is_said_with_its_line(
    desk: Desk, capsys: Capture, said: dict[str, Any], field: str
) -> None:
    desk.study["arms"]["tuned"]["price"] = said
    assert run(["study", "run", str(desk.write())]) == 65
    told = capsys.readouterr().err
    assert "study.yaml, line" in told
    assert f"field '{field}'" in told


@pytest.mark.parametrize("money", [0, -5, float("nan"), float("inf"), "5 EUR"])
def test_a_budget_that_is_no_amount_is_said_with_its_line(
    desk: Desk, capsys: Capture, money: Any
) -> None:
    desk.study["budget"] = {"money": money}
    assert run(["study", "run", str(desk.write())]) == 65
    told = capsys.readouterr().err
    assert "study.yaml, line" in told
    assert "field 'budget.money'" in told
