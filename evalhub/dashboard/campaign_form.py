"""The form by which an owner makes a review, and what it says as a brief."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.text import slugify

from reviews.errors import PlanError
from reviews.planning.campaign_request import QUESTION, CampaignRequest
from reviews.planning.form import FLAGS

STRATA = [
    ("tags", "tags"),
    ("length", "length of the answers"),
    ("disagreement", "whether the metric tells the answers apart"),
]
SHARES = ("controls", "gold", "repeats", "pass_mark")


class BriefForm(forms.Form):
    """Everything has a default that suits most: the first button opens a sound review."""

    arms = forms.ChoiceField(label="Compare", widget=forms.RadioSelect)
    items = forms.IntegerField(
        label="Items", min_value=1, initial=200, help_text="that people are asked about"
    )
    reviewers_per_item = forms.IntegerField(
        label="Reviewers an item", min_value=1, max_value=20, initial=2
    )
    question = forms.CharField(
        label="Question", initial=QUESTION, help_text="Reviewers see it. It names no model."
    )
    seconds = forms.FloatField(
        label="Seconds a comparison", min_value=1, max_value=3600, initial=37
    )
    rate = forms.FloatField(
        label="Cost of an hour", min_value=0, required=False, help_text="in your currency"
    )
    budget = forms.FloatField(
        label="Budget", min_value=0, required=False, help_text="tells what it can show"
    )
    steps = forms.BooleanField(label="Ask for “much better” too", required=False)
    rationale = forms.ChoiceField(
        label="A reason in words",
        initial="off",
        choices=[("off", "isn’t asked"), ("optional", "may be given"), ("required", "is needed")],
    )
    flags = forms.MultipleChoiceField(
        label="Can be flagged",
        choices=list(FLAGS.items()),
        widget=forms.CheckboxSelectMultiple,
        required=False,
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
    guess = forms.BooleanField(
        label="Ask in the end which side was tuned", required=False, initial=True
    )
    controls = forms.IntegerField(
        label="Control pairs, %",
        min_value=0,
        max_value=50,
        initial=5,
        help_text="two answers of one arm: nobody should prefer either",
    )
    repeats = forms.IntegerField(
        label="Repeats, %",
        min_value=0,
        max_value=30,
        initial=5,
        help_text="asked again, sides swapped",
    )
    gold = forms.IntegerField(
        label="Gold pairs, %",
        min_value=0,
        max_value=50,
        initial=0,
        help_text="of which the metric is certain",
    )
    practice = forms.IntegerField(
        label="Practice pairs",
        min_value=0,
        max_value=50,
        initial=0,
        help_text="before the first real one, with feedback",
    )
    pass_mark = forms.IntegerField(label="Pass mark, %", min_value=0, max_value=100, initial=70)
    strata = forms.MultipleChoiceField(
        label="Divide the sample by",
        choices=STRATA,
        widget=forms.CheckboxSelectMultiple,
        initial=["tags"],
        required=False,
    )
    diverse = forms.BooleanField(
        label="Draw near-copies of a request last", required=False, initial=True
    )
    seed = forms.IntegerField(label="Seed", min_value=0, initial=1)
    anytime = forms.BooleanField(
        label="Stop as soon as the preference is clear",
        required=False,
        help_text="by a rule that holds at every look",
    )
    requires = forms.CharField(
        label="Reviewers need",
        required=False,
        help_text="languages and skills as tags: de, law",
    )
    invited_only = forms.BooleanField(
        label="Only people who are invited to this review", required=False
    )
    supersedes = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, *args: Any, arms: Sequence[tuple[str, str]], metric: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["arms"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(arms)
        field.initial = arms[0][0]
        strata = self.fields["strata"]
        assert isinstance(strata, forms.MultipleChoiceField)
        if not metric:
            strata.choices = STRATA[:2]
            del self.fields["gold"]

    def clean(self) -> dict[str, Any]:
        """Adds `brief`, or the error of the field that can't be so."""
        cleaned = super().clean() or {}
        if not self.errors:
            try:
                cleaned["brief"] = CampaignRequest.of(document_of(cleaned))
            except PlanError as error:
                self.add_error(None, str(error))
        return cleaned


def document_of(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """What the form says, as the document that a brief is read from.

    Where one answer is rated at a time, what needs two of them is left out.
    """
    if cleaned["ratings"]:
        alone = {"steps": False, "guess": False, "controls": 0, "gold": 0, "practice": 0}
        cleaned = {**cleaned, **alone}
    shares = {name: (cleaned.get(name) or 0) / 100 for name in SHARES}
    return {
        "items": cleaned["items"],
        "reviewers_per_item": cleaned["reviewers_per_item"],
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


def initial_of(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The form's fields as a sealed plan has them, to make another one from."""
    form, sampling = plan["form"], plan["sampling"]
    dimensions = form["dimensions"]
    return {
        "items": plan["items_asked"],
        "reviewers_per_item": plan["reviewers_per_item"],
        "seed": plan["seed"],
        "question": plan["question"],
        "steps": form["steps"],
        "rationale": form["rationale"],
        "flags": form["flags"],
        "dimensions": "\n".join(each["question"] for each in dimensions),
        "ratings": any(each["kind"] == "rating" for each in dimensions),
        "guess": form["guess"],
        "controls": round(100 * plan["shares"]["controls"]),
        "gold": round(100 * plan["shares"]["gold"]),
        "repeats": round(100 * plan["shares"]["repeats"]),
        "practice": plan["practice"]["pairs"],
        "pass_mark": round(100 * plan["practice"]["pass_mark"]),
        "strata": sampling["by"] if isinstance(sampling["by"], list) else [],
        "diverse": sampling["diverse"],
        "anytime": plan["stopping"]["rule"] == "anytime",
        "requires": ", ".join(plan["requires"]),
        "invited_only": plan["invited_only"],
    }


def _dimensions(lines: str, *, ratings: bool) -> list[dict[str, Any]]:
    questions = [line.strip() for line in lines.splitlines() if line.strip()]
    return [
        {
            "name": f"q{place}-{slugify(question)}"[:40].rstrip("-"),
            "question": question,
            "kind": "rating" if ratings else "choice",
        }
        for place, question in enumerate(questions, 1)
    ]


class UploadForm(forms.Form):
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
    left_name = forms.SlugField(label="The baseline is called", initial="left")
    right_name = forms.SlugField(label="The candidate is called", initial="right")

    def __init__(self, *args: Any, projects: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["project"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = list(projects)
