"""Reviews: open one over a study's answers, follow it, end it, and read its results."""

from django.db.models import QuerySet, Sum
from django.shortcuts import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.addresses import absolute
from evalhub.accounts.audit_log import note_once
from evalhub.accounts.models import Action, Scope
from evalhub.api.shapes.campaigns import (
    CampaignOut,
    CampaignResultsOut,
    CampaignVerbRequest,
    InvitedOut,
    InviteRequest,
    OpenCampaignRequest,
    ReviewersOut,
    VouchRequest,
)
from evalhub.declare.declaration import DeclarationError
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import Since, list_response, response_of
from evalhub.registry.live_studies import check_not_live
from evalhub.registry.models import Run, Study
from evalhub.studies.run.reviewing import arms_to_review, for_study
from reviews.joining.invite import invite
from reviews.joining.vouch import vouch
from reviews.models import Campaign
from reviews.planning.campaign import close_campaign, open_campaign, pause_campaign, resume_campaign
from reviews.results.campaign_results import campaign_results
from reviews.results.ended import end

VERBS = {"pause": pause_campaign, "resume": resume_campaign, "close": close_campaign}


class CampaignEndpoint(ProjectEndpoint):
    """Below the project's reviews."""

    def rows(self) -> "QuerySet[Campaign]":
        rows: QuerySet[Campaign] = Campaign.objects.filter(project=self.project).for_owners()
        return rows.defer("plan")

    def campaign(self) -> Campaign:
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])

    def find_ended_campaign(self) -> Campaign:
        """The review if it has ended. Raises ReviewError while answers are still to come."""
        campaign = get_object_or_404(
            Campaign.objects.filter(project=self.project).select_related(
                "project", "study", "baseline__model", "candidate__model"
            ),
            pk=self.kwargs["pk"],
        )
        end(campaign, by=self.by)
        note_once(Action.SAW_RESULTS, by=self.by, project=self.project, what=str(campaign))
        return campaign


def _answers_compared(view: CampaignEndpoint) -> int:
    """Number of answers in the study's runs, from which a plan draws pairs."""
    rows = Run.objects.filter(studies__arm__study__project=view.project)
    rows = rows.filter(studies__arm__study__slug=str(view.document().get("study")))
    return rows.aggregate(sum=Sum("test_set_version__item_count"))["sum"] or 0


class Campaigns(CampaignEndpoint):
    scopes = {"POST": Scope.REVIEW}

    @describes("The project's reviews", gives=CampaignOut, pages=True, filtered=Since)
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), CampaignOut.from_model, filtered=Since)

    @describes(
        "Open a review of a study's answers\n\nIts plan is sealed; the same plan again is the "
        "same review.",
        gives=CampaignOut,
        takes=OpenCampaignRequest,
        code=201,
        also=(503,),
    )
    @once(lasts=True, rows=_answers_compared)
    def post(self, request: Request, project: str) -> Response:
        body = self.body(OpenCampaignRequest)
        check_not_live(body.study, project=self.project.slug)
        study = Study.objects.filter(project=self.project, slug=body.study).first()
        if study is None:
            raise DeclarationError("there is no such study in this project", "study")
        arms = arms_to_review(study, body.test_set)
        campaign = open_campaign(
            design=for_study(body.plan, study),
            runs=[each.run for each in arms[:2]],
            study=study,
            by=self.by,
        )
        shape = CampaignOut.from_model(self.rows().get(pk=campaign.pk))
        return response_of(request, shape, 201, Location=shape.url)


class OneCampaign(CampaignEndpoint):
    scopes = {"POST": Scope.REVIEW}

    @describes("A review: its progress, without judgments", gives=CampaignOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, CampaignOut.from_model(self.campaign()))

    @describes("Pause, resume or close a review", gives=CampaignOut, takes=CampaignVerbRequest)
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        VERBS[self.body(CampaignVerbRequest).verb](campaign=self.campaign(), by=self.by)
        return response_of(request, CampaignOut.from_model(self.campaign()))


class CampaignInvitations(CampaignEndpoint):
    scopes = {"POST": Scope.REVIEW}

    @describes("Invite somebody to review", gives=InvitedOut, takes=InviteRequest, code=201)
    @once(secret=True)
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(InviteRequest)
        invited = invite(
            campaign=self.campaign(),
            email=body.whom,
            by=self.by,
            name=body.name,
            quota=body.quota,
            tags=body.tags,
            days=body.days,
            names_them=self.has_scope(Scope.ADMIN),
        )
        link = absolute(invited.path) if invited.by_link else None
        return response_of(request, InvitedOut.from_model(invited.invitation, link=link), 201)


class CampaignReviewers(CampaignEndpoint):
    @describes(
        "Reviewers, and who answers for each of them\n\nWithout their judgments.",
        gives=ReviewersOut,
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, ReviewersOut.from_campaign(self.campaign()))


class CampaignVouching(CampaignEndpoint):
    scopes = {"POST": Scope.ADMIN}

    @describes(
        "Vouch for a reviewer\n\nAn owner who didn't make the link by which the person came says "
        "that they are a person of their own, before the review ends: then their judgments count.",
        gives=ReviewersOut,
        takes=VouchRequest,
        also=(409,),
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        campaign = self.campaign()
        vouch(campaign=campaign, whom=self.body(VouchRequest).whom, by=self.by)
        return response_of(request, ReviewersOut.from_campaign(campaign))


class Results(CampaignEndpoint):
    @describes(
        "A review's results\n\n409 for everybody until it has ended.",
        gives=CampaignResultsOut,
        also=(409,),
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(
            request, CampaignResultsOut.from_model(campaign_results(self.find_ended_campaign()))
        )
