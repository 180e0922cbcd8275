"""REST: a project's monitors, their alarms, and how many false alarms a year they may raise."""

from collections.abc import Callable
from typing import Any

from django.shortcuts import get_object_or_404
from django_filters import rest_framework as filters
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.monitoring.adding import add_monitor
from evalhub.features.monitoring.alarms import (
    acknowledge_alarm,
    assign_alarm,
    resolve_alarm,
    snooze_alarm,
)
from evalhub.features.monitoring.ending import end_monitor
from evalhub.features.monitoring.false_alarms import set_false_alarms
from evalhub.features.monitoring.models import Alarm, AlarmQuerySet, Monitor, MonitorQuerySet
from evalhub.features.monitoring.owners import owner_by_name
from evalhub.features.monitoring.shapes import (
    AlarmOut,
    AlarmOwnerRequest,
    FalseAlarmsRequest,
    FollowedMonitorOut,
    MonitoringOut,
    MonitorOut,
    MonitorRequest,
    ResolveRequest,
    SnoozeRequest,
)
from evalhub.features.monitoring.soon import look_soon
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.idempotency import once
from evalhub.frames.rest.lists import list_response, response_of


class MonitorFilter(filters.FilterSet):
    running = filters.BooleanFilter(
        field_name="ended", lookup_expr="isnull", label="only those that run, or that have ended"
    )


class AlarmFilter(filters.FilterSet):
    open = filters.BooleanFilter(
        field_name="resolved", lookup_expr="isnull", label="only open ones, or resolved ones"
    )


class MonitorsEndpoint(ProjectEndpoint):
    """Below a project's monitors."""

    def rows(self) -> MonitorQuerySet:
        rows: MonitorQuerySet = Monitor.objects.filter(project=self.project)
        return rows.select_related("project", "owner")

    def monitor(self) -> Monitor:
        """The one of the address."""
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])

    def followed(self, pk: int) -> FollowedMonitorOut:
        """A monitor as it is now."""
        return FollowedMonitorOut.from_model(self.rows().get(pk=pk))


class Monitors(MonitorsEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "Monitors of this project, the newest first",
        gives=MonitorOut,
        pages=True,
        filtered=MonitorFilter,
    )
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), MonitorOut.from_model, filtered=MonitorFilter)

    @describes(
        "Add a monitor\n\nIt watches the project's champion from now on, and whoever is champion "
        "after it. Its false alarms are a share of the project's: more than is left is refused.",
        gives=FollowedMonitorOut,
        takes=MonitorRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        body = self.body(MonitorRequest)
        monitor = add_monitor(
            project=self.project,
            by=self.by,
            plan=body.plan,
            false_alarms_a_year=body.false_alarms_a_year,
            owner=owner_by_name(self.project, body.owner),
        )
        return response_of(request, self.followed(monitor.pk), 201)


class OneMonitor(MonitorsEndpoint):
    @describes(
        "A monitor with its streams, what it lacks, and its alarms", gives=FollowedMonitorOut
    )
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, self.followed(self.monitor().pk))


