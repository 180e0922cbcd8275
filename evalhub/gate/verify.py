"""Does a decision record's verdict follow from the record alone? Pure.

The criteria are rebuilt from the record's numbers and judged by the same `decide` that judged
them first; whatever comes out otherwise than it is written is a difference. So are numbers that
can't stand beside each other. A number that was changed together with all that follows from it
is found by the record's SHA-256 alone, where that was kept elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import inf, isclose
from sys import float_info
from typing import Any, get_args

from evalhub.gate.criteria import Criterion, Requirement, Role
from evalhub.gate.record import SCHEMA, judged
from evalhub.gate.verdict import decide
from evalhub.registry.files import JsonError
from evalhub.registry.hashing import digest_of

VERIFICATION = "evalhub.verification/1"
FOLLOWS = "that is what follows from the record's numbers"
LARGEST = float_info.max


@dataclass(frozen=True, slots=True)
class Difference:
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
    differences: list[Difference]
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
        evalhub.registry.files.JsonError: the value isn't a decision record; says which field.
    """
    whole = _object(document, "")
    record = {name: value for name, value in whole.items() if name != "others"}
    found = _verify(record, "")
    differences = found.differences
    if digest is not None and digest.lower() != found.digest:
        rule = "the record isn't the one with this SHA-256"
        differences = [Difference("digest", found.digest, digest.lower(), rule), *differences]
    others = [
        _verify(_object(each, f"others[{i}]"), f"others[{i}].")
        for i, each in enumerate(_list(whole, "others", "") if "others" in whole else [])
    ]
    differences = differences + [each for other in others for each in other.differences]
    return replace(found, differences=differences, others=others)


def _verify(record: Mapping[str, Any], at: str) -> Verification:
    schema = _text(record, "schema", at)
    if schema != SCHEMA:
        raise JsonError(f"{SCHEMA!r} is what can be verified here, not {schema!r}", f"{at}schema")
    arms = _object(_value(record, "arms", at), f"{at}arms")
    arm = _object(_value(arms, "candidate", f"{at}arms."), f"{at}arms.candidate")
    candidate = _text(arm, "name", f"{at}arms.candidate.")
    alpha = _positive(record, "alpha", at, most=0.25)
    criteria = [
        _criterion(_object(row, f"{at}criteria[{i}]"), f"{at}criteria[{i}].")
        for i, row in enumerate(_list(record, "criteria", at))
    ]
    invalid, pending = (_texts(record, name, at) for name in ("invalid", "pending"))
    try:
        judgement = decide(candidate, criteria, invalid=invalid, pending=pending)
    except (ArithmeticError, ValueError) as error:
        raise JsonError(f"can't be judged: {error}", f"{at}criteria") from error
    inconsistent = [
        flaw
        for i, each in enumerate(criteria)
        for flaw in _inconsistent(each, alpha, f"{at}criteria[{i}].")
    ]
    differing = list(_differing(record, judged(judgement), at))
    return Verification(
        candidate,
        judgement.verdict,
        judgement.headline,
        digest_of(record),
        inconsistent + differing,
        [],
    )


def _differing(recorded: Any, due: Any, at: str) -> Iterator[Difference]:
    """Where `recorded` isn't what follows; names beyond those of `due` don't matter."""
    if isinstance(due, dict) and isinstance(recorded, Mapping):
        for name, value in due.items():
            if name in recorded:
                inner = f"{at}{name}." if isinstance(value, dict) else f"{at}{name}"
                yield from _differing(recorded[name], value, inner)
            else:
                yield Difference(f"{at}{name}", None, value, FOLLOWS)
    elif isinstance(due, list) and isinstance(recorded, list) and len(due) == len(recorded):
        for i, (one, other) in enumerate(zip(recorded, due, strict=True)):
            inner = f"{at}[{i}]." if isinstance(other, dict) else f"{at}[{i}]"
            yield from _differing(one, other, inner)
    elif recorded != due or isinstance(recorded, bool) != isinstance(due, bool):
        yield Difference(at, recorded, due, FOLLOWS)


