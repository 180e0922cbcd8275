"""Cancel or resume all runs of a study at once."""

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.judges.run import cancel_work, resume_work
from evalhub.registry.models import Run, Study
from runners.queue import QueueUnreachable


def cancel_runs(study: Study, *, by: User | None) -> int:
    """Cancels the study's open runs and judges; answers stay. Returns the number of runs. Raises
    NotAllowedError if `by` doesn't evaluate in its project."""
    check_evaluates(by, study.project)
    return sum(cancel_work(run, by=by) is not None for run in _runs_of(study))


def resume_runs(study: Study, *, by: User | None) -> int:
    """Resumes the study's failed or cancelled runs and judges, and asks again for answers that
    ended in an error. Returns the number of runs.

    Raises NotAllowedError as `cancel_runs`, and QueueUnreachable where Redis is away; all are taken
    up by then, and start when a worker finds them.
    """
    check_evaluates(by, study.project)
    count, unreachable = 0, None
    for run in _runs_of(study):
        try:
            count += resume_work(run, by=by) is not None
        except QueueUnreachable as error:
            unreachable = error
    if unreachable is not None:
        raise unreachable
    return count


def _runs_of(study: Study) -> list[Run]:
    rows = Run.objects.filter(studies__arm__study=study).distinct().order_by("pk")
    return list(rows.select_related("version", "test_set_version__test_set__project"))
