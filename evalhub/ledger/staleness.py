"""Changes to a decision's evidence since it was made.

The digests that its record holds are compared with what the study has now; a constant number of
queries, and two for each 2,000 pairs of its review, and no score or answer is read. Of many
decisions at once all but their reviews is compared, in as many queries as of one. Whether rows
still have the digests that the database keeps of them is another question
(evalhub.ledger.verification).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from evalhub.decision.criteria.preference import PreferenceKind
from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.criterion import Criterion
from evalhub.decision.document import DecisionRecord
from evalhub.decision.policy import StudySettings
from evalhub.decision.policy_words import change_sentence
from evalhub.decision.wording import count_text
from evalhub.declare.decision import EvidenceRow
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.ledger.models import Decision, Promotion
from evalhub.ledger.preference import judgments_so_far, newest_review
from evalhub.registry.models import (
    Run,
    RunMetric,
    StudyArm,
    StudyRun,
    StudyTestSet,
    TrainingOverlap,
)
from evalhub.registry.models.runs import UNFINISHED
from evalhub.registry.models.studies import ArmRole
from evalhub.registry.version_names import answering_version
from reviews.results.ended import has_ended


class Changed(StrEnum):
    """Kind of change."""

    DECISION = "decision"
    POLICY = "policy"
    TEST_SET = "test-set"
    ARM = "arm"
    ANSWERS = "answers"
    SCORES = "scores"
    TRAINING = "training"
    REVIEW = "review"
    BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Change:
    """One change since the decision, as a sentence without its stop."""

    what: Changed
    sentence: str


@dataclass(frozen=True, slots=True)
class _Now:
    """A study as it is now: its judged test sets by name, its runs, which versions' training was
    looked through for which test sets and when, and its project's champion."""

    test_sets: dict[str, StudyTestSet]
    links: list[StudyRun]
    scores: dict[tuple[int, int], str]
    overlaps: list[tuple[int, int, datetime]]
    promoted: Promotion | None

    def run(self, arm: str, test_set: str) -> Run | None:
        wanted = (arm, test_set, 0)
        runs = (
            link.run
            for link in self.links
            if (link.arm.name, link.test_set.name, link.repeat) == wanted
        )
        return next(runs, None)

    def arm(self, name: str) -> StudyArm | None:
        return next((each.arm for each in self.links if each.arm.name == name), None)


def changes_since(decision: Decision) -> list[Change]:
    """Changes since `decision` was made, most important first; empty where nothing has changed."""
    record, now = decision.document, _now([decision])[decision.study_id]
    return [
        *_newer(decision),
        *_changes_of_question(decision, record, now),
        *_review(decision, record, now),
        *_baseline(decision, record, now),
    ]


def changes_but_of_people(decisions: Sequence[Decision]) -> dict[int, list[Change]]:
    """By decision id, its changes apart from its review and newer decisions.

    `decisions` were read with their studies. Five queries at most, however many they are.
    """
    now = _now(decisions) if decisions else {}
    changes = {}
    for decision in decisions:
        record, of = decision.document, now[decision.study_id]
        changes[decision.pk] = [
            *_changes_of_question(decision, record, of),
            *_baseline(decision, record, of),
        ]
    return changes


def _changes_of_question(decision: Decision, record: DecisionRecord, now: _Now) -> Iterator[Change]:
    if decision.study.live:  # it has no runs, and nobody changes what it asks
        return
    yield from _policy(decision, record, now)
    yield from _test_sets(record, now)
    yield from _arms(record, now)
    yield from _answers(decision, record, now)
    yield from _training(decision, record, now)


def _now(decisions: Sequence[Decision]) -> dict[int, _Now]:
    """By study id, the current state of these decisions' studies. Five queries at most."""
    studies = {each.study_id: each.study for each in decisions}
    test_sets = StudyTestSet.objects.judged().filter(study__in=studies)
    sets = list(test_sets.select_related("metric", "test_set_version__test_set"))
    links = StudyRun.objects.filter(arm__study__in=studies, test_set__in=test_sets)
    related = links.select_related("arm__version", "test_set", "run").order_by(
        "test_set__position", "arm__position", "repeat"
    )
    study_runs = list(related)
    metrics = RunMetric.objects.filter(run__in=[each.run_id for each in study_runs])
    digests = {
        (run, metric): digest
        for run, metric, digest in metrics.values_list("run", "metric", "scores_digest")
    }
    looked = TrainingOverlap.objects.filter(
        test_set_version__in=[each.test_set_version_id for each in sets],
        created__gt=min(each.created for each in decisions),
    )
    overlaps = list(looked.order_by().values_list("version", "test_set_version", "created"))
    by_promoted = {row.project_id for row in studies.values() if row.policy.promoted or row.live}
    holding = Promotion.objects.holding().filter(project__in=by_promoted)
    promoted = {each.project_id: each for each in holding}
    return {
        pk: _Now(
            {each.name: each for each in sets if each.study_id == pk},
            [each for each in study_runs if each.arm.study_id == pk],
            digests,
            overlaps,
            promoted.get(study.project_id),
        )
        for pk, study in studies.items()
    }


