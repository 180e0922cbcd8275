"""What was said and done before there were chains, chained as it stands now.

A judgment that was taken back left no row of that: one is added, at the judgment's own time.
"""

from collections import defaultdict

from django.db import migrations

from reviews.chain.links import EVENTS, after, event_link, guess_link, judgment_link, start, undo_link


def _chain(apps, editor):
    campaigns = apps.get_model("reviews", "Campaign").objects.defer("plan")
    reviewers = apps.get_model("reviews", "Reviewer").objects
    for campaign in campaigns.order_by("pk"):
        for reviewer in reviewers.filter(campaign=campaign).order_by("pk"):
            _chain_reviewer(apps, campaign, reviewer)
        head = start(campaign.plan_hash, EVENTS)
        events = apps.get_model("reviews", "Event").objects.filter(campaign=campaign)
        for each in events.order_by("pk"):
            head = after(
                head,
                event_link(
                    kind=each.kind, by=each.by_id, detail=each.detail, created=each.created
                ),
            )
        campaign.events_head = head
        campaign.save(update_fields=["events_head"])


def _chain_reviewer(apps, campaign, reviewer):
    judgments = apps.get_model("reviews", "Judgment").objects
    guesses = apps.get_model("reviews", "Guess").objects
    undos = apps.get_model("reviews", "Undo").objects
    own = judgments.filter(assignment__reviewer=reviewer).order_by("pk")
    rows = list(own.select_related("assignment__pair", "assignment__repeats"))
    last = defaultdict(int)
    for each in rows:
        last[each.assignment_id] = max(last[each.assignment_id], each.revision)
    head, links = start(campaign.plan_hash, reviewer.key), 0
    for each in rows:
        turn = each.assignment
        link = judgment_link(
            token=turn.token,
            position=turn.pair.position,
            purpose=turn.purpose,
            repeats=turn.repeats.token if turn.repeats else None,
            turn=turn.turn,
            candidate_on_left=turn.candidate_on_left,
            revision=each.revision,
            choice=each.choice,
            much=each.much,
            answers=each.answers,
            flags=each.flags,
            rationale=each.rationale,
            seconds=each.seconds,
            visible_seconds=each.visible_seconds,
            key=each.key,
            created=each.created,
        )
        judgments.filter(pk=each.pk).update(place=links)
        head, links = after(head, link), links + 1
        if each.revision < last[turn.pk] or turn.state != "done":
            link = undo_link(token=turn.token, revision=each.revision, created=each.created)
            undos.create(
                assignment=turn, revision=each.revision, place=links, created=each.created
            )
            head, links = after(head, link), links + 1
    said = guesses.filter(assignment__reviewer=reviewer).select_related("assignment")
    for each in said.order_by("pk"):
        link = guess_link(token=each.assignment.token, side=each.side, created=each.created)
        guesses.filter(pk=each.pk).update(place=links)
        head, links = after(head, link), links + 1
    reviewer.head, reviewer.links = head, links
    reviewer.save(update_fields=["head", "links"])


class Migration(migrations.Migration):
    dependencies = [("reviews", "0003_chain")]

    operations = [migrations.RunPython(_chain, migrations.RunPython.noop)]
