"""Does a decision record's verdict follow from the record alone? Pure.

The criteria are rebuilt from the record's numbers and judged by the same `decide` that judged
them first; whatever comes out otherwise than it is written is a difference. So are numbers that
can't stand beside each other. A number that was changed together with all that follows from it
is found by the record's SHA-256 alone, where that was kept elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isclose
from typing import Any, get_args

from pydantic import ValidationError

from evalhub.files.canonical import digest_of
from evalhub.files.rows import JsonError
from evalhub.schemas.policy import Primaries, Tier
from evalhub.verdict.criteria import SAME_RUN, Criterion, Requirement, Role
from evalhub.verdict.fields import (
    a_count,
    a_flag,
    a_list,
    a_number,
    a_number_or_none,
    a_positive,
    a_text,
    an_object,
    one_of,
    texts,
    value_of,
)
from evalhub.verdict.measuring import gap_to
from evalhub.verdict.record import SCHEMA, judged
from evalhub.verdict.rule import HARM_ALPHA, PRIMARIES, alphas_of, decide

VERIFICATION = "evalhub.verification/1"
FOLLOWS = "that is what follows from the record's numbers"
# What records of the first version don't say, and what they meant by it.
LATER = ("tier", "relative_margin", "max_ratio", "ratio", "ratio_lower", "ratio_upper")


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
class Verification:
    """What became of a record: `verdict` and `headline` as they follow from its numbers.

    `digest` is the SHA-256 of its canonical JSON without `others`, the number that the site shows.
    `others` are the verifications of a study's other arms; `differences` holds theirs too.
    """

    candidate: str
    verdict: str
    headline: str
    digest: str
    differences: list[Discrepancy]
    others: "list[Verification]"

    @property
    def verified(self) -> bool:
        return not self.differences

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
        }


def verify(document: Any, *, digest: str | None = None) -> Verification:
    """Recomputes the verdict of a decision record, and of the `others` that it may carry.

    Args:
        document: a JSON value.
        digest: the SHA-256 that the (first) record must have, in hexadecimal digits.

    Raises:
        evalhub.files.rows.JsonError: the value isn't a decision record; says which field.
    """
    whole = an_object(document, "")
    record = {name: value for name, value in whole.items() if name != "others"}
    found = _verify(record, "")
    differences = found.differences
    if digest is not None and digest.lower() != found.digest:
        rule = "the record isn't the one with this SHA-256"
        differences = [Discrepancy("digest", found.digest, digest.lower(), rule), *differences]
    others = [
        _verify(an_object(each, f"others[{i}]"), f"others[{i}].")
        for i, each in enumerate(a_list(whole, "others", "") if "others" in whole else [])
    ]
    differences = differences + [each for other in others for each in other.differences]
    return replace(found, differences=differences, others=others)


def criteria_of_record(record: Mapping[str, Any], at: str = "") -> list[Criterion]:
    """The criteria as a record's rows say they were measured; `at` is where the record stands.

    Raises:
        evalhub.files.rows.JsonError: a row isn't a criterion; says which field.
    """
    return [
        _criterion(an_object(row, f"{at}criteria[{i}]"), f"{at}criteria[{i}].")
        for i, row in enumerate(a_list(record, "criteria", at))
    ]


def _verify(record: Mapping[str, Any], at: str) -> Verification:
    schema = a_text(record, "schema", at)
    if schema != SCHEMA:
        raise JsonError(f"{SCHEMA!r} is what can be verified here, not {schema!r}", f"{at}schema")
    arms = an_object(value_of(record, "arms", at), f"{at}arms")
    arm = an_object(value_of(arms, "candidate", f"{at}arms."), f"{at}arms.candidate")
    candidate = a_text(arm, "name", f"{at}arms.candidate.")
    alpha = a_positive(record, "alpha", at, most=0.25)
    criteria = criteria_of_record(record, at)
    rule = _rule(record, at)
    invalid, pending = (texts(record, name, at) for name in ("invalid", "pending"))
    try:
        ruling = decide(
            candidate,
            criteria,
            invalid=invalid,
            pending=pending,
            harm_alpha=rule.harm_alpha,
            primaries=rule.primaries,
        )
    except (ArithmeticError, ValueError) as error:
        raise JsonError(f"can't be judged: {error}", f"{at}criteria") from error
    inconsistent = [
        *_unlike_policy(record, rule, at),
        *_unlike_asked(record, criteria, alpha, at),
    ]
    levels = alphas_of(
        [each.requirement for each in criteria],
        alpha=alpha,
        primaries=rule.primaries,
        alphas=rule.alphas,
    )
    for i, (each, level) in enumerate(zip(criteria, levels, strict=True)):
        inconsistent += _inconsistent(each, level, f"{at}criteria[{i}].")
    due = judged(ruling)
    if "rule" not in record:
        due["criteria"] = [
            {name: value for name, value in row.items() if name not in LATER}
            for row in due["criteria"]
        ]
    differing = list(_differing(record, due, at))
    return Verification(
        candidate,
        ruling.verdict,
        ruling.headline,
        digest_of(record),
        inconsistent + differing,
        [],
    )


@dataclass(frozen=True, slots=True)
class _Rule:
    primaries: Primaries
    harm_alpha: float
    alphas: dict[str, float]


def _rule(record: Mapping[str, Any], at: str) -> _Rule:
    """How the criteria were put together; records without a rule had the only one there was."""
    if "rule" not in record:
        return _Rule(PRIMARIES, HARM_ALPHA, {})
    row, at = an_object(record["rule"], f"{at}rule"), f"{at}rule."
    alphas = an_object(value_of(row, "alphas", at), f"{at}alphas")
    return _Rule(
        one_of(row, "primaries", at, get_args(Primaries)),
        a_positive(row, "harm_alpha", at, most=0.5),
        {name: a_positive(alphas, name, f"{at}alphas.", most=0.25) for name in alphas},
    )


def _unlike_policy(record: Mapping[str, Any], rule: _Rule, at: str) -> Iterator[Discrepancy]:
    """Where the rule isn't the one that the policy asks for."""
    policy = an_object(value_of(record, "policy", at), f"{at}policy")
    for name in ("primaries", "harm_alpha"):
        said, asked = getattr(rule, name), policy.get(name)
        if asked is not None and asked != said:
            yield Discrepancy(f"{at}rule.{name}", said, asked, "it is what the policy asks for")


