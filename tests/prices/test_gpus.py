"""The table of what GPUs cost an hour: the shipped one, an operator's own, what neither says."""

import datetime
from pathlib import Path

import pytest

from evalhub.io.rows import DataError
from evalhub.prices.gpus import hourly_of, machines_here

TODAY = datetime.date(2026, 11, 26)
OURS = """schema: evalhub.gpu-prices/1
currency: EUR
gpus: {A100-80GB: [big card]}
machines:
  - {name: rack, provider: us, gpu: A100-80GB, gpus: 4, source: ours, prices: [
      {since: 2026-01-01, hourly: 8}, {since: 2026-06-01, hourly: 6}]}
"""


def test_a_price_is_that_of_its_day(tmp_path: Path) -> None:
    now = hourly_of(tmp_path, "p4d.24xlarge", TODAY)
    then = hourly_of(tmp_path, "p4d.24xlarge", datetime.date(2024, 5, 1))
    assert now is not None
    assert then is not None
    assert (now.low, then.low) == (21.957642, 32.77)
    assert hourly_of(tmp_path, "p4d.24xlarge", datetime.date(2020, 1, 1)) is None
    assert "https://aws.amazon.com" in now.source
    assert "since 2025-06-01" in now.source


def test_a_gpu_alone_costs_from_the_cheapest_to_the_dearest_that_is_listed(tmp_path: Path) -> None:
    found = hourly_of(tmp_path, "A100-80GB", TODAY)
    assert found is not None
    # 1.79 at one, 22.32 / 8 and 27.44705 / 8 at others
    assert (found.low, found.high) == (1.79, pytest.approx(27.44705 / 8))
    assert found.currency == "USD"
    for other in ("NVIDIA A100-SXM4-80GB", "a100_80gb", "nvidia a100 80gb pcie"):
        assert hourly_of(tmp_path, other, TODAY) == found
    assert hourly_of(tmp_path, "TPU", TODAY) is None


def test_an_operator_s_own_goes_first(tmp_path: Path) -> None:
    (tmp_path / "gpus.yaml").write_text(OURS)
    found = hourly_of(tmp_path, "Big Card", TODAY)
    assert found is not None
    assert (found.low, found.high, found.currency) == (1.5, 1.5, "EUR")
    assert hourly_of(tmp_path, "rack", datetime.date(2026, 2, 1)) != found
    assert hourly_of(tmp_path, "p5.48xlarge", TODAY) is not None, "what it has not is Evalhub's"
    (first, currency), *_ = machines_here(tmp_path)
    assert (first.name, currency) == ("rack", "EUR")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("hourly: 8", "hourly: -8", "line 6, field 'machines.0.prices.0.hourly': must be 0 or"),
        ("2026-06-01", "2025-06-01", "from the oldest day to the newest, each day once"),
        ("EUR", "GOLD", "field 'currency': is no currency"),
        ("gpus: 4", "gpus: 0", "field 'machines.0.gpus': must be 1 or more"),
        ("[\n      {since: 2026-01-01, hourly: 8}, {since: 2026-06-01, hourly: 6}]", "[]", "empty"),
    ],
)
def test_what_is_wrong_names_file_line_and_field(
    tmp_path: Path, before: str, after: str, told: str
) -> None:
    assert before in OURS
    (tmp_path / "gpus.yaml").write_text(OURS.replace(before, after, 1))
    with pytest.raises(DataError) as caught:
        hourly_of(tmp_path, "rack", TODAY)
    assert told in str(caught.value)
    assert "gpus.yaml" in str(caught.value)
