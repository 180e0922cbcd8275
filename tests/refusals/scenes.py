"""What there is to refuse: a team's versions, studies, reviews, members and tokens, as acts."""

from pathlib import Path

from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.members import (
    change_role,
    invite_member,
    remove_member,
    withdraw_membership,
)
from evalhub.accounts.models import MemberInvitation, Role, Scope, User
from evalhub.accounts.tokens import add_token, revoke_token
from evalhub.declare.declaration import validate
from evalhub.declare.review import Design
from evalhub.features.lifecycle.moves import put_in_shadow, reopen, retire
from evalhub.features.lifecycle.promotion import override_champion, promote
from evalhub.features.lifecycle.rollback import roll_back
from evalhub.features.traffic.erase import erase_user
from evalhub.features.traffic.keeping import change_settings, settings_of
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import SampleQuery
from evalhub.ledger.accepting import accept
from evalhub.ledger.decide import decide_study
from evalhub.ledger.signoff import sign_off
from evalhub.registry.models import ModelVersion, Run, StudyRun
from evalhub.studies.run.advance import advance
from evalhub.studies.run.all_runs import cancel_runs, resume_runs
from evalhub.studies.web.pairs_upload import register_upload
from reviews.assignments.reviewers import let_in, pause_reviewer, remove_reviewer, set_quota
from reviews.joining.invite import invite, withdraw
from reviews.joining.vouch import vouch
from reviews.models import Campaign, Invitation, Reviewer
from reviews.planning.campaign import (
    close_campaign,
    open_campaign,
    pause_campaign,
    resume_campaign,
)
from reviews.results.unblind import unblind
from runners.launch import cancel, resume
from tests.cast import Team, a_version
from tests.features.lifecycle.test_promotion import decided
from tests.refusals.doors import Act
from tests.site.cases import a_measured_study

WHY = "Why not."


def versions(team: Team) -> dict[str, Act]:
    """tuned v1 is champion in place of base v1; other v1 is a candidate, and worse v1 a hold."""
    base = a_version(team, "base")
    tuned, other = (a_version(team, name, parent=base) for name in ("tuned", "other"))
    shipped = decided(team, base, tuned, slug="first")
    held = decided(team, base, a_version(team, "worse", parent=base), gain=-18, slug="held")
    promote(decision=shipped, by=team.olga, reason="Better.")

    def move(verb: str, of: ModelVersion, reason: str = WHY, **more: ModelVersion) -> Act:
        """A move of a version, by its name; `more` are other versions, by the field's name."""
        verbs = {
            "rollback": roll_back,
            "override": override_champion,
            "retire": retire,
            "reopen": reopen,
            "shadow": put_in_shadow,
        }
        slug = of.model.slug
        names = {name: {"model": each.model.slug, "number": 1} for name, each in more.items()}
        options = [
            word
            for name, each in more.items()
            for word in (f"--{name.replace('_', '-')}", f"{each.model.slug}@1")
        ]
        return Act(
            verb=lambda by: verbs[verb](  # type: ignore[operator]
                version=ModelVersion.objects.get(pk=of.pk), by=by, reason=reason, **more
            ),
            rest=("POST", f"/models/{slug}/versions/1/{verb}", {"reason": reason} | names),
            page=(
                reverse("site:move_version", args=[of.pk]),
                {"verb": verb, "reason": reason} | {name: each.pk for name, each in more.items()},
            ),
            command=[verb, f"{slug}@1", "--project", "support-desk", "--reason", reason, *options],
        )

    def promotion(pk: int, reason: str = WHY) -> Act:
        decision = {shipped.pk: shipped, held.pk: held}[pk]
        return Act(
            verb=lambda by: promote(decision=decision, by=by, reason=reason),
            rest=("POST", f"/decisions/{pk}/promotion", {"reason": reason}),
            page=(reverse("site:promote", args=[pk]), {"reason": reason}),
            command=["promote", str(pk), "--reason", reason],
        )

    return {
        "promote what is promoted": promotion(shipped.pk),
        "promote a hold": promotion(held.pk),
        "promote without a reason": promotion(shipped.pk, "  "),
        "roll back": move("rollback", tuned),
        "roll back without a reason": move("rollback", tuned, "  "),
        "roll back to itself": move("rollback", tuned, to=tuned),
        "roll back to what never ran": move("rollback", tuned, to=other),
        "roll back what isn't champion": move("rollback", other),
        "override": move("override", other),
        "override without a reason": move("override", other, "  "),
        "override on a page of yesterday": move("override", other, instead_of=base),
        "override with the champion": move("override", tuned),
        "override with what is retired": move("override", base),
        "retire": move("retire", other),
        "retire without a reason": move("retire", other, "  "),
        "retire the champion": move("retire", tuned),
        "reopen": move("reopen", base),
        "reopen without a reason": move("reopen", base, "  "),
        "reopen the champion": move("reopen", tuned),
        "reopen a candidate": move("reopen", other),
        "shadow": move("shadow", other),
        "shadow without a reason": move("shadow", other, "  "),
        "shadow the champion": move("shadow", tuned),
        "shadow what is retired": move("shadow", base),
    }


