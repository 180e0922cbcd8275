"""Checks of how an answer begins and ends, and of two answers in one."""


def has_two_responses(text: str) -> bool:
    """Whether ****** parts two texts that differ. An empty one is wrong unless at either end."""
    parts = [part.strip() for part in text.split("******")]
    filled = [part for part in parts if part]
    return all(parts[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def has_prompt_first(text: str, *, prompt_to_repeat: str) -> bool:
    """Whether the text begins with the prompt, in capitals or not."""
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def has_end(text: str, *, end_phrase: str) -> bool:
    """Whether the text ends with a phrase, in capitals or not; quotation marks at its ends don't
    count."""
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def is_quoted(text: str) -> bool:
    """Whether the text begins and ends with a double quotation mark."""
    text = text.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'