def _unlike_asked(
    record: Mapping[str, Any], criteria: Sequence[Criterion], alpha: float, at: str
) -> Iterator[Discrepancy]:
    """Where the criteria aren't those that a policy with criteria asks for."""
    policy = record["policy"]
    if isinstance(most := policy.get("alpha"), int | float) and alpha > most:
        rule = "the policy allows no more, of which the ledger may leave less"
        yield Discrepancy(f"{at}alpha", alpha, most, rule)
    asked = policy.get("criteria")
    if not isinstance(asked, Mapping) or not asked:
        return
    rows = {each.requirement.name: i for i, each in enumerate(criteria)}
    due = {**asked, **(policy.get("budgets") or {})}
    for name in due:
        if name not in rows and not record["invalid"]:
            rule = f"the policy asks for {name}"
            yield Discrepancy(f"{at}criteria", None, name, rule)
    for name, i in rows.items():
        if name not in due and criteria[i].requirement.role != "preference":
            rule = "the policy asks for no such criterion"
            yield Discrepancy(f"{at}criteria[{i}].name", name, None, rule)
        for part, value in due.get(name, {}).items():
            said = getattr(criteria[i].requirement, part, value)
            # Of a budget what stands on no line: the first primary's test set, a planned gain.
            if value is not None and part != "planned_gain" and said != value:
                rule = "it is what the policy asks for"
                yield Discrepancy(f"{at}criteria[{i}].{part}", said, value, rule)


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


