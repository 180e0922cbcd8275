"""The search form of the audit log: action, person, time, and words."""

import datetime
from typing import Any

from django import forms

from evalhub.accounts.models import Action, LogEntryQuerySet


class DateInput(forms.DateInput):
    input_type = "date"


class LogForm(forms.Form):
    action = forms.ChoiceField(
        required=False, choices=[("", "anything"), *Action.choices], label="Done"
    )
    person = forms.CharField(required=False, max_length=150, label="User name")
    since = forms.DateField(required=False, widget=DateInput, label="From")
    until = forms.DateField(required=False, widget=DateInput, label="To")
    q = forms.CharField(required=False, max_length=200, label="Words")
    sort = forms.ChoiceField(
        required=False, choices=[("", "newest first"), ("created", "oldest first")], label="Sort by"
    )

    def filter(self, entries: LogEntryQuerySet) -> LogEntryQuerySet:
        """The entries that the form selects. The form is valid."""
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned["action"]:
            entries = entries.filter(action=cleaned["action"])
        if cleaned["person"]:
            entries = entries.by_or_about(cleaned["person"])
        if cleaned["since"]:
            entries = entries.filter(created__gte=_start(cleaned["since"]))
        if cleaned["until"]:
            entries = entries.filter(
                created__lt=_start(cleaned["until"]) + datetime.timedelta(days=1)
            )
        matching = entries.containing(cleaned["q"])
        return matching.order_by("id") if cleaned["sort"] else matching


def _start(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(day, datetime.time(), tzinfo=datetime.UTC)
