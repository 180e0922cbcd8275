"""Keep and discard drafts of studies."""

from django.db import transaction
from django.utils import timezone

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.features.study_builder.models import StudyDraft
from evalhub.features.study_builder.question import StudyQuestion

NAME_LENGTH = 200


@transaction.atomic
def keep_draft(
    *,
    project: Project,
    by: User,
    question: StudyQuestion,
    name: str,
    page: str,
    pk: int = 0,
    revision: int = 0,
) -> StudyDraft:
    """Keeps the question as a draft; the same question changes nothing.

    A draft that another page has changed since `revision` stays as it is: this one is kept beside
    it.

    Args:
        page: names the opened page, which goes on with the draft that it wrote itself.
        pk, revision: the draft that the page was read from; 0 for a new one.

    Raises NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    content = {"document": question.document, "files": question.files}
    mine = StudyDraft.objects.filter(by=by).select_for_update(of=("self",))
    draft = mine.filter(page=page).exclude(page="").first()
    draft = draft or mine.filter(pk=pk, revision=revision).first()
    if draft is None:
        draft = StudyDraft(by=by, revision=0)
    elif draft.content == content and draft.project_id == project.pk:
        return draft
    draft.document, draft.files = question.document, question.files
    draft.name, draft.project, draft.page = name[:NAME_LENGTH], project, page
    draft.revision += 1
    draft.changed = timezone.now()
    draft.save()
    return draft


def discard_draft(*, pk: int, by: User) -> None:
    """Deletes a draft of one's own, if there is one; its uploads stay until they expire."""
    StudyDraft.objects.filter(pk=pk, by=by).delete()
