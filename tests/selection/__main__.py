"""Choose heavy tests, or keep what a run of them noted.

python -m tests.selection choose MINUTES    prints the modules, and says why on the other stream
python -m tests.selection keep FOLDER       adds to record.json what a run of whole modules noted
"""

import subprocess
import sys
from pathlib import Path

from tests.selection.choice import Choice, choose
from tests.selection.record import ROOT, from_notes, read, tracked, write


def heavy_modules() -> list[str]:
    """The modules in which pytest finds a heavy test. Raises CalledProcessError where it can't."""
    collect = [sys.executable, "-m", "pytest", "-m", "heavy", "--collect-only", "-q", "-n", "0"]
    done = subprocess.run(collect, cwd=ROOT, check=True, capture_output=True, text=True)
    return sorted({line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line})


def told(choice: Choice) -> str:
    """The choice and its reasons, for people."""
    lines = [f"heavy tests of this change: {len(choice.chosen)} files, {choice.minutes:.0f} min"]
    lines += [f"  {module}  ({choice.why[module]})" for module in choice.chosen]
    if choice.left_out:
        lines += ["left out, since there is no time for them: .ci/full runs them"]
        lines += [f"  {module}  ({choice.why[module]})" for module in choice.left_out]
    return "\n".join(lines)


def main(command: str, argument: str) -> None:
    if command == "keep":
        write(from_notes(Path(argument), read()))
        return
    choice = choose(read(), tracked(), heavy_modules(), float(argument))
    sys.stderr.write(told(choice) + "\n")
    sys.stdout.writelines(f"{module}\n" for module in choice.chosen)


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in {"choose", "keep"}:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
