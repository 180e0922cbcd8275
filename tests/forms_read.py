"""What each form of the site that changes what exists was read from, by the page's name.

`Browser` sends a form as a person does whose page is fresh; a test that wants a stale one says what
it was read from itself.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.db.models import Model
from django.test import Client
from django.urls import Resolver404, resolve

from evalhub.accounts.models import ApiToken, MemberInvitation, Membership, Project, Provenance
from evalhub.features.experiments.models import Experiment
from evalhub.features.monitoring.false_alarms import total_false_alarms
from evalhub.features.monitoring.models import Alarm, Monitor, RetrainProposal
from evalhub.features.traffic.models import TrafficSettings
from evalhub.features.webhooks.models import Webhook
from evalhub.features.working_sets.models import WorkingItem, WorkingSet
from evalhub.frames.page.read_from import FIELD, state_digest
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion, Run, StoredDataReport, Study
from evalhub.site.queries import study_runs
from reviews.models import Campaign, ExampleQueue, Invitation, Reviewer

type Values = Mapping[str, Any]
type State = Callable[[Values, Values], object]
"""Of the address's parts and the form's fields."""


def _row(model: type[Model], key: str = "pk") -> State:
    return lambda parts, form: model._base_manager.filter(pk=parts[key]).first()


def _project(parts: Values) -> Project | None:
    return Project.objects.filter(slug=parts["slug"]).first()


def _member(parts: Values, form: Values) -> object:
    if form.get("verb") != "confirm":
        return Membership.objects.filter(pk=parts["pk"]).first()
    return Provenance.objects.filter(user__memberships=parts["pk"]).first()


def _champion(parts: Values, form: Values) -> object:
    promotions = Promotion.objects.filter(project__studies__decisions=parts["pk"])
    return promotions.newest_first().values_list("pk", flat=True).first()


def _experiment(parts: Values, form: Values) -> object:
    row = Experiment.objects.filter(pk=parts["pk"]).first()
    if row is None or form.get("verb") not in ("share", "epoch"):
        return row
    return row.steps.in_order().values_list("pk", flat=True).reverse()[0]


def _signed(model: Any) -> State:
    def newest(parts: Values, form: Values) -> object:
        rows = model._base_manager.filter(pk=parts["pk"], sign_offs__isnull=False)
        return rows.order_by("-sign_offs__pk").values_list("sign_offs", flat=True).first()

    return newest


def _study_runs(parts: Values, form: Values) -> object:
    study = Study.objects.filter(pk=parts["pk"]).first()
    return study and study_runs(study).stopped


def _false_alarms(parts: Values, form: Values) -> object:
    project = _project(parts)
    return project and total_false_alarms(project)


def _keeping(parts: Values, form: Values) -> object:
    rows = TrafficSettings.objects.filter(project__slug=parts["slug"])
    return rows.first() or TrafficSettings()


READ_FROM: dict[str, State] = {
    "site:answer_proposal": _row(RetrainProposal),
    "site:cancel_run": _row(Run),
    "site:cancel_study_runs": _study_runs,
    "site:change_alarm": _row(Alarm),
    "site:change_campaign": _row(Campaign),
    "site:change_example_queue": _row(ExampleQueue),
    "site:change_experiment": _experiment,
    "site:change_member": _member,
    "site:change_monitor": _row(Monitor),
    "site:change_reviewer": _row(Reviewer, "reviewer"),
    "site:change_webhook": _row(Webhook),
    "site:false_alarms": _false_alarms,
    "site:move_version": _row(ModelVersion),
    "site:production_keeping": _keeping,
    "site:promote": _champion,
    "site:resume_run": _row(Run),
    "site:resume_study_runs": _study_runs,
    "site:retire_test_set": lambda parts, form: None,
    "site:revoke_token": _row(ApiToken),
    "site:sign": _signed(Decision),
    "site:sign_data": _signed(StoredDataReport),
    "site:study_policy": _row(Study),
    "site:unblind_campaign": _row(Campaign),
    "site:withdraw_invitation": _row(Invitation, "invitation"),
    "site:withdraw_member": _row(MemberInvitation),
}
"""What `{% read_from %}` writes into the forms that are sent to these pages."""

REVISIONS: dict[str, tuple[type[Model], str]] = {
    "site:change_item": (WorkingItem, "item"),
    "site:change_many": (WorkingSet, "pk"),
    "site:delete_item": (WorkingItem, "item"),
    "site:discard_set": (WorkingSet, "pk"),
    "site:near_copies": (WorkingSet, "pk"),
    "site:publish_set": (WorkingSet, "pk"),
    "site:split_set": (WorkingSet, "pk"),
}
"""Whose revision stands in the forms of these pages: a working set counts what is written."""


def read_now(address: str, form: Values) -> dict[str, str]:
    """The field by which a fresh form says what it was read from; nothing for one that adds."""
    try:
        match = resolve(urlsplit(address).path)
    except Resolver404:
        return {}
    name, parts = match.view_name, match.kwargs
    if name in REVISIONS:
        model, key = REVISIONS[name]
        rows = model._base_manager.filter(pk=parts[key])
        return {"revision": str(rows.values_list("revision", flat=True).first() or 0)}
    if name not in READ_FROM:
        return {}
    return {FIELD: state_digest(READ_FROM[name](parts, form))}


class Browser(Client):
    """A client whose forms are as fresh as the page that it would have read them on."""

    def post(self, path: Any, data: Any = None, *args: Any, **more: Any) -> Any:
        if data is None or isinstance(data, dict):
            data = {**read_now(str(path), data or {}), **(data or {})}
        return super().post(path, data, *args, **more)


def body_read_now(address: str, body: bytes) -> bytes:
    """The same form, urlencoded, with what it was read from; one with files as it is."""
    if body.startswith(b"--"):
        return body
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    fields = {name: value for name, value in read_now(address, form).items() if name not in form}
    return b"&".join(each for each in (body, urlencode(fields).encode()) if each)
