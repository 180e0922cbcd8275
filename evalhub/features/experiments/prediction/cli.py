"""`evalhub experiment prediction`: did offline decisions predict what experiments found?"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evalhub.frames.command.figures import count_text, number
from evalhub.frames.command.options import Of
from evalhub.frames.command.transports import Operation, operation
from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from evalhub.client.connection import Connection
    from evalhub.features.experiments.models import ExperimentQuerySet


@operation
def prediction(project: Of) -> Operation:
    """Print each offline decision beside what its experiment found, and how often they agree."""

    def here() -> dict[str, Any]:
        from evalhub.accounts.people import project_by_slug
        from evalhub.features.experiments.models import Experiment
        from evalhub.features.experiments.prediction.report import prediction_report
        from evalhub.features.experiments.prediction.shapes import PredictionsOut

        of: ExperimentQuerySet = Experiment.objects.filter(project=project_by_slug(project))
        everywhere: ExperimentQuerySet = Experiment.objects.all()
        out = PredictionsOut.of(prediction_report(of), prediction_report(everywhere))
        return out.as_json()

    def there(connection: "Connection") -> dict[str, Any]:
        return dict(connection.get("/experiments/prediction").body)

    return Operation(project, here, there, lambda row: Printed(row, lines=[*_lines(row)]))


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    for pair in row["pairs"]:
        yield f"{pair['name']} ({pair['version']})"
        yield f"  offline {_effect(pair['offline'])}{_corrected(pair['corrected'])}"
        yield f"  live    {_effect(pair['live'])}"
        yield f"  {_agreed(pair)}"
    for reason, count in row["without"].items():
        yield f"No pair for {count_text(count, 'experiment')}: {reason}."
    for key, where in (("project", "this project"), ("all_projects", "all projects")):
        for kind in ("signs", "sizes") if row[key] else ():
            yield f"{kind.capitalize()} in {where}: {_share(row[key][kind])}"


def _effect(effect: Mapping[str, Any]) -> str:
    limits = f"[{number(effect['lower'])}, {number(effect['upper'])}]"
    return f"{effect['metric']} {number(effect['difference'])} {limits}"


def _corrected(corrected: Mapping[str, Any] | None) -> str:
    """What is left once it is corrected for having been selected."""
    if corrected is None:
        return ""
    if corrected["estimate"] is None:
        return "; corrected for selection it says nothing"
    return f"; corrected for selection {number(corrected['estimate'])}"


def _agreed(pair: Mapping[str, Any]) -> str:
    sign = "the same sign" if pair["same_sign"] else "another sign"
    if pair["same_size"] is None:
        return f"{sign}; the units differ, so that sizes can't be compared"
    size = "the same size within their errors" if pair["same_size"] else "another size"
    return f"{sign}, {size} (p = {pair['p_same']:.3g})"


def _share(agreement: Mapping[str, Any]) -> str:
    counts = f"{agreement['agree']} of {count_text(agreement['pairs'], 'pair')} agree"
    if agreement["needed"]:
        return f"{counts}; {agreement['needed']} more are needed before that says anything."
    limits = f"{agreement['lower']:.0%} to {agreement['upper']:.0%}"
    return f"{counts}: {limits} with 95% confidence."
