"""A home with some of every record, for the tests of the admin."""

from django.db.models import Model
from django.utils import timezone

from evalhub.accounts.models import (
    ApiToken,
    LogEntry,
    MemberInvitation,
    Membership,
    Project,
    Provenance,
    ResultsSeen,
    Role,
    User,
)
from evalhub.declare.slice_shares import SliceShares
from evalhub.ledger.chain.append import append
from evalhub.ledger.models import (
    Acceptance,
    Decision,
    GuardLook,
    Ledger,
    LedgerRestore,
    Look,
    NearCopies,
    Peek,
    Promotion,
    SharedLook,
    SignOff,
    StageMove,
)
from evalhub.registry.models import (
    Draw,
    Ingestion,
    ProductionShares,
    Redaction,
    TrainingOverlap,
)
from reviews.chain.append import add_guess, add_judgment, add_undo
from reviews.models import (
    Assignment,
    Campaign,
    Dealing,
    Event,
    Invitation,
    Pair,
    Reviewer,
)
from runners.models import RecordedRetrieval
from tests import cast, sent_out
from tests.cast import Team, a_judging, a_metric, a_run, a_study, a_test_set, a_version
from tests.features.data.reports import a_signed_report
from tests.reviews.examples.queue_steps import an_answered_queue


def a_world(team: Team, name: str, *, size: int) -> None:
    """`size` studies with all that hangs on them, each with `size` alternatives and guards."""
    ledger = str(Ledger.of_home())
    for n in range(size):
        slug = f"{name}-{n}"
        restore = LedgerRestore(name=slug, began_as=ledger, entries=n, newest_version=n)
        restore.save()
        append(restore)
        base = a_version(team, f"base-{slug}")
        lora = a_version(team, f"lora-{slug}", parent=base)
        others = [a_version(team, f"other-{slug}-{i}") for i in range(size)]
        questions = a_test_set(team, f"set-{slug}", items=size + 1, tags=["sums"])
        cast.some_documents(team, digest=slug)
        Draw.objects.create(pool=questions, version=questions, question=slug)
        Redaction.objects.create(
            project=team.project, version=questions, item="q0", before="a", after="b", reason="why"
        )
        shares = SliceShares(week="2026-12-07", requests=1, users=1, size=1, slices=())
        ProductionShares.objects.create(version=questions, shares=shares, counted=timezone.now())
        guards = [a_test_set(team, f"guard-{slug}-{i}", items=1) for i in range(size)]
        metric = a_metric(extract=f"({slug})")
        runs = [
            a_run(version, questions, scores=[score] * (size + 1), metric=metric)
            for version, score in ((base, 0.0), (lora, 1.0))
        ]
        assert all([cast.a_working_set(team, questions), cast.a_score_audit(team, runs[1])])
        a_signed_report(team, slug)
        Ingestion.objects.create(project=team.project, run=runs[0], rows=size)
        asked = questions.items.first()
        RecordedRetrieval.objects.create(run=runs[0], item=asked, passages=[])
        a_judging(*runs, judge=base)
        cast.a_spending(runs[1], study=slug)
        study = a_study(
            team,
            baseline=base,
            candidate=lora,
            primary=questions,
            guards=guards,
            alternatives=others,
            metric=metric,
            slug=slug,
        )
        decision = Decision.objects.create(
            study=study,
            arm="lora",
            record={"headline": f"Ship {slug}", "verdict": "ship"},
            digest=slug,
            code_version="1",
        )
        cast.a_traffic_sample(team, questions, answered_by=base)
        NearCopies.objects.create(version=questions, earlier=questions, positions=[1])
        Acceptance.objects.create(project=team.project, subject=slug, reason=slug, by=team.olga)
        newest = Promotion.objects.newest_first().first()
        told = {"version": lora, "decision": decision, "by": team.olga, "reason": slug}
        promoted = Promotion.objects.create(project=team.project, before=newest, **told)
        StageMove.objects.create(was="candidate", stage="retired", promotion=promoted, **told)
        campaign = Campaign.objects.create(
            project=study.project,
            study=study,
            name=slug,
            baseline=base,
            candidate=lora,
            question="Which answer is better?",
            reviewers_per_item=1,
            seed=1,
            plan={"items": size},
            plan_hash=slug,
            state="closed",  # what was said in one that goes on isn't shown
        )
        for number, guard in enumerate([questions, *guards]):
            look = Look.objects.create(
                number=1,
                test_set_version=guard,
                candidate=lora,
                baseline=base,
                claim=f"{slug}-{number}",
                candidate_run=runs[1],
                baseline_run=runs[0],
                study=study,
            )
            beside = GuardLook.objects.create(primary=look, guard=look, number=1, charged=False)
            sharing = SharedLook.objects.create(look=look, count=2, correlations=[0.5], readings=1)
            signed = SignOff.objects.create(
                decision=decision,
                by=team.olga,
                action="signed-off",
                reason="seen",
                record={"verdict": "ship"},
                digest=f"{slug}-{number}",
                created=timezone.now(),
            )
            peek = Peek.objects.create(
                claim=f"{slug}-{number}", number=1, test_set_version=guard, files=slug
            )
            append(look, beside, sharing, signed, peek)
            Acceptance.objects.create(
                project=team.project, subject=f"{slug}-{number}", reason="seen", by=team.olga
            )
        reviewer = Reviewer.objects.create(campaign=campaign, user=team.rui, key="rui")
        Dealing.objects.of_campaign(campaign)
        for number in range(size):
            Event.objects.create(campaign=campaign, kind="paused", by=team.olga)
            Invitation.objects.create(
                campaign=campaign,
                email=f"{number}@{slug}.example",
                by=team.olga,
                expires=timezone.now(),
            )
            TrainingOverlap.objects.create(
                version=lora,
                test_set_version=questions,
                source=f"{slug}-{number}",
                rows=1,
                leaked={"q0001": "exact"},
            )
        for item in questions.items.all():
            item.prompt_trials.create(model=slug, by=team.olga)
            pair = Pair.objects.create(
                campaign=campaign,
                item=item,
                baseline_output=runs[0].outputs.get(item=item),
                candidate_output=runs[1].outputs.get(item=item),
                position=item.position,
                seats=1,
                taken=1,
            )
            assignment = Assignment.objects.create(
                pair=pair,
                reviewer=reviewer,
                turn=item.position,
                candidate_on_left=True,
                state="done",
                dealt=timezone.now(),
                lease_until=timezone.now(),
            )
            add_judgment(assignment, revision=0, choice="left", seconds=4)
            add_guess(assignment, side="left")
            add_undo(assignment, revision=0)
        an_answered_queue(team, examples=size, name=slug)
        sent_out.all_of(team, slug)
        person = User.objects.create(username=f"person-{slug}")
        Membership.objects.create(project=team.project, user=person, role=Role.REVIEWER)
        elsewhere = Project.objects.create(slug=f"project-{slug}", name=slug)
        Membership.objects.create(project=elsewhere, user=team.olga, role=Role.OWNER)
        MemberInvitation.objects.create(
            project=elsewhere, role="owner", account=person, by=team.olga, expires=timezone.now()
        )
        Provenance.objects.create(user=person, project=elsewhere, by=team.olga)
        ApiToken.objects.create(
            project=elsewhere,
            user=person,
            name=slug,
            digest=slug,
            scopes=["read"],
            expires=timezone.now(),
        )
        LogEntry.objects.create(action="decided", by=person, project=elsewhere, what=slug)
        ResultsSeen.objects.create(project=elsewhere, user=team.olga, how="owner")


def richest(team: Team, model: type[Model]) -> Model:
    """The row on which most hangs: Olga, the team's project, and else the newest."""
    known: dict[type[Model], Model] = {User: team.olga, Project: team.project}
    return known.get(model) or model._default_manager.order_by("-pk")[0]
