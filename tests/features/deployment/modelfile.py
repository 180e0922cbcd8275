"""A Modelfile as Ollama reads it: its states, and where a quoted value ends (parser/parser.go)."""

MARKS = '"""'
COMMANDS = {"from", "adapter", "parameter", "template", "system", "message", "license"}


def commands(text: str) -> list[tuple[str, str]]:
    """(name, value) in their order; a parameter's name is PARAMETER and its own.

    Raises ValueError where Ollama would refuse it.
    """
    found: list[tuple[str, str]] = []
    rest = text
    while rest := rest.lstrip(" \t\r\n"):
        if rest[0] == "#":
            rest = rest.partition("\n")[2]
            continue
        word, _, rest = rest.partition(" ")
        if word.lower() not in COMMANDS:
            raise ValueError(f"no command: {word!r}")
        if word.lower() == "parameter":
            name, _, rest = rest.partition(" ")
            word = f"{word} {name}"
        value, rest = _value(rest)
        found.append((word, value))
    if not any(name == "FROM" for name, _ in found):
        raise ValueError("no FROM line")
    return found


def _value(rest: str) -> tuple[str, str]:
    """The value at the start, and what follows: at each line's end it is looked whether it ends."""
    held = ""
    for at, each in enumerate(rest):
        if each in "\r\n":
            value = _unquoted(held.strip())
            if value is not None:
                return value, rest[at:]
        if each.isprintable() or each in "\r\n\t":
            held += each
    value = _unquoted(held.strip())
    if value is None:
        raise ValueError("it ends within a quoted value")
    return value, ""


def _unquoted(held: str) -> str | None:
    if held.startswith(MARKS):
        return held[3:-3] if len(held) >= 6 and held.endswith(MARKS) else None
    if held.startswith('"'):
        return held[1:-1] if len(held) >= 2 and held.endswith('"') else None
    return held
