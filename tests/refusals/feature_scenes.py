"""What there is to refuse in features: a team's webhooks, working sets and exports, as acts."""

import json
from pathlib import Path

from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.features.experiments.ending import (
    promote_challenger,
    roll_back_experiment,
    stop_experiment,
)
from evalhub.features.experiments.judged.drawing import draw_answers
from evalhub.features.experiments.judged.scores import JudgedScore, take_scores
from evalhub.features.experiments.models import Experiment
from evalhub.features.experiments.ramping import begin_epoch, set_share
from evalhub.features.experiments.starting import start_experiment
from evalhub.features.exporters.answers import export_answers
from evalhub.features.exporters.decisions import export_decisions
from evalhub.features.exporters.every_eval_ever import export_every_eval_ever
from evalhub.features.exporters.judgments import export_dpo, export_judgments
from evalhub.features.exporters.model_card import export_model_index
from evalhub.features.exporters.report import export_report
from evalhub.features.exporters.study import export_study
from evalhub.features.webhooks.models import Delivery
from evalhub.features.webhooks.registering import (
    add_webhook,
    change_webhook,
    remove_webhook,
    replay,
    rotate_secret,
)
from evalhub.features.working_sets.items import (
    add_rows,
    change_item,
    delete_item,
    delete_items,
    set_parts,
    tag_items,
)
from evalhub.features.working_sets.models import WorkingItemFilter
from evalhub.features.working_sets.near_copies import look_in_other_test_sets, look_inside, split
from evalhub.features.working_sets.sets import (
    discard_working_set,
    edit_version,
    publish_working_set,
)
from evalhub.ledger.data_signoff import sign_report
from evalhub.ledger.models import Decision
from evalhub.ledger.retirement import retire_test_set
from evalhub.registry.contents import content_of
from evalhub.registry.data_reports import keep_report
from evalhub.registry.models import StoredDataReport
from reviews.models import Campaign
from tests.cast import Team, a_test_set, a_version, a_working_set
from tests.features.data.reports import a_kept_report, a_report
from tests.features.experiments.experiments_of import CHAMPION, a_plan, an_experiment
from tests.features.experiments.plan_form import form_of
from tests.refusals.doors import Act


def webhooks(team: Team) -> dict[str, Act]:
    """A webhook of the team that is disabled, with one message."""
    webhook = add_webhook(project=team.project, by=team.olga, url="https://ci.example.org/").webhook
    change_webhook(webhook=webhook, by=team.olga, enabled=False)
    message = Delivery.objects.create(
        webhook=webhook, message_id="m1", event="decision.made", body="{}", due_at=webhook.since
    )
    at = f"/webhooks/{webhook.pk}"

    def addition(url: str) -> Act:
        return Act(
            verb=lambda by: add_webhook(project=team.project, by=by, url=url),
            rest=("POST", "/webhooks", {"address": url}),
        )

    return {
        "add": addition("https://other.example.org/"),
        "add the same": addition(webhook.url),
        "add a private address": addition("https://10.0.0.1/"),
        "enable": Act(
            verb=lambda by: change_webhook(webhook=webhook, by=by, enabled=True),
            rest=("PATCH", at, {"enabled": True}),
        ),
        "change its secret": Act(
            verb=lambda by: rotate_secret(webhook=webhook, by=by),
            rest=("POST", f"{at}/secret", {}),
        ),
        "send again": Act(
            verb=lambda by: replay(delivery=message, by=by),
            rest=("POST", f"{at}/deliveries/{message.pk}/replay", {}),
        ),
        "remove": Act(
            verb=lambda by: remove_webhook(webhook=webhook, by=by), rest=("DELETE", at, {})
        ),
    }


def training_data(team: Team) -> dict[str, Act]:
    """A report that was followed by one with a serious finding."""
    older, newest = a_kept_report(team), a_kept_report(team, ("serious",))

    def signing(report: StoredDataReport, reason: str) -> Act:
        words = ["--as", "accepted", "--reason", reason or " "]
        fields = {"verdict": "accepted", "reason": reason or " "}
        return Act(
            verb=lambda by: sign_report(
                report=report, by=by, verdict="accepted", reason=fields["reason"]
            ),
            rest=("POST", f"/data-reports/{report.pk}/sign-offs", fields),
            page=(reverse("site:sign_data", args=[report.pk]), fields),
            command=["data", "sign", str(report.pk), "--project", team.project.slug, *words],
        )

    return {
        "accept serious findings": signing(newest, "Fine."),
        "sign without a reason": signing(newest, ""),
        "sign an older report": signing(older, "Fine."),
        "keep a report": Act(
            verb=lambda by: keep_report(project=team.project, report=a_report(), by=by),
            rest=("POST", "/data-reports", a_report().as_json()),
        ),
    }


