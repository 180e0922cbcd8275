"""The form of a model version, and its values as a version file."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError, default_of, validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.retrievers import CommandRetriever, UrlRetriever
from evalhub.declare.sampling import Sampling
from evalhub.frames.page.forms import DeclaredForm, field_of
from evalhub.io.json_values import JsonError, parse_json
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import Kind
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.version_file import VersionFile
from evalhub.studies.web.from_web import register_version_from_web
from runners.backends.endpoints import endpoints
from runners.backends.openai import OpenAIBackend

SAMPLING = (
    *("temperature", "top_p", "max_tokens", "seed", "samples"),
    *("top_k", "min_p", "repetition_penalty"),
)
TEXTS = (
    *("system", "template", "examples", "retriever"),
    *("stop", "template_arguments", "training", "notes"),
)


class VersionForm(DeclaredForm):
    """How a model answers, and how it was trained. Who is asked is named by an operator's alias."""

    fields_by_path = {
        "model": "slug",
        "backend.openai.endpoint": "endpoint",
        "backend.openai.model": "served",
        "backend.openai.api": "api",
        "backend": "endpoint",
        "prompt": "system",
        "prompt.template": "template",
        "prompt.examples": "examples",
        "prompt.retriever": "retriever",
        **{f"sampling.{name}": name for name in (*SAMPLING, "stop")},
        "sampling.chat_template_kwargs": "template_arguments",
        "training": "training",
    }

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
    api = field_of(OpenAIBackend, "api", "Protocol")
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
    retriever = forms.CharField(
        label="Retriever",
        widget=forms.Textarea(attrs={"rows": 3}),
        required=False,
        help_text="a JSON object: {“documents”: “sha256:DIGEST”, “k”: 3} finds the {context} among "
        "uploaded documents, {“endpoint”: …, “index”: …} asks a server that an operator named",
    )
    temperature = field_of(Sampling, "temperature", "Temperature", "0 is greedy")
    top_p = field_of(Sampling, "top_p", "Top p")
    max_tokens = field_of(Sampling, "max_tokens", "Most tokens of an answer")
    seed = field_of(Sampling, "seed", "Seed")
    samples = field_of(Sampling, "samples", "Answers to an item", required=False)
    stop = forms.CharField(
        label="Stop at",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="texts that end an answer, one a line",
    )
    top_k = field_of(Sampling, "top_k", "Top k")
    min_p = field_of(Sampling, "min_p", "Min p")
    repetition_penalty = field_of(Sampling, "repetition_penalty", "Repetition penalty")
    template_arguments = forms.CharField(
        label="Arguments of the chat template",
        widget=forms.Textarea(attrs={"rows": 2}),
        required=False,
        help_text="a JSON object, such as {“enable_thinking”: false}",
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
        self.set_choices("project", list(self._projects.values_list("slug", "name")))
        aliases = [(alias, alias) for alias in endpoints()]
        self.set_choices("endpoint", [("", "nobody: its answers are recorded"), *aliases])
        parent = self.fields["parent"]
        assert isinstance(parent, forms.ModelChoiceField)
        parent.queryset = ModelVersion.objects.visible_to(user).select_related("model__project")

    def clean(self) -> dict[str, Any]:
        """Adds `version`, a VersionFile, or the error of the field that can't be so."""
        cleaned = super().clean() or {}
        for name in TEXTS:  # browsers send \r\n
            cleaned[name] = cleaned.get(name, "").replace("\r\n", "\n")
        parent = cleaned.get("parent")
        if parent and parent.model.project.slug != cleaned.get("project"):
            self.add_error("parent", f"{parent} is of another project.")
        if not self.errors:
            try:
                cleaned["version"] = validate(VersionFile, _document(cleaned))
                cleaned["project"] = self._projects.get(slug=cleaned["project"])
            except DeclarationError as error:
                self.add_declaration_error(error)
        return cleaned


def register_form(cleaned: Mapping[str, Any], *, by: User) -> ModelVersion:
    """Registers the form's version. Raises as `register_version_from_web`."""
    return register_version_from_web(
        project=cleaned["project"],
        by=by,
        slug=cleaned["slug"],
        declaration=cleaned["version"],
        parent=cleaned["parent"],
        files=Uploads(cleaned["project"]),
        aliases=endpoints(),
    )


def _document(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The version's file. Raises DeclarationError for invalid JSON."""
    prompt = {name: cleaned[name] for name in ("system", "template") if cleaned[name]}
    if cleaned["examples"].strip():
        prompt["examples"] = _json(cleaned["examples"], "prompt.examples")
    if cleaned["retriever"].strip():
        prompt["retriever"] = _json(cleaned["retriever"], "prompt.retriever")
    sampling = {name: cleaned[name] for name in SAMPLING if cleaned[name] is not None}
    if stop := [line for line in cleaned["stop"].split("\n") if line]:
        sampling["stop"] = stop
    if cleaned["template_arguments"].strip():
        field = "sampling.chat_template_kwargs"
        sampling["chat_template_kwargs"] = _json(cleaned["template_arguments"], field)
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


def leaves_out_retriever(version: ModelVersion) -> bool:
    """Whether the web may not name its retriever: a program, or a server by its address."""
    retriever = version.prompt.retriever
    by_address = isinstance(retriever, UrlRetriever) and retriever.endpoint is None
    return by_address or isinstance(retriever, CommandRetriever)


def form_of_version(version: ModelVersion) -> dict[str, Any]:
    """Initial values for a version made from this one: the same, without its training.

    Of the backend and the retriever an operator's alias and stored documents are taken over: the
    rest isn't said by the web.
    """
    backend, prompt, sampling = version.backend, version.prompt, version.sampling
    retriever = None if leaves_out_retriever(version) else prompt.retriever
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
        "retriever": json.dumps(retriever.as_json(), ensure_ascii=False) if retriever else "",
        **{name: getattr(sampling, name) for name in SAMPLING},
        "stop": "\n".join(sampling.stop or ()),
        "template_arguments": json.dumps(sampling.chat_template_kwargs, ensure_ascii=False)
        if sampling.chat_template_kwargs
        else "",
    }
