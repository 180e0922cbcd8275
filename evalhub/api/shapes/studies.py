"""Studies, their gate and their decisions, as programs see them."""

from datetime import datetime

from django.urls import reverse
from pydantic import Field, JsonValue

from evalhub.declare.verdicts import Verdict
from evalhub.frames.rest.addresses import address
from evalhub.frames.rest.shapes import ResponseShape
from evalhub.ledger.models import Decision
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.studies.run.advance import StudyState, StudyStatus
from evalhub.studies.run.gate_status import GateAnswer, Passing


class StudyShape(ResponseShape):
    """A study, as lists have it."""

    slug: str
    name: str
    created: datetime
    verdict: Verdict | None = Field(description="the newest decision's on the candidate")
    url: str

    @classmethod
    def of(cls, study: Study) -> "StudyShape":
        """From a study with its newest verdict (`evalhub.studies.run.verdicts.with_verdict`)."""
        verdict = getattr(study, "verdict", None)
        return cls(
            slug=study.slug,
            name=study.name,
            created=study.created,
            verdict=Verdict(verdict) if verdict else None,
            url=address("study", study.project.slug, study.slug),
        )


class ArmShape(ResponseShape):
    name: str
    role: str
    model: str
    version: int
    digest: str = Field(description="SHA-256 of the version's specification")


class StudyTestSetShape(ResponseShape):
    name: str
    role: str
    version: int
    digest: str = Field(description="SHA-256 of the items")
    items: int
    metric: str


class StudyRunShape(ResponseShape):
    id: int
    arm: str
    test_set: str
    repeat: int
    state: str
    items: int
    done: int
    error: str
    url: str

    @classmethod
    def of(cls, link: StudyRun, run: Run) -> "StudyRunShape":
        return cls(
            id=run.pk,
            arm=link.arm.name,
            test_set=link.test_set.name,
            repeat=link.repeat,
            state=run.state,
            items=run.test_set_version.item_count,
            done=run.items_done,  # type: ignore[attr-defined]
            error=run.error,
            url=address("run", run.test_set_version.test_set.project.slug, run.pk),
        )


class DecisionLink(ResponseShape):
    arm: str
    id: int
    verdict: Verdict
    current: bool = Field(description="whether it rests on the evidence as it is now")
    url: str

    @classmethod
    def of(cls, decision: Decision) -> "DecisionLink":
        return cls(
            arm=decision.arm,
            id=decision.pk,
            verdict=Verdict(decision.verdict),
            current=not changes_since(decision),
            url=address("decision", decision.study.project.slug, decision.pk),
        )


class WholeStudyShape(ResponseShape):
    """A study in full: its progress and its decisions."""

    slug: str
    name: str
    created: datetime
    state: StudyState
    waits_for: str = Field(description="a sentence; empty once it waits for nothing")
    arms: tuple[ArmShape, ...]
    test_sets: tuple[StudyTestSetShape, ...]
    runs: tuple[StudyRunShape, ...]
    decisions: tuple[DecisionLink, ...]
    url: str

    @classmethod
    def of(cls, study: Study, status: StudyStatus) -> "WholeStudyShape":
        links = StudyRun.objects.filter(arm__study=study).select_related("arm", "test_set")
        links = links.order_by("test_set__position", "arm__position", "repeat")
        study_runs = Run.objects.filter(pk__in=links.values("run")).with_progress()
        related = study_runs.select_related("test_set_version__test_set__project")
        runs = {run.pk: run for run in related}
        return cls(
            slug=study.slug,
            name=study.name,
            created=study.created,
            state=status.state,
            waits_for=status.waits_for,
            arms=tuple(
                ArmShape(
                    name=arm.name,
                    role=arm.role,
                    model=arm.version.model.slug,
                    version=arm.version.number,
                    digest=arm.version.digest,
                )
                for arm in study.arms.select_related("version__model")
            ),
            test_sets=tuple(
                StudyTestSetShape(
                    name=test_set.name,
                    role=test_set.role,
                    version=test_set.test_set_version.number,
                    digest=test_set.test_set_version.digest,
                    items=test_set.test_set_version.item_count,
                    metric=test_set.metric.name,
                )
                for test_set in study.test_sets.select_related("test_set_version", "metric")
            ),
            runs=tuple(StudyRunShape.of(link, runs[link.run_id]) for link in links),
            decisions=tuple(DecisionLink.of(each) for each in status.decisions),
            url=address("study", study.project.slug, study.slug),
        )


class GateShape(ResponseShape):
    """What the gate says of one arm: passed, refused, or open to be asked again."""

    passing: Passing
    said: str
    verdict: Verdict | None
    current: bool
    registered: bool
    signed: Verdict | None = Field(description="a person's verdict in its place")
    headline: str
    reasons: tuple[str, ...]
    cautions: tuple[str, ...] = Field(description="of the people who judged, and who they are")
    changed_since: tuple[str, ...]
    arm: str
    version: str | None = Field(description="digest of the version that was asked about")
    links: dict[str, JsonValue]

    @classmethod
    def of(cls, study: Study, answer: GateAnswer) -> "GateShape":
        decision = answer.decision
        record = decision.document if decision else None
        links: dict[str, JsonValue] = {
            "study": address("study", study.project.slug, study.slug),
            "page": f"{reverse('site:study', args=[study.pk])}?arm={answer.arm.name}",
        }
        if decision is not None:
            links["decision"] = address("decision", study.project.slug, decision.pk)
        return cls(
            passing=answer.passing,
            said=answer.said,
            verdict=Verdict(decision.verdict) if decision else None,
            current=decision is not None
            and answer.version == answer.arm.version
            and not answer.changed_since
            and answer.passing is not Passing.OPEN,
            registered=record is not None and record.registered,
            signed=answer.signed,
            headline=record.headline if record else "",
            reasons=record.reasons if record else (),
            cautions=record.people.cautions if record and record.people else (),
            changed_since=answer.changed_since,
            arm=answer.arm.name,
            version=answer.version.digest if answer.version else None,
            links=links,
        )
