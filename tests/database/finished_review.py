"""Run in the demo's home: two people judge, one of them takes a judgment back and gives another;
olga closes the review, decides again and signs off."""

from tests.migrated import set_up_migrated


def main() -> None:
    set_up_migrated()
    from evalhub.accounts.models import User
    from evalhub.ledger.decide import decide_study
    from evalhub.ledger.signoff import sign_off
    from evalhub.registry.models import Study
    from reviews.chain.append import CHAINED, add_judgment, add_undo
    from reviews.joining.invite import accept_own, invite
    from reviews.models import Assignment, Campaign
    from reviews.planning.campaign import close_campaign
    from tests.reviews.judged import judge_all

    olga, ruth = (User.objects.get(username=name) for name in ("olga", "ruth"))
    campaign = Campaign.objects.get()
    invited = invite(campaign=campaign, email="ruth", by=olga)
    accept_own(invitation=invited.invitation, user=ruth)
    judge_all(
        campaign,
        {
            "ruth": lambda position: ("candidate", "tie", "baseline")[position % 3],
            "rui": lambda position: ("candidate", "tie")[position % 2],
        },
    )
    turn = Assignment.objects.filter(reviewer__user=ruth).latest("turn")
    add_undo(turn, revision=0)
    add_judgment(turn, revision=1, choice="tie", seconds=9)
    turn.revision = 2
    turn.save(update_fields=["revision"])
    turn.reviewer.save(update_fields=CHAINED)
    close_campaign(campaign=campaign, by=olga)
    decision, _ = decide_study(study=Study.objects.get())
    sign_off(decision=decision, by=olga, reason="The review agrees.")


if __name__ == "__main__":
    main()
