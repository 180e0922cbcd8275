"""The form of a model version, and its values as a version file."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.prompt import Prompt
from evalhub.io.json_values import JsonError, parse_json
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import Kind
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.version_file import VersionFile
from evalhub.studies.web.from_web import register_version_from_web
from runners.backends.endpoints import endpoints
from runners.backends.openai import OpenAIBackend

SAMPLING = ("temperature", "top_p", "max_tokens", "seed", "samples")
TEXTS = ("system", "template", "examples", "stop", "training", "notes")
PLACES = {
    "model": "slug",
    "backend.openai.endpoint": "endpoint",
    "backend.openai.model": "served",
    "backend.openai.api": "api",
    "backend": "endpoint",
    "prompt": "system",
    "prompt.template": "template",
    "prompt.examples": "examples",
    "sampling.stop": "stop",
    "training": "training",
}
"""Which field of the form an error of the declaration belongs to, by how its place begins."""


class VersionForm(forms.Form):
    """How a model answers, and how it was trained. Who is asked is named by an operator's alias."""

    project = forms.ChoiceField(label="Project")
    slug = forms.CharField(
        label="Name of the model",
        max_length=80,
        help_text="letters, digits, - and _; of one that exists, this becomes its next version",
    )
    kind = forms.ChoiceField(label="Kind", choices=Kind.choices, initial=Kind.BASE)
    parent = forms.ModelChoiceField(
        ModelVersion.objects.none(), label="Made from", required=False, empty_label="nothing here"
    )
    endpoint = forms.ChoiceField(
        label="Who is asked",
        required=False,
        help_text="an endpoint that an operator has made; of recorded answers nobody is",
    )
    served = forms.CharField(
        label="Name of the model there", required=False, help_text="as the server knows it"
    )
    api = forms.ChoiceField(
        label="Protocol",
        choices=[("chat", "chat"), ("completion", "completion")],
        initial=default_of(OpenAIBackend, "api"),
    )
    system = forms.CharField(
        label="System message",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        strip=False,
    )
    template = forms.CharField(
        label="Template",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        strip=False,
        initial=default_of(Prompt, "template"),
        help_text="{input} is the item’s input; {context} may stand there too",
    )
    examples = forms.CharField(
        label="Examples",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="a JSON list: [{“input”: …, “output”: …}]",
    )
    temperature = forms.FloatField(label="Temperature", required=False, help_text="0 is greedy")
    top_p = forms.FloatField(label="Top p", required=False)
    max_tokens = forms.IntegerField(label="Most tokens of an answer", required=False)
    seed = forms.IntegerField(label="Seed", required=False)
    samples = forms.IntegerField(label="Answers to an item", required=False, initial=1)
    stop = forms.CharField(
        label="Stop at",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="texts that end an answer, one a line",
    )
    training = forms.CharField(
        label="Training record",
        widget=forms.Textarea(attrs={"rows": 4}),
        required=False,
        help_text="a JSON object of named fields and whatever else is to be kept: method, "
        "base_model, examples, hyperparameters, adapter, losses, hours, cost, …; “data” names an "
        "upload as sha256:DIGEST",
    )
    notes = forms.CharField(
        label="What changed", widget=forms.Textarea(attrs={"rows": 2}), required=False
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._projects = Project.objects.visible_to(user).order_by("slug")
        project, parent, endpoint = (
            self.fields[name] for name in ("project", "parent", "endpoint")
        )
        assert isinstance(project, forms.ChoiceField)
        assert isinstance(parent, forms.ModelChoiceField)
        assert isinstance(endpoint, forms.ChoiceField)
        project.choices = list(self._projects.values_list("slug", "name"))
        parent.queryset = ModelVersion.objects.visible_to(user).select_related("model__project")
        endpoint.choices = [
            ("", "nobody: its answers are recorded"),
            *((n, n) for n in endpoints()),
        ]

    def clean(self) -> dict[str, Any]:
        """Adds `asked`, a VersionFile, or the error of the field that can't be so."""
        cleaned = super().clean() or {}
        for name in TEXTS:  # browsers send \r\n
            cleaned[name] = cleaned.get(name, "").replace("\r\n", "\n")
        parent = cleaned.get("parent")
        if parent and parent.model.project.slug != cleaned.get("project"):
            self.add_error("parent", f"{parent} is of another project.")
        if not self.errors:
            try:
                cleaned["asked"] = validate(VersionFile, _document(cleaned))
                cleaned["project"] = self._projects.get(slug=cleaned["project"])
            except DeclarationError as error:
                self.add_field_error(error)
        return cleaned

    def add_field_error(self, error: DeclarationError) -> None:
        """Adds the error to the field that it is about."""
        name = error.field.removeprefix("sampling.")
        if name not in self.fields:
            fitting = [prefix for prefix in PLACES if error.field.startswith(prefix)]
            name = PLACES[max(fitting, key=len)] if fitting else ""
        self.add_error(name or None, error.message)


def register_form(cleaned: Mapping[str, Any], *, by: User) -> ModelVersion:
    """Registers the form's version. Raises as `register_version_from_web`."""
    return register_version_from_web(
        project=cleaned["project"],
        by=by,
        slug=cleaned["slug"],
        declaration=cleaned["asked"],
        parent=cleaned["parent"],
        files=Uploads(cleaned["project"]),
        aliases=endpoints(),
    )


def _document(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The version's file. Raises DeclarationError for invalid JSON."""
    prompt = {name: cleaned[name] for name in ("system", "template") if cleaned[name]}
    if cleaned["examples"].strip():
        prompt["examples"] = _json(cleaned["examples"], "prompt.examples")
    sampling = {name: cleaned[name] for name in SAMPLING if cleaned[name] is not None}
    if stop := [line for line in cleaned["stop"].split("\n") if line]:
        sampling["stop"] = stop
    document = {
        "kind": cleaned["kind"],
        "prompt": prompt,
        "sampling": sampling,
        "notes": cleaned["notes"],
    }
    if cleaned["training"].strip():
        document["training"] = _json(cleaned["training"], "training")
    if cleaned["endpoint"]:
        openai = {
            "endpoint": cleaned["endpoint"],
            "model": cleaned["served"],
            "api": cleaned["api"],
        }
        document["backend"] = {"openai": openai}
    elif cleaned["served"]:
        raise DeclarationError("say who is asked for it", "backend.openai.endpoint")
    return document


def _json(text: str, field: str) -> Any:
    try:
        return parse_json(text)
    except JsonError as flaw:
        raise DeclarationError(flaw.message, field) from flaw


def form_of_version(version: ModelVersion) -> dict[str, Any]:
    """Initial values for a version made from this one: the same, without its training.

    Nothing of the backend but an operator's alias is taken over: the rest isn't said by the web.
    """
    backend, prompt, sampling = version.backend, version.prompt, version.sampling
    by_endpoint = backend.get("type") == "openai" and backend.get("endpoint")
    return {
        "project": version.model.project.slug,
        "slug": version.model.slug,
        "kind": version.kind,
        "parent": version.pk,
        "endpoint": backend["endpoint"] if by_endpoint else "",
        "served": backend.get("model", "") if by_endpoint else "",
        "api": backend.get("api", default_of(OpenAIBackend, "api")),
        "system": prompt.system,
        "template": prompt.template,
        "examples": json.dumps(
            [each.as_json() for each in prompt.examples], ensure_ascii=False, indent=1
        )
        if prompt.examples
        else "",
        **{name: getattr(sampling, name) for name in SAMPLING},
        "stop": "\n".join(sampling.stop or ()),
    }