def _inconsistent(criterion: Criterion, alpha: float, at: str) -> Iterator[Difference]:
    """What can't be so in one criterion, whatever was measured."""
    c, asked = criterion, criterion.requirement
    if not c.lower <= c.difference:
        yield Difference(
            f"{at}lower", c.lower, None, f"an interval holds its difference, {c.difference}"
        )
    if not c.difference <= c.upper:
        yield Difference(
            f"{at}upper", c.upper, None, f"an interval holds its difference, {c.difference}"
        )
    sign = 1.0 if asked.higher_is_better else -1.0
    gain = sign * (c.candidate - c.baseline)
    scale = max(1.0, abs(c.candidate), abs(c.baseline))
    if not isclose(c.difference, gain, rel_tol=0, abs_tol=1e-9 * scale):
        order = "candidate − baseline" if asked.higher_is_better else "baseline − candidate"
        yield Difference(f"{at}difference", c.difference, gain, f"it is {order}")
    if not isclose(c.level, 1 - 2 * alpha, rel_tol=0, abs_tol=1e-9):
        yield Difference(f"{at}level", c.level, 1 - 2 * alpha, "it is 1 − 2·alpha")
    counted = c.wins + c.losses + c.ties
    if counted != c.n:
        yield Difference(f"{at}n", c.n, counted, "it is wins + losses + ties")
    if c.clusters is not None and c.clusters > c.n:
        yield Difference(f"{at}clusters", c.clusters, None, f"{c.n} items fill at most {c.n}")
    if asked.role == "guard" and c.gap != asked.margin:
        yield Difference(f"{at}gap", c.gap, asked.margin, "a guard's gap is its margin")
    # People's interval has no other test than itself.
    if asked.role != "preference" and c.p_value > 2 * alpha and not c.lower <= 0 <= c.upper:
        rule = f"an interval that leaves out 0 goes with a p-value of at most {2 * alpha:g}"
        yield Difference(f"{at}p_value", c.p_value, None, rule)


def _criterion(row: Mapping[str, Any], at: str) -> Criterion:
    role = _role(row, at)
    guard = role == "guard"
    requirement = Requirement(
        name=_text(row, "name", at),
        role=role,
        test_set=_text(row, "test_set", at),
        metric=_text(row, "metric", at),
        margin=_number(row, "margin", at, least=0) if guard else 0.0,
        min_gain=0.0 if guard else _number(row, "min_gain", at),
        higher_is_better=_flag(row, "higher_is_better", at),
    )
    return Criterion(
        requirement=requirement,
        n=_count(row, "n", at, least=1),
        clusters=None if row.get("clusters", 0) is None else _count(row, "clusters", at, least=1),
        baseline=_number(row, "baseline", at),
        candidate=_number(row, "candidate", at),
        difference=_number(row, "difference", at),
        lower=_number(row, "lower", at),
        upper=_number(row, "upper", at),
        level=_number(row, "level", at, least=0, most=1),
        p_value=_number(row, "p_value", at, least=0, most=1),
        wins=_count(row, "wins", at),
        losses=_count(row, "losses", at),
        ties=_count(row, "ties", at),
        method=_text(row, "method", at),
        test=_text(row, "test", at),
        p_harm=_number(row, "p_harm", at, least=0, most=1),
        sd=_number(row, "sd", at, least=0),
        design_effect=_positive(row, "design_effect", at),
        gap=_number(row, "gap", at),
    )


def _role(row: Mapping[str, Any], at: str) -> Role:
    value = _text(row, "role", at)
    roles: tuple[Role, ...] = get_args(Role)
    for role in roles:
        if role == value:
            return role
    raise JsonError(f"one of {', '.join(roles)} was expected", f"{at}role")


def _value(row: Mapping[str, Any], name: str, at: str) -> Any:
    if name not in row:
        raise JsonError("missing; a decision record has it", f"{at}{name}")
    return row[name]


def _object(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise JsonError("a JSON object was expected", at)
    return value


def _list(row: Mapping[str, Any], name: str, at: str) -> list[Any]:
    value = _value(row, name, at)
    if not isinstance(value, list):
        raise JsonError("a list was expected", f"{at}{name}")
    return value


def _text(row: Mapping[str, Any], name: str, at: str) -> str:
    value = _value(row, name, at)
    if not isinstance(value, str):
        raise JsonError("text was expected", f"{at}{name}")
    return value


def _texts(row: Mapping[str, Any], name: str, at: str) -> Sequence[str]:
    values = _list(row, name, at)
    if not all(isinstance(each, str) for each in values):
        raise JsonError("a list of texts was expected", f"{at}{name}")
    return values


def _flag(row: Mapping[str, Any], name: str, at: str) -> bool:
    value = _value(row, name, at)
    if not isinstance(value, bool):
        raise JsonError("true or false was expected", f"{at}{name}")
    return value


def _count(row: Mapping[str, Any], name: str, at: str, *, least: int = 0) -> int:
    value = _value(row, name, at)
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise JsonError(f"a whole number of at least {least} was expected", f"{at}{name}")
    return value


def _number(
    row: Mapping[str, Any], name: str, at: str, *, least: float = -inf, most: float = inf
) -> float:
    value = _value(row, name, at)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise JsonError("a number was expected", f"{at}{name}")
    if not (least <= value <= most and abs(value) <= LARGEST):
        raise JsonError(f"{value} doesn't lie between {least:g} and {most:g}", f"{at}{name}")
    return value


def _positive(row: Mapping[str, Any], name: str, at: str, *, most: float = inf) -> float:
    value = _number(row, name, at, least=0, most=most)
    if value == 0:
        raise JsonError("more than 0 was expected", f"{at}{name}")
    return value