def studies(team: Team, folder: Path) -> dict[str, Act]:
    """A measured study with its decision, its runs and an open review, to which rui is admitted."""
    study = a_measured_study(team)
    decision = decide_study(study=study)[0]
    links = StudyRun.objects.filter(arm__study=study, test_set__position=0, repeat=0)
    runs = [Run.objects.get(studies=link) for link in links.order_by("arm__position")[:2]]
    campaign = open_campaign(
        runs=runs, design=Design(items=5, reviewers_per_item=1), study=study, by=None
    )
    reviewer = Reviewer.objects.create(campaign=campaign, user=team.rui)
    invitation = Invitation.objects.create(
        campaign=campaign, email="new@example.org", by=team.olga, expires=timezone.now()
    )
    pairs = folder / "pairs.jsonl"
    pairs.write_text('{"prompt": "Why?", "left": "So.", "right": "Because."}\n')
    at = [campaign.pk]
    change, person = reverse("site:change_campaign", args=at), [campaign.pk, reviewer.pk]
    people = reverse("site:change_reviewer", args=person)
    row = ("POST", f"/campaigns/{campaign.pk}")
    plan = {"plan": {"items": 6, "reviewers_per_item": 1}}

    def signing(reason: str) -> Act:
        return Act(
            verb=lambda by: sign_off(decision=decision, by=by, reason=reason),
            rest=("POST", f"/decisions/{decision.pk}/sign-offs", {"reason": reason}),
            page=(reverse("site:sign", args=[decision.pk]), {"reason": reason}),
            command=["decision", "sign", str(decision.pk), "--reason", reason],
        )

    opening = {"study": study.slug, "test_set": "triage-task"} | plan
    return {
        "advance": Act(
            verb=lambda by: advance(study=study, by=by),
            page=(reverse("site:decide", args=[study.pk]), {}),
        ),
        "sign off": signing(WHY),
        "sign off without a reason": signing("  "),
        "accept": Act(
            verb=lambda by: accept(decision=decision, by=by, reason=WHY),
            rest=("POST", f"/decisions/{decision.pk}/acceptance", {"reason": WHY}),
            page=(reverse("site:accept", args=[decision.pk]), {"reason": WHY}),
        ),
        "cancel a run": Act(
            verb=lambda by: cancel(runs[0], by=by),
            rest=("POST", f"/runs/{runs[0].pk}/cancel", {}),
            page=(reverse("site:cancel_run", args=[runs[0].pk]), {}),
        ),
        "resume a run": Act(
            verb=lambda by: resume(runs[0], by=by),
            rest=("POST", f"/runs/{runs[0].pk}/resume", {}),
            page=(reverse("site:resume_run", args=[runs[0].pk]), {}),
        ),
        "cancel all runs": Act(
            verb=lambda by: cancel_runs(study, by=by),
            rest=("POST", f"/studies/{study.slug}/cancel", {}),
            page=(reverse("site:cancel_study_runs", args=[study.pk]), {}),
        ),
        "resume all runs": Act(
            verb=lambda by: resume_runs(study, by=by),
            rest=("POST", f"/studies/{study.slug}/resume", {}),
            page=(reverse("site:resume_study_runs", args=[study.pk]), {}),
        ),
        "upload pairs": Act(
            verb=lambda by: register_upload(project=team.project, by=by, name="mine", path=pairs),
            page=(reverse("site:upload_pairs"), {"name": "mine", "project": "support-desk"}),
        ),
        "open a review": Act(
            verb=lambda by: open_campaign(
                runs=runs, design=Design(items=6, reviewers_per_item=1), study=study, by=by
            ),
            rest=("POST", "/campaigns", opening),
            page=(reverse("site:new_campaign", query={"study": study.pk}), {"open": "1"}),
        ),
        "pause a review": Act(
            verb=lambda by: pause_campaign(campaign=campaign, by=by),
            rest=(*row, {"verb": "pause"}),
            page=(change, {"verb": "pause"}),
        ),
        "resume a review": Act(
            verb=lambda by: resume_campaign(campaign=campaign, by=by),
            rest=(*row, {"verb": "resume"}),
            page=(change, {"verb": "resume"}),
        ),
        "close a review": Act(
            verb=lambda by: close_campaign(campaign=Campaign.objects.get(pk=campaign.pk), by=by),
            rest=(*row, {"verb": "close"}),
            page=(change, {"verb": "close"}),
        ),
        "invite": Act(
            verb=lambda by: invite(campaign=campaign, email="other@example.org", by=by),
            rest=("POST", f"/campaigns/{campaign.pk}/invitations", {"whom": "other@example.org"}),
            page=(reverse("site:invite_people", args=at), {"emails": "other@example.org"}),
            command=["review", "invite", str(campaign.pk), "other@example.org"],
        ),
        "withdraw an invitation": Act(
            verb=lambda by: withdraw(invitation=invitation, by=by),
            page=(reverse("site:withdraw_invitation", args=[campaign.pk, invitation.pk]), {}),
        ),
        "pause a reviewer": Act(
            verb=lambda by: pause_reviewer(reviewer=reviewer, by=by),
            page=(people, {"verb": "pause"}),
        ),
        "let a reviewer in": Act(
            verb=lambda by: let_in(reviewer=reviewer, by=by), page=(people, {"verb": "let-in"})
        ),
        "set a quota": Act(
            verb=lambda by: set_quota(reviewer=reviewer, quota=3, by=by),
            page=(people, {"verb": "quota", "quota": "3"}),
        ),
        "remove a reviewer": Act(
            verb=lambda by: remove_reviewer(reviewer=reviewer, by=by),
            page=(people, {"verb": "remove"}),
        ),
        "vouch": Act(
            verb=lambda by: vouch(campaign=campaign, whom="rui", by=by),
            rest=("POST", f"/campaigns/{campaign.pk}/vouching", {"whom": "rui"}),
            page=(people, {"verb": "vouch"}),
            command=["review", "vouch", str(campaign.pk), "rui"],
        ),
        "name the arms": Act(
            verb=lambda by: unblind(campaign=campaign, by=by),
            page=(reverse("site:unblind_campaign", args=at), {}),
        ),
    }


