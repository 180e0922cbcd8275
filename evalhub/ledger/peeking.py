"""Judge files by this home's ledger: they take the number that a decision would take.

A command in this home judges them here (`HomeLedger`); a site is asked what its ledger leaves to
them, and they are judged where they lie (`charge_files`). Both are one computation.

`compare` and `decide` show the same scores as a decision does. So where this home knows the items,
what they read is a claim on its ledger (evalhub.ledger.claim_content), judged at the level of its
number. A decision on the same claim, before or after, has the same number.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Q

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.decision.caveats import with_caveats
from evalhub.decision.charge import Charge
from evalhub.decision.document import DecisionRecord
from evalhub.decision.requirements import Requirement
from evalhub.decision.sections.ledger import LedgerRow, ledger_caveats
from evalhub.declare.policy import LedgerScope, Primaries
from evalhub.declare.verdicts import Verdict
from evalhub.io.canonical import digest_of
from evalhub.ledger.chain.append import append
from evalhub.ledger.charge import charge
from evalhub.ledger.claim_content import content_digest
from evalhub.ledger.file_claims import FileCharge, FileClaim, JudgeAt
from evalhub.ledger.known_items import KnownItems, find_by_id, find_by_text, flaw_of_files
from evalhub.ledger.ledger import Claim, LedgerPosition, Standing, order_of, standing_of
from evalhub.ledger.ledger_origin import is_a_servers_home, origin_for_files
from evalhub.ledger.models import Ledger, Look, Peek
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Metric, ModelVersion, Run, TestSetVersion
from runners.metrics import MetricError, metric_declaration

TRIES = 100
RECORDED = "recorded"
FILES = 255
"""Characters of the files' names that are kept."""
KNOWN_AS = 20
"""Metrics of this home that a name in a file may mean."""
_NO_VERSION = -(2**40)
"""Below it are ids that stand for the items of files, which are no version's."""


class ContestedPeekError(Exception):
    """Lost the compare-and-set on the ledger too often: other decisions came between."""


@dataclass(frozen=True)
class _ClaimOfFiles(Claim):
    """A claim of files, whose arms are unknown.

    Attributes:
        cover: ids of versions that hold its items.
        flaw: why nothing is judged on them; "" where something may be.
    """

    cover: tuple[int, ...] = ()
    flaw: str = ""

    @cached_property
    def candidate_key(self) -> str:
        return ""

    @cached_property
    def baseline_key(self) -> str:
        return ""


class HomeLedger:
    """This home's ledger, as evalhub.ledger.file_claims.FileLedger."""

    @property
    def is_a_servers(self) -> bool:
        return is_a_servers_home()

    def read(
        self,
        claims: Sequence[FileClaim],
        judge: JudgeAt,
        *,
        counts: LedgerScope,
        alpha: float,
        primaries: Primaries,
        files: Sequence[str],
    ) -> DecisionRecord:
        """The record, judged at the level of the number that it takes, or has.

        Raises:
            ContestedPeekError: decisions kept coming between.
        """

        def judged(charged: FileCharge | None) -> tuple[DecisionRecord, bool]:
            if charged is None:
                return judge(None, False), False
            record = judge(charged.paid, charged.registered)
            record = with_caveats(record, list(ledger_caveats(record)))
            return record, record.verdict is not Verdict.INVALID

        return _read(claims, judged, counts=counts, alpha=alpha, primaries=primaries, files=files)


def charge_files(
    claims: Sequence[FileClaim],
    *,
    project: Project,
    by: User | None,
    counts: LedgerScope,
    alpha: float,
    primaries: Primaries,
    files: Sequence[str],
) -> FileCharge | None:
    """What this home's ledger leaves to claims that are judged elsewhere, whose number is taken;
    None where no version of the project's holds any of their items, or no ledger counts.

    The caller has seen that their evidence is valid; where the ledger itself refuses them, no
    number is taken. Said again, they have the same number.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: `by` may not evaluate in the project.
        ContestedPeekError: decisions kept coming between.
    """
    check_evaluates(by, project)

    def accept(charged: FileCharge | None) -> tuple[FileCharge | None, bool]:
        return charged, charged is not None and not charged.paid.refused

    return _read(
        claims,
        accept,
        project=project,
        counts=counts,
        alpha=alpha,
        primaries=primaries,
        files=files,
    )


