"""Live experiments have studies without runs: whoever names one as a study is told so."""

from evalhub.registry.models import Study


class LiveStudyError(Exception):
    """The name is a live experiment's, where a study's is meant."""


def check_not_live(slug: str, *, project: str | None = None) -> None:
    """Checks that this isn't the name of a live experiment, of this project or of any.

    Raises LiveStudyError: what can be done with it, and by what.
    """
    rows = Study.with_live.live().filter(slug=slug)
    if project is not None:
        rows = rows.filter(project__slug=project)
    if (study := rows.first()) is not None:
        raise LiveStudyError(
            f"{study.name} is a live experiment, and no study: it has no runs to launch, to decide "
            "on again, to copy or to export; follow, stop or promote the experiment instead "
            "(evalhub experiment)"
        )
