"""Which function decides which check. A new check is a function, a line here and its arguments in
`evalhub.io.instructions`."""

from collections.abc import Callable

from runners.metrics.instruction_checks.counting import (
    has_first_word,
    has_keyword_often,
    has_keywords,
    has_letter_often,
    has_paragraphs,
    has_words,
    lacks_words,
)
from runners.metrics.instruction_checks.ends import (
    has_end,
    has_prompt_first,
    has_two_responses,
    is_quoted,
)
from runners.metrics.instruction_checks.languages import (
    is_english_in_capitals,
    is_english_in_small_letters,
    is_in_language,
)
from runners.metrics.instruction_checks.layout import (
    has_bullets,
    has_highlights,
    has_no_comma,
    has_option,
    has_placeholders,
    has_postscript,
    has_sections,
    has_title,
    is_json,
)

FOLLOWED: dict[str, Callable[..., bool]] = {
    "keywords:existence": has_keywords,
    "keywords:frequency": has_keyword_often,
    "keywords:forbidden_words": lacks_words,
    "keywords:letter_frequency": has_letter_often,
    "language:response_language": is_in_language,
    "length_constraints:number_paragraphs": has_paragraphs,
    "length_constraints:number_words": has_words,
    "length_constraints:nth_paragraph_first_word": has_first_word,
    "detectable_content:number_placeholders": has_placeholders,
    "detectable_content:postscript": has_postscript,
    "detectable_format:number_bullet_lists": has_bullets,
    "detectable_format:constrained_response": has_option,
    "detectable_format:number_highlighted_sections": has_highlights,
    "detectable_format:multiple_sections": has_sections,
    "detectable_format:json_format": is_json,
    "detectable_format:title": has_title,
    "combination:two_responses": has_two_responses,
    "combination:repeat_prompt": has_prompt_first,
    "startend:end_checker": has_end,
    "startend:quotation": is_quoted,
    "change_case:english_capital": is_english_in_capitals,
    "change_case:english_lowercase": is_english_in_small_letters,
    "punctuation:no_comma": has_no_comma,
}
"""By check, its function of the text and its arguments by name."""