def working_sets(team: Team) -> dict[str, Act]:
    """A working set with the items of a version, of which one is in no part."""
    version = a_test_set(team, "triage", items=3)
    working_set = a_working_set(team, version)
    item = working_set.items.get(key="q0001")
    content, everything = content_of(item), WorkingItemFilter()
    at, there = f"/working-sets/{working_set.pk}", {"pk": working_set.pk}
    of_item = {**there, "item": item.pk}
    many = reverse("site:change_many", kwargs=there)
    return {
        "begin": Act(
            verb=lambda by: edit_version(version, by=by),
            rest=("POST", "/working-sets", {"test_set": "triage"}),
            page=(reverse("site:edit_test_set", args=[version.pk]), {}),
        ),
        "add rows": Act(
            verb=lambda by: add_rows(working_set, [], tag="", by=by),
            rest=("POST", f"{at}/items", {"rows": [{"input": "May I pay later?"}]}),
            page=(reverse("site:add_rows", kwargs=there), {"pasted": "May I pay later?"}),
        ),
        "change an item": Act(
            verb=lambda by: change_item(item, content, revision=1, by=by),
            rest=("PUT", f"{at}/items/{item.pk}", {"id": "q0001", "input": "New?"}),
            page=(reverse("site:change_item", kwargs=of_item), {"key": "q0001", "revision": "1"}),
        ),
        "delete an item": Act(
            verb=lambda by: delete_item(item, revision=1, by=by),
            rest=("DELETE", f"{at}/items/{item.pk}", {}),
            page=(reverse("site:delete_item", kwargs=of_item), {"revision": "1"}),
        ),
        "tag": Act(
            verb=lambda by: tag_items(working_set, everything, tag="hard", by=by),
            rest=("POST", f"{at}/changes", {"verb": "tag", "tag": "hard", "items": {}}),
            page=(many, {"verb": "tag", "tag": "hard"}),
        ),
        "delete many": Act(
            verb=lambda by: delete_items(working_set, everything, by=by),
            rest=("POST", f"{at}/changes", {"verb": "delete", "items": {}}),
            page=(many, {"verb": "delete"}),
        ),
        "look for near-copies": Act(
            verb=lambda by: look_inside(working_set, by=by),
            rest=("POST", f"{at}/near-copies", {"where": "inside"}),
            page=(reverse("site:near_copies", kwargs=there), {"where": "inside"}),
        ),
        "look in other sets": Act(
            verb=lambda by: look_in_other_test_sets(working_set, by=by),
            rest=("POST", f"{at}/near-copies", {"where": "others"}),
            page=(reverse("site:near_copies", kwargs=there), {"where": "others"}),
        ),
        "split": Act(
            verb=lambda by: split(working_set, share=0.4, seed=1, by=by),
            rest=("POST", f"{at}/split", {"share": 0.4}),
            page=(reverse("site:split_set", kwargs=there), {"share": "40", "seed": "1"}),
        ),
        "take the split back": Act(
            verb=lambda by: set_parts(working_set, None, by=by),
            rest=("DELETE", f"{at}/split", {}),
            page=(reverse("site:split_set", kwargs=there), {"verb": "undo"}),
        ),
        "publish": Act(
            verb=lambda by: publish_working_set(working_set, revision=1, by=by),
            rest=("POST", f"{at}/publish", {}),
            page=(reverse("site:publish_set", kwargs=there), {"revision": "1"}),
        ),
        "discard": Act(
            verb=lambda by: discard_working_set(working_set, by=by),
            rest=("DELETE", at, {}),
            page=(reverse("site:discard_set", kwargs=there), {}),
        ),
    }


def test_sets(team: Team) -> dict[str, Act]:
    """A version of a test set, to be retired."""
    version = a_test_set(team, "triage", items=3)

    def retirement(reason: str) -> Act:
        of = ["--project", "support-desk", "--version", "1", "--reason", reason]
        return Act(
            verb=lambda by: retire_test_set(version=version, by=by, reason=reason),
            rest=("POST", "/test-sets/triage/versions/1/retire", {"reason": reason}),
            page=(
                reverse("site:retire_test_set", args=[version.test_set_id]),
                {"version": "1", "reason": reason, "sure": "on"},
            ),
            command=["test-set", "retire", "triage", *of],
        )

    return {"retire": retirement("Old."), "retire without a reason": retirement("  ")}


