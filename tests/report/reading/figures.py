"""Numbers as they stand in a text, and what a record's JSON says, read anew."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import beta, norm

Row = Mapping[str, Any]
Record = Mapping[str, Any]

NUMBER = re.compile(r"(?<![\w.])([+−-]?)(\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)(%?)")
COMPARATIVE = re.compile(
    r"\b(better|worse|more|fewer|less|below|above|beyond|gains?|gained|loses?|lost|pass(?:es)?"
    r"|holds?|fails?|over|within|short)\b"
)
MARKS = {"✓": "pass", "✗": "fail", "?": "open"}
SLACK = 1e-9


# Numbers


@dataclass(frozen=True, slots=True)
class Token:
    """A number as it stands: its value, by how much rounding may have moved it, its sign if any."""

    text: str
    value: float
    error: float
    signed: bool

    def is_of(self, number: float) -> bool:
        seen = self.value if self.signed else abs(self.value)
        real = number if self.signed else abs(number)
        return abs(seen - real) <= self.error * (1 + 1e-6) + SLACK * max(abs(real), 1e-3)


def tokens(text: str) -> Iterator[Token]:
    for match in NUMBER.finditer(text):
        sign, digits, percent = match.groups()
        mantissa, _, exponent = digits.replace(",", "").partition("e")
        scale = 10.0 ** int(exponent or 0) / (100 if percent else 1)
        decimals = len(mantissa.partition(".")[2])
        value = float(mantissa) * scale * (-1 if sign in ("−", "-") else 1)
        yield Token(match[0], value, 0.5 * 10.0**-decimals * scale, bool(sign))


def leaves(value: Any) -> Iterator[float]:
    """Every number of a JSON value; of a bool and of a text none."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from leaves(each)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield float(value)


def numbers_of(record: Record) -> list[float]:
    """Those of the record's JSON, and what follows from them by arithmetic that stands here."""
    rows = record["criteria"]
    found = list(leaves(record))
    statuses = [row["status"] for row in rows]
    found += [float(statuses.count(each)) for each in MARKS.values()]
    found += [float(number) for number in range(len(rows) + 2)]
    found += [1 - 0.2 / k for k in range(1, len(rows) + 1)]  # power, the misses shared out
    found += [1 - 2 * record["alpha"], 0.8, 0.0, 1.0]
    for row in rows:
        n, effect = row["n"], row["design_effect"]
        there, judged = n + row["chose"], n / (n + row["chose"])
        found += people_of(row)
        found += [there, n / effect, n / (row["clusters"] or n)]
        for needed in (row["needed_n"], row["needed_as_seen"]):
            if needed is not None:
                size = n / (row["clusters"] or n)
                found += [needed - there, 1 - judged]
                for added in (needed, needed - there):
                    found.append(math.ceil(added / size))
                    # Those that are judged are rounded up, and so are all that are added for them.
                    found.append(math.ceil(math.floor(added * judged + SLACK) / size))
                if row["clusters"]:
                    found.append(found[-1] + row["clusters"])
        found += [0.5 + (row["min_gain"] or 0.0), 0.5 + (row["bound"] or 0.0) + row["gap"]]
        if row["sd"] > 0:
            z = norm.isf(row["alpha"]) + norm.ppf(0.8)
            smallest = z * row["sd"] * math.sqrt(effect / n)
            found.append(smallest)
            if row["factor"] is not None and row["baseline"]:
                found += [smallest / abs(row["baseline"]), row["gap"] / abs(row["baseline"])]
        if row["factor"] is not None:
            found += [abs(1 - row["factor"])]
    return found


TAIL = re.compile(
    r"(?P<name>[^:]+): (?:(?P<seen>\S+) of (?P<of>\S+) (?P<heavy>item|cluster)s? "
    r"lost (?P<lost>\S+) or more, and where (?P<again>\S+) (?:was|were) seen up to (?P<may>\S+) "
    r"may do so"
    r"|(?P<units>\S+) (?P<unit>item|cluster)s? can miss up to (?P<share>\S+) that lose much); "
    r"at (?P<loss>\S+) each they would cost the margin of (?P<margin>\S+) "
    r"\((?P<payer>its lower end|a policy with tails: bounded) pays for that\)\.?"
)


def tail_is_due(row: Row) -> bool:
    """That so few items can't rule out what would cost the margin."""
    tail = row["unseen"]
    return tail is not None and tail["loss"] <= tail["most"]


