"""All runs of a study at once: stopped, or those that stopped taken up again."""

from evalhub.accounts.models import User
from evalhub.accounts.permissions import check_evaluates
from evalhub.registry.models import Run, Study
from runners.judging import cancel_work, resume_work
from runners.queue import QueueUnreachable


def cancel_runs(study: Study, *, by: User | None) -> int:
    """Stops what goes on about a study's runs, judges of their answers too; of how many runs. What
    was answered stays. Raises NotAllowedError where `by` doesn't evaluate in its project."""
    check_evaluates(by, study.project)
    return sum(cancel_work(run, by=by) is not None for run in _runs_of(study))


def resume_runs(study: Study, *, by: User | None) -> int:
    """Lets those of a study's runs go on that failed or were cancelled, and judges of their answers
    that did; how many runs. Answers that ended in an error are asked for again.

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
