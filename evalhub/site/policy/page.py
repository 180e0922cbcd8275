"""What the page of a policy shows beside its form: what would change, and who changed it first."""

from collections.abc import Sequence
from dataclasses import dataclass

from evalhub.accounts.models import Action, LogEntry
from evalhub.decision.policy_changes import PolicyChange
from evalhub.decision.policy_words import change_sentence
from evalhub.declare.declaration import DeclarationError
from evalhub.declare.plan import PlannedLook
from evalhub.registry.models import Study
from evalhub.site.policy.form import PolicyForm
from evalhub.studies.run.policy_change import looks_after, policy_difference


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change: which way it goes, and what is asked after and before it."""

    change: PolicyChange

    @property
    def sentence(self) -> str:
        return change_sentence(self.change.field, self.change.was, self.change.now)


@dataclass(frozen=True, slots=True)
class Difference:
    """What saving the form would change, and the next look's cost then.

    Attributes:
        wrong: why it can't be saved; empty: it can.
        meanwhile: somebody has changed the policy since the form was read.
    """

    changes: Sequence[ShownChange] = ()
    looks: Sequence[PlannedLook] = ()
    wrong: str = ""
    meanwhile: LogEntry | None = None
    is_stale: bool = False


def difference_of(study: Study, form: PolicyForm, *, is_stale: bool = False) -> Difference:
    """The form's policy beside the study's present one."""
    if not form.is_bound:
        return Difference()
    meanwhile = _newest_change(study) if is_stale else None
    if not form.is_valid():
        return Difference(wrong="Put right what is marked.", meanwhile=meanwhile, is_stale=is_stale)
    try:
        changes = policy_difference(study, form.policy, form.demands)
        looks = looks_after(study, form.policy, form.demands) if changes else ()
    except DeclarationError as error:
        return Difference(wrong=f"{error}.", meanwhile=meanwhile, is_stale=is_stale)
    shown = [ShownChange(each) for each in changes]
    of_one = {each.field.split(".")[1] for each in changes if each.field.startswith("criteria.")}
    if all(each.field.startswith("criteria.") for each in changes):
        looks = [each for each in looks if each.test_set in of_one]
    return Difference(shown, looks, meanwhile=meanwhile, is_stale=is_stale)


def saved_sentence(changes: Sequence[PolicyChange]) -> str:
    """What was changed, for the message after it."""
    first, *others = changes
    more = f", and {len(others)} more" if others else ""
    return f"Changed: {change_sentence(first.field, first.was, first.now)}{more}. The log has it."


def _newest_change(study: Study) -> LogEntry | None:
    entries = LogEntry.objects.filter(action=Action.POLICY_CHANGED, project=study.project)
    return entries.filter(what=study.slug).select_related("by").first()
