"""What there is to refuse of comments and links to decisions, as acts."""

from django.urls import reverse

from evalhub.features.comments.commenting import remove_comment, write_comment
from evalhub.features.comments.models import Comment, Subject
from evalhub.features.decision_links.sharing import share_decision, withdraw_link
from evalhub.ledger.decide import decide_study
from evalhub.ledger.models import Decision
from tests.cast import Team
from tests.refusals.doors import Act
from tests.reviews.conftest import a_campaign
from tests.site.cases import a_measured_study


def comments(team: Team) -> dict[str, Act]:
    """Olga's comment on a decision, and a decision on a study that people review now."""
    decision = decide_study(study=a_measured_study(team))[0]
    reviewed = a_campaign(team, items=6).study
    assert reviewed is not None
    on_decision = Subject(team.project, decision=decision)
    comment = write_comment(subject=on_decision, by=team.olga, text="Look at the losses.")
    project = ["--project", team.project.slug]
    at = reverse("site:remove_comment", args=[comment.pk])

    def writing(about: Decision, text: str) -> Act:
        words = ["comment", "add", text or " ", "--decision", str(about.pk), *project]
        fields = {"decision": about.pk, "text": text or " "}
        subject = Subject(team.project, decision=about)
        return Act(
            verb=lambda by: write_comment(subject=subject, by=by, text=text),
            rest=("POST", "/comments", fields),
            page=(reverse("site:write_comment"), fields),
            command=words,
        )

    return {
        "write before the seal": writing(decide_study(study=reviewed)[0], "Fine."),
        "write nothing": writing(decision, ""),
        "remove": Act(
            verb=lambda by: remove_comment(comment=Comment.objects.get(pk=comment.pk), by=by),
            rest=("DELETE", f"/comments/{comment.pk}", {}),
            page=(at, {}),
            command=["comment", "remove", str(comment.pk), *project],
        ),
    }


def links(team: Team) -> dict[str, Act]:
    """A link of Olga's to a decision on a study that people review now."""
    study = a_campaign(team, items=6).study
    assert study is not None
    decision = decide_study(study=study)[0]
    link = share_decision(decision=decision, by=team.olga).link
    project = ["--project", team.project.slug]
    at = f"/decisions/{decision.pk}/links"

    def sharing(*, texts: bool) -> Act:
        words = ["decision-link", "make", str(decision.pk), *project]
        return Act(
            verb=lambda by: share_decision(decision=decision, by=by, texts=texts),
            rest=("POST", at, {"texts": texts}),
            page=(
                reverse("site:share_decision", args=[decision.pk]),
                {"days": "14", "texts": "yes" if texts else ""},
            ),
            command=[*words, "--texts"] if texts else words,
        )

    return {
        "share": sharing(texts=False),
        "share texts before the seal": sharing(texts=True),
        "withdraw": Act(
            verb=lambda by: withdraw_link(link=link, by=by),
            rest=("DELETE", f"{at}/{link.pk}", {}),
            page=(reverse("site:withdraw_decision_link", args=[link.pk]), {}),
            command=["decision-link", "withdraw", str(link.pk), *project],
        ),
    }
