"""Tokens."""

from typing import Any, ClassVar, Literal

from pydantic import Field

from runners.metrics.score import Answer, MetricDeclaration, MetricScore


class Tokens(MetricDeclaration):
    """Tokens of the completion, the prompt or both, as recorded; unscored where they weren't."""

    title: ClassVar = "Tokens"
    measures: ClassVar = "how many tokens the answer or its prompt has"
    reference_implementation: ClassVar = "as recorded"
    not_for: ClassVar = "models with other tokenizers: take length"
    also_needs: ClassVar = "token counts, recorded"
    normalisation: ClassVar = "none"
    needs_reference: ClassVar = False
    higher_is_better: ClassVar = False
    unit: ClassVar = "tokens"
    bounds: ClassVar = None

    name: Literal["tokens"] = "tokens"
    of: Literal["completion", "prompt", "total"] = Field(
        "completion", title="Whose tokens", description="whose tokens are counted"
    )

    def score(self, answer: Answer, reference: Any) -> MetricScore:
        counts = {"prompt": answer.prompt_tokens, "completion": answer.completion_tokens}
        wanted = counts if self.of == "total" else {self.of: counts[self.of]}
        lacking = [name for name, count in wanted.items() if count is None]
        if lacking:
            return MetricScore(None, f"no {' and no '.join(lacking)} tokens were recorded")
        return MetricScore(float(sum(count for count in wanted.values() if count is not None)))
