"""A test set in a study file: the source of its items, and the requirements on it."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, cast

from pydantic import Field, ValidationInfo, field_validator, model_validator

from evalhub.declare.declaration import Declaration, invalid, validate
from evalhub.declare.measured_on import NO_WEIGHTS
from evalhub.declare.outside import Outside
from evalhub.declare.policy import Demand
from evalhub.io.items import FieldMapping
from evalhub.studies.file.form import Form, FormGuard, form_guards
from evalhub.studies.file.suite import SkillItems, metric_of
from runners.engines.harness import HarnessTask, LmEvalTask
from runners.metrics import AnyMetric, MetricDeclaration
from runners.metrics.corpus_score import CorpusScore
from runners.metrics.recorded import RecordedScore

USUAL = FieldMapping()
TEXT_FIELD = "text"
"""The field of held texts where a study file doesn't name it."""

FileName = Annotated[str, Field(min_length=1, description="relative to this file"), Outside("file")]
FieldName = Annotated[str, Field(min_length=1)]
FieldNames = FieldName | Annotated[tuple[FieldName, ...], Field(min_length=1)]


if TYPE_CHECKING:
    _Metric = MetricDeclaration
else:
    _Metric = AnyMetric | None


class ItemFields(Declaration):
    """What the fields of a test set's rows are called."""

    id: FieldName = USUAL.id
    input: FieldName = USUAL.input
    reference: FieldNames | None = None
    context: FieldName | None = None
    tags: FieldNames | None = None
    cluster: FieldName | None = None
    choices: FieldName | None = Field(
        None, description="texts of which the model says how likely each is, in place of an answer"
    )
    tools: FieldName | None = Field(
        None, description="tools that the model may call, as OpenAI's protocol has them"
    )
    relevant: FieldName | None = Field(
        None, description="ids of the passages that hold the item's answer"
    )
    answerable: FieldName | None = Field(
        None, description="false where the documents don't hold the item's answer"
    )
    weight: FieldName | None = Field(
        None,
        description="how much the item counts, above 0; of a sample, how many requests it "
        "stands for",
    )

    text: FieldName | None = Field(
        None,
        description="in place of input: a text of which the model says how likely it is, and which "
        "nobody answers; `text` with log_loss",
    )

    @model_validator(mode="after")
    def _is_judged_or_answered(self) -> "ItemFields":
        if self.text is not None and self.choices is not None:
            raise invalid("is judged itself, and has no choices: name one of them", "text")
        return self

    @property
    def mapping(self) -> FieldMapping:
        return FieldMapping(**dict(self))


class AskedTestSet(Demand):
    """One test set: where its items come from, and what must hold on it."""

    file: FileName | None = Field(
        None, description="the items: JSONL, CSV, Parquet or a JSON array, relative to this file"
    )
    suite: SkillItems | None = Field(
        None, description="in place of file: a skill of the suite `general`, whose metric it has"
    )
    lm_eval: LmEvalTask | None = Field(
        None, description="in place of file: a task of lm-evaluation-harness, with its own scores"
    )
    purpose: Literal["task", "capability", "safety"] | None = Field(
        None, description="by the role: task for a primary, else capability"
    )
    metric: _Metric = Field(
        None, validate_default=True, description="a skill or a task has its own"
    )
    form: Form | None = Field(
        None,
        description="`guard`: guards on how the answers look, such as refusals, language and "
        "length, against the baseline's, each a criterion NAME-refusal, …",
    )
    fields: ItemFields = ItemFields()
    draw: int | None = Field(
        None,
        ge=2,
        description="of a primary: the file is a pool, of which so many items that nobody has seen "
        "are drawn for each new question; such a look has the whole level",
    )

    @field_validator("metric")
    @classmethod
    def _has_its_skill_s(
        cls, metric: MetricDeclaration | None, info: ValidationInfo
    ) -> MetricDeclaration:
        if metric is not None or not {"suite", "lm_eval"} <= info.data.keys():
            return cast("MetricDeclaration", metric)
        skill, task = info.data["suite"], info.data["lm_eval"]
        if skill is None and task is None:
            raise invalid("missing", "metric")
        kind: Any = AnyMetric
        fields = metric_of(skill.skill) if skill else task.metric
        declaration: MetricDeclaration = validate(kind, fields)
        return declaration

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "AskedTestSet":
        if [self.file, self.suite, self.lm_eval].count(None) != 2:
            raise invalid(
                "says where the items come from: a file, a skill of the suite, or lm_eval", "file"
            )
        if self.file is None and self.fields != ItemFields():
            raise invalid("are of a file's rows", "fields")
        return self

    @property
    def mapping(self) -> FieldMapping:
        """What the fields of its rows are called, as its metric needs them."""
        mapping = self.fields.mapping
        if self.metric.scores_texts and mapping.text is None and mapping.choices is None:
            return replace(mapping, text=TEXT_FIELD)
        return mapping

    @property
    def guards(self) -> list[FormGuard]:
        """The guards on the form of its answers; none if it has no `form`."""
        return form_guards(self.form, self.metric)

    @model_validator(mode="after")
    def _guards_what_is_judged(self) -> "AskedTestSet":
        if self.form is not None and self.role == "development":
            raise invalid("is for what is judged: a development set is only read", "form")
        return self

    @model_validator(mode="after")
    def _has_answers(self) -> "AskedTestSet":
        if self.form is not None and self.metric.scores_texts:
            raise invalid(f"is of answers, and {self.metric.name} scores texts", "form")
        if self.metric.scores_texts and self.file is None:
            raise invalid(f"scores held texts: give their file, for {self.metric.name}", "metric")
        return self

    @model_validator(mode="after")
    def _draws_for_a_look(self) -> "AskedTestSet":
        if self.draw is not None and self.role != "primary":
            raise invalid("is for primaries, whose looks are paid for", "draw")
        return self

    @model_validator(mode="after")
    def _is_of_all_answers(self) -> "AskedTestSet":
        if self.metric.scored_together and self.bounds is not None:
            raise invalid(
                "are of single answers, and the score is of all of them together", "bounds"
            )
        if self.metric.linearised and self.mix is not None:
            raise invalid(NO_WEIGHTS, "mix")
        return self

    @model_validator(mode="after")
    def _within_its_metric(self) -> "AskedTestSet":
        own = self.metric.reach
        if own is not None and self.bounds is not None:
            raise invalid(
                f"{self.metric.name} lies between {own[0]:g} and {own[1]:g}: leave them out",
                "bounds",
            )
        if own is not None:
            self.check_range(own)
        return self


def metric_needed(task: HarnessTask, metric: MetricDeclaration) -> str:
    """What a task's score is and which metric takes it, if `metric` doesn't; else ""."""
    score = task.spec.score
    if isinstance(metric, CorpusScore) and not task.together:
        needed, kind = "recorded", "as a mean over documents"
    elif (isinstance(metric, CorpusScore) and metric.of != score) or (
        isinstance(metric, RecordedScore) and metric.of == score and task.together
    ):
        needed, kind = "corpus_score", "of all documents together"
    else:
        return ""
    return f"has {score} {kind}: say metric: {{name: {needed}, score: '{score}'}} beside it"