class MonitorLooks(MonitorsEndpoint):
    scopes = {"POST": Scope.RUN}

    @describes(
        "Look as soon as possible\n\nThe site's timer does so within half a minute: `looked` then "
        "is later than before.",
        gives=MonitorOut,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        monitor = self.monitor()
        look_soon(monitor=monitor, by=self.by)
        return response_of(request, MonitorOut.from_model(self.rows().get(pk=monitor.pk)), 201)


class EndedMonitor(MonitorsEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "End a monitor\n\nIts share of false alarms is free again. Its alarms stay until somebody "
        "resolves them; ending it again is the same.",
        gives=FollowedMonitorOut,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        monitor = self.monitor()
        end_monitor(monitor=monitor, by=self.by)
        return response_of(request, self.followed(monitor.pk), 201)


class AlarmsEndpoint(ProjectEndpoint):
    """Below a project's alarms."""

    def rows(self) -> AlarmQuerySet:
        return Alarm.objects.of_project(self.project).with_related()

    def alarm(self) -> Alarm:
        """The one of the address."""
        return get_object_or_404(self.rows(), pk=self.kwargs["pk"])

    def answer(self, request: Request, verb: Callable[..., Alarm], **values: Any) -> Response:
        """Does it to the alarm of the address; the alarm as it is then."""
        row = verb(alarm=self.alarm(), by=self.by, **values)
        return response_of(request, AlarmOut.from_model(self.rows().get(pk=row.pk)), 201)


class Alarms(AlarmsEndpoint):
    @describes(
        "Alarms of this project, the newest first", gives=AlarmOut, pages=True, filtered=AlarmFilter
    )
    def get(self, request: Request, project: str) -> Response:
        return list_response(request, self.rows(), AlarmOut.from_model, filtered=AlarmFilter)


class OneAlarm(AlarmsEndpoint):
    @describes("An alarm with its evidence", gives=AlarmOut)
    def get(self, request: Request, project: str, pk: int) -> Response:
        return response_of(request, AlarmOut.from_model(self.alarm()))


class AlarmAct(AlarmsEndpoint):
    """Something that somebody does about an alarm."""

    scopes = {"POST": Scope.DECIDE}


class AcknowledgedAlarm(AlarmAct):
    @describes(
        "Acknowledge an alarm\n\nSomebody has seen it; who did so first stays.",
        gives=AlarmOut,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        return self.answer(request, acknowledge_alarm)


class SnoozedAlarm(AlarmAct):
    @describes(
        "Keep an alarm quiet for a time\n\nIt stays open, so that the same isn't raised again.",
        gives=AlarmOut,
        takes=SnoozeRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(SnoozeRequest)
        return self.answer(request, snooze_alarm, until=body.until, reason=body.reason)


class ResolvedAlarm(AlarmAct):
    @describes(
        "Resolve an alarm\n\nMended or false: the same is watched for anew, by the same reference. "
        "Meant: a new reference begins.",
        gives=AlarmOut,
        takes=ResolveRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        body = self.body(ResolveRequest)
        return self.answer(request, resolve_alarm, resolution=body.resolution, reason=body.reason)


class AssignedAlarm(AlarmAct):
    @describes("Say who answers for an alarm", gives=AlarmOut, takes=AlarmOwnerRequest, code=201)
    @once()
    def post(self, request: Request, project: str, pk: int) -> Response:
        owner = owner_by_name(self.project, self.body(AlarmOwnerRequest).owner)
        return self.answer(request, assign_alarm, owner=owner)


class Monitoring(ProjectEndpoint):
    scopes = {"POST": Scope.DECIDE}

    @describes(
        "False alarms a year: of the project, of its monitors, and left", gives=MonitoringOut
    )
    def get(self, request: Request, project: str) -> Response:
        return response_of(request, MonitoringOut.of(self.project))

    @describes(
        "Set how many false alarms a year the monitors may raise together\n\nOwners only.",
        gives=MonitoringOut,
        takes=FalseAlarmsRequest,
        code=201,
    )
    @once()
    def post(self, request: Request, project: str) -> Response:
        a_year = self.body(FalseAlarmsRequest).false_alarms_a_year
        set_false_alarms(project=self.project, by=self.by, a_year=a_year)
        return response_of(request, MonitoringOut.of(self.project), 201)


_MONITOR, _ALARM = "monitors/<int:pk>", "alarms/<int:pk>"
urlpatterns = [
    project_path("monitors", Monitors, "monitors"),
    project_path(_MONITOR, OneMonitor, "monitor"),
    project_path(f"{_MONITOR}/looks", MonitorLooks, "monitor_looks"),
    project_path(f"{_MONITOR}/end", EndedMonitor, "end_monitor"),
    project_path("alarms", Alarms, "alarms"),
    project_path(_ALARM, OneAlarm, "alarm"),
    project_path(f"{_ALARM}/acknowledge", AcknowledgedAlarm, "acknowledge_alarm"),
    project_path(f"{_ALARM}/snooze", SnoozedAlarm, "snooze_alarm"),
    project_path(f"{_ALARM}/resolve", ResolvedAlarm, "resolve_alarm"),
    project_path(f"{_ALARM}/assign", AssignedAlarm, "assign_alarm"),
    project_path("monitoring", Monitoring, "monitoring"),
]
