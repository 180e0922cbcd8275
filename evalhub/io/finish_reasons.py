"""Why a model stopped, in the words of the servers that are common. Pure."""

CUT = frozenset(
    {"length", "max_tokens", "max_length", "token_limit", "model_context_window_exceeded"}
)
"""A stop at the most tokens, in small letters."""
WITHHELD = frozenset(
    {"content_filter", "safety", "recitation", "prohibited_content", "blocklist", "refusal"}
)
"""An answer that a filter of contents withheld or cut, likewise."""
BY_ITSELF = frozenset(
    {
        *("stop", "eos", "eos_token", "end", "end_turn", "complete", "completed", "finished"),
        *("stop_sequence", "stop_token", "tool_calls", "tool_use", "function_call"),
    }
)
"""The model came to its end, likewise."""


def end_of(finish_reason: str) -> str:
    """How an answer ended by its finish reason: "cut", "withheld", or a word that isn't known here;
    "" where it came to its end, or nobody said it."""
    word = finish_reason.lower()
    if not word or word in BY_ITSELF:
        return ""
    return "cut" if word in CUT else "withheld" if word in WITHHELD else word
