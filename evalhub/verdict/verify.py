"""Does a decision record's verdict follow from the record alone? Pure.

Its criteria are judged anew by the same `decide` that judged them first; whatever comes out
otherwise than it is written is a difference. So are numbers that can't stand beside each other, and
results in a record that says of its evidence that it is invalid. A
number that was changed together with all that follows from it is found by the record's SHA-256
alone, where that was kept elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from math import isclose
from typing import Any, Literal

from evalhub.files.canonical import digest_of
from evalhub.schemas.criteria import Criterion
from evalhub.schemas.decision import DecisionRecord, PrintedDecision
from evalhub.schemas.declaration import DeclarationError, declared
from evalhub.schemas.verdicts import Verdict
from evalhub.verdict.baseline_choice import answer, as_good
from evalhub.verdict.criteria import SAME_RUN
from evalhub.verdict.jumps import beyond_belief_of, unbelieved
from evalhub.verdict.levels import staged_level
from evalhub.verdict.record import ruled, with_sentences, without_results
from evalhub.verdict.rule import alphas_of, decide
from evalhub.verdict.shares import gap_to

VERIFICATION = "evalhub.verification/1"
FOLLOWS = "that is what follows from the record's numbers"

BESIDE = ("others", "readings", "changed_since", "signatures")
"""What stands beside a record in a document, and is no part of it."""
LATER = ("imported", "jumps", "policy_since", "applied", "consistency", "judge", "prices")
BY_CHOICES = ("preference", "judge")
"""Roles of criteria that rest on choices between answers, and not on scores."""
LATER_OF_PEOPLE = ("plan_hash", "seal")
LATER_OF_CRITERIA = ("form",)
"""Sections, fields of `people` and of criteria that a record of an earlier version lacks: where
one isn't written there is none."""


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A field that doesn't agree with the rest of its record.

    Attributes:
        field: where it stands, such as "criteria[0].status"; "digest" is the record's SHA-256.
        recorded: what it says, None where it is missing.
        expected: what it would have to say; None where no single value is right.
        rule: why, in words.
    """

    field: str
    recorded: Any
    expected: Any
    rule: str


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Whether a home still holds what a record rests on.

    Attributes:
        candidate: the arm that was judged.
        test_set: "" for the code that decided.
        what: "code", "items", "metric", "answers of …", "scores of …", "ledger" or "look".
        recorded: SHA-256 of it in the record; of the metric its name, of the ledger its id, of a
            look its number.
        found: the same in the home; None where it isn't there.
        redacted: whether redactions lead from what is recorded to what was found.
    """

    candidate: str
    test_set: str
    what: str
    recorded: str
    found: str | None
    redacted: bool = False

    @property
    def state(self) -> Literal["matches", "differs", "not there", "redacted"]:
        if self.found is None:
            return "not there"
        if self.redacted:
            return "redacted"
        return "matches" if self.found == self.recorded else "differs"


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of a record: `verdict` and `headline` as they follow from its numbers.

    `digest` is the SHA-256 of its canonical JSON without `others`, the number that the site shows.
    `others` are the verifications of a study's other arms; `differences` holds theirs too. `rows`
    are those of a home that the record was held against; None where there was none. `signature` is
    what a public key says of the document ("signed", "changed", "another-key", "unsigned"); None
    where none was given.
    """

    candidate: str
    verdict: str
    headline: str
    digest: str
    differences: list[Discrepancy]
    others: "list[Verification]"
    rows: list[RowCheck] | None = None
    signature: str | None = None

    @property
    def verified(self) -> bool:
        """Whether nothing differs: neither in the record nor in the home, if one was read, and
        the signature is that of the key, if one was given."""
        if self.signature not in (None, "signed"):
            return False
        return not self.differences and all(each.state != "differs" for each in self.rows or [])

    def as_json(self) -> dict[str, Any]:
        """The document that `evalhub decision verify --json` prints."""
        return {
            "schema": VERIFICATION,
            "verified": self.verified,
            "candidate": self.candidate,
            "verdict": self.verdict,
            "digest": self.digest,
            "differences": [asdict(each) for each in self.differences],
            "others": [
                {"candidate": each.candidate, "verdict": each.verdict, "digest": each.digest}
                for each in self.others
            ],
            "rows": None
            if self.rows is None
            else [asdict(each) | {"state": each.state} for each in self.rows],
            "signature": self.signature,
        }


def verify(document: Any, *, digest: str | None = None) -> Verification:
    """Recomputes the verdict of a decision record, and of the `others` that it may carry beside
    `readings` and `changed_since`, which are none's.

    Args:
        document: a JSON value.
        digest: the SHA-256 that the (first) record must have, in hexadecimal digits.

    Raises:
        evalhub.schemas.declaration.DeclarationError: the value isn't a decision record; says
            which field.
    """
    printed = declared(PrintedDecision, document)
    record = {name: value for name, value in document.items() if name not in BESIDE}
    found = _verify(printed, record, "")
    differences = found.differences
    if digest is not None and digest.lower() != found.digest:
        rule = "the record isn't the one with this SHA-256"
        differences = [Discrepancy("digest", found.digest, digest.lower(), rule), *differences]
    others = [
        _verify(each, document["others"][i], f"others[{i}].")
        for i, each in enumerate(printed.others)
    ]
    differences = differences + [each for other in others for each in other.differences]
    return replace(found, differences=differences, others=others)


def _verify(record: DecisionRecord, document: Mapping[str, Any], at: str) -> Verification:
    """`document` is the record as it was written."""
    try:
        ruling = decide(
            record.arms.candidate.name,
            record.criteria,
            invalid=record.invalid,
            pending=record.pending,
            as_good=as_good(record.arms, record.alternatives, record.baseline_choice),
            unbelieved=unbelieved(record.jumps),
            primaries=record.rule.primaries,
            registered=record.registered,
        )
    except (ArithmeticError, ValueError) as error:
        raise DeclarationError(f"can't be judged: {error}", f"{at}criteria") from error
    due = with_sentences(without_results(record.model_copy(update=ruled(ruling)))).as_json()
    for name in (*BESIDE, *(name for name in LATER if name not in document)):
        due.pop(name, None)
    for name in LATER_OF_PEOPLE if record.people is not None else ():
        if name not in document["people"]:
            due["people"].pop(name)
    for criterion, written in zip(due["criteria"], document["criteria"], strict=False):
        for name in LATER_OF_CRITERIA:
            if name not in written:
                criterion.pop(name)
    levels = alphas_of(
        record.criteria,
        alpha=record.alpha,
        primaries=record.rule.primaries,
        alphas=record.rule.alphas,
    )
    inconsistent = [
        *_unlike_policy(record, at),
        *_unlike_asked(record, at),
        *_unlike_sections(record, at),
        *_unlike_ledger(record, at),
    ]
    for i, (each, level) in enumerate(zip(record.criteria, levels, strict=True)):
        inconsistent += _levels(each, level, record.rule.harm_alpha, f"{at}criteria[{i}].")
        inconsistent += _inconsistent(each, f"{at}criteria[{i}].")
    return Verification(
        record.arms.candidate.name,
        ruling.verdict,
        ruling.headline,
        digest_of(document),
        inconsistent + list(_differing(document, due, at)),
        [],
    )


def _unlike_policy(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where the rule isn't the one that the policy asks for."""
    for name in ("primaries", "harm_alpha", "alpha"):
        said, asked = getattr(record.rule, name), record.policy.get(name)
        if asked is not None and asked != said:
            yield Discrepancy(f"{at}rule.{name}", said, asked, "it is what the policy asks for")


