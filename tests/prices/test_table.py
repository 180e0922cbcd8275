"""The table of prices: the shipped one, an operator's own, and what neither says."""

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from evalhub.declare.declaration import validate
from evalhub.declare.prices import Price, UsedPrice
from evalhub.io.rows import DataError
from evalhub.prices.table import AskedAt, prices_here
from runners.backends.asking import Paid
from runners.backends.openai import OpenAIBackend
from runners.spending import asked_at, money_of

TODAY = datetime.date(2026, 11, 26)


def known(home: Path, model: str, host: str = "api.openai.com", day: datetime.date = TODAY) -> Any:
    return prices_here(home).of(AskedAt(model, host, 443), day)


def write(home: Path, currency: str = "USD", **provider: Any) -> Path:
    file = home / "prices.yaml"
    usual = {"hosts": ["models.example.org"], "source": "https://example.org/prices"}
    table = {"schema": "evalhub.prices/1", "currency": currency}
    file.write_text(json.dumps(table | {"providers": {"ours": usual | provider}}, indent=1))
    return file


def a_model(*prices: dict[str, Any], names: tuple[str, ...] = ("small",)) -> dict[str, Any]:
    return {"names": [*names], "prices": [*prices]}


def test_published_prices_are_in_the_table_with_their_source(tmp_path: Path) -> None:
    mini = known(tmp_path, "gpt-4.1-mini")
    # 1,000,000 sent at .40 and 1,000,000 back at 1.60
    assert money_of(Paid(1_000_000, 1_000_000), mini.price) == pytest.approx(2.0)
    tuned = known(tmp_path, "ft:gpt-4.1-mini-2025-04-14:acme::x1")
    assert money_of(Paid(1_000_000, 1_000_000), tuned.price) == pytest.approx(4.0), "twice as much"
    sonnet = known(tmp_path, "claude-sonnet-4-5", "api.anthropic.com")
    assert money_of(Paid(1_000_000, 1_000_000), sonnet.price) == pytest.approx(28.5)
    haiku = known(tmp_path, "claude-haiku-5-5", "api.anthropic.com")
    # .10 up to 100,000 tokens of prompt, .50 above; .50 and 2.50 back
    assert money_of(Paid(100_000, 1000), haiku.price) == pytest.approx(0.0105)
    assert money_of(Paid(100_001, 1000), haiku.price) == pytest.approx(0.0525005)
    assert mini.listed.source.startswith("https://")


@pytest.mark.parametrize(
    ("model", "host"),
    [
        ("gpt-4.1-mini", "models.example.org"),  # somebody else's
        ("gpt-4.1-mini", "eu.api.openai.com"),
        ("gpt-4.1-mini-2026-01-01", "api.openai.com"),
        ("ft:gpt-4.1-nano-2025-04-14:acme::x1", "api.openai.com"),
        ("gpt-9", "api.openai.com"),
    ],
)
def test_nothing_is_guessed(tmp_path: Path, model: str, host: str) -> None:
    assert known(tmp_path, model, host) is None


def test_a_pattern_means_no_fine_tuned_model(tmp_path: Path) -> None:
    price = {"since": "2026-01-01", "prompt": 1, "completion": 1}
    write(tmp_path, models=[a_model(price, names=("f*",))])
    assert known(tmp_path, "fast", "models.example.org")
    assert known(tmp_path, "ft:fast:acme", "models.example.org") is None


def test_a_price_holds_from_its_day_until_the_next(tmp_path: Path) -> None:
    write(
        tmp_path,
        models=[
            a_model(
                {"since": "2026-01-01", "prompt": 2, "completion": 8},
                {"since": "2026-09-01", "prompt": 1, "completion": 4},
            )
        ],
    )
    found = [
        known(tmp_path, "small", "models.example.org", datetime.date(2026, *day))
        for day in ((8, 31), (9, 1))
    ]
    assert [each.price.prompt for each in found] == [2, 1]
    assert found[0].listed.since == "2026-01-01"
    early = datetime.date(2025, 12, 31)
    assert known(tmp_path, "small", "models.example.org", early) is None


def test_an_operator_s_table_goes_before_the_one_that_is_shipped(tmp_path: Path) -> None:
    ours = a_model({"since": "2026-11-01", "prompt": 0.3, "completion": 1}, names=("gpt-4.1-mini",))
    file = write(tmp_path, hosts=["api.openai.com"], models=[ours])
    found = known(tmp_path, "gpt-4.1-mini")
    assert (found.price.prompt, found.listed.table) == (0.3, "home")
    before = known(tmp_path, "gpt-4.1-mini", day=datetime.date(2026, 10, 31))
    assert (before.price.prompt, before.listed.table) == (0.4, "evalhub")
    file.unlink()
    assert known(tmp_path, "gpt-4.1-mini").listed.table == "evalhub", "read anew"


