"""Who has seen which model gave which answer: kept for good, so that nobody judges after seeing."""

from collections.abc import Callable, Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse

from evalhub.accounts.audit_log import note
from evalhub.accounts.models import Action, Membership, Project, ResultsSeen, Role, User
from evalhub.accounts.permissions import check_evaluates

ADMINISTERS = "administers the site"


def expose(*, projects: Iterable[int], user: User, how: str) -> None:
    """Records that this person has seen these projects' results; the first record stays."""
    ResultsSeen.objects.bulk_create(
        [ResultsSeen(project_id=project, user=user, how=how) for project in projects],
        ignore_conflicts=True,
    )


def sees_results(user: User) -> bool:
    """Whether there is a project whose results this person may look at; records that they do.

    One query, and one more the first time.
    """
    recorded = ResultsSeen.objects.filter(project=OuterRef("pk"), user=user)
    seen = list(Project.objects.visible_to(user).order_by().values_list("pk", Exists(recorded)))
    if new := [pk for pk, recorded in seen if not recorded]:
        expose(projects=new, user=user, how="was shown results")
    return user.is_superuser or bool(seen)


@transaction.atomic
def note_export(project: Project, *, by: User | None, what: str) -> None:
    """Notes the export of `what` in the audit log, and that whoever exports it has seen its
    results.

    Raises:
        evalhub.accounts.permissions.NotAllowedError: they may not see them.
    """
    check_evaluates(by, project)
    if by is not None:
        expose(projects=[project.pk], user=by, how="exported results")
    note(Action.EXPORTED, by=by, project=project, what=what)


@transaction.atomic
def set_role(
    *, project: Project, user: User, role: Role, by: User | None = None, why: str = ""
) -> Membership:
    """Makes this person a member with this role, or gives the member another role.

    Both the role they had and the one that they get count as having seen the results, where
    such a role sees them. `by` is None for the operator; whether they may, the caller has checked.
    `why` follows the role in the audit log.
    """
    had = list(Membership.objects.filter(project=project, user=user).values_list("role", flat=True))
    note_roles(project_id=project.pk, user=user, roles=[*had, role])
    if had != [role]:
        was = f"{had[0]} → " if had else ""
        note(Action.ROLE_CHANGED, by=by, about=user, project=project, what=f"{was}{role}{why}")
    membership, _ = Membership.objects.update_or_create(
        project=project, user=user, defaults={"role": role}
    )
    return membership


def note_roles(*, project_id: int, user: User, roles: Iterable[str]) -> None:
    """Records an exposure by the first of these roles that sees a project's results, if any."""
    for role in roles:
        if role in (Role.OWNER, Role.EVALUATOR):
            expose(projects=[project_id], user=user, how=f"was {role}")
            return


class RememberWhoSawResults:
    """Middleware: the admin's pages name the arms of every project to whoever opens them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: object) -> None:
        match, user = request.resolver_match, request.user
        if match is None or match.app_name != "admin" or not isinstance(user, User):
            return
        if user.is_staff and match.url_name not in ("login", "logout"):
            seen = ResultsSeen.objects.filter(project=OuterRef("pk"), user=user)
            new = Project.objects.filter(~Exists(seen)).order_by().values_list("pk", flat=True)
            if projects := list(new):
                expose(projects=projects, user=user, how=ADMINISTERS)
