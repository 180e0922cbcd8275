"""Does a decision record's verdict follow from the record alone? Pure.

Its criteria are judged anew by the same `decide` that judged them first; whatever comes out
otherwise than it is written is a difference. So are numbers that can't stand beside each other, and
results in a record that says of its evidence that it is invalid. A
number that was changed together with all that follows from it is found by the record's SHA-256
alone, where that was kept elsewhere.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from evalhub.decision.caveats import with_caveats
from evalhub.decision.code import code_digest
from evalhub.decision.content import content_digest
from evalhub.decision.criteria.table import BUDGETS
from evalhub.decision.document import (
    LATER_SECTIONS,
    SECTIONS,
    DecisionRecord,
    PrintedDecision,
)
from evalhub.decision.inconsistent import (
    FOLLOWS,
    MISSING,
    POLICY_ASKS,
    Discrepancy,
    inconsistent,
    levels_apart,
)
from evalhub.decision.record import ruling_fields, with_sentences, without_results
from evalhub.decision.rule import alphas_of, decide
from evalhub.decision.sections.answers import answer_cautions
from evalhub.decision.sections.baseline_choice import equally_good_sentences
from evalhub.decision.sections.jumps import implausible_gains
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.io.canonical import digest_of

VERIFICATION = "evalhub.verification/1"

BESIDE = ("others", "readings", "changed_since", "signatures")
"""What stands beside a record in a document, and is no part of it."""


@dataclass(frozen=True, slots=True)
class RowCheck:
    """Whether a home still has a row that a record rests on.

    Attributes:
        candidate: the arm that was judged.
        test_set: "" for the code that decided.
        what: "code", "items", "metric", "answers of …", "scores of …", "ledger", "look" or
            "ledger's rows".
        recorded: SHA-256 of it in the record; of the metric its name, of the ledger its id, of a
            look its number, of the ledger's rows the head of their chain.
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
    def state(self) -> Literal["matches", "differs", "not there", "redacted", "other code"]:
        """Other code than decided is no difference: it judges the record's numbers anew."""
        if self.found is None:
            return "not there"
        if self.redacted:
            return "redacted"
        if self.found == self.recorded:
            return "matches"
        return "other code" if self.what == "code" else "differs"


@dataclass(frozen=True, slots=True)
class Verification:
    """Result of verifying a record: `verdict` and `headline` as they follow from its numbers.

    `digest` is the SHA-256 of its canonical JSON without `others`, the number that the site shows;
    `content` that of what was measured and decided, which is the same in any home.
    `others` are the verifications of a study's other arms; `differences` holds theirs too. `rows`
    are those of a home that the record was held against; None where there was none. `signature` is
    what a public key says of the document ("signed", "changed", "another-key", "unsigned"); None
    where none was given. `version` of Evalhub decided, by `same_code` as verifies now or by other
    sources. `as_kept` is whether the record has the SHA-256 that was given; None where none was.
    """

    candidate: str
    verdict: str
    headline: str
    digest: str
    content: str
    differences: list[Discrepancy]
    others: "list[Verification]"
    rows: list[RowCheck] | None = None
    signature: str | None = None
    version: str = ""
    same_code: bool = True
    as_kept: bool | None = None

    @property
    def same_rows(self) -> bool:
        """Whether every row of the home is as recorded; true where no home was read."""
        return all(each.state != "differs" for each in self.rows or [])

    @property
    def unchanged(self) -> bool:
        """Whether the record is the stored one, and its rows are unchanged."""
        return self.as_kept is True and self.same_rows

    @property
    def judged_otherwise(self) -> bool:
        """Whether the rule has changed since, and not the record: newer code finds differences in
        an unchanged record."""
        return self.unchanged and not self.same_code and bool(self.differences)

    @property
    def verified(self) -> bool:
        """Whether nothing differs: neither in the record nor in the home, if one was read, and
        the signature is that of the key, if one was given."""
        if self.signature not in (None, "signed"):
            return False
        return not self.differences and self.same_rows

    def as_json(self) -> dict[str, Any]:
        """The document that `evalhub decision verify --json` prints."""
        return {
            "schema": VERIFICATION,
            "verified": self.verified,
            "candidate": self.candidate,
            "verdict": self.verdict,
            "digest": self.digest,
            "content": self.content,
            "code": {"version": self.version, "same": self.same_code},
            "differences": [asdict(each) for each in self.differences],
            "others": [
                {
                    name: getattr(other, name)
                    for name in ("candidate", "verdict", "digest", "content")
                }
                for other in self.others
            ],
            "rows": None
            if self.rows is None
            else [asdict(each) | {"state": each.state} for each in self.rows],
            "signature": self.signature,
        }