def exports(team: Team, decision: Decision, campaign: Campaign, folder: Path) -> dict[str, Act]:
    """All that leaves a project as a file; the campaign is still open."""
    study, to = decision.study, folder / "out"

    def of_review(what: str) -> Act:
        def verb(by: User) -> object:
            if what == "dpo":
                return export_dpo(campaign=campaign, by=by, to=to)
            return export_judgments(campaign=campaign, by=by, to=to, form="jsonl")

        return Act(
            verb=verb,
            rest=("GET", f"/exports/{what}?review={campaign.pk}", {}),
        )

    def of_decision(what: str) -> tuple[str, str, dict[str, object]]:
        return ("GET", f"/exports/{what}?decision={decision.pk}", {})

    return {
        "judgments": of_review("judgments"),
        "dpo": of_review("dpo"),
        "answers": Act(
            verb=lambda by: export_answers(study=study, by=by, to=to, form="jsonl"),
            rest=("GET", f"/exports/answers?study={study.slug}", {}),
        ),
        "study": Act(
            verb=lambda by: export_study(study=study, by=by, to=to),
            rest=("GET", f"/exports/study?study={study.slug}", {}),
        ),
        "decisions": Act(
            verb=lambda by: export_decisions(project=team.project, by=by, to=to, form="jsonl"),
            rest=("GET", "/exports/decisions", {}),
        ),
        "report": Act(
            verb=lambda by: export_report(decision=decision, by=by), rest=of_decision("report")
        ),
        "model card": Act(
            verb=lambda by: export_model_index(decision=decision, by=by),
            rest=of_decision("model-index"),
        ),
        "every eval ever": Act(
            verb=lambda by: export_every_eval_ever(decision=decision, by=by, to=to),
            rest=of_decision("every-eval-ever"),
        ),
    }


def experiments(team: Team, folder: Path) -> dict[str, Act]:
    """An experiment that runs at half of all users, and a version that would be next."""
    running = an_experiment(team)
    other = a_version(team, "other", parent=running.champion)
    plan, file = a_plan(), folder / "plan.yaml"
    file.write_text(json.dumps(plan.as_json()))

    def start(reason: str = "Why not.") -> Act:
        named = {
            "name": "Another one",
            "challenger_name": "support-other",
            "champion_name": CHAMPION,
            "reason": reason,
        }
        options = [
            word for name, value in named.items() for word in (f"--{name.replace('_', '-')}", value)
        ]
        return Act(
            verb=lambda by: start_experiment(
                project=team.project, by=by, plan=plan, challenger=other, **named
            ),
            rest=(
                "POST",
                "/experiments",
                named | {"challenger": "other@1", "plan": plan.as_json()},
            ),
            page=(
                reverse("site:new_experiment", args=[team.project.slug]),
                form_of(other) | named | {"start": "1"},
            ),
            command=[
                *("experiment", "start", "other@1", str(file)),
                *("--project", team.project.slug, *options),
            ],
        )

    def act(verb: str, reason: str = "Why not.", **values: float) -> Act:
        """A verb on the running experiment; `values` are shares."""
        verbs = {
            "share": set_share,
            "epoch": begin_epoch,
            "stop": stop_experiment,
            "rollback": roll_back_experiment,
            "promote": promote_challenger,
        }
        path = {"epoch": "epochs", "promote": "promotion"}.get(verb, verb)
        percents = {name: f"{100 * value:g}" for name, value in values.items()}
        options = {name: str(value) for name, value in values.items()}
        arguments = [options.pop("share")] if verb == "share" else []
        return Act(
            verb=lambda by: verbs[verb](  # type: ignore[operator]
                experiment=Experiment.objects.get(pk=running.pk), by=by, reason=reason, **values
            ),
            rest=("POST", f"/experiments/{running.pk}/{path}", {"reason": reason} | values),
            page=(
                reverse("site:change_experiment", args=[running.pk]),
                {"verb": verb, "reason": reason} | percents,
            ),
            command=[
                *("experiment", verb, str(running.pk), *arguments),
                *("--project", team.project.slug, "--reason", reason),
                *(w for k, v in options.items() for w in (f"--{k.replace('_', '-')}", v)),
            ],
        )

    return {
        "start": start(),
        "start without a reason": start("  "),
        "share": act("share", share=0.2),
        "share without a reason": act("share", "  ", share=0.2),
        "share of more than the weight": act("share", share=0.7),
        "share of nobody": act("share", share=0.0),
        "share that it has": act("share", share=0.5),
        "share on a page of yesterday": act("share", share=0.2, instead_of=0.1),
        "epoch": act("epoch"),
        "epoch without a reason": act("epoch", "  "),
        "epoch of no weight": act("epoch", weight=1.0),
        "epoch without room": act("epoch", weight=0.3),
        "stop": act("stop"),
        "stop without a reason": act("stop", "  "),
        "rollback": act("rollback"),
        "rollback without a reason": act("rollback", "  "),
        "promote": act("promote"),
        "draw answers": Act(
            verb=lambda by: draw_answers(experiment=running, count=2, by=by),
            rest=("POST", f"/experiments/{running.pk}/answers", {"n": 2}),
        ),
        "hand in scores": Act(
            verb=lambda by: take_scores(
                experiment=running, scores=[JudgedScore(id="0", value=1)], by=by
            ),
            rest=(
                "POST",
                f"/experiments/{running.pk}/scores",
                {"scores": [{"id": "0", "value": 1}]},
            ),
        ),
    }