@pytest.mark.parametrize(
    ("price", "field", "why"),
    [
        ({"since": "soon", "prompt": 1, "completion": 1}, "since", "is no day"),
        ({"since": "2026-01-01", "prompt": -1, "completion": 1}, "prompt", "0 or more"),
        ({"since": "2026-01-01", "prompt": 1}, "completion", "missing"),
        (
            {"since": "2026-01-01", "prompt": 1, "completion": 1, "cached": 1},
            "cached",
            "did you mean cached_prompt",
        ),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_line(
    tmp_path: Path, price: dict[str, Any], field: str, why: str
) -> None:
    file = write(tmp_path, models=[a_model(price)])
    with pytest.raises(DataError, match=why) as error:
        prices_here(tmp_path)
    assert error.value.file == str(file)
    assert error.value.line
    assert str(error.value.field).endswith(f"models.0.prices.0.{field}")


@pytest.mark.parametrize("said", ["EURO", "$", "eur", "XQX", ""])
def test_a_currency_that_nobody_knows_is_said_with_its_line(tmp_path: Path, said: str) -> None:
    price = {"since": "2026-01-01", "prompt": 1, "completion": 1}
    write(tmp_path, models=[a_model(price)], currency=said)
    with pytest.raises(DataError, match="is no currency: say its code as EUR") as error:
        prices_here(tmp_path)
    assert error.value.field == "currency"
    assert error.value.line


def test_prices_in_two_currencies_are_never_added_up(tmp_path: Path) -> None:
    price = {"since": "2026-01-01", "prompt": 1, "completion": 1}
    write(tmp_path, models=[a_model(price)], currency="EUR")
    assert {each.table for each in prices_here(tmp_path).entries()} == {"home"}
    assert known(tmp_path, "gpt-4.1-mini") is None
    write(tmp_path, models=[a_model(price)], currency="USD")
    assert {each.table for each in prices_here(tmp_path).entries()} == {"home", "evalhub"}


@pytest.mark.parametrize("said", [".nan", ".inf", "-.5", "free"])
def test_a_price_that_is_no_amount_is_refused(tmp_path: Path, said: str) -> None:
    file = write(tmp_path, models=[a_model({"since": "2026-01-01", "prompt": 7, "completion": 1})])
    text = file.read_text()
    assert text.count("7") == 1
    file.write_text(text.replace("7", said))
    with pytest.raises(DataError) as error:
        prices_here(tmp_path)
    assert str(error.value.field).endswith("prices.0.prompt")
    assert error.value.line


def test_days_stand_in_order_and_names_once(tmp_path: Path) -> None:
    late, early = (
        {"since": day, "prompt": 1, "completion": 1} for day in ("2026-09-01", "2026-01-01")
    )
    write(tmp_path, models=[a_model(late, early)])
    with pytest.raises(DataError, match="from the oldest day to the newest"):
        prices_here(tmp_path)
    write(tmp_path, models=[a_model(late), a_model(late)])
    with pytest.raises(DataError, match="stands here twice"):
        prices_here(tmp_path)


def test_another_tier_isn_t_sold_at_the_list_price() -> None:
    backend = {"url": "https://api.openai.com/v1", "model": "gpt-4.1-mini"}
    plain = validate(OpenAIBackend, backend)
    assert asked_at(plain) == AskedAt("gpt-4.1-mini", "api.openai.com", 443)
    assert asked_at(validate(OpenAIBackend, backend | {"extra": {"service_tier": "flex"}})) is None
    named = validate(OpenAIBackend, backend | {"url": "${MODELS_URL}"})
    assert asked_at(named) == AskedAt("gpt-4.1-mini"), "which only the worker knows"


def test_a_price_is_read_as_it_is_written() -> None:
    used = UsedPrice(price=Price(prompt=1, cached_prompt=0.1, completion=2))
    assert validate(UsedPrice, used.as_json()) == used


def test_each_shipped_price_says_when_and_where_it_was_seen(tmp_path: Path) -> None:
    entries = list(prices_here(tmp_path).entries())
    assert all(each.of.seen or price.seen for each in entries for price in each.model.prices)
    openai = [each for each in entries if each.provider == "openai"]
    said = {each.source_of(price) for each in openai for price in each.model.prices}
    assert "its source" not in said
    assert all(each.last_checked(price) >= TODAY for each in openai for price in each.model.prices)
