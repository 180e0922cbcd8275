"""The form for making a review, and its values as a plan's document."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from django import forms
from django.utils.text import slugify

from evalhub.declare.review import CampaignRequest, Design, Flag, Form, Show
from evalhub.frames.page.forms import DeclaredForm, field_of
from reviews.errors import PlanError
from reviews.planning.campaign_request import review_declaration
from reviews.planning.upload import ARMS

STRATA = {
    "tags": "tags",
    "length": "length of the answers",
    "disagreement": "whether the metric tells the answers apart",
}
SHARES = ("controls", "gold", "repeats", "pass_mark")
PROPOSED = Design(controls=0.05, diverse=True, form=Form(repeats=0.05, guess=True))
"""What the page begins with: the declared defaults, and the checks that cost little."""


class CampaignForm(DeclaredForm):
    """Everything has a default that suits most: the first button opens a sound review."""

    arms = forms.ChoiceField(label="Compare", widget=forms.RadioSelect)
    items = field_of(CampaignRequest, "items", "Items", "that people are asked about")
    reviewers_per_item = field_of(CampaignRequest, "reviewers_per_item", "Reviewers an item")
    people = field_of(CampaignRequest, "people", "People", "who will judge, in all")
    question = field_of(
        CampaignRequest, "question", "Question", "Reviewers see it. It names no model."
    )
    seconds = field_of(CampaignRequest, "seconds", "Seconds a comparison")
    rate = field_of(CampaignRequest, "rate", "Cost of an hour", "in your currency")
    budget = forms.FloatField(
        label="Budget", min_value=0, required=False, help_text="tells what it can show"
    )
    steps = field_of(Form, "steps", "Ask for “much better” too")
    rationale = field_of(
        Form,
        "rationale",
        "A reason in words",
        choices={"off": "isn’t asked", "optional": "may be given", "required": "is needed"},
    )
    flags = field_of(
        Form,
        "flags",
        "Can be flagged",
        choices={flag: flag.replace("-", " ") for flag in get_args(Flag)},
        widget=forms.CheckboxSelectMultiple,
    )
    dimensions = forms.CharField(
        label="Questions beside it",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="one a line, such as: Which is more polite?",
    )
    ratings = forms.BooleanField(
        label="Rate one answer at a time, 1 to 5 on each of these questions", required=False
    )
    guess = field_of(Form, "guess", "Ask in the end which side was tuned")
    controls = field_of(
        CampaignRequest,
        "controls",
        "Control pairs, %",
        "two answers of one arm: nobody should prefer either",
        percent=True,
    )
    repeats = field_of(Form, "repeats", "Repeats, %", "asked again, sides swapped", percent=True)
    gold = field_of(
        CampaignRequest, "gold", "Gold pairs, %", "of which the metric is certain", percent=True
    )
    practice = field_of(
        CampaignRequest, "practice", "Practice pairs", "before the first real one, with feedback"
    )
    pass_mark = field_of(CampaignRequest, "pass_mark", "Pass mark, %", percent=True)
    strata = field_of(
        CampaignRequest,
        "strata",
        "Divide the sample by",
        choices=STRATA,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    diverse = field_of(CampaignRequest, "diverse", "Draw near-copies of a request last")
    seed = field_of(CampaignRequest, "seed", "Seed")
    anytime = forms.BooleanField(
        label="Stop as soon as the preference is clear",
        required=False,
        help_text="by a rule that holds at every look",
    )
    requires = forms.CharField(
        label="Reviewers need", required=False, help_text="languages and skills as tags: de, law"
    )
    invited_only = field_of(
        CampaignRequest, "invited_only", "Only people who are invited to this review"
    )
    pretty_json = forms.BooleanField(
        label="Show all JSON in one layout",
        required=False,
        help_text="keys in order, no escapes, no code fence: of both arms alike",
    )
    plain_markdown = forms.BooleanField(label="Show Markdown as plain text", required=False)
    supersedes = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, arms: Sequence[tuple[str, str]], metric: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.set_choices("arms", arms)
        self.fields["arms"].initial = arms[0][0]
        if not metric:
            self.set_choices("strata", list(STRATA.items())[:2])
            del self.fields["gold"]

    def clean(self) -> dict[str, Any]:
        """Adds `request`, a CampaignRequest, or the error of the field that can't be so."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["request"] = review_declaration(CampaignRequest, document_of(cleaned))
            except PlanError as error:
                self.add_error(None, str(error))
        return cleaned