def _newer(decision: Decision) -> Iterator[Change]:
    others = Decision.objects.filter(study=decision.study_id, arm=decision.arm)
    newest = others.newest_first().values_list("pk", flat=True).first()
    if newest != decision.pk:
        yield Change(Changed.DECISION, f"A newer decision on {decision.arm} was made")


def _policy(decision: Decision, record: DecisionRecord, now: _Now) -> Iterator[Change]:
    try:
        decided = validate(StudySettings, record.policy)
    except DeclarationError:
        decided = None
    if decided is None:
        yield Change(Changed.POLICY, "The policy asks otherwise than it did")
    elif decided != decision.study.policy:
        yield from _sentences("", decided.as_json(), decision.study.policy.as_json())
    review = decision.study.review
    for criterion in record.criteria:
        test_set = now.test_sets.get(criterion.test_set)
        if criterion.role == PreferenceKind.role and review is not None:
            gains = criterion.min_gain, review.min_gain
            yield from _sentences("people.", *({"min_gain": gain} for gain in gains))
        elif criterion.kind.by_metric and test_set is not None:
            yield from _demand(criterion, test_set)


def _sentences(at: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in dict.fromkeys([*was, *now]):
        before, after = was.get(name), now.get(name)
        if before != after:
            yield Change(Changed.POLICY, change_sentence(f"{at}{name}", before, after))


def _demand(criterion: Criterion, test_set: StudyTestSet) -> Iterator[Change]:
    demands = _bound(criterion), _bound(test_set)
    yield from _sentences("criteria.", *({criterion.name: each} for each in demands))
    tiers = ({"tier": each.tier} for each in (criterion, test_set))
    yield from _sentences(f"criteria.{criterion.name}.", *tiers)


def _bound(asked: Criterion | StudyTestSet) -> dict[str, Any]:
    """The role and the bound, whichever of the two kinds it is."""
    if asked.role == PrimaryKind.role:
        return {"role": asked.role, "min_gain": asked.min_gain}
    share = asked.relative_margin
    margin = asked.margin if share is None else None
    return {"role": asked.role, "margin": margin, "relative_margin": share}


def _test_sets(record: DecisionRecord, now: _Now) -> Iterator[Change]:
    rows = {each.test_set: each for each in record.evidence}
    for name, test_set in now.test_sets.items():
        row = rows.get(name)
        if row is None:
            sentence = f"{name} is asked too"
        elif row.digest != test_set.test_set_version.digest:
            sentence = (
                f"{name} has other items: {test_set.test_set_version}, and this read {row.version}"
            )
        elif (row.metric, row.metric_options) != (test_set.metric.name, test_set.metric.options):
            sentence = f"{name} is scored otherwise: by {test_set.metric}"
        else:
            continue
        yield Change(Changed.TEST_SET, sentence)
    for name in rows.keys() - now.test_sets.keys():
        yield Change(Changed.TEST_SET, f"{name} isn't asked any more")


def _arms(record: DecisionRecord, now: _Now) -> Iterator[Change]:
    for recorded in (record.arms.baseline, record.arms.candidate):
        arm = now.arm(recorded.name)
        if arm is None:
            yield Change(Changed.ARM, f"{recorded.name} is no arm of the study any more")
        elif arm.version.digest != recorded.digest:
            yield Change(Changed.ARM, f"{recorded.name} is another version")


def _answers(decision: Decision, record: DecisionRecord, now: _Now) -> Iterator[Change]:
    rows = {each.test_set: each for each in record.evidence}
    compared = (record.arms.baseline.name, record.arms.candidate.name)
    for link in now.links:
        row, run = rows.get(link.test_set.name), link.run
        if row is None:
            continue
        who = f"{link.arm.name}{', run again,' if link.repeat else ''}"
        if run.state in UNFINISHED:
            yield Change(Changed.ANSWERS, f"{who} is answering {row.test_set} again")
        elif link.repeat or link.arm.name not in compared:
            if run.finished is not None and run.finished > decision.created:
                yield Change(Changed.ANSWERS, f"{who} has answered {row.test_set} since")
        else:
            yield from _differs(row, link, now, baseline=link.arm.name == compared[0])


def _differs(row: EvidenceRow, link: StudyRun, now: _Now, *, baseline: bool) -> Iterator[Change]:
    answers = row.baseline_answers if baseline else row.candidate_answers
    scores = row.baseline_scores if baseline else row.candidate_scores
    test_set = now.test_sets[row.test_set]
    if link.run.answers_digest != answers:
        yield Change(Changed.ANSWERS, f"{link.arm.name} has other answers to {row.test_set}")
    elif now.scores.get((link.run_id, test_set.metric_id), scores) != scores:
        yield Change(Changed.SCORES, f"{link.arm.name} has other scores on {row.test_set}")


def _training(decision: Decision, record: DecisionRecord, now: _Now) -> Iterator[Change]:
    arm = now.arm(record.arms.candidate.name)
    if arm is None or decision.study.policy.leakage == "off":
        return
    versions = {arm.version_id, arm.version.parent_id}
    judged_versions = {each.test_set_version_id for each in now.test_sets.values()}
    if any(
        version in versions and of in judged_versions and at > decision.created
        for version, of, at in now.overlaps
    ):
        yield Change(Changed.TRAINING, f"What {arm.name} was trained on has been looked through")


def _review(decision: Decision, record: DecisionRecord, now: _Now) -> Iterator[Change]:
    """Changes by the newest review of the current answers."""
    study, people = decision.study, record.people
    arm = now.arm(record.arms.candidate.name)
    if study.review is None or arm is None or arm.role != ArmRole.CANDIDATE:
        return
    runs = [
        now.run(arm.name, study.review.test_set)
        for arm in (record.arms.baseline, record.arms.candidate)
    ]
    before, after = runs
    heard = None if before is None or after is None else newest_review(study, before, after)
    if heard is None:
        if people is not None:
            yield Change(Changed.REVIEW, "Its review was of other answers")
        return
    count = judgments_so_far(study, heard)
    if people is None:
        sentence = f"A review was opened: {count} judgments so far"
    elif people.plan_hash not in ("", heard.plan_hash):
        sentence = f"Another review was opened: {count} judgments so far"
    elif (heard_then := people.judgments + people.left_out) != count:
        more = count - heard_then
        sentence = (
            f"{count_text(abs(more), 'judgment')} {'more' if more > 0 else 'fewer'}: this read "
            f"{heard_then} of {people.planned}, and there are {count}"
        )
    elif people.seal and people.seal != heard.seal:
        sentence = "Its review has another seal: judgments aren't what they were"
    else:
        sentence = ""
    if sentence:
        yield Change(Changed.REVIEW, sentence)
    if (people is None or people.state in ("waiting", "running")) and has_ended(heard):
        yield Change(Changed.REVIEW, "Its review has ended")


def _baseline(decision: Decision, record: DecisionRecord, now: _Now) -> Iterator[Change]:
    """Changes of the champion, for a study that is judged against it. Where the champion is the
    candidate by now, the finding still holds."""
    if decision.study.live:
        yield from _live_baseline(record, now)
    if not decision.study.policy.promoted:
        return
    arms = [now.arm(each.name) for each in (record.arms.baseline, record.arms.candidate)]
    promoted = now.promoted
    if promoted is None:
        return
    if promoted.version in [answering_version(arm.version) for arm in arms if arm]:
        return
    yield _other_champion(record, promoted)


def _live_baseline(record: DecisionRecord, now: _Now) -> Iterator[Change]:
    """A live experiment is always judged against the champion."""
    judged = (record.arms.baseline.digest, record.arms.candidate.digest)
    if now.promoted is not None and now.promoted.version.digest not in judged:
        yield _other_champion(record, now.promoted)


def _other_champion(record: DecisionRecord, promoted: Promotion) -> Change:
    judged = record.arms.baseline.version
    sentence = f"The project's champion is {promoted.version}, and this judged against {judged}"
    return Change(Changed.BASELINE, sentence)
