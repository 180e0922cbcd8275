"""Remove an item's text for good, wherever it is stored; digests and decisions stay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from evalhub.accounts.audit_log import note
from evalhub.accounts.leaving_nothing import leaving_nothing
from evalhub.accounts.models import Action, Project, User
from evalhub.accounts.permissions import NotAllowedError
from evalhub.judges.models import JudgeVote
from evalhub.registry.contents import answers_as_they_are, items_as_they_are
from evalhub.registry.drafts import drop, drop_left_over
from evalhub.registry.models import Item, Output, Redaction, Run, Score, TestSetVersion
from evalhub.registry.redaction import REDACTED, RedactedItems, Redactor
from evalhub.registry.uploads import Uploads
from reviews.models import Campaign
from reviews.results.ended import has_ended
from runners.models import RecordedRetrieval

CHUNK = 5000


class RedactionError(Exception):
    """An item that can't be redacted; the message says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Redacted:
    """How much was removed.

    Attributes:
        working_items: rows of working sets, which go altogether.
        uploads: files that programs uploaded to the project.
    """

    items: int
    versions: int
    answers: int
    runs: int
    working_items: int
    uploads: int = 0


def redact(
    *,
    project: Project,
    test_set: str,
    item: str,
    reason: str,
    by: User | None,
    redactors: Sequence[Redactor],
    everywhere: bool = False,
    dry_run: bool = False,
) -> Redacted:
    """As `redact_rows`, and removes the text from the database's own files too.

    On PostgreSQL that is so after its next VACUUM. Files that programs uploaded to the project
    are taken away too, where this process has the home that they lie in. With `dry_run` everything
    is checked and counted, and nothing changed.
    """
    take_out = partial(
        redact_rows,
        project=project,
        test_set=test_set,
        item=item,
        reason=reason,
        by=by,
        redactors=redactors,
        everywhere=everywhere,
    )
    if dry_run:
        with transaction.atomic():
            result = take_out()
            transaction.set_rollback(True)
        return replace(result, uploads=Uploads(project).count_all())
    with leaving_nothing():
        drop_left_over()  # a killed writer may have left the same text
        result = take_out()
        # whichever upload the item came in
        return replace(result, uploads=Uploads(project).drop_all())