def document_of(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The form's values as the document of a review plan.

    Where one answer is rated at a time, what needs two of them is left out.
    """
    if cleaned["ratings"]:
        alone = {"steps": False, "guess": False, "controls": 0, "gold": 0, "practice": 0}
        cleaned = {**cleaned, **alone}
    shares = {name: (cleaned.get(name) or 0) / 100 for name in SHARES}
    return {
        "items": cleaned["items"],
        "reviewers_per_item": cleaned["reviewers_per_item"],
        "people": cleaned["people"],
        "seed": cleaned["seed"],
        "question": cleaned["question"],
        "seconds": cleaned["seconds"],
        "rate": cleaned["rate"],
        "form": {
            "steps": cleaned["steps"],
            "rationale": cleaned["rationale"],
            "flags": list(cleaned["flags"]),
            "dimensions": _dimensions(cleaned["dimensions"], ratings=cleaned["ratings"]),
            "repeats": shares["repeats"],
            "guess": cleaned["guess"],
            "show": {
                "json": "pretty" if cleaned["pretty_json"] else "indented",
                "markdown": "plain" if cleaned["plain_markdown"] else "rendered",
            },
        },
        "strata": list(cleaned["strata"]),
        "diverse": cleaned["diverse"],
        "combinations": "baseline" if cleaned["arms"] == "baseline" else "all",
        "controls": shares["controls"],
        "gold": shares["gold"],
        "practice": cleaned["practice"],
        "pass_mark": shares["pass_mark"],
        "stopping": {"rule": "anytime" if cleaned["anytime"] else "fixed"},
        "requires": cleaned["requires"].replace(",", " ").split(),
        "invited_only": cleaned["invited_only"],
    }


def initial_of(design: Design) -> dict[str, Any]:
    """The form's initial values for a design."""
    values, form = design.model_dump(), design.form
    return (
        {name: values[name] for name in Design.model_fields}
        | {name: getattr(form, name) for name in ("steps", "rationale", "flags", "guess")}
        | initial_show(form.show)
        | {
            "dimensions": "\n".join(each.question for each in form.dimensions),
            "ratings": form.rates,
            "anytime": design.stopping.rule == "anytime",
            "requires": ", ".join(design.requires),
            "people": CampaignRequest.model_fields["people"].default,
            "seconds": CampaignRequest.model_fields["seconds"].default,
        }
        | {
            name: round(100 * share)
            for name, share in {**values, "repeats": form.repeats}.items()
            if name in SHARES
        }
    )


def initial_show(show: Show) -> dict[str, bool]:
    """The fields that say how answers are shown."""
    return {"pretty_json": show.json_ == "pretty", "plain_markdown": show.markdown == "plain"}


def _dimensions(lines: str, *, ratings: bool) -> list[dict[str, Any]]:
    questions = [line.strip() for line in lines.splitlines() if line.strip()]
    return [
        {
            "name": f"q{number}-{slugify(question)}"[:40].rstrip("-"),
            "question": question,
            "kind": "rating" if ratings else "choice",
        }
        for number, question in enumerate(questions, 1)
    ]


class UploadForm(DeclaredForm):
    """A file of pairs and what its fields are called."""

    project = forms.ChoiceField(label="Project")
    name = forms.CharField(label="Name of the review", max_length=60)
    file = forms.FileField(
        label="Pairs", help_text="JSONL, CSV or Parquet: one row a request, with its two answers"
    )
    right_file = forms.FileField(
        label="The candidate’s answers, if in a file of their own",
        required=False,
        help_text="joined on the id, never on the order",
    )
    prompt = forms.CharField(label="Field with the request", initial="prompt")
    left = forms.CharField(label="Field with the baseline’s answer", initial="left")
    right = forms.CharField(label="Field with the candidate’s answer", initial="right")
    id = forms.CharField(
        label="Field with the item’s id", initial="id", help_text="without it, the line is the id"
    )
    tags = forms.CharField(label="Field with tags", initial="tags")
    context = forms.CharField(label="Field with what is given with it", initial="context")
    expected = forms.CharField(
        label="Field with a known answer",
        initial="expected",
        help_text="left, right, tie or both-bad: such rows become gold pairs",
    )
    left_name = forms.SlugField(label="The baseline is called", initial=ARMS[0])
    right_name = forms.SlugField(label="The candidate is called", initial=ARMS[1])

    def __init__(self, *args: Any, projects: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.set_choices("project", projects)