def _read[Result](
    claims: Sequence[FileClaim],
    judge: Callable[[FileCharge | None], tuple[Result, bool]],
    *,
    counts: LedgerScope,
    alpha: float,
    primaries: Primaries,
    files: Sequence[str],
    project: Project | None = None,
) -> Result:
    """Result of `judge` on the charge; where it says that a verdict can be read from it, the number
    is taken.

    Args:
        judge: called with None where nothing counts it, and again where another decision came
            between.
        project: of a site, whose items must be known; None: any project's of this home.

    Raises:
        ContestedPeekError: decisions kept coming between.
    """
    shared, known_claims = (
        (SameItems(), []) if counts == "off" else _claims_on_known_items(claims, project)
    )
    if not known_claims:
        return judge(None)[0]
    known_names = {each.name for each in known_claims}
    registered = all(
        claim.requirement.test_set in known_names
        for claim in claims
        if claim.requirement.tier == "critical"
    )
    versions = {pk for each in known_claims for pk in shared.of(each.version) if pk > 0}
    of_server = project is not None or is_a_servers_home()
    names = ", ".join(dict.fromkeys(files))[:FILES]
    for _ in range(TRIES):
        standing = standing_of(known_claims, counts=counts, primaries=primaries, shared=shared)
        paid = _by_test_set(charge(standing, counts=counts, alpha=alpha, arms=1))
        paid = replace(
            paid,
            section=origin_for_files(paid.section, versions, of_server=of_server),
            refused=[*paid.refused, *(each.flaw for each in known_claims if each.flaw)],
        )
        result, is_read = judge(FileCharge(paid, registered))
        if not is_read or _take(standing, names):
            return result
    raise ContestedPeekError(f"{names}: other decisions kept changing the ledger meanwhile")


def _claims_on_known_items(
    claims: Sequence[FileClaim], project: Project | None
) -> tuple[SameItems, list[_ClaimOfFiles]]:
    """Claims on items that this home knows, and the versions that share those items."""
    own_claims: list[_ClaimOfFiles] = []
    sharing: dict[int, set[int]] = {}
    prints: dict[int, set[int]] = {}
    for index, claim in enumerate(claims):
        known_items = (
            find_by_text(claim.prints, project)
            if claim.prints is not None
            else find_by_id(claim.requirement.test_set, [item.key for item in claim.items], project)
        )
        if known_items is None:
            continue
        stand_in = TestSetVersion(pk=_NO_VERSION - index)
        sharing[stand_in.pk] = {stand_in.pk, *known_items.versions}
        prints[stand_in.pk] = set(known_items.fingerprints)
        flaw = flaw_of_files(known_items, name=claim.requirement.test_set, project=project)
        own_claims.append(replace(_claim(claim, known_items, stand_in), flaw=flaw))
    for mine, those in sharing.items():
        those.update(pk for pk in prints if not prints[pk].isdisjoint(prints[mine]))
    return SameItems({pk: frozenset(those) for pk, those in sharing.items()}), own_claims


def _claim(files: FileClaim, known_items: KnownItems, version: TestSetVersion) -> _ClaimOfFiles:
    """The claim as a decision would make it; where files may mean several metrics, by the one with
    which it is known already."""
    requirement = files.requirement
    pairs = zip(files.items, known_items.fingerprints, strict=True)
    items = [label._replace(fingerprint=fingerprint) for label, fingerprint in pairs]
    run = Run(test_set_version=version, version=ModelVersion())
    claims = []
    for name, options in _metrics(files):
        fields = {
            "metric": digest_of({"name": name, "options": options}),
            "development": None,
            **({"turned": True} if _is_turned(requirement, name, options) else {}),
        }
        claims.append(
            _ClaimOfFiles(
                name=requirement.test_set,
                primary=requirement.role == "primary",
                critical=requirement.tier == "critical",
                baseline=run,
                candidate=run,
                asked={**fields, "mix": files.mix and dict(files.mix)},
                scores=("", ""),
                content=content_digest(
                    items, files.baseline, files.candidate, question=fields, mix=files.mix
                ),
                measured=files.measured,
                cover=tuple(known_items.cover),
            )
        )
    digests = [each.digest for each in claims]
    read = set(Look.objects.filter(claim__in=digests).values_list("claim", flat=True))
    read |= set(Peek.objects.filter(claim__in=digests).values_list("claim", flat=True))
    return next((each for each in claims if each.digest in read), claims[0])


