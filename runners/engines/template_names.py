"""Arguments that a chat template would ignore, told by the names in its code."""

from collections.abc import Iterable


def ignored_arguments(template: str, names: Iterable[str]) -> str:
    """What to say of the first argument that a template's code doesn't mention, or of a template
    that can't be read; "" where it mentions all.

    transformers ignores in silence what a template has no variable for: a version that names it
    would be the same model under another name.
    """
    import jinja2

    # The lexer takes tags that transformers alone knows, such as {% generation %}.
    tokens = jinja2.Environment(autoescape=True).lex(template)
    try:
        mentioned = {text for _, kind, text in tokens if kind == "name"}
    except jinja2.TemplateSyntaxError as error:
        return f"the chat template can't be read: {error.message} (line {error.lineno})"
    unknown = [name for name in names if name not in mentioned]
    if not unknown:
        return ""
    return f"the chat template has no variable {unknown[0]!r} and would ignore it: leave it out"
