"""Where an alarm of inputs says to sample: `evalhub traffic sample` of the slice that grew."""

import shlex
from datetime import UTC, date, datetime, time
from urllib.parse import urlencode

from django.urls import reverse

from evalhub.accounts.models import Project
from evalhub.declare.slice_shares import SharedKind
from evalhub.features.monitoring.inputs.reports import InputsTest, SampleLink
from evalhub.features.monitoring.inputs.weeks import WEEK
from evalhub.features.traffic.forms import TIME_FORMAT
from evalhub.features.traffic.sample_form import USUAL_COUNT
from evalhub.features.traffic.shadow.query import UNKNOWN


def sample_link(project: Project, test: InputsTest, monday: date) -> SampleLink:
    """A sample of the week's requests, of what grew most where requests can be filtered by it."""
    where = _filter(test)
    first, end = (datetime.combine(day, time(), UTC) for day in (monday, monday + WEEK))
    times = {"since": first.strftime(TIME_FORMAT), "until": end.strftime(TIME_FORMAT)}
    page = reverse("site:production_samples", args=[project.slug])
    command = [
        *("evalhub", "traffic", "sample", "--project", project.slug, "--n", str(USUAL_COUNT)),
        *("--since", first.isoformat(), "--until", end.isoformat()),
        *(part for name, value in where.items() for part in ("--where", f"{name}={value}")),
    ]
    return SampleLink(page=f"{page}?{urlencode(times | where)}", typed=shlex.join(command))


def _filter(test: InputsTest) -> dict[str, str]:
    """Requests are not filtered by length, by what isn't named, nor by many values together."""
    grown = test.grown
    if grown is None or grown.value is None or test.subject == SharedKind.LENGTH:
        return {}
    if not grown.value:
        return {"language": UNKNOWN} if test.subject == SharedKind.LANGUAGE else {}
    return {test.subject: grown.value}
