"""The form that adds items to a test set: one being edited, a published one's next version, or a
new one."""

from typing import Any

from django import forms

from evalhub.accounts.models import Project
from evalhub.features.working_sets.models import WorkingSet
from evalhub.features.working_sets.shapes import RowsRequest
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.registry.models import TestSetVersion
from evalhub.registry.models.testsets import TestSetPurpose

SET, VERSION, NEW = "set", "version", "new"
"""How a target's value begins."""


class AddItemsForm(DeclaredForm):
    """Where items go, of the test sets of their project."""

    fields_by_path = {"test set": "slug"}

    to = forms.ChoiceField(label="Test set", required=False)
    slug = forms.CharField(
        label="Its name",
        required=False,
        max_length=80,
        help_text="letters, digits, - and _",
    )
    purpose = forms.ChoiceField(
        label="What it is for", required=False, choices=TestSetPurpose.choices
    )
    given_tag = field_of(RowsRequest, "tag", "Tag", "to find them again")

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        edited = list(WorkingSet.objects.filter(project=project).free().order_by("-changed"))
        versions = TestSetVersion.objects.filter(
            test_set__project=project, pool=None, engine__isnull=True
        ).select_related("test_set")
        newest = {each.test_set.slug: each for each in versions.order_by("number")}
        for working_set in edited:
            newest.pop(working_set.slug, None)
        groups = [
            ("Being edited", [(f"{SET}:{each.pk}", each.slug) for each in edited]),
            (
                "Published: begins the next version",
                [(f"{VERSION}:{row.pk}", slug) for slug, row in sorted(newest.items())],
            ),
        ]
        self.set_choices("to", [group for group in groups if group[1]])  # type: ignore[misc]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        cleaned["purpose"] = cleaned.get("purpose") or TestSetPurpose.TASK
        cleaned["to"] = NEW if cleaned.get("slug") else cleaned.get("to")
        if not cleaned["to"]:
            self.add_error("slug", "Choose a test set, or name a new one.")
        return cleaned
