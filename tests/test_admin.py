"""The admin shows everything, quickly, and changes no evidence."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import (
    ApiToken,
    LogEntry,
    MailDay,
    MemberInvitation,
    Membership,
    Project,
    Provenance,
    ResultsSeen,
    Role,
    SignInLink,
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
    Item,
    Metric,
    ModelVersion,
    Output,
    ProductionShares,
    Redaction,
    Run,
    Score,
    Study,
    TestSet,
    TestSetVersion,
    TrainingOverlap,
)
from evalhub.registry.models import Model as ModelLine
from reviews.chain.append import add_guess, add_judgment, add_undo
from reviews.models import (
    Assignment,
    Campaign,
    Dealing,
    Event,
    Invitation,
    Judgment,
    Pair,
    Reviewer,
)
from runners.models import RecordedRetrieval
from tests import cast, sent_out
from tests.cast import Team, a_judging, a_metric, a_run, a_study, a_team, a_test_set, a_version
from tests.features.data.reports import a_signed_report
from tests.reviews.examples.queue_steps import an_answered_queue

OURS = [
    model
    for label in ("accounts", "registry", "ledger", "reviews")
    for model in apps.get_app_config(label).get_models()
    # a secret of minutes, which nobody is to browse; and counts, which stand on /metrics
    if model not in (SignInLink, MailDay)
]
EDITABLE: dict[type[Model], set[str]]
EDITABLE = {TestSet: {"purpose"}, ModelVersion: {"notes"}, Study: {"name"}}
EVIDENCE = [m for m in OURS if m._meta.app_label != "accounts" and m not in EDITABLE]


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


@pytest.fixture
def world(team: Team) -> Team:
    a_world(team, "small", size=1)
    return team


def changelist(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist")


def page(row: Model, verb: str = "change") -> str:
    name = row._meta.label_lower.replace(".", "_")
    return reverse(f"admin:{name}_{verb}", args=[row.pk])


def richest(team: Team, model: type[Model]) -> Model:
    """The row on which most hangs: Olga, the team's project, and else the newest."""
    known: dict[type[Model], Model] = {User: team.olga, Project: team.project}
    return known.get(model) or model._default_manager.order_by("-pk")[0]


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def test_every_record_is_in_the_admin_and_can_be_searched(
    world: Team, root: Client, subtests: pytest.Subtests
) -> None:
    for model in OURS:
        with subtests.test(model=model.__name__):
            assert admin.site.get_model_admin(model).search_fields
            assert root.get(changelist(model), {"q": "small"}).status_code == 200


@pytest.mark.heavy
def test_the_pages_need_no_more_queries_when_there_is_more_to_show(
    world: Team, root: Client
) -> None:
    def asked() -> dict[str, list[int]]:
        """By model, the queries of its list and of its richest row's page."""
        return {
            model.__name__: [
                queries(root, url) for url in (changelist(model), page(richest(world, model)))
            ]
            for model in OURS
        }

    asked()  # Django keeps the content types that it looked up
    few = asked()
    rows = {model: model._default_manager.count() for model in OURS}
    a_world(world, "large", size=4)
    grown = {model: model._default_manager.count() - rows[model] for model in OURS}
    assert grown.pop(Ledger) == 0, "a home has one"
    assert min(grown.values()) >= 4, grown
    root.get(reverse("admin:index"))  # notes once that root has seen the new projects
    root.get(changelist(Judgment))  # and what was said in the new reviews
    assert asked() == few


@pytest.mark.heavy
def test_lists_are_totally_ordered(world: Team, root: Client, subtests: pytest.Subtests) -> None:
    for model in OURS:
        with subtests.test(model=model.__name__):
            shown = root.get(changelist(model)).context["cl"].queryset
            assert shown.totally_ordered


def test_scores_made_elsewhere_are_neither_shown_nor_searched_for(
    world: Team, root: Client
) -> None:
    row = richest(world, Output)
    Output.objects.filter(pk=row.pk).update(given_scores={"f1": 0.123456})
    for lookup in ("given_scores__f1__gt", "given_scores__isnull", "given_scores__contains"):
        asked = root.get(changelist(Output), {lookup: "0"})
        assert asked.status_code in (302, 400), "refused, or sent to the whole list"
    assert "0.123456" not in root.get(page(row)).content.decode()
    assert "0.123456" not in root.get(changelist(Output)).content.decode()