def verify(document: Any, *, digest: str | None = None, content: str | None = None) -> Verification:
    """Recompute the verdict of a decision record, and of the `others` that it may carry beside
    `readings` and `changed_since`, which have none.

    Args:
        document: a JSON value.
        digest, content: the SHA-256 that the (first) record must have, and what it says, in
            hexadecimal digits.

    Raises:
        evalhub.declare.declaration.DeclarationError: the value isn't a decision record; says
            which field.
    """
    printed = validate(PrintedDecision, document)
    record = {name: value for name, value in document.items() if name not in BESIDE}
    verification = _verify(printed, record, "")
    differences = verification.differences
    for name, expected, rule in (
        ("content", content, "it says other than the record with this SHA-256 of its content"),
        ("digest", digest, "the record isn't the one with this SHA-256"),
    ):
        if expected is not None and expected.lower() != (has := getattr(verification, name)):
            differences = [Discrepancy(name, has, expected.lower(), rule), *differences]
    as_kept = None if digest is None else digest.lower() == verification.digest
    others = [
        _verify(other, document["others"][i], f"others[{i}].")
        for i, other in enumerate(printed.others)
    ]
    differences = differences + [each for other in others for each in other.differences]
    return replace(verification, differences=differences, others=others, as_kept=as_kept)


def _verify(record: DecisionRecord, document: Mapping[str, Any], at: str) -> Verification:
    """`document` is the record as it was written."""
    try:
        ruling = decide(
            record.arms.candidate.name,
            record.criteria,
            invalid=record.invalid,
            pending=record.pending,
            as_good=equally_good_sentences(
                record.arms, record.alternatives, record.baseline_choice
            ),
            unbelieved=implausible_gains(record.jumps),
            cautions=answer_cautions(record.answers, record.arms),
            primaries=record.rule.primaries,
            registered=record.registered,
            users_come=record.exposure is not None,
        )
    except (ArithmeticError, ValueError) as error:
        raise DeclarationError(f"can't be judged: {error}", f"{at}criteria") from error
    judged = with_caveats(record.model_copy(update=ruling_fields(ruling)), record.caveats)
    due = with_sentences(without_results(judged)).as_json()
    for name in (*BESIDE, *(name for name in LATER_SECTIONS if name not in document)):
        due.pop(name, None)
    levels = alphas_of(
        record.criteria,
        alpha=record.alpha,
        primaries=record.rule.primaries,
        alphas=record.rule.alphas,
    )
    differences = [
        *_unlike_policy(record, at),
        *_unlike_asked(record, at),
        *(difference for section in SECTIONS.values() for difference in section.check(record, at)),
    ]
    for i, (criterion, level) in enumerate(zip(record.criteria, levels, strict=True)):
        differences += levels_apart(criterion, level, record.rule.harm_alpha, f"{at}criteria[{i}].")
        differences += inconsistent(criterion, f"{at}criteria[{i}].")
    return Verification(
        record.arms.candidate.name,
        judged.verdict,
        judged.headline,
        digest_of(document),
        content_digest(record),
        differences + list(_differing(document, due, at)),
        [],
        version=record.code.version,
        same_code=record.code.digest == code_digest(),
    )


def _unlike_policy(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Fields of the rule that differ from the policy."""
    for name in ("primaries", "harm_alpha", "alpha"):
        used, required = getattr(record.rule, name), record.policy.get(name)
        if required is not None and required != used:
            yield Discrepancy(f"{at}rule.{name}", used, required, POLICY_ASKS)


def _unlike_asked(record: DecisionRecord, at: str) -> Iterator[Discrepancy]:
    """Criteria that differ from those of a policy with criteria."""
    if record.alpha > record.rule.alpha:
        rule = "the policy allows no more, of which the ledger may leave less"
        yield Discrepancy(f"{at}alpha", record.alpha, record.rule.alpha, rule)
    policy: Mapping[str, Any] = record.policy
    if not policy.get("criteria"):
        return
    rows = {each.name: i for i, each in enumerate(record.criteria)}
    due = {**policy["criteria"], **(policy.get("budgets") or {})}
    for name, kind in BUDGETS.items():
        if not kind.by_item:
            due.pop(name, None)  # which no files tell: its own section says what is due
    for name in due:
        if name not in rows and not record.invalid:
            rule = f"the policy asks for {name}"
            yield Discrepancy(f"{at}criteria", None, name, rule)
    for name, i in rows.items():
        if name not in due and record.criteria[i].kind.by_item:
            rule = "the policy asks for no such criterion"
            yield Discrepancy(f"{at}criteria[{i}].name", name, None, rule)
        for part, value in due.get(name, {}).items():
            recorded = getattr(record.criteria[i], part, value)
            # Of a budget what stands on no line: the first primary's test set.
            if value is not None and recorded != value:
                yield Discrepancy(f"{at}criteria[{i}].{part}", recorded, value, POLICY_ASKS)


def _differing(recorded: Any, due: Any, at: str) -> Iterator[Discrepancy]:
    """Fields where `recorded` isn't `due`; fields that `due` lacks are ignored."""
    if isinstance(due, dict) and isinstance(recorded, Mapping):
        for name, value in due.items():
            if name in recorded:
                inner = f"{at}{name}." if isinstance(value, dict) else f"{at}{name}"
                yield from _differing(recorded[name], value, inner)
            else:
                yield Discrepancy(f"{at}{name}", None, value, MISSING)
    elif isinstance(due, list) and isinstance(recorded, list) and len(due) == len(recorded):
        for i, (one, other) in enumerate(zip(recorded, due, strict=True)):
            inner = f"{at}[{i}]." if isinstance(other, dict) else f"{at}[{i}]"
            yield from _differing(one, other, inner)
    elif recorded != due or isinstance(recorded, bool) != isinstance(due, bool):
        yield Discrepancy(at, recorded, due, FOLLOWS)
