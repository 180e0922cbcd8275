"""The page on which an experiment is planned and started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError
from evalhub.features.experiments.drafts import draft_power
from evalhub.features.experiments.forms import ExperimentForm
from evalhub.features.experiments.page_data.challengers import challengers
from evalhub.features.experiments.page_data.standing import ExperimentLine, running_in
from evalhub.features.experiments.page_data.traffic_metrics import traffic_metrics
from evalhub.features.experiments.planning import PowerPlan
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.page_data.filtering import Period, Window
from evalhub.features.traffic.served import ServedVersions
from evalhub.ledger.models import Promotion

USUAL_MARGINS: Mapping[str, float] = {"errors": 0.005, "refusals": 0.01, "thumbs_down": 0.01}
"""What the form proposes, where the traffic is of that."""
USUAL_GAIN = 0.01


@dataclass(frozen=True, slots=True)
class StartPage:
    """The form with what surrounds it.

    Attributes:
        champion: what is challenged; None: there is no champion, so that nothing can be started.
        running: the experiment that runs, which must end first.
    """

    project: Project
    champion: Promotion | None
    running: ExperimentLine | None
    form: ExperimentForm

    @property
    def obstacle(self) -> str:
        """Why nothing can be started here now; "" where it can."""
        if self.champion is None:
            return "no champion"
        if self.running is not None:
            return "running"
        return "" if self.form.has_challengers else "no challenger"


def start_page(
    project: Project, user: User, now: datetime, data: Mapping[str, Any] | None = None
) -> StartPage:
    """Some eight queries, and one for each decision that ships."""
    champion = Promotion.objects.current(project)
    metrics = traffic_metrics(project, now)
    window = Window.until(now, Period.QUARTER)
    names = RollUp.objects.whole_days(project).between(window.first, window.end).served_names()
    form = ExperimentForm(
        data,
        challengers=challengers(project, user),
        metrics=metrics,
        served_names=names,
        initial=_initial(champion, names, ServedVersions.of(project), now)
        | {
            f"margin_{number}": USUAL_MARGINS[metric.name]
            for number, metric in enumerate(metrics)
            if metric.name in USUAL_MARGINS
        },
    )
    return StartPage(project, champion, running_in(project), form)


def power_of(page: StartPage, now: datetime) -> PowerPlan | None:
    """What the filled in form's plan needs and notices; None, with an error at its field, where it
    can't be planned."""
    form = page.form
    if not form.previews():
        return None
    try:
        return draft_power(page.project, form.draft(), now=now)
    except DeclarationError as error:
        form.add_declaration_error(error)
        return None


def _initial(
    champion: Promotion | None, names: Sequence[str], served: ServedVersions, now: datetime
) -> dict[str, Any]:
    """The champion's served name where somebody said it, or where there is but one; and what else
    is proposed."""
    own = [name for name in names if champion and served.at(name, now) == champion.version]
    proposed = own or (names if len(names) == 1 else [""])
    return {"planned_gain": USUAL_GAIN, "champion_name": proposed[0]}
