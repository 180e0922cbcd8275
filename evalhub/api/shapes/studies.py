"""Studies, their gate and their decisions, as programs see them."""

from datetime import datetime
from typing import Any, Self

from django.urls import reverse
from pydantic import AliasPath, Field, JsonValue

from evalhub.declare.verdicts import Verdict
from evalhub.frames.rest.shapes import ProblemOut, ResponseBody, address
from evalhub.ledger.models import Decision
from evalhub.ledger.staleness import changes_since
from evalhub.registry.models import Run, Study, StudyRun
from evalhub.studies.run.advance import StudyState, StudyStatus
from evalhub.studies.run.gate_status import GateAnswer, Passing


class StudyOut(ResponseBody):
    """A study, as lists have it."""

    slug: str
    name: str
    created: datetime
    verdict: Verdict | None = Field(description="the newest decision's on the candidate")
    url: str

    @classmethod
    def from_model(cls, study: Study, /, **computed: Any) -> Self:
        """From a study with its newest verdict (`evalhub.studies.run.verdicts.with_verdict`)."""
        url = address("study", study.project.slug, study.slug)
        return super().from_model(study, url=url, **computed)


class ArmOut(ResponseBody):
    name: str
    role: str
    model: str = Field(validation_alias=AliasPath("version", "model", "slug"))
    version: int = Field(validation_alias=AliasPath("version", "number"))
    digest: str = Field(
        validation_alias=AliasPath("version", "digest"),
        description="SHA-256 of the version's specification",
    )


class StudyTestSetOut(ResponseBody):
    name: str
    role: str
    version: int = Field(validation_alias=AliasPath("test_set_version", "number"))
    digest: str = Field(
        validation_alias=AliasPath("test_set_version", "digest"), description="SHA-256 of the items"
    )
    items: int = Field(validation_alias=AliasPath("test_set_version", "item_count"))
    metric: str = Field(validation_alias=AliasPath("metric", "name"))


class StudyRunOut(ResponseBody):
    id: int
    arm: str
    test_set: str
    repeat: int
    state: str
    items: int = Field(validation_alias=AliasPath("test_set_version", "item_count"))
    done: int = Field(validation_alias="items_done")
    error: str
    url: str

    @classmethod
    def from_model(cls, run: Run, /, **computed: Any) -> Self:
        """From a run with its progress; `arm`, `test_set` and `repeat` are its link's."""
        url = address("run", run.test_set_version.test_set.project.slug, run.pk)
        return super().from_model(run, url=url, **computed)


class DecisionLinkOut(ResponseBody):
    arm: str
    id: int
    verdict: Verdict
    current: bool = Field(description="whether it rests on the evidence as it is now")
    url: str

    @classmethod
    def from_model(cls, decision: Decision, /, **computed: Any) -> Self:
        url = address("decision", decision.study.project.slug, decision.pk)
        return super().from_model(
            decision, current=not changes_since(decision), url=url, **computed
        )


class WholeStudyOut(ResponseBody):
    """A study with all that is known of it: how far it is, and what was decided."""

    slug: str
    name: str
    created: datetime
    state: StudyState
    waits_for: str = Field(description="a sentence; empty once it waits for nothing")
    arms: tuple[ArmOut, ...]
    test_sets: tuple[StudyTestSetOut, ...]
    runs: tuple[StudyRunOut, ...]
    decisions: tuple[DecisionLinkOut, ...]
    url: str

    @classmethod
    def from_study(cls, study: Study, status: StudyStatus) -> Self:
        links = StudyRun.objects.filter(arm__study=study).select_related("arm", "test_set")
        links = links.order_by("test_set__position", "arm__position", "repeat")
        study_runs = Run.objects.filter(pk__in=links.values("run")).with_progress()
        related = study_runs.select_related("test_set_version__test_set__project")
        runs = {run.pk: run for run in related}
        arms = study.arms.select_related("version__model")
        test_sets = study.test_sets.select_related("test_set_version", "metric")
        return cls.from_model(
            study,
            state=status.state,
            waits_for=status.waits_for,
            arms=list(arms),
            test_sets=list(test_sets),
            runs=[
                StudyRunOut.from_model(
                    runs[link.run_id],
                    arm=link.arm.name,
                    test_set=link.test_set.name,
                    repeat=link.repeat,
                )
                for link in links
            ],
            decisions=[DecisionLinkOut.from_model(each) for each in status.decisions],
            url=address("study", study.project.slug, study.slug),
        )


class GateOut(ResponseBody):
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
    def from_answer(cls, study: Study, answer: GateAnswer) -> Self:
        decision = answer.decision
        record = decision.document if decision else None
        links: dict[str, JsonValue] = {
            "study": address("study", study.project.slug, study.slug),
            "page": f"{reverse('site:study', args=[study.pk])}?arm={answer.arm.name}",
        }
        if decision is not None:
            links["decision"] = address("decision", study.project.slug, decision.pk)
        return cls.from_model(
            answer,
            verdict=Verdict(decision.verdict) if decision else None,
            current=decision is not None
            and answer.version == answer.arm.version
            and not answer.changed_since
            and answer.passing is not Passing.OPEN,
            registered=record is not None and record.registered,
            headline=record.headline if record else "",
            reasons=record.reasons if record else (),
            cautions=record.people.cautions if record and record.people else (),
            arm=answer.arm.name,
            version=answer.version.digest if answer.version else None,
            links=links,
        )


class GateProblemOut(ProblemOut):
    """Why the gate doesn't open: what it says when it does, beside the problem."""

    verdict: str | None
    current: bool
    registered: bool
    headline: str
    reasons: tuple[str, ...]
    changed_since: tuple[str, ...]
    links: dict[str, JsonValue]
