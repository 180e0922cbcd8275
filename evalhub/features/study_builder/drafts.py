"""Keep and discard drafts of studies."""

from django.db import transaction
from django.db.models.functions import Now

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
    pk: int = 0,
    revision: int = 0,
) -> StudyDraft:
    """Keeps the question as a draft; the same question changes nothing.

    A draft that was changed elsewhere since `revision` stays as it is: this one is kept beside it.

    Args:
        pk, revision: the draft that the page was read from; 0 for a new one.

    Raises NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    content = {"document": question.document, "files": question.files}
    draft = StudyDraft.objects.filter(pk=pk, by=by).first()
    if draft is not None and draft.content == content and draft.project_id == project.pk:
        return draft
    values = content | {"name": name[:NAME_LENGTH], "project": project}
    current = StudyDraft.objects.filter(pk=pk, by=by, revision=revision)
    if current.update(**values, revision=revision + 1, changed=Now()):
        return StudyDraft.objects.get(pk=pk)
    return StudyDraft.objects.create(**values, by=by)


def discard_draft(*, pk: int, by: User) -> None:
    """Deletes a draft of one's own, if there is one; its uploads stay until they expire."""
    StudyDraft.objects.filter(pk=pk, by=by).delete()