@pytest.mark.heavy
def test_evidence_is_neither_added_nor_changed_nor_deleted(
    world: Team, root: Client, subtests: pytest.Subtests
) -> None:
    for model in EVIDENCE:
        with subtests.test(model=model.__name__):
            row = richest(world, model)
            before = model._default_manager.filter(pk=row.pk).values().get()
            shown = root.get(page(row)).content.decode()
            assert 'name="_save"' not in shown
            assert root.get(changelist(model) + "add/").status_code == 403
            assert root.post(page(row), {"slug": "x", "key": "x", "value": 1}).status_code == 403
            assert root.post(page(row, "delete"), {"post": "yes"}).status_code == 403
            selected = {"action": "delete_selected", "_selected_action": row.pk, "post": "yes"}
            root.post(changelist(model), selected)
            assert model._default_manager.filter(pk=row.pk).values().get() == before


def test_only_what_no_digest_covers_is_changed(
    world: Team, root: Client, subtests: pytest.Subtests
) -> None:
    for model, changed in EDITABLE.items():
        with subtests.test(model=model.__name__):
            row = richest(world, model)
            form = root.get(page(row)).context["adminform"].form
            assert set(form.fields) == changed
            assert root.get(changelist(model) + "add/").status_code == 403
            assert root.post(page(row, "delete"), {"post": "yes"}).status_code == 403


def test_notes_are_changed_and_stage_and_specification_are_not(world: Team, root: Client) -> None:
    version = ModelVersion.objects.order_by("-pk")[0]
    form = {"stage": "champion", "notes": "went live on Monday", "backend": '{"type": "openai"}'}
    assert root.post(page(version), form).status_code == 302
    version.refresh_from_db()
    assert (version.stage, version.notes) == ("candidate", "went live on Monday")
    assert version.backend == {"type": "recorded"}


def test_evidence_does_not_go_with_its_project_or_its_people(world: Team, root: Client) -> None:
    for row in (world.project, world.rui):
        root.post(page(row, "delete"), {"post": "yes"})
        assert type(row)._default_manager.filter(pk=row.pk).exists()
    assert Judgment.objects.count() == 2


SEARCHES: list[tuple[type[Model], str, int]] = [
    (User, "olga", 1),
    (Project, "support", 1),
    (Membership, "ruth", 1),
    (TestSet, "set-small", 1),
    (TestSetVersion, "guard-small", 1),
    (Item, "q0001", 1),
    (ModelLine, "lora-small", 1),
    (ModelVersion, "lora-small", 1),
    (Ingestion, "base-small", 1),
    (Run, "lora-small", 1),
    (Output, "q0001", 2),
    (Score, "q0001", 2),
    (Metric, "exact", 1),
    (Study, "small", 1),
    (Decision, "lora", 1),
    (Campaign, "small", 1),
    (Pair, "q0001", 1),
    (Judgment, "rui", 2),
    (Judgment, "ruth", 0),
]


def test_a_search_finds_what_it_names(world: Team, root: Client, subtests: pytest.Subtests) -> None:
    for model, words, found in SEARCHES:
        with subtests.test(model=model.__name__):
            assert root.get(changelist(model), {"q": words}).context["cl"].result_count == found


def test_what_hangs_on_a_row_is_one_link_away(world: Team, root: Client) -> None:
    a_test_set(world, "others", items=3)
    version = TestSetVersion.objects.get(test_set__slug="set-small-0")
    link = f"{changelist(Item)}?version__id__exact={version.pk}"
    assert link in root.get(page(version)).content.decode()
    listed = root.get(link).context["cl"].result_list
    assert {item.version_id for item in listed} == {version.pk}


def test_json_is_shown_line_by_line_and_escaped(world: Team, root: Client) -> None:
    version = a_test_set(world, "chats", items=[{"input": [{"role": "user", "content": "<b>é"}]}])
    shown = root.get(page(version.items.get())).content.decode()
    assert "&quot;content&quot;: &quot;&lt;b&gt;é&quot;\n" in shown


def test_two_teams_do_not_disturb_each_other(world: Team, root: Client) -> None:
    a_test_set(a_team("Sales", "sales"), "set-small-0")
    assert root.get(changelist(TestSet), {"q": "sales"}).context["cl"].result_count == 1
