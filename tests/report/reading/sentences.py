"""A criterion's sentence, a headline, the reasons and the verdict, each against the JSON."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.report.reading.figures import (
    COMPARATIVE,
    MARKS,
    SLACK,
    TAIL,
    Record,
    Row,
    added_cannot,
    borne_is,
    gain_is_shown,
    idle,
    loss_is_shown,
    lower_of,
    may_lose,
    status_due,
    strange_numbers,
    tail_is_due,
    tail_is_so,
    tokens,
    upper_of,
)
from tests.report.reading.headlines import HEADLINES

Check = Callable[[Row, re.Match[str]], bool]


def _rises(row: Row) -> bool:
    return bool(row["higher_is_better"])


def _worse_by_name(row: Row, said: str) -> bool:
    return not _rises(row) and said == (row["unit"] or row["metric"])


CLAIMS: list[tuple[str, str, Check]] = [
    # status, words, condition
    ("pass", r"gains more than the (\S+) that is asked",
     lambda r, m: _rises(r) and lower_of(r) > 0 and not may_lose(r)),
    ("pass", r"(?:fewer|less) (.+), by more than the (\S+) that is asked",
     lambda r, m: _worse_by_name(r, m[1]) and lower_of(r) > 0 and not may_lose(r)),
    ("pass", r"a gain, where (.+) may be lost", lambda r, m: _rises(r) and gain_is_shown(r)),
    ("pass", r"(?:fewer|less) (.+), where (.+) may be lost",
     lambda r, m: _worse_by_name(r, m[1]) and gain_is_shown(r)),
    ("pass", r"loses less than (.+)",
     lambda r, m: _rises(r) and r["difference"] < 0 and lower_of(r) > 0 and may_lose(r)),
    ("pass", r"if anything is lost, then less than (.+)",
     lambda r, m: _rises(r) and r["difference"] > -SLACK and lower_of(r) > 0 and may_lose(r)),
    ("pass", r"more (.+), by less than (.+)",
     lambda r, m: _worse_by_name(r, m[1]) and r["difference"] < 0 and lower_of(r) > 0),
    ("pass", r"if more (.+), then by less than (.+)",
     lambda r, m: _worse_by_name(r, m[1]) and r["difference"] > -SLACK and lower_of(r) > 0),
    ("pass", r"stays within the budget of (\S+)", lambda r, m: r["ratio_upper"] < r["max_ratio"]),
    ("fail", r"over the budget of (\S+)", lambda r, m: r["ratio_lower"] > r["max_ratio"]),
    ("fail", r"loses more than (.+)",
     lambda r, m: _rises(r) and upper_of(r) < 0 and loss_is_shown(r)),
    ("fail", r"more (.+), beyond (.+)", lambda r, m: _worse_by_name(r, m[1]) and loss_is_shown(r)),
    ("fail", r"a loss, not a gain", lambda r, m: _rises(r) and r["upper"] < 0 and not may_lose(r)),
    ("fail", r"more (.+), not (?:fewer|less) (.+)",
     lambda r, m: _worse_by_name(r, m[1]) and r["upper"] < 0 and not may_lose(r)),
    ("fail", r"falls short of the (\S+) that is asked",
     lambda r, m: r["upper"] < r["min_gain"] and not loss_is_shown(r)),
]  # fmt: skip
WHYS: list[tuple[str, Check]] = [
    (r"a loss is shown, but not whether it is beyond (?P<borne>.+?): ",
     lambda r, m: _rises(r) and loss_is_shown(r) and lower_of(r) <= 0),
    (r"that it has more (?P<unit>.+?) is shown, but not whether it is beyond (?P<borne>.+?): ",
     lambda r, m: _worse_by_name(r, m["unit"]) and loss_is_shown(r) and lower_of(r) <= 0),
    (r"a higher cost is shown, but not whether it is over (?P<borne>.+?): ",
     lambda r, m: r["role"] == "budget" and loss_is_shown(r)),
    (r"the interval leaves out that (?:it really gains|its win score is really) (?P<gain>\S+?)"
     r"(?: more than is asked)?, so plan a smaller gain: ",
     lambda r, m: r["upper"] < r["bound"] + r["gap"]),
    (r"no saving was planned from which a number of items would follow: ",
     lambda r, m: r["role"] == "budget" and r["max_ratio"] <= 1),
]  # fmt: skip
AMOUNT = (
    r"(?:can't be decided with [\d,]+ clusters, [\d,]+ would do: )?"
    r"(?:no number of judged pairs by .+? can settle this: )?"
    r"(?:a fresh test set of (?P<items>[\d,]+) items?|(?P<more>[\d,]+) more items?"
    r"|a fresh review of (?P<pairs>[\d,]+) judged pairs by .+?)(?: in [\d,]+ new clusters)?"
    r"(?:, of which (?P<choose>\d+)% choose the baseline and aren't judged,)?"
)
POWER = r"with (?P<power>\d+)% power(?: each)?(?: \(80% for all (?P<open>\d+) that are open\))?"
ASSUMED = (
    r"(?:nothing is really lost|it really costs no more"
    r"|it really gains \S+?(?: more than is asked)?|its win score is really \S+?)"
)


@dataclass
class Reading:
    """Faults of one record, each in a sentence."""

    record: Record
    faults: list[str] = field(default_factory=list)

    def expect(self, fine: object, fault: str) -> None:
        if not fine:
            self.faults.append(fault)

    def criterion(self, row: Row) -> None:
        """A criterion's own sentence, status and numbers."""
        said = row["sentence"]
        self.expect(row["status"] == status_due(row), f"status of {said!r}")
        if "same run" in row["method"] and "the arm is the baseline here" in said:
            return
        pattern = re.escape(row["name"]) + (
            r" (?P<seen>.+?)(?: \(\+: (?:fewer|less) .+?\))?: (?P<rest>.*)"
        )
        match = re.fullmatch(pattern, said)
        if match is None:
            self.faults.append(f"no sentence of a criterion: {said!r}")
            return
        self.expect(not strange_numbers(match["seen"], self._seen(row)), f"figures of {said!r}")
        rest = match["rest"]
        if row["status"] == "open":
            self.expect(rest == f"open, {row['needed_why']}", f"{said!r} isn't needed_why")
            self.why(row)
            return
        harm = re.search(r"; harm shown(?: after correction for (\d+) criteria)?$", rest)
        if harm is not None:
            rest = rest[: harm.start()]
            family = sum(each["tier"] != "advisory" for each in self.record["criteria"])
            self.expect(harm[1] is None or int(harm[1]) == family, f"family of {said!r}")
            self.expect(row["p_harm_adjusted"] <= row["harm_alpha"], f"harm of {said!r}")
        for status, words, fits in CLAIMS:
            if claim := re.fullmatch(words, rest):
                self.expect(status == row["status"], f"{rest!r} of what is {row['status']}")
                self.expect(fits(row, claim), f"{said!r} isn't so")
                self.expect(borne_is(row, rest.replace(row["unit"] or row["metric"], "")), said)
                return
        self.faults.append(f"no rule knows {said!r}")

    def _seen(self, row: Row) -> list[float]:
        names = ("difference", "lower", "upper")
        if row["factor"] is not None:
            names = ("ratio", "ratio_lower", "ratio_upper", "baseline", "candidate")  # type: ignore[assignment]
        return [row[name] for name in names if row[name] is not None]

    def why(self, row: Row) -> None:
        """How many items an open criterion needs, and what is shown of it all the same."""
        said = row["needed_why"]
        if said.startswith("can't show a loss: the baseline's "):
            self.expect(idle(row) and not loss_is_shown(row), f"{said!r} of what can")
            self.expect(row["needed_n"] is None and row["needed_as_seen"] is None, said)
            return
        unable = re.fullmatch(
            r"(?:a loss|that it has more (?P<unit>.+?)) is shown, but on these items it can't be "
            r"beyond (?P<borne>.+?): the baseline's (?P<base>\S+) is no further from the worst "
            r"score; add items on which it does better",
            said,
        )
        self.expect((unable is not None) == idle(row), f"{said!r}, whether it could show a loss")
        if unable is not None:
            self.expect(loss_is_shown(row) and borne_is(row, unable["borne"]), said)
            self.expect(all(each.is_of(row["baseline"]) for each in tokens(unable["base"])), said)
            self.expect(row["needed_n"] is None and row["needed_as_seen"] is None, said)
            return
        if said == (
            "no number of items added to these can settle this, since what they showed counts with "
            "the new ones: a fresh test set can"
        ):
            self.expect(added_cannot(row), f"{said!r} isn't so")
            self.expect(row["needed_n"] is None and row["needed_as_seen"] is None, said)
            return
        if re.search(
            r"no number of (items|judged pairs .*) can settle this(?! : a fresh)", said
        ) and (row["needed_n"] is None and row["needed_as_seen"] is None):
            return
        if said == "no saving was planned from which a number of items would follow":
            self.expect(row["role"] == "budget" and row["max_ratio"] <= 1, said)
            self.expect(row["needed_n"] is None and row["needed_as_seen"] is None, said)
            return
        if said.startswith(("there is no interval", "the baseline's mean can't be told from 0")):
            self.expect(row["ratio_upper"] is None, said)
            return
        partly = loss_is_shown(row) and (may_lose(row) or row["role"] == "budget")
        told = False
        for words, fits in WHYS:
            if head := re.match(words, said):
                self.expect(fits(row, head), f"{said!r} isn't so")
                self.expect(borne_is(row, head.groupdict().get("borne") or ""), said)
                told, said = True, said[head.end() :]
                break
        self.expect(told or not partly, f"a loss is shown and {said!r} doesn't say so")
        alone = re.fullmatch(f"{AMOUNT} would settle it {POWER}, if {ASSUMED}", said)
        if alone:
            self.amount(row, alone, "needed_n")
            self.expect(row["needed_as_seen"] is None, f"{said!r} keeps a number back")
            return
        *parts, power = said.split("; ")
        self.expect(re.fullmatch(POWER, power), f"no rule knows the power in {said!r}")
        named = set()
        for part in parts:
            planned = re.fullmatch(f"{AMOUNT} would show (?P<effect>.+), if {ASSUMED}", part)
            likely = re.fullmatch(
                f"{AMOUNT} would show (?P<effect>.+), if (?P<truth>.+ seen here)", part
            )
            none = re.fullmatch(
                r"no number would if .+ seen here, which lies on the bound itself", part
            )
            if planned:
                self.amount(row, planned, "needed_n")
                self.effect(row, planned["effect"], passing=True)
                named.add("needed_n")
            elif likely:
                self.amount(row, likely, "needed_as_seen")
                self.effect(row, likely["effect"], passing=self.seen_to_pass(row))
                known = [*self._seen(row), row["candidate"]]
                self.expect(
                    not strange_numbers(likely["truth"].replace(row["unit"], ""), known), part
                )
                gains = "gain of" in part.partition(", if ")[2]
                self.expect(not gains or row["difference"] > 0, part)
                named.add("needed_as_seen")
            else:
                self.expect(none, f"no rule knows {part!r} of {row['needed_why']!r}")
        for name in ("needed_n", "needed_as_seen"):
            self.expect((row[name] is not None) == (name in named), f"{name} and {said!r}")

    def seen_to_pass(self, row: Row) -> bool:
        if row["factor"] is None:
            return bool(row["difference"] > row["bound"])
        above = row["ratio"] > row["factor"]
        return above if row["higher_is_better"] else not above

    def effect(self, row: Row, said: str, *, passing: bool) -> None:
        shows_pass = re.match(
            r"that less than|that it stays|a gain of more|.*, by less than|.*, by more than"
            r"|a win score above", said
        )  # fmt: skip
        shows_fail = re.match(
            r"a loss|that it goes over|.* beyond|a gain below|.* by less than the|more "
            r"|a win score below",
            said,
        )
        self.expect(shows_pass if passing else shows_fail, f"{said!r} where it would {passing=}")
        if row["role"] != "preference":
            self.expect(borne_is(row, said.replace(row["unit"] or row["metric"], "")), said)

    def amount(self, row: Row, match: re.Match[str], name: str) -> None:
        told = match["items"] or match["pairs"] or match["more"]
        there = row["n"] + row["chose"]
        number = int(told.replace(",", "")) + (there if match["more"] else 0)
        choose = row["chose"] / there
        self.expect(abs(int(match["choose"] or 0) / 100 - choose) <= 0.0051, match[0])
        self.expect(number == row[name], f"{match[0]!r} and {name} {row[name]}")
        power, count = match.groupdict().get("power"), match.groupdict().get("open")
        if power is not None:
            due = 1 - 0.2 / int(count or 1)
            self.expect(abs(int(power) / 100 - due) <= 0.0051, match[0])

    # The headline

    def headline(self) -> None:
        said, rows = self.record["headline"], self.record["criteria"]
        rest = said.removeprefix("Unregistered: ")
        self.expect((rest != said) != self.record["registered"], f"registered: {said!r}")
        if rest.startswith(("Don't fine-tune", "Not believed", "No verdict on")):
            return
        for words, check in HEADLINES:
            for match in list(re.finditer(words, rest)):
                self.expect(check(self.record, match), f"{match[0]!r} of {said!r} isn't so")
            rest = re.sub(words, "", rest)
        names = "|".join(re.escape(row["name"]) for row in rows)
        rest = re.sub(names, "", rest)
        left = COMPARATIVE.findall(rest)
        self.expect(not left, f"no rule knows {left} in {said!r}")
        self.expect(not strange_numbers(rest, []), f"no rule knows the numbers in {said!r}: {rest}")

    def reasons(self) -> None:
        """Each has a criterion's sentence, and its status by the mark that it begins with."""
        rows = self.record["criteria"]
        by_sentence = {row["sentence"]: row for row in rows}
        missed = {
            row["name"] for row in rows if row["status"] == "pass" and row["tails"] is None
            and tail_is_due(row)
        }  # fmt: skip
        told = [match for each in self.record["reasons"] if (match := TAIL.fullmatch(each[2:]))]
        self.expect({match["name"] for match in told} == missed, f"of {missed} {told} are told")
        for match in told:
            so = any(tail_is_so(row, match) for row in rows)
            self.expect(so, f"{match[0]!r} isn't so")
        for reason in self.record["reasons"]:
            if reason[:1] not in MARKS or self.record["verdict"] == "invalid":
                continue
            words = re.sub(
                r" \((advisory|supporting|one primary|keeps no)[^()]*\)$", "", reason[2:]
            )
            row = by_sentence.get(words)
            if row is not None:
                self.expect(MARKS[reason[0]] == row["status"], f"the mark of {reason!r}")

    def verdict(self) -> None:
        """By the statuses alone, with one rule for guards that can't show a loss."""
        rows, rule = self.record["criteria"], self.record["rule"]
        if not rows or self.record["as_good"] or self.record["verdict"] == "invalid":
            return
        rivals = [row for row in rows if row["role"] == "primary"]
        others = [row for row in rows if row["role"] != "primary" and row["tier"] != "advisory"]
        failed = any(row["status"] == "fail" for row in others)
        any_of = rule["primaries"] == "any-of" and bool(rivals)
        if any_of:
            failed |= all(row["status"] == "fail" for row in rivals)
            failed |= any(row["upper"] < min(0.0, row["min_gain"]) for row in rivals)
        else:
            failed |= any(row["status"] == "fail" for row in rivals)
        quality = [
            r for r in rows if r["tier"] == "critical" and r["role"] not in ("budget", "ownership")
        ]
        speaks = any(not idle(row) for row in quality)
        must = [row for row in others if row["tier"] == "critical"]
        must = [row for row in must if not (speaks and idle(row) and row["role"] == "guard")]
        passed = all(row["status"] == "pass" for row in must)
        if rivals:
            enough = any if any_of else all
            passed &= enough(row["status"] == "pass" for row in rivals)
        due = (
            "hold"
            if failed
            else "ship"
            if passed and not self.record["pending"]
            else "need-more-data"
        )
        if not any("isn't believed" in reason for reason in self.record["reasons"]):
            self.expect(
                self.record["verdict"] == due, f"{self.record['verdict']}, and {due} follows"
            )

    def all(self) -> list[str]:
        for row in self.record["criteria"]:
            self.criterion(row)
        self.headline()
        self.reasons()
        self.verdict()
        return self.faults
