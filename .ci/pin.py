"""Write what `uv lock` resolves to into pyproject.toml, as constraints: `make lock`.

What the image installs is written with its hashes, into requirements files that name no address.

The lock file itself stays out of the repository, because it records where the packages were
fetched from. The newest versions that pyproject.toml's ranges allow are taken.
"""

import re
import subprocess
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PROJECT = FOLDER.parent / "pyproject.toml"
HASHED = {
    "requirements.txt": "--no-default-groups",
    "build-requirements.txt": "--only-group image",
}
"""By file, of which packages: those that the site runs on, and those that build its wheel."""
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
    write_hashes()


def write_hashes() -> None:
    for name, packages in HASHED.items():
        export = f"uv export {packages} --no-emit-project --no-header --no-annotate"
        (FOLDER / name).write_text(run(f"{export} --no-emit-index-url"))


def run(command: str) -> str:
    done = subprocess.run(
        command.split(), cwd=PROJECT.parent, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout


if __name__ == "__main__":
    main()