def tail_is_so(row: Row, match: re.Match[str]) -> bool:
    """That a row's items can miss as much as is said, by Clopper and Pearson's limit."""
    if row["name"] != match["name"] or not tail_is_due(row):
        return False
    tail, said = row["unseen"], match.groupdict()
    units, seen = tail["units"], tail["seen"]
    share = beta.ppf(1 - row["alpha"], seen + 1, units - seen) if seen < units else 1.0
    unseen_share = 1 - row["alpha"] ** (1 / units)
    due = {
        **dict.fromkeys(("seen", "again"), seen),
        **dict.fromkeys(("of", "units"), units),
        **dict.fromkeys(("may", "share"), share),
        **dict.fromkeys(("lost", "loss"), row["margin"] / unseen_share),
        "margin": row["margin"],
    }
    kind = "item" if row["clusters"] is None else "cluster"
    paid = (said["payer"] == "its lower end") == (row["tails"] == "bounded")
    return (
        paid
        and kind in (said["heavy"], said["unit"])
        and all(
            token.is_of(value) for name, value in due.items() for token in tokens(said[name] or "")
        )
    )


def people_of(row: Row) -> list[float]:
    """How many people a fresh review asks for, which the record says in words alone, and the hours
    that it takes at a minute a judgment."""
    found = [float(each) for each in re.findall(r"by (\d+) people", row["needed_why"])]
    needed = [row[name] for name in ("needed_n", "needed_as_seen") if row[name] is not None]
    hours = [round(each / 60, 1) for each in needed] if row["role"] == "preference" else []
    return found + hours


def strange_numbers(text: str, known: Sequence[float]) -> list[str]:
    return [each.text for each in tokens(text) if not any(map(each.is_of, known))]


class Known:
    """Numbers that texts may say: `strange_numbers` of many texts. A number that is written twice
    is looked for once."""

    def __init__(self, numbers: Sequence[float]) -> None:
        self.numbers = list(dict.fromkeys(numbers))
        self.told: dict[Token, bool] = {}

    def strange(self, text: str) -> list[str]:
        found = []
        for each in tokens(text):
            if each not in self.told:
                self.told[each] = any(map(each.is_of, self.numbers))
            if not self.told[each]:
                found.append(each.text)
        return found


# What the record's JSON says, read anew


def lower_of(row: Row) -> float:
    """The end that must pass, as a distance from the bound: above 0 where it does."""
    if row["factor"] is None:
        return float(row["lower"] - row["bound"])
    low, high, factor = row["ratio_lower"], row["ratio_upper"], row["factor"]
    if row["higher_is_better"]:
        return -math.inf if low is None else low - factor
    return -math.inf if high is None else factor - high


def upper_of(row: Row) -> float:
    """The other end likewise: below 0 where it fails."""
    if row["factor"] is None:
        return float(row["upper"] - row["bound"])
    low, high, factor = row["ratio_lower"], row["ratio_upper"], row["factor"]
    if row["higher_is_better"]:
        return math.inf if high is None else high - factor
    return math.inf if low is None else factor - low


def gain_is_shown(row: Row) -> bool:
    if row["factor"] is None:
        return bool(row["lower"] > 0)
    end = row["ratio_lower"] if row["higher_is_better"] else row["ratio_upper"]
    return end is not None and (end > 1 if row["higher_is_better"] else end < 1)


def loss_is_shown(row: Row) -> bool:
    if row["factor"] is None:
        return bool(row["upper"] < 0)
    end = row["ratio_upper"] if row["higher_is_better"] else row["ratio_lower"]
    return end is not None and (end < 1 if row["higher_is_better"] else end > 1)


def may_lose(row: Row) -> bool:
    return row["role"] == "guard" or (row["min_gain"] or 0.0) < 0


def idle(row: Row) -> bool:
    """That it can't show a loss, nor shows a gain."""
    if row["most_lost"] is None or not may_lose(row) or "same run" in row["method"]:
        return False
    borne = row["margin"] if row["role"] == "guard" else -row["min_gain"]
    return row["most_lost"] <= borne + SLACK and not gain_is_shown(row)


def added_cannot(row: Row) -> bool:
    """That new items would have to show a z beyond 8 by themselves, one chance in 10^15, beside
    what was seen (Lehmacher and Wassmer 1999)."""
    look = row["next_look"]
    if look is None or look["weights"] is None:
        return False
    first, added = look["weights"]
    z = norm.isf(min(row["p_bound"], 1 - 1e-16))
    due = (norm.isf(look["alpha"]) * math.sqrt(first + added) - z * math.sqrt(first)) / added**0.5
    return bool(due > 8)


def status_due(row: Row) -> str:
    if "same run" in row["method"] and lower_of(row) <= 0:
        return "pass" if row["role"] == "guard" else "fail"
    if row["factor"] is not None and row["ratio"] is None:
        return "open"
    if lower_of(row) > 0:
        return "open" if idle(row) else "pass"
    return "fail" if upper_of(row) < 0 else "open"


def borne_is(row: Row, text: str) -> bool:
    """That what is said to be allowed is the row's margin, share, budget or least gain."""
    share = row["relative_margin"]
    values = [share] if share is not None else [row["margin"], row["min_gain"], row["max_ratio"]]
    known = [value for value in values if value is not None]
    return all(any(token.is_of(abs(value)) for value in known) for token in tokens(text))