def _metrics(files: FileClaim) -> list[tuple[str, Mapping[str, Any]]]:
    """The metrics that files may mean: by name with its usual options, and those of this home."""
    if files.options is not None:
        return [(files.metric, files.options)]
    usual: Mapping[str, Any] = {}
    with suppress(MetricError):  # there is none, or it needs options, of which files know nothing
        usual = metric_declaration(files.metric).options
    registered = Metric.objects.filter(
        Q(name=files.metric) | Q(name=RECORDED, options__score=files.metric)
    )
    return [
        (files.metric, usual),
        *registered.order_by("-pk").values_list("name", "options")[:KNOWN_AS],
    ]


def _is_turned(requirement: Requirement, name: str, options: Mapping[str, Any]) -> bool:
    """Whether the file's direction of the metric is the reverse of the metric's own."""
    try:
        rises = metric_declaration(name, **options).rises
    except MetricError:
        return not requirement.higher_is_better
    return rises != requirement.higher_is_better


def _by_test_set(paid: Charge) -> Charge:
    """The charge with one level for each test set: the strictest of its criteria's."""
    rows: dict[str, LedgerRow] = {}
    for row in paid.rows:
        if row.test_set not in rows or row.level < rows[row.test_set].level:
            rows[row.test_set] = row
    strictest = tuple(rows.values())
    section = paid.section and paid.section.model_copy(
        update={
            "test_sets": strictest,
            "spent": any(row.spent and row.counted for row in strictest),
        }
    )
    alphas = {row.test_set: row.level for row in strictest if row.level != paid.level}
    return replace(paid, alphas=alphas, rows=strictest, section=section)


@transaction.atomic
def _take(standing: Standing, files: str) -> bool:
    """Write what is read for the first time; False, with nothing written, where another decision
    came between."""
    ledger = Ledger.objects.select_for_update().get(pk=Ledger.HOME)
    rows = _rows(standing, files)
    if rows and ledger.entries != standing.entries:
        return False
    if rows:
        Peek.objects.bulk_create(rows)
        append(*rows)
        ledger.entries += len(rows)
        ledger.save(update_fields=["entries"])
    return True


def _rows(standing: Standing, files: str) -> list[Peek]:
    """Rows that are still to be written, in the order in which evalhub.ledger.taking writes
    looks."""
    by_digest: dict[str, tuple[Claim, LedgerPosition]] = {}
    for claim, at in sorted(standing.pairs, key=lambda pair: order_of(pair[0])):
        by_digest.setdefault(claim.digest, (claim, at))
    before = set(Peek.objects.filter(claim__in=by_digest).values_list("claim", "beside"))

    def row(key: str, beside: str, at: str, number: int, **fields: Any) -> Peek:
        claim = by_digest[at][0]
        assert isinstance(claim, _ClaimOfFiles)
        version, *others = claim.cover
        return Peek(
            claim=key,
            beside=beside,
            number=number,
            test_set_version_id=version,
            others=others,
            asked=by_digest[key][0].question_digest,
            files=files,
            **fields,
        )

    own, sharing, rest = list[Peek](), list[Peek](), list[Peek]()
    for key, (_, at) in by_digest.items():
        if not at.taken and (key, "") not in before:
            shares = at.shares and (by_digest[at.shares][1].shares or at.shares)
            (sharing if shares else own).append(row(key, "", key, at.number, shares=shares))
        rest += [
            row(key, entry.primary, entry.primary, entry.looks.numbers[-1], charged=entry.charged)
            for entry in at.beside
            if not entry.taken and (key, entry.primary) not in before
        ]
        if at.alone and (key, key) not in before:
            rest.append(row(key, key, key, at.number, charged=True))
    return [*own, *sharing, *rest]
