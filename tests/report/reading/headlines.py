"""What a headline may say, and what must then be so of the record."""

import re
from collections.abc import Callable

from tests.report.reading.figures import (
    Record,
    Row,
    borne_is,
    idle,
    loss_is_shown,
    lower_of,
    tokens,
    upper_of,
)


def _named(record: Record, name: str) -> Row:
    return next(row for row in record["criteria"] if row["name"] == name)


def _is(text: str, number: float) -> bool:
    return all(token.is_of(number) for token in tokens(text))


def _names(text: str) -> list[str]:
    return re.split(r", and |, | and ", text)


def _guards(record: Record, match: re.Match[str]) -> bool:
    guards = [r for r in record["criteria"] if r["role"] == "guard" and r["tier"] != "advisory"]
    passed = sum(row["status"] == "pass" for row in guards)
    if match["its"]:
        return len(guards) == passed == 1
    count = int(match["count"])
    return count == passed and (not match["all"] or len(guards) == passed)


def _open(record: Record, match: re.Match[str]) -> bool:
    rows = record["criteria"]
    count = sum(row["status"] == "open" for row in rows)
    waits = int(match["waits"] or count)
    return int(match["open"]) == count >= waits > 0 and int(match["of"]) == len(rows)


def _gained(record: Record, match: re.Match[str]) -> bool:
    row = _named(record, match["name"])
    alike = row["higher_is_better"] == (match["verb"] == "gains")
    shown = bool(match["only"]) or row["status"] == "pass"
    return alike and shown and row["difference"] > 0 and _is(match["amount"], row["difference"])


def _lost(record: Record, match: re.Match[str]) -> bool:
    row, borne = _named(record, match["name"]), match["borne"]
    fine = row["difference"] < 0 and _is(match["amount"], row["difference"])
    if borne is None:
        return fine and row["status"] == "fail" and upper_of(row) < 0
    if "less than" in match[0]:
        return fine and lower_of(row) > 0 and borne_is(row, borne)
    return fine and upper_of(row) < 0 and borne_is(row, borne)


UNIT = r"(?:score|length|words|characters|cost|latency_ms)"
NAME = r"(?P<name>[a-z-]+)"
MORE = r"(?: and (?P<k>\d+) more)?"
HEADLINES: list[tuple[str, Callable[[Record, re.Match[str]], bool]]] = [
    (rf"(?P<verb>gains) (?P<only>only )?(?P<amount>[\d.,]+) on {NAME}{MORE}", _gained),
    (rf"(?P<verb>has) (?P<only>only )?(?P<amount>[\d.,]+) (?:fewer|less) {UNIT} on {NAME}{MORE}",
     _gained),
    (rf"(?:loses|has) (?P<amount>[\d.,]+)(?: more {UNIT})? on {NAME}{MORE}"
     r"(?:, (?:beyond|more than|less than) the "
     r"(?P<borne>(?:margin of )?[\d.,]*\d%?(?: of it that may be lost| it may)?))?",
     _lost),
    (r"passes (?:(?P<its>its guard)|(?P<all>all )?(?P<count>\d+) guards?)", _guards),
    (r"leaves (?P<count>\d+) supporting guards? open",
     lambda r, m: int(m["count"]) == sum(
         row["role"] == "guard" and row["tier"] == "supporting" and row["status"] == "open"
         and not idle(row) for row in r["criteria"])),
    (r"(?:nothing is shown)?; no loss could be shown on (?P<names>[a-z, -]+)",
     lambda r, m: _names(m["names"]) == [
         row["name"] for row in r["criteria"]
         if row["tier"] != "advisory" and idle(row) and not loss_is_shown(row)]
     and ("nothing is shown" not in m[0] or all(
         row["status"] != "open" or idle(row) for row in r["criteria"]))),
    (r"; a loss is shown on (?P<names>[a-z, -]+?), which couldn't be more than may be",
     lambda r, m: _names(m["names"]) == [
         row["name"] for row in r["criteria"]
         if row["tier"] != "advisory" and idle(row) and loss_is_shown(row)]),
    (r"(?P<open>\d+) of (?P<of>\d+) criteri(?:a|on) (?:is|are) open"
     r"(?:, of which a ship waits for (?P<waits>\d+))?", _open),
    (r"a loss is shown on (?P<names>[a-z, -]+?), but not whether it is more than may be",
     lambda r, m: all(
         loss_is_shown(_named(r, name)) and _named(r, name)["status"] == "open"
         for name in _names(m["names"]))),
    (r"stays within its budgets?",
     lambda r, m: all(row["status"] == "pass" for row in r["criteria"] if row["role"] == "budget")),
    (r"takes (?P<share>\S+) of the baseline's \S*?(?: ?latency|cost), "
     r"over the budget of (?P<most>\S+?%)",
     lambda r, m: any(
         row["role"] == "budget" and row["status"] == "fail" and _is(m["share"], row["ratio"])
         and _is(m["most"], row["max_ratio"]) for row in r["criteria"])),
    (rf"falls short of the (?P<asked>[\d.]+) that is asked on {NAME}",
     lambda r, m: _named(r, m["name"])["upper"] < _named(r, m["name"])["min_gain"]
     and _is(m["asked"], _named(r, m["name"])["min_gain"])),
    (r", less than the (?P<asked>[\d.]+) that is asked",
     lambda r, m: any(row["min_gain"] is not None and _is(m["asked"], row["min_gain"])
                      and row["status"] == "fail" for row in r["criteria"])),
    (r", and fails (?P<k>\d+) more",
     lambda r, m: int(m["k"]) <= sum(
         row["status"] == "fail" and row["tier"] != "advisory" for row in r["criteria"]) - 1),
    (rf"is as good within (?P<within>[\d.]+) on {NAME}{MORE}",
     lambda r, m: _named(r, m["name"])["status"] == "pass"
     and _is(m["within"], _named(r, m["name"])["min_gain"])),
    (r"as good within (?P<within>[^;]+?), at (?P<saved>[^;.]+(?:\.\d+%[^;.]*)*)",
     lambda r, m: all(row["status"] == "pass" for row in r["criteria"]
                      if row["role"] in ("primary",))),
    (rf"is the baseline on {NAME}, where nothing can be gained",
     lambda r, m: "same run" in _named(r, m["name"])["method"]),
    (r"wins only (?P<share>\S+) of people's choices"
     r"(?:, less than the (?P<asked>\S+) that is asked)?",
     lambda r, m: any(row["role"] == "preference" and row["status"] == "fail"
                      and _is(m["share"], row["candidate"]) for row in r["criteria"])),
    (r"passes all that is asked", lambda r, m: r["verdict"] == "ship"),
]  # fmt: skip
