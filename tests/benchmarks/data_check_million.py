"""How long `data check` takes for a million rows, and in how much memory.

python -m tests.benchmarks.data_check_million [--rows 1000000] [--file FILE]

Chats of made-up words, by Zipf's law, of log-normal lengths: 1.5 kB a row on average. One process
writes the file, this one checks it with every check that needs neither a tokenizer nor a test set.
It is one process: on an idle machine its processor's seconds are about the clock's, and they are
held to the limit, as the clock's are other people's work too. The memory is the process's peak.
"""

import argparse
import json
import multiprocessing
import random
import resource
import sys
import tempfile
from pathlib import Path
from time import monotonic, process_time

import numpy as np

from evalhub.declare.data_report import CheckOptions
from evalhub.features.data.checking import check_file
from evalhub.features.data.checks.check import CheckSettings

LIMIT_S = 20 * 60
LIMIT_MIB = 1_000_000_000 / 1024**2
"""Both for a million rows, and for fewer."""
VOCABULARY = 30_000
POOL = 2_000_000
LONGEST = 8_000


def write_rows(path: Path, rows: int) -> None:
    rng, letters = np.random.default_rng(0), random.Random(0)
    vocabulary = [
        "".join(letters.choices("abdefgiklmnoprstu", k=letters.randint(2, 10)))
        for _ in range(VOCABULARY)
    ]
    shares = 1 / (np.arange(VOCABULARY) + 5)
    drawn = rng.choice(VOCABULARY, POOL, p=shares / shares.sum())
    pool = [vocabulary[word] for word in drawn.tolist()]
    lengths = np.exp(rng.normal(np.log((30, 100)), 0.9, (rows, 2))).astype(int).clip(3, LONGEST)
    starts = rng.integers(0, POOL - LONGEST, (rows, 2))
    with path.open("w", encoding="utf-8") as stream:
        for (asked, said), (first, second) in zip(lengths.tolist(), starts.tolist(), strict=True):
            prompt, answer = pool[first : first + asked], pool[second : second + said]
            row = {
                "messages": [
                    {"role": "system", "content": "You are a helpful assistant."},
                    {"role": "user", "content": f"{' '.join(prompt).capitalize()}?"},
                    {"role": "assistant", "content": f"{' '.join(answer).capitalize()}."},
                ],
                "source": "made up",
            }
            stream.write(f"{json.dumps(row)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--file", type=Path, help="where the rows are, or are written and stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "rows.jsonl"
        if not path.exists():
            writer = multiprocessing.Process(target=write_rows, args=(path, options.rows))
            writer.start()
            writer.join()
        begun, stages = monotonic(), list[tuple[str, float]]()

        def progress(stage: str, done: int) -> None:
            if not stages or stages[-1][0] != stage:
                stages.append((stage, monotonic()))

        settings = CheckSettings(options=CheckOptions(task="instruction"))
        report = check_file(path, settings, progress=progress)
        ended = monotonic()
    busy = process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    for (stage, start), (_, after) in zip(stages, [*stages[1:], ("", ended)], strict=True):
        sys.stdout.write(f"  {stage}: {after - start:.0f} s\n")
    sys.stdout.write(
        f"{report.rows:,} rows, {report.sampled or report.rows:,} of them in the sample: "
        f"{busy:.0f} s of {LIMIT_S} ({ended - begun:.0f} s by the clock), "
        f"{peak:.0f} MiB of {LIMIT_MIB:.0f}\n"
    )
    sys.exit(busy > LIMIT_S or peak > LIMIT_MIB)


if __name__ == "__main__":
    main()
