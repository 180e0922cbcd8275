"""Forms that are too heavy for the site's own process become jobs, and their senders see how far.

What a form would have done and shown it does and shows, once its job has ended.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.features.traffic.models import RollUp
from evalhub.features.traffic.page_data.filtering import Period, Window
from evalhub.features.working_sets.models import WorkingSet
from evalhub.io.private import make_private_folder
from evalhub.jobs.queue import QueueFullError, enqueue, form_file
from evalhub.jobs.weight import Weight, weight_of, weight_of_uploads
from evalhub.registry.models import Run, Study, TestSet, TestSetVersion
from evalhub.registry.uploads import Uploads

type Rows = Callable[[User, dict[str, Any], HttpRequest], tuple[Project | None, int]]


class HeavyForms:
    """Middleware: a heavy form is answered by the page of its job. It stands last."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """The way to the job's page; None where the form is answered here and now."""
        match = request.resolver_match
        form = FORMS.get(match.view_name) if match is not None else None
        if request.method != "POST" or form is None or not isinstance(request.user, User):
            return None
        buttons, title, rows = form
        if buttons and not any(button in request.POST for button in buttons):
            return None
        project, count = rows(request.user, kwargs, request)
        if project is None or not (_weight_of_sent(request, project) + Weight(count)).is_heavy:
            return None
        try:
            job = enqueue(
                project=project,
                by=request.user,
                token=None,
                title=title,
                address=request.get_full_path(),
                sent={"fields": list(_fields(request)), "files": list(_files(request, project))},
            )
        except NotAllowedError:
            return None  # the page itself refuses it
        except QueueFullError as error:
            return HttpResponse(
                f"{error}.\n", status=503, content_type="text/plain", headers={"Retry-After": "60"}
            )
        return redirect("site:job", job.pk)


def _weight_of_sent(request: HttpRequest, project: Project) -> Weight:
    texts = [value for _, value in _fields(request)]
    total = Weight(bytes=sum(len(text) for text in texts))
    for _, files in request.FILES.lists():
        for file in files:
            total += weight_of(file, file.size or 0)
    return total + weight_of_uploads(" ".join(texts), Uploads(project))


def _fields(request: HttpRequest) -> Iterator[tuple[str, str]]:
    for name, values in request.POST.lists():
        if name != "csrfmiddlewaretoken":
            yield from ((name, str(value)) for value in values)


def _files(request: HttpRequest, project: Project) -> Iterator[dict[str, str]]:
    """The form's files, kept under their digests for whoever works on the job."""
    folder = form_file(str(project.pk))
    for above in (folder.parent, folder):
        with suppress(FileExistsError):
            make_private_folder(above)
    for name, files in request.FILES.lists():
        for file in files:
            digest = hashlib.sha256()
            for chunk in file.chunks():
                digest.update(chunk)
            path = folder / digest.hexdigest()
            if not path.is_file():
                part = path.with_suffix(f".{uuid4().hex}")  # another site may write the same
                with part.open("wb") as written:
                    for chunk in file.chunks():
                        written.write(chunk)
                part.rename(path)
            yield {
                "field": name,
                "name": file.name or "",
                "content_type": file.content_type or "",
                "path": f"{project.pk}/{path.name}",
            }


def _of_field(user: User, kwargs: dict[str, Any], request: HttpRequest) -> tuple[Any, int]:
    """The project that the form names, or the person's first one."""
    projects = Project.objects.visible_to(user).order_by("slug")
    slug = request.POST.get("project") or request.GET.get("project") or ""
    return projects.filter(slug=slug).first() or projects.first(), 0


def _of_working_set(user: User, kwargs: dict[str, Any], request: HttpRequest) -> tuple[Any, int]:
    matches = WorkingSet.objects.visible_to(user).filter(pk=kwargs["pk"]).select_related("project")
    working_set = matches.first()
    if working_set is None:
        return None, 0
    count = working_set.items.count()
    if request.POST.get("where") == "others":
        rows = TestSetVersion.objects.filter(test_set__project=working_set.project)
        count += rows.aggregate(sum=Sum("item_count"))["sum"] or 0
    return working_set.project, count


def _of_test_set(user: User, kwargs: dict[str, Any], request: HttpRequest) -> tuple[Any, int]:
    matches = TestSet.objects.visible_to(user).filter(pk=kwargs["pk"]).select_related("project")
    test_set = matches.first()
    if test_set is None:
        return None, 0
    rows = TestSetVersion.objects.filter(test_set=test_set)
    return test_set.project, rows.aggregate(most=Max("item_count"))["most"] or 0


def _of_study(user: User, kwargs: dict[str, Any], request: HttpRequest) -> tuple[Any, int]:
    number = str(kwargs.get("pk") or request.GET.get("study") or "")
    studies = Study.objects.visible_to(user).select_related("project")
    study = studies.filter(pk=number).first() if number.isdecimal() and len(number) < 18 else None
    if study is None:
        return None, 0
    rows = Run.objects.filter(studies__arm__study=study)
    return study.project, rows.aggregate(sum=Sum("test_set_version__item_count"))["sum"] or 0


def _of_traffic(user: User, kwargs: dict[str, Any], request: HttpRequest) -> tuple[Any, int]:
    """The project, and its requests of the last quarter with texts: a sample reads no more."""
    project = Project.objects.visible_to(user).filter(slug=kwargs["slug"]).first()
    if project is None:
        return None, 0
    days = RollUp.objects.whole_days(project)
    window = Window.until(timezone.now(), Period.QUARTER)
    return project, days.between(window.first, window.end).aggregate(sum=Sum("texts"))["sum"] or 0


FORMS: dict[str, tuple[tuple[str, ...], str, Rows]] = {
    "site:new_comparison": (("run", "work_out"), "Start the study", _of_field),
    "site:upload_pairs": ((), "Take in the pairs of answers", _of_field),
    "site:new_working_set": ((), "Begin a working set with the file", _of_field),
    "site:check_data": ((), "Check the training file", _of_field),
    "site:new_run": (("start",), "Start the run", _of_field),
    "site:edit_test_set": ((), "Begin a working set with a version", _of_test_set),
    "site:add_rows": ((), "Add rows to the working set", _of_working_set),
    "site:change_many": ((), "Change many items of the working set", _of_working_set),
    "site:split_set": ((), "Split the working set", _of_working_set),
    "site:near_copies": ((), "Look for near-copies", _of_working_set),
    "site:publish_set": ((), "Publish the working set", _of_working_set),
    "site:decide": ((), "Decide", _of_study),
    "site:copy_study": ((), "Copy the study", _of_study),
    "site:production_samples": ((), "Sample requests", _of_traffic),
    "site:new_campaign": (("open",), "Open the review", _of_study),
}
"""By the page's name: buttons of which one was pressed (none: whichever), what the form does, and
whose project and how many rows of the database it concerns."""
