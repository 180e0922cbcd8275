"""Write what `uv lock` resolves to into pyproject.toml, as constraints: `make lock`.

The lock file itself stays out of the repository, because it records where the packages were
fetched from. The newest versions that pyproject.toml's ranges allow are taken.
"""

import re
import subprocess
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
PINS = re.compile(r"^constraint-dependencies = \[\n.*?^\]\n", re.MULTILINE | re.DOTALL)
EXPORT = (
    "uv export --all-groups --all-extras --no-emit-project --no-hashes --no-header --no-annotate"
)


def main() -> None:
    text = PROJECT.read_text()
    PROJECT.write_text(PINS.sub("constraint-dependencies = [\n]\n", text))
    try:
        run("uv lock --upgrade")
        pins = run(EXPORT).splitlines()
    except BaseException:
        PROJECT.write_text(text)
        raise
    lines = "".join(f'  "{pin}",\n' for pin in pins)
    PROJECT.write_text(PINS.sub(lambda _: f"constraint-dependencies = [\n{lines}]\n", text))
    run("uv lock")


def run(command: str) -> str:
    done = subprocess.run(
        command.split(), cwd=PROJECT.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