def traffic(team: Team) -> dict[str, Act]:
    """What is kept of the team's traffic, a sample of its requests, of which there are none, and a
    user of it."""
    settings_of(team.project)
    query = {"n": 2, "since": "2020-01-01T00:00:00Z"}
    usual = {"allocation": "proportional", "test_set": "traffic", "planned_gain": 0.05, "seed": 1}
    form = {"n": 2, "since": "2020-01-01T00:00", **usual}
    return {
        "change what is kept": Act(
            verb=lambda by: change_settings(project=team.project, by=by, text_share=1),
            rest=("PATCH", "/traffic", {"text_share": 1}),
        ),
        "draw a sample": Act(
            verb=lambda by: draw_requests(
                project=team.project, query=validate(SampleQuery, query), by=by
            ),
            rest=("POST", "/traffic/samples", query),
            page=(reverse("site:production_samples", args=["support-desk"]), {**form, "freeze": 1}),
        ),
        "erase a user": Act(
            verb=lambda by: erase_user(project=team.project, by=by, user_hash="0" * 32),
        ),
    }


def people(team: Team) -> dict[str, Act]:
    """The team's members, an invitation that waits, and a token of its only owner."""
    members = {each.user: each for each in team.project.memberships.select_related("user")}
    waits = MemberInvitation.objects.create(
        project=team.project,
        role="owner",
        email="x@example.org",
        by=team.olga,
        expires="2999-01-01T00:00:00Z",
    )
    token = add_token(
        project=team.project, user=team.olga, name="nightly", scopes=["read"], by=None
    ).token

    def role(user: User, role: Role) -> Act:
        member = members[user]
        return Act(
            verb=lambda by: change_role(membership=member, role=role, by=by),
            rest=("PATCH", f"/members/{member.pk}", {"role": role}),
            page=(
                reverse("site:change_member", args=["support-desk", member.pk]),
                {"verb": "role", "role": role},
            ),
        )

    def removal(user: User) -> Act:
        member = members[user]
        return Act(
            verb=lambda by: remove_member(membership=member, by=by),
            rest=("DELETE", f"/members/{member.pk}", {}),
            page=(
                reverse("site:change_member", args=["support-desk", member.pk]),
                {"verb": "remove"},
            ),
        )

    def invitation(whom: str) -> Act:
        return Act(
            verb=lambda by: invite_member(project=team.project, whom=whom, role=Role.OWNER, by=by),
            rest=("POST", "/members", {"whom": whom, "role": "owner"}),
            page=(
                reverse("site:members", args=["support-desk"]),
                {"whom": whom, "role": "owner"},
            ),
        )

    return {
        "raise a member": role(team.ruth, Role.OWNER),
        "lower the only owner": role(team.olga, Role.REVIEWER),
        "remove a member": removal(team.ruth),
        "remove the only owner": removal(team.olga),
        "ask a member in": invitation("rui"),
        "ask somebody in": invitation("sam"),
        "withdraw": Act(
            verb=lambda by: withdraw_membership(invitation=waits, by=by),
            page=(reverse("site:withdraw_member", args=["support-desk", waits.pk]), {}),
        ),
        "make a token that administers": Act(
            verb=lambda by: add_token(
                project=team.project, user=by, name="x", scopes=[Scope.ADMIN], by=by
            ),
            rest=("POST", "/tokens", {"name": "x", "scopes": ["admin"]}),
            page=(
                reverse("site:tokens", args=["support-desk"]),
                {"name": "x", "scopes": ["admin"], "days": "9"},
            ),
        ),
        "make a token for somebody else": Act(
            verb=lambda by: add_token(
                project=team.project, user=team.olga, name="x", scopes=["read"], by=by
            ),
        ),
        "revoke somebody else's token": Act(
            verb=lambda by: revoke_token(token=token, by=by),
            rest=("DELETE", f"/tokens/{token.pk}", {}),
            page=(reverse("site:revoke_token", args=["support-desk", token.pk]), {}),
        ),
    }