def _unlike_asked(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where the criteria aren't those that a policy with criteria asks for."""
    if record.alpha > record.rule.alpha:
        rule = "the policy allows no more, of which the ledger may leave less"
        yield Discrepancy(f"{at}alpha", record.alpha, record.rule.alpha, rule)
    policy: Mapping[str, Any] = record.policy
    if not policy.get("criteria"):
        return
    rows = {each.name: i for i, each in enumerate(record.criteria)}
    due = {**policy["criteria"], **(policy.get("budgets") or {})}
    for name in due:
        if name not in rows and not record.invalid:
            rule = f"the policy asks for {name}"
            yield Discrepancy(f"{at}criteria", None, name, rule)
    for name, i in rows.items():
        if name not in due and record.criteria[i].role not in BY_CHOICES:
            rule = "the policy asks for no such criterion"
            yield Discrepancy(f"{at}criteria[{i}].name", name, None, rule)
        for part, value in due.get(name, {}).items():
            said = getattr(record.criteria[i], part, value)
            # Of a budget what stands on no line: the first primary's test set.
            if value is not None and said != value:
                rule = "it is what the policy asks for"
                yield Discrepancy(f"{at}criteria[{i}].{part}", said, value, rule)


def _unlike_sections(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where what a section says isn't what the criteria or the record say."""
    counts = record.ledger is not None and record.ledger.counts != "off"
    if record.registered and not counts and record.verdict is not Verdict.INVALID:
        rule = "a registered look stands in a ledger that counts"
        yield Discrepancy(f"{at}registered", True, False, rule)
    yield from _unlike_jumps(record, at)
    yield from _unlike_prices(record, at)
    choice, planned_gain = record.baseline_choice, record.policy.get("planned_gain")
    if choice is None or choice.answer is None or not isinstance(planned_gain, float):
        return
    due = answer(record.criteria, planned_gain=planned_gain, primaries=record.rule.primaries)
    if choice.answer != due:
        yield Discrepancy(f"{at}baseline_choice.answer", choice.answer, due, FOLLOWS)


def _unlike_jumps(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where gains beyond belief aren't those of the criteria, or aren't held as the policy asks."""
    rule, found = record.policy.get("jumps"), record.jumps
    said, due = () if found is None else found.beyond, beyond_belief_of(record)
    if due is not None and said != due:
        written, right = ([each.as_json() for each in rows] for rows in (said, due))
        yield Discrepancy(f"{at}jumps.beyond", written, right, FOLLOWS)
    if found is not None and rule is not None and found.rule != rule:
        why = "it is what the policy asks for"
        yield Discrepancy(f"{at}jumps.rule", found.rule, rule, why)


def _unlike_prices(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where a price that the study's file says isn't the one that it says."""
    asked: Any = record.policy.get("prices")
    if record.prices is None or not isinstance(asked, dict):
        return
    for side in ("baseline", "candidate"):
        due, found = asked.get(getattr(record.arms, side).name), getattr(record.prices, side)
        said = found.price.as_json() if found is not None and found.said_by == "study" else None
        if said != due:
            rule = "it is what the study says of the arm"
            yield Discrepancy(f"{at}prices.{side}.price", said, due, rule)


def _unlike_ledger(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Where a level isn't the one that the looks leave."""
    ledger = record.ledger
    if ledger is None:
        return
    for field, said, due in (
        ("alpha", ledger.alpha, record.rule.alpha),
        ("level", ledger.level, record.alpha),
    ):
        if not isclose(said, due, rel_tol=1e-9):
            yield Discrepancy(f"{at}ledger.{field}", said, due, "it is the record's own")
    for i, row in enumerate(ledger.test_sets):
        inner = f"{at}ledger.test_sets[{i}]."
        if row.number != row.looks[-1]:
            yield Discrepancy(f"{inner}number", row.number, row.looks[-1], "it is the last look's")
        level = staged_level(row.looks, alpha=ledger.alpha, arms=row.arms)
        if not isclose(row.level, level, rel_tol=1e-9):
            yield Discrepancy(f"{inner}level", row.level, level, "it is what the looks leave")
        for each in record.criteria:
            paid = record.rule.alphas.get(each.name, record.alpha)
            if each.test_set != row.test_set or each.role in BY_CHOICES:
                continue
            if not isclose(paid, row.level, rel_tol=1e-9):
                where = f"{at}rule.alphas.{each.name}"
                yield Discrepancy(where, paid, row.level, "it is what the looks leave")


def _differing(recorded: Any, due: Any, at: str) -> Iterator[Discrepancy]:
    """Where `recorded` isn't what follows; names beyond those of `due` don't matter."""
    if isinstance(due, dict) and isinstance(recorded, Mapping):
        for name, value in due.items():
            if name in recorded:
                inner = f"{at}{name}." if isinstance(value, dict) else f"{at}{name}"
                yield from _differing(recorded[name], value, inner)
            else:
                yield Discrepancy(f"{at}{name}", None, value, FOLLOWS)
    elif isinstance(due, list) and isinstance(recorded, list) and len(due) == len(recorded):
        for i, (one, other) in enumerate(zip(recorded, due, strict=True)):
            inner = f"{at}[{i}]." if isinstance(other, dict) else f"{at}[{i}]"
            yield from _differing(one, other, inner)
    elif recorded != due or isinstance(recorded, bool) != isinstance(due, bool):
        yield Discrepancy(at, recorded, due, FOLLOWS)


def _levels(c: Criterion, alpha: float, harm_alpha: float, at: str) -> Iterator[Discrepancy]:
    """Where the ends of an interval aren't at the levels of the rule."""
    for name, due in (("alpha", alpha), ("harm_alpha", harm_alpha)):
        said = getattr(c, name)
        # A review that was watched may have ended early at a stricter level.
        stricter = c.role in BY_CHOICES and said < due
        if not stricter and not isclose(said, due, rel_tol=1e-9):
            yield Discrepancy(f"{at}{name}", said, due, "it is the rule's")


def _inconsistent(criterion: Criterion, at: str) -> Iterator[Discrepancy]:
    """What can't be so in one criterion, whatever was measured."""
    c = criterion
    if not c.lower <= c.difference:
        yield Discrepancy(
            f"{at}lower", c.lower, None, f"an interval holds its difference, {c.difference}"
        )
    if not c.difference <= c.upper:
        yield Discrepancy(
            f"{at}upper", c.upper, None, f"an interval holds its difference, {c.difference}"
        )
    sign = 1.0 if c.higher_is_better else -1.0
    gain = sign * (c.candidate - c.baseline)
    scale = max(1.0, abs(c.candidate), abs(c.baseline))
    if not isclose(c.difference, gain, rel_tol=0, abs_tol=1e-9 * scale):
        order = "candidate − baseline" if c.higher_is_better else "baseline − candidate"
        yield Discrepancy(f"{at}difference", c.difference, gain, f"it is {order}")
    counted = c.wins + c.losses + c.ties
    if counted != c.n:
        yield Discrepancy(f"{at}n", c.n, counted, "it is wins + losses + ties")
    if c.clusters is not None and c.clusters > c.n:
        yield Discrepancy(f"{at}clusters", c.clusters, None, f"{c.n} items fill at most {c.n}")
    if c.holds and c.p_harm <= c.harm_alpha:
        rule = "what is shown to hold can't be shown to do harm"
        yield Discrepancy(f"{at}p_harm", c.p_harm, None, rule)
    yield from _wrong_demand(c, at)
    yield from _wrong_ratio(c, at)
    # People's interval has no other test than itself.
    outside = c.alpha if c.lower > 0 else c.harm_alpha if c.upper < 0 else None
    if c.role not in BY_CHOICES and outside is not None and c.p_value > 2 * outside:
        rule = f"an interval that leaves out 0 goes with a p-value of at most {2 * outside:g}"
        yield Discrepancy(f"{at}p_value", c.p_value, None, rule)


def _wrong_demand(c: Criterion, at: str) -> Iterator[Discrepancy]:
    """Where a bound, factor or gap isn't what follows from what is asked."""
    share, margin = c.relative_margin, c.margin or 0.0
    factor = c.max_ratio
    if share is not None:
        factor = 1 - share if c.higher_is_better else 1 + share
        if not isclose(margin, share * abs(c.baseline), rel_tol=1e-9, abs_tol=1e-12):
            rule = "it is relative_margin times the baseline"
            yield Discrepancy(f"{at}margin", c.margin, share * abs(c.baseline), rule)
    if c.factor != factor:
        yield Discrepancy(f"{at}factor", c.factor, factor, "it is the ratio that is asked")
    bound = None if factor is not None else -margin if c.role == "guard" else c.min_gain
    if c.bound != bound:
        yield Discrepancy(f"{at}bound", c.bound, bound, "it is −margin, or min_gain")
    if factor is not None:
        due = gap_to(c.role, factor, c.baseline)
        if not isclose(c.gap, due, rel_tol=1e-9, abs_tol=1e-12):
            rule = "it is how far the ratio that is asked lies from 1, times the baseline"
            yield Discrepancy(f"{at}gap", c.gap, due, rule)
    elif c.role == "guard" and c.gap != c.margin:
        yield Discrepancy(f"{at}gap", c.gap, c.margin, "a guard's gap is its margin")


def _wrong_ratio(c: Criterion, at: str) -> Iterator[Discrepancy]:
    if c.ratio is None:
        for name in ("ratio_lower", "ratio_upper"):
            if (end := getattr(c, name)) is not None:
                yield Discrepancy(f"{at}{name}", end, None, "no ratio, no interval of it")
        return
    due = c.candidate / c.baseline if c.baseline > 0 else None
    if c.method == SAME_RUN:
        due = 1.0
    if due is None or not isclose(c.ratio, due, rel_tol=1e-9, abs_tol=1e-12):
        yield Discrepancy(f"{at}ratio", c.ratio, due, "it is candidate/baseline")
    rule = f"an interval holds its ratio, {c.ratio}"
    if c.ratio_lower is not None and c.ratio_lower > c.ratio * (1 + 1e-9):
        yield Discrepancy(f"{at}ratio_lower", c.ratio_lower, None, rule)
    if c.ratio_upper is not None and c.ratio_upper < c.ratio * (1 - 1e-9):
        yield Discrepancy(f"{at}ratio_upper", c.ratio_upper, None, rule)
