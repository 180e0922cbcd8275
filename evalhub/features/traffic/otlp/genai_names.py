"""The attributes that are read, by what they say: of OpenTelemetry's GenAI conventions as they are
and as they were, of OpenInference, of OpenLLMetry and of LiteLLM. Pure.

Where several say the same, the first one that a span has counts.
"""

from functools import lru_cache

EVALUATION = "gen_ai.evaluation.result"
OPERATION = "gen_ai.operation.name"
OPERATIONS = frozenset(
    {
        *("chat", "text_completion", "generate_content", "completion", "responses"),
        # LiteLLM's kinds of calls
        *("acompletion", "atext_completion", "aresponses", "anthropic_messages"),
        *("agenerate_content", "agenerate_content_stream", "generate_content_stream"),
    }
)
"""Operations that are a model call. An agent's step, a tool or an embedding is none."""
INFERENCE_KIND = "openinference.span.kind"

SERVED = ("litellm.provider.model", "gen_ai.response.model", "llm.model_name")
"""LiteLLM's response model is its group's name."""
REQUESTED = ("gen_ai.request.model",)
RESPONSE_ID = ("gen_ai.response.id",)
CONVERSATION = ("gen_ai.conversation.id", "session.id")
USER = ("user.id", "enduser.id", "enduser.pseudo.id", "llm.user")
PROMPT_TOKENS = (
    *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
    "llm.token_count.prompt",
)
COMPLETION_TOKENS = (
    *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
    "llm.token_count.completion",
)
CACHED_TOKENS = (
    *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "llm.token_count.prompt_details.cache_read",
)
REASONING_TOKENS = (
    "gen_ai.usage.reasoning.output_tokens",
    "llm.token_count.completion_details.reasoning",
)
FIRST_TOKEN_S = ("gen_ai.response.time_to_first_chunk",)
COST = ("llm.cost.total",)
LITELLM_COST = "gen_ai.cost.total_cost"
"""0 too where LiteLLM has no price of the model."""
FINISH_REASONS = ("gen_ai.response.finish_reasons", "llm.finish_reason")
ERROR = ("error.type",)
EXCEPTION = ("exception.type",)
ARM = ("feature_flag.result.variant", "feature_flag.variant")
ROUTE = ("evalhub.route", "litellm.model_group")
TAGS = "evalhub.tags"

INSTRUCTIONS = "gen_ai.system_instructions"
INPUT = "gen_ai.input.messages"
OUTPUT = "gen_ai.output.messages"
INPUT_VALUE, OUTPUT_VALUE = "input.value", "output.value"
NUMBERED = (
    ("llm.input_messages.", "llm.output_messages.", "message."),
    ("gen_ai.prompt.", "gen_ai.completion.", ""),
)
"""OpenInference's and OpenLLMetry's messages, an attribute for each field: what the names of the
request's begin with, of the answer's, and what stands between the number and the field."""

DETAILS = "gen_ai.client.inference.operation.details"
CHOICE = "gen_ai.choice"
MESSAGES = {
    f"gen_ai.{role}.message": role for role in ("system", "developer", "user", "assistant", "tool")
}
"""Events of one message each, and whose it is."""
PROMPT_EVENT, COMPLETION_EVENT = "gen_ai.content.prompt", "gen_ai.content.completion"
PROMPT, COMPLETION = "gen_ai.prompt", "gen_ai.completion"
EVENT_CONTENT = "gen_ai.event.content"
TEXT_EVENTS = frozenset({DETAILS, CHOICE, *MESSAGES, PROMPT_EVENT, COMPLETION_EVENT})
"""Events with texts of a call."""

SCORE_NAME = "gen_ai.evaluation.name"
SCORE_VALUE = "gen_ai.evaluation.score.value"
SCORE_LABEL = "gen_ai.evaluation.score.label"
EXPLANATION = "gen_ai.evaluation.explanation"
ANNOTATOR = "annotation.annotator_kind"
EVENT_NAME = "event.name"

PRIMARY = "litellm_request"
"""LiteLLM's span of a call."""
RAW = "raw_gen_ai_request"
"""LiteLLM's span of what it sent to a provider: below PRIMARY, or alone if mirrored."""
RAW_FIELDS = frozenset({"model", "messages", "choices", "usage", "id"})

NAMES = frozenset(
    {
        *(OPERATION, INFERENCE_KIND, *SERVED, *REQUESTED, *RESPONSE_ID, *CONVERSATION),
        *(*USER, *PROMPT_TOKENS, *COMPLETION_TOKENS, *CACHED_TOKENS, *REASONING_TOKENS, *COST),
        *(*FIRST_TOKEN_S, LITELLM_COST, *FINISH_REASONS, *ERROR, *EXCEPTION, *ARM, *ROUTE, TAGS),
        *(PROMPT, COMPLETION, EVENT_CONTENT),
        *(INSTRUCTIONS, INPUT, OUTPUT, INPUT_VALUE, OUTPUT_VALUE, EVENT_NAME),
        *(SCORE_NAME, SCORE_VALUE, SCORE_LABEL, EXPLANATION, ANNOTATOR),
    }
)
_BEGINNINGS = tuple(name for request, answer, _ in NUMBERED for name in (request, answer))


@lru_cache(maxsize=4096)
def is_read(name: str) -> bool:
    """Whether an attribute of this name is read; any other is dropped."""
    return name in NAMES or name.startswith(_BEGINNINGS) or raw_field(name) is not None


def raw_field(name: str) -> tuple[str, str] | None:
    """(provider, field) of LiteLLM's `llm.PROVIDER.FIELD`, where that field is read."""
    first, _, rest = name.partition(".")
    provider, _, field = rest.partition(".")
    return (provider, field) if first == "llm" and field in RAW_FIELDS else None