@transaction.atomic
def redact_rows(
    *,
    project: Project,
    test_set: str,
    item: str,
    reason: str,
    by: User | None,
    redactors: Sequence[Redactor],
    everywhere: bool = False,
) -> Redacted:
    """Removes the text of an item from every version of the project that asks the same, and the
    answers from every run on them.

    What is left is the item's id, its tags and cluster, the digest of what it said, and all
    scores. A `Redaction` leads from each digest of before to what it is now; no digest that was
    recorded changes. `by` is an owner; None is the operator. `redactors` are the features that keep
    copies of the text: `evalhub.features.table.REDACTORS`. `everywhere` takes the id for one that
    nothing else has, and removes all texts that it has in any version of any test set: somebody may
    have edited it.

    Raises:
        RedactionError: no such item, no reason, a run on it that goes on, or rows that aren't
            what their digest says.
        evalhub.accounts.permissions.NotAllowedError: `by` doesn't own the project.
    """
    if by is not None and not Project.objects.owned_by(by).filter(pk=project.pk).exists():
        raise NotAllowedError(f"{by} doesn't own {project}: an item is redacted by an owner")
    if not 0 < len(reason.strip()) <= 300:
        raise RedactionError("say why, in 1 to 300 characters")
    of_project = Item.objects.written().filter(version__test_set__project=project)
    of_id = of_project.filter(key=item)
    all_items = of_id.filter(version__test_set__slug=test_set).order_by("-version__number")
    newest = all_items.first()
    if newest is None:
        raise RedactionError(f"{project} has no item {item!r} in a test set {test_set!r}")
    digests = {newest.digest}
    if everywhere:
        digests |= set(of_id.order_by().values_list("digest", flat=True))
    same = of_project.filter(digest__in=digests, redacted=None)
    versions = list(TestSetVersion.objects.filter(items__in=same).distinct().order_by("pk"))
    if not versions:
        raise RedactionError(f"{item!r} of {test_set!r} is redacted already")
    runs = list(Run.objects.filter(test_set_version__in=versions).order_by("pk"))
    if going := next((run for run in runs if run.finished is None), None):
        raise RedactionError(f"{going} goes on: wait for its end, or cancel it")
    for campaign in Campaign.objects.filter(pairs__item__in=same).distinct().defer("plan"):
        if not has_ended(campaign):
            raise RedactionError(f"{campaign} shows it to its reviewers now: close that first")
    for draft in Run.with_drafts.filter(test_set_version__in=versions, draft_until__isnull=False):
        drop(draft)  # a running ingestion may hold answers to it
    texts = [(version, _keys(version, same), _check_items(version)) for version in versions]
    runs_with_digests = [(run, _check_answers(run)) for run in runs]
    items = list(same.order_by().values_list("pk", flat=True))
    outputs = Output.objects.filter(run__in=runs, item__in=items).order_by()
    scores = Score.objects.filter(output__in=outputs.values("pk"))
    scores.filter(value__isnull=False).update(reason="")
    scores.filter(value__isnull=True).update(reason=REDACTED)
    votes = JudgeVote.objects.filter(item__in=items)
    votes.exclude(choice="").update(reason="")
    votes.unreadable().update(reason=REDACTED)
    count = outputs.count()
    _take_out_answers(outputs)
    RecordedRetrieval.objects.filter(item__in=items).delete()
    copies = RedactedItems(project=project, digests=digests, items=items, outputs=outputs)
    working_items = sum(redact_copies(copies) for redact_copies in redactors)
    item_count = same.update(
        input=REDACTED,
        references=[],
        context="",
        choices=None,
        tools=None,
        relevant=None,
        metadata={},
        redacted=timezone.now(),
    )
    shared = {"project": project, "reason": reason.strip(), "by": by}
    Redaction.objects.bulk_create(
        Redaction(
            version=version,
            item=keys,
            before=before,
            after=items_as_they_are(version),
            **shared,
        )
        for version, keys, before in texts
    )
    keys_of = {version.pk: keys for version, keys, _ in texts}
    Redaction.objects.bulk_create(
        Redaction(
            version_id=run.test_set_version_id,
            run=run,
            item=keys_of[run.test_set_version_id],
            before=before,
            after=answers_as_they_are(run),
            **shared,
        )
        for run, before in runs_with_digests
    )
    note(Action.REDACTED, by=by, project=project, what=f"an item of {test_set}: {reason.strip()}")
    return Redacted(item_count, len(versions), count, len(runs), working_items)


def _take_out_answers(outputs: QuerySet[Output]) -> None:
    """Replaces texts by a text and errors by an error: neither becomes the other."""
    for output in (
        outputs.filter(text__isnull=False)
        .only("pk", "text", "tool_calls")
        .iterator(chunk_size=CHUNK)
    ):
        digest = sha256(output.as_read.encode()).hexdigest()
        Output.objects.filter(pk=output.pk).update(
            text=REDACTED, text_sha256=digest, reasoning="", tool_calls=None, passages=None
        )
    outputs.filter(text__isnull=True).update(
        error=REDACTED, reasoning="", tool_calls=None, passages=None
    )


def _keys(version: TestSetVersion, same: QuerySet[Item]) -> str:
    return ", ".join(
        same.filter(version=version).order_by("position").values_list("key", flat=True)
    )


def _check_items(version: TestSetVersion) -> str:
    """The digest of the items as they are now; raises if neither recorded nor explained by
    redactions."""
    digest = items_as_they_are(version)
    if not Redaction.objects.of_version(version).lead(version.digest, digest):
        raise RedactionError(f"the items of {version} aren't what its digest says")
    return digest


def _check_answers(run: Run) -> str:
    digest = answers_as_they_are(run)
    if not Redaction.objects.of_run(run).lead(run.answers_digest, digest):
        raise RedactionError(f"the answers of {run} aren't what its digest says")
    return digest