def _inconsistent(criterion: Criterion, alpha: float, at: str) -> Iterator[Discrepancy]:
    """What can't be so in one criterion, whatever was measured."""
    c, asked = criterion, criterion.requirement
    if not c.lower <= c.difference:
        yield Discrepancy(
            f"{at}lower", c.lower, None, f"an interval holds its difference, {c.difference}"
        )
    if not c.difference <= c.upper:
        yield Discrepancy(
            f"{at}upper", c.upper, None, f"an interval holds its difference, {c.difference}"
        )
    sign = 1.0 if asked.higher_is_better else -1.0
    gain = sign * (c.candidate - c.baseline)
    scale = max(1.0, abs(c.candidate), abs(c.baseline))
    if not isclose(c.difference, gain, rel_tol=0, abs_tol=1e-9 * scale):
        order = "candidate − baseline" if asked.higher_is_better else "baseline − candidate"
        yield Discrepancy(f"{at}difference", c.difference, gain, f"it is {order}")
    # A review that was watched may have been settled at a stricter level.
    stricter = asked.role == "preference" and c.level > 1 - 2 * alpha
    if not stricter and not isclose(c.level, 1 - 2 * alpha, rel_tol=0, abs_tol=1e-9):
        yield Discrepancy(f"{at}level", c.level, 1 - 2 * alpha, "it is 1 − 2·alpha")
    counted = c.wins + c.losses + c.ties
    if counted != c.n:
        yield Discrepancy(f"{at}n", c.n, counted, "it is wins + losses + ties")
    if c.clusters is not None and c.clusters > c.n:
        yield Discrepancy(f"{at}clusters", c.clusters, None, f"{c.n} items fill at most {c.n}")
    if c.holds and c.p_harm <= alpha:
        rule = "what is shown to hold can't be shown to do harm"
        yield Discrepancy(f"{at}p_harm", c.p_harm, None, rule)
    yield from _wrong_gap(c, at)
    yield from _wrong_ratio(c, at)
    # People's interval has no other test than itself.
    if asked.role != "preference" and c.p_value > 2 * alpha and not c.lower <= 0 <= c.upper:
        rule = f"an interval that leaves out 0 goes with a p-value of at most {2 * alpha:g}"
        yield Discrepancy(f"{at}p_value", c.p_value, None, rule)


def _wrong_gap(c: Criterion, at: str) -> Iterator[Discrepancy]:
    asked = c.requirement
    if asked.factor is not None:
        due = gap_to(asked, asked.factor, c.baseline)
        if not isclose(c.gap, due, rel_tol=1e-9, abs_tol=1e-12):
            rule = "it is how far the ratio that is asked lies from 1, times the baseline"
            yield Discrepancy(f"{at}gap", c.gap, due, rule)
    elif asked.role == "guard" and c.gap != asked.margin:
        yield Discrepancy(f"{at}gap", c.gap, asked.margin, "a guard's gap is its margin")


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


def _requirement(row: Mapping[str, Any], at: str) -> Requirement:
    role = one_of(row, "role", at, get_args(Role))
    share = a_number_or_none(row, "relative_margin", at)
    absolute = role == "guard" and share is None
    try:
        return Requirement(
            name=a_text(row, "name", at),
            role=role,
            test_set=a_text(row, "test_set", at),
            metric=a_text(row, "metric", at),
            margin=a_number(row, "margin", at, least=0) if absolute else 0.0,
            min_gain=a_number(row, "min_gain", at) if role in ("primary", "preference") else 0.0,
            higher_is_better=a_flag(row, "higher_is_better", at),
            tier=one_of(row, "tier", at, get_args(Tier)) if "tier" in row else "critical",
            relative_margin=share,
            max_ratio=a_number_or_none(row, "max_ratio", at),
        )
    except ValidationError as error:
        raise JsonError(error.errors()[0]["msg"], at.removesuffix(".")) from error


def _criterion(row: Mapping[str, Any], at: str) -> Criterion:
    requirement = _requirement(row, at)
    return Criterion(
        requirement=requirement,
        n=a_count(row, "n", at, least=1),
        clusters=None if row.get("clusters", 0) is None else a_count(row, "clusters", at, least=1),
        baseline=a_number(row, "baseline", at),
        candidate=a_number(row, "candidate", at),
        difference=a_number(row, "difference", at),
        lower=a_number(row, "lower", at),
        upper=a_number(row, "upper", at),
        level=a_number(row, "level", at, least=0, most=1),
        p_value=a_number(row, "p_value", at, least=0, most=1),
        wins=a_count(row, "wins", at),
        losses=a_count(row, "losses", at),
        ties=a_count(row, "ties", at),
        method=a_text(row, "method", at),
        test=a_text(row, "test", at),
        p_harm=a_number(row, "p_harm", at, least=0, most=1),
        sd=a_number(row, "sd", at, least=0),
        design_effect=a_positive(row, "design_effect", at),
        gap=a_number(row, "gap", at),
        ratio=a_number_or_none(row, "ratio", at, least=0),
        ratio_lower=a_number_or_none(row, "ratio_lower", at, least=0),
        ratio_upper=a_number_or_none(row, "ratio_upper", at, least=0),
    )
