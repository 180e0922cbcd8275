"""How long users' sums are kept, and erasing a user's."""

from collections.abc import Mapping, Sequence
from datetime import date

from django.db.models import Q
from django.utils import timezone

from evalhub.accounts.leaving_nothing import secure_delete
from evalhub.accounts.models import Project
from evalhub.features.experiments.models import Experiment, JudgedAnswer, UserDay
from evalhub.features.traffic.days import DAY
from evalhub.features.traffic.keeping import settings_of


def erase_user_days(project: Project, user_hash: str) -> Mapping[str, int]:
    """Erases what a user's requests added up to in all experiments of the project; an
    `evalhub.features.traffic.erase` eraser. Decisions stand: they hold no user."""
    rows = UserDay.objects.filter(experiment__project=project, unit=user_hash)
    return {"user_days": rows.delete()[0]}


def erase_judged_answers(project: Project, day: date, keys: Sequence[str]) -> Mapping[str, int]:
    """Erases which of these requests were drawn to be judged: an eraser likewise. The random ids
    stay, so that a judge who scores such an answer is told that it was erased."""
    rows = JudgedAnswer.objects.filter(experiment__project=project, day=day, key__in=keys)
    return {"judged_answers": rows.update(day=None, key="")}


def delete_old_judged_answers() -> None:
    """Deletes which requests were drawn to be judged, once they aren't kept any more."""
    today = timezone.now().date()
    drawn = Project.objects.filter(experiments__judged_answers__isnull=False).distinct()
    for project in drawn:
        first = today - DAY * settings_of(project).days
        old = Q(day__lt=first) | Q(day=None, drawn__date__lt=first)
        JudgedAnswer.objects.filter(old, experiment__project=project).delete()


def delete_old_user_days() -> None:
    """Deletes users' sums of experiments whose last day's requests aren't kept any more, unless a
    later experiment that is kept continues them."""
    ended = Experiment.objects.exclude(ended=None).filter(user_days__isnull=False).distinct()
    today = timezone.now().date()
    gone = [row for row in ended.select_related("project") if not _is_kept(row, today)]
    if gone:
        with secure_delete():
            UserDay.objects.filter(experiment__in=gone).delete()


def has_forgotten(experiment: Experiment) -> bool:
    """Whether it, or one that it continues, has counted users whose sums aren't kept any more."""
    return any(
        row.counted_days.exclude(arrivals={}, arrivals_due=None).exists()
        and not row.user_days.exists()
        for row in experiment.sequence
    )


def _is_kept(experiment: Experiment, today: date) -> bool:
    first = today - DAY * settings_of(experiment.project).days
    if experiment.ended is None or experiment.ended.date() >= first:
        return True
    return any(_is_kept(later, today) for later in experiment.continued_by.all())
