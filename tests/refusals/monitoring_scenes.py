"""Acts on monitors and their alarms, as each door takes them."""

from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.alarms import (
    acknowledge_alarm,
    assign_alarm,
    resolve_alarm,
    snooze_alarm,
)
from evalhub.features.monitoring.ending import end_monitor
from evalhub.features.monitoring.false_alarms import set_false_alarms
from evalhub.features.monitoring.models import Alarm, Monitor, Resolution, RetrainProposal
from evalhub.features.monitoring.retraining.proposals import decline_proposal, link_retrained
from evalhub.registry.version_names import version_by_name
from tests.cast import Team, a_version
from tests.features.monitoring.monitors_of import a_plan, a_watched_project
from tests.features.monitoring.retraining.losses_of import a_stream, an_alarm
from tests.refusals.doors import Act


def monitors(team: Team) -> dict[str, Act]:
    """A monitor of operations that takes 1.5 of 4 false alarms a year, with an open alarm."""
    monitor, alarm = a_watched_project(team)
    project, of = team.project, ["--project", team.project.slug]

    def add(share: float = 1.0, route: str = "billing") -> Act:
        plan = a_plan(route=route)
        return Act(
            verb=lambda by: add_monitor(
                project=project, by=by, plan=plan, false_alarms_a_year=share
            ),
            rest=("POST", "/monitors", {"plan": plan.as_json(), "false_alarms_a_year": share}),
            page=(
                reverse("site:new_monitor", args=[project.slug]),
                {
                    "false_alarms_a_year": share,
                    "margin_errors": 0.01,
                    "route": route,
                    "feedback_hours": 24,
                },
            ),
            command=[
                *("monitor", "add", *of, "--of", "operations", "--measure", "errors=0.01"),
                *("--false-alarms", str(share), *(["--route", route] if route else [])),
            ],
        )

    def total(a_year: float) -> Act:
        return Act(
            verb=lambda by: set_false_alarms(project=project, by=by, a_year=a_year),
            rest=("POST", "/monitoring", {"false_alarms_a_year": a_year}),
            page=(
                reverse("site:false_alarms", args=[project.slug]),
                {"false_alarms_a_year": a_year},
            ),
            command=["monitor", "settings", *of, "--false-alarms", str(a_year)],
        )

    def act(name: str, verb: Any, body: dict[str, Any], form: dict[str, Any], *words: str) -> Act:
        def do(by: Any) -> object:
            values = dict(body)
            if name == "resolve":
                values["resolution"] = Resolution(values["resolution"])
            if name == "snooze":
                values["until"] = timezone.now() + timedelta(days=7)
            return verb(alarm=Alarm.objects.get(pk=alarm.pk), by=by, **values)

        return Act(
            verb=do,
            rest=("POST", f"/alarms/{alarm.pk}/{name}", body),
            page=(reverse("site:change_alarm", args=[alarm.pk]), {"verb": name} | form),
            command=["monitor", name, str(alarm.pk), *of, *words],
        )

    def snooze(reason: str) -> Act:
        until = (timezone.now() + timedelta(days=7)).isoformat()
        return act(
            "snooze", snooze_alarm, {"until": until, "reason": reason},
            {"days": "7", "reason": reason}, "--until", "7d", "--reason", reason,
        )  # fmt: skip

    def resolve(reason: str) -> Act:
        values = {"resolution": "mended", "reason": reason}
        return act("resolve", resolve_alarm, values, values, "--as", "mended", "--reason", reason)

    return {
        "add": add(),
        "add more than is left": add(3.0),
        "add the same again": add(route=""),
        "end": Act(
            verb=lambda by: end_monitor(monitor=Monitor.objects.get(pk=monitor.pk), by=by),
            rest=("POST", f"/monitors/{monitor.pk}/end", {}),
            page=(reverse("site:change_monitor", args=[monitor.pk]), {"verb": "end"}),
            command=["monitor", "end", str(monitor.pk), *of],
        ),
        "set the total": total(5.0),
        "set less than is taken": total(1.0),
        "acknowledge": act("acknowledge", acknowledge_alarm, {}, {}),
        "assign": act("assign", assign_alarm, {"owner": None}, {"owner": ""}),
        "snooze": snooze("Known."),
        "snooze without a reason": snooze("  "),
        "resolve": resolve("Mended."),
        "resolve without a reason": resolve("  "),
    }


def proposals(team: Team) -> dict[str, Act]:
    """Acts on what an alarm proposes: to train again."""
    alarm = an_alarm(team, a_stream(team, rates=[0.03] * 21 + [0.08] * 7))
    proposal = RetrainProposal.objects.get(alarm=alarm)
    a_version(team, "tuned")

    def act(name: str, verb: Any, form: dict[str, Any], *words: str) -> Act:
        path = "retrained" if name == "link" else name
        return Act(
            verb=verb,
            rest=("POST", f"/proposals/{proposal.pk}/{path}", form),
            page=(reverse("site:answer_proposal", args=[proposal.pk]), {"verb": name} | form),
            command=["monitor", name, str(proposal.pk), *words, "--project", team.project.slug],
        )

    def decline(reason: str) -> Act:
        return act(
            "decline",
            lambda by: decline_proposal(proposal=proposal, by=by, reason=reason),
            {"reason": reason},
            "--reason",
            reason,
        )

    def link(name: str) -> Act:
        def do(by: Any) -> object:
            version = version_by_name(team.project, name)
            return link_retrained(proposal=proposal, version=version, by=by)

        return act("link", do, {"version": name}, name)

    return {
        "decline without a reason": decline("  "),
        "link the one that lost": link("base@1"),
        "link": link("tuned@1"),
        "decline": decline("No."),
    }
