"""Scores of labels: accuracy, balanced accuracy, macro and micro F1, and those of one label."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from evalhub.declare.declaration import invalid
from evalhub.stats.label_scores import OF_ONE_LABEL
from runners.metrics.corpus_score import AT_THE_END
from runners.metrics.normalise import Lower, normalise, reference_text
from runners.metrics.score import Answer, JointScores, MetricScore, TextMetric


class Classification(TextMetric):
    """A score that all answers have together, each of which is to be one label of a list.

    The first reference is the right label. An answer that is none of the labels is wrong, and
    counted as outside the list. An answer's own value is what it adds to the score, written when
    the run has all its answers (`evalhub.stats.classification`).
    """

    title: ClassVar = "Classification"
    measures: ClassVar = "how well all outputs name the right label of a list"
    normalisation: ClassVar = "white space at the ends"
    scored_together: ClassVar = True
    unit: ClassVar = "linearised share"
    bounds: ClassVar = None
    reference_implementation: ClassVar = "scikit-learn 1.9"
    not_for: ClassVar = "several labels an item; fewer than 200 items or 20 of a label"

    name: Literal["classification"] = "classification"
    of: Literal[
        "accuracy", "balanced_accuracy", "macro_f1", "micro_f1", "precision", "recall", "f1"
    ] = Field(alias="score", title="Score of all answers", description="which score")
    labels: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=2, title="Labels", description="all labels that an answer can be"
    )
    label: str | None = Field(
        None,
        title="Label that it is of",
        description="the label that precision, recall or f1 is of",
    )
    lower: Lower = False
    punctuation: bool = Field(
        False, title="Ignore punctuation", description="leave out punctuation"
    )

    @field_validator("labels")
    @classmethod
    def _differ(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if twice := [each for each in labels if labels.count(each) > 1]:
            raise ValueError(f"has {twice[0]!r} twice")
        return labels

    @model_validator(mode="after")
    def _is_of_a_label(self) -> "Classification":
        if len(set(self._plain_labels)) < len(self.labels):
            raise invalid("must differ once capitals and punctuation are ignored", "labels")
        if self.of in OF_ONE_LABEL and self.label not in self.labels:
            raise invalid(
                f"is needed for {self.of}: one of the labels {', '.join(self.labels)}", "label"
            )
        if self.of not in OF_ONE_LABEL and self.label is not None:
            raise invalid(f"is for {', '.join(OF_ONE_LABEL)}: {self.of} is of all labels", "label")
        return self

    @property
    def unit_of_value(self) -> str:
        of_label = f" of {self.label}" if self.label is not None else ""
        return f"linearised {self.of}{of_label}"

    def part_compared(self, answer: Answer) -> str:
        return self._normalise(answer.text)

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        gold = self._label_of(reference_text(reference))
        if gold is None:
            known = ", ".join(self.labels)
            return MetricScore(None, f"the reference {str(reference)[:60]!r} is none of {known}")
        return MetricScore(None, AT_THE_END, parts=[gold, self._label_of(answer.text)])

    def together(self, items: Sequence[str], parts: Sequence[Sequence[Any]]) -> JointScores:
        from evalhub.stats.classification import classification_score

        golds, answers = self.label_numbers(parts)
        label = None if self.label is None else self.labels.index(self.label)
        halves = [blake2b(item.encode(), digest_size=1).digest()[0] % 2 == 0 for item in items]
        result = classification_score(
            self.of, golds, answers, len(self.labels), label, halves=halves
        )
        return JointScores(result.value, result.scores.tolist())

    def label_numbers(self, parts: Sequence[Sequence[Any]]) -> tuple[list[int], list[int]]:
        """The places in the list of the right labels, and of the answers': its length for an
        answer that is none of them."""
        place: dict[str | None, int] = {label: i for i, label in enumerate(self.labels)}
        place[None] = len(self.labels)
        return [place[gold] for gold, _ in parts], [place[answer] for _, answer in parts]

    def _label_of(self, text: str) -> str | None:
        """The label of the list that a text is, as the list has it; None for any other."""
        plain = self._normalise(text)
        return next(
            (
                label
                for label, as_compared in zip(self.labels, self._plain_labels, strict=True)
                if as_compared == plain
            ),
            None,
        )

    @property
    def _plain_labels(self) -> list[str]:
        return [self._normalise(label) for label in self.labels]

    def _normalise(self, text: str) -> str:
        return normalise(text, lower=self.lower, punctuation=self.punctuation)
