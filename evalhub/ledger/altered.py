"""Changes to a test set, or to answers on it, after somebody had looked at them.

Each such change takes a look of its own, at its own level; but that is right for changes alone that
have nothing to do with what was seen. So they are counted, and how many of them had gone against
the candidate.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet

from evalhub.decision.outcomes import Outcome
from evalhub.decision.wording import count_text
from evalhub.declare.caveats import Caveat
from evalhub.io.canonical import digest_of
from evalhub.ledger.differences import ComparedRuns, items_by_outcome
from evalhub.ledger.ledger import Claim
from evalhub.ledger.models import Look
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import (
    Item,
    Output,
    Run,
    RunMetric,
    Study,
    StudyTestSet,
    TestSetVersion,
)

DROPPED = "items-dropped"
MENDED = "references-changed"
REPLACED = "answers-replaced"
RECORDED = "recorded"


class _Altered(NamedTuple):
    """Altered questions, by the digest that identifies them, and those among them that had been
    lost."""

    look: Look
    questions: set[int]
    lost: set[int]

    @property
    def words(self) -> str:
        """Text for after "12 items dropped"."""
        count = len(self.questions & self.lost)
        whom = self.look.candidate.model.slug
        return f"after look {self.look.number}, {count or 'none'} of them lost by {whom}"


def caveats_on_changes(
    study: Study, claims: Sequence[Claim], shared: SameItems, test_sets: Sequence[StudyTestSet]
) -> list[Caveat]:
    """A caveat for each test set and each kind of change since the earlier looks at its items.

    Items that were drawn for this question are others by design.

    Args:
        test_sets: of the claims, by whose metrics items were lost.
    """
    looks = _looks(study, claims, shared)
    if not looks:
        return []
    by_name = {each.name: each for each in test_sets}
    versions = {claim.version.pk for claim in claims}
    own = {claim.digest for claim in claims}
    caveats: list[Caveat] = []
    for claim in claims:
        if claim.drawn_for is None:
            earlier = _before(claim, looks, shared, own)
            caveats += _of_claim(claim, earlier, by_name[claim.name], versions)
    return list({each.sentence: each for each in caveats}.values())


def _of_claim(
    claim: Claim, looks: Sequence[Look], test_set: StudyTestSet, versions: set[int]
) -> Iterator[Caveat]:
    looks = _of_derived(claim, looks)
    before = [each for each in looks if each.test_set_version_id != claim.version.pk]
    if before:
        yield from _of_items(claim, before, test_set, versions)
    for arm, run in (("baseline", claim.baseline), ("candidate", claim.candidate)):
        own = [each for each in looks if getattr(each, f"{arm}_id") == run.version_id]
        others = [each for each in own if getattr(each, f"{arm}_answers") != run.answers_digest]
        if others and run.version.backend["type"] == RECORDED:
            changed = _answers(others[0], getattr(others[0], f"{arm}_run"), run, test_set)
            if changed.questions:
                yield Caveat(
                    code=REPLACED,
                    sentence=f"{count_text(len(changed.questions), 'answer')} of "
                    f"{run.version.model.slug} to {claim.name} replaced {changed.words}",
                )


def _looks(study: Study, claims: Sequence[Claim], shared: SameItems) -> list[Look]:
    """All looks of the project at items of these claims, the oldest first."""
    versions = {pk for claim in claims for pk in shared.of(claim.version)}
    looks = Look.objects.filter(test_set_version__in=versions, study__project=study.project_id)
    runs = "candidate_run__test_set_version", "baseline_run__test_set_version"
    related = "test_set_version", "candidate__model", *runs
    return list(looks.select_related(*related).order_by("pk"))


def _before(
    claim: Claim, looks: Sequence[Look], shared: SameItems, own: Collection[str]
) -> list[Look]:
    """Looks at the claim's items, up to the claim's own look; without those of the same decision
    (`own`)."""
    sharing = shared.of(claim.version)
    looks_before = []
    for look in looks:
        if look.claim == claim.digest:
            break
        if look.test_set_version_id in sharing and look.claim not in own:
            looks_before.append(look)
    return looks_before


def _of_items(
    claim: Claim, looks: Sequence[Look], test_set: StudyTestSet, versions: set[int]
) -> Iterator[Caveat]:
    """Caveats on items that were dropped after a look, or have other references now.

    Of each version it is the look at the same candidate that says what was lost, or the last.
    """
    dropped, mended = [], []
    for version in dict.fromkeys(each.test_set_version_id for each in looks):
        at = [each for each in looks if each.test_set_version_id == version]
        same = [each for each in at if each.candidate_id == claim.candidate.version_id]
        look = (same or at)[-1]
        by = _question_column(look.test_set_version, claim.version)
        lost = _losses(look, test_set, by)
        gone, other = (
            _dropped_questions(look, versions, by),
            _questions_with_other_references(look, claim, by),
        )
        dropped += [_Altered(look, gone, lost)] if gone else []
        mended += [_Altered(look, other, lost)] if other else []
    if dropped:
        changed = _join(dropped)
        items = count_text(len(changed.questions), "item")
        yield Caveat(code=DROPPED, sentence=f"{items} of {claim.name} dropped {changed.words}")
    if mended:
        changed = _join(mended)
        references = f"references of {count_text(len(changed.questions), 'item')} of {claim.name}"
        yield Caveat(code=MENDED, sentence=f"{references} changed {changed.words}")


def _join(several: Sequence[_Altered]) -> _Altered:
    questions = set().union(*(each.questions for each in several))
    lost = set().union(*(each.questions & each.lost for each in several))
    return _Altered(several[0].look, questions, lost)


def _of_derived(claim: Claim, looks: Sequence[Look]) -> list[Look]:
    """Looks at versions from which the claim's items may be derived; counted for each such version
    of another test set."""
    derived: dict[tuple[int, str], bool] = {}
    for look in looks:
        key = look.test_set_version_id, look.asked
        if key not in derived:
            derived[key] = _is_derived(claim, look)
    return [each for each in looks if derived[each.test_set_version_id, each.asked]]


def _is_derived(claim: Claim, look: Look) -> bool:
    """Whether the claim's items may be derived from the look's: another version of the same test
    set, or the same question on others, half of either shared."""
    now, then = claim.version, look.test_set_version
    if now.test_set_id == then.test_set_id:
        return True
    if look.asked != claim.question_digest:
        return False
    ours = Item.objects.filter(version=now)
    same = Item.objects.filter(version=then).asking_the_same_as(ours).count()
    return 2 * same >= min(now.item_count, then.item_count)


def _question_column(*versions: TestSetVersion) -> str:
    """The column that identifies questions in both versions."""
    apart = all(each.told_apart_by_input for each in versions)
    return "fingerprint" if apart else "fingerprint_in_context"


def _dropped_questions(look: Look, versions: set[int], by: str) -> set[int]:
    """Questions of the look that no test set of the decision has."""
    asked_items = Item.objects.filter(version__in=versions, **{by: OuterRef(by)})
    gone = Item.objects.filter(~Exists(asked_items), version=look.test_set_version_id)
    return set(gone.order_by().values_list(by, flat=True))


def _questions_with_other_references(look: Look, claim: Claim, by: str) -> set[int]:
    """Questions whose references have changed since the look."""
    then, now = (
        dict(Item.objects.filter(version=pk).order_by().values_list(by, "references"))
        for pk in (look.test_set_version_id, claim.version.pk)
    )
    return {each for each in then.keys() & now.keys() if then[each] != now[each]}


def _answers(look: Look, then: Run, now: Run, test_set: StudyTestSet) -> _Altered:
    """Questions whose answers have changed since the look."""
    by = _question_column(then.test_set_version, now.test_set_version)
    before, after = (_by_question(run, by) for run in (then, now))
    questions = {each for each in before.keys() & after.keys() if before[each] != after[each]}
    return _Altered(look, questions, _losses(look, test_set, by) if questions else set())


def _by_question(run: Run, by: str) -> dict[int, set[str]]:
    """By question, the digests of its answers and of scores that came with them."""
    digests: dict[int, set[str]] = {}
    columns = f"item__{by}", "sample", "text", "text_sha256", "tool_calls", "given_scores"
    rows = Output.objects.filter(run=run).order_by().values_list(*columns)
    for question, *answer in rows.iterator(chunk_size=5000):
        digests.setdefault(question, set()).add(digest_of(answer))
    return digests


def _losses(look: Look, test_set: StudyTestSet, by: str) -> set[int]:
    """Questions that the look's candidate lost, by the test set's metric if both runs have it, else
    by another common one."""
    runs = [look.baseline_run, look.candidate_run]
    rows = RunMetric.objects.readable().filter(run__in=runs).select_related("metric")
    by_run = [{row.metric for row in rows if row.run_id == run.pk} for run in runs]
    metrics = sorted(
        by_run[0] & by_run[1], key=lambda metric: (metric != test_set.metric, metric.pk)
    )
    if not metrics:
        return set()
    turned = test_set.turned and metrics[0] == test_set.metric
    pair = ComparedRuns(look.baseline_run, look.candidate_run, metrics[0], turned)
    lost: QuerySet[Item] = Item.objects.filter(pk__in=items_by_outcome(pair)[Outcome.LOST].tolist())
    return set(lost.order_by().values_list(by, flat=True))
