"""Faults put into the code on purpose, one at a time: do the plain tests find them?

100 small faults (a comparison, a sum, a constant, a condition, what is returned, a statement left
out) are drawn with a fixed seed from the lines that tests reach. Each goes into a copy of the
checkout, and the nearest of the tests that reach its line run there until one fails.

    uv run --with coverage pytest -p tests.mutations.reaching --reached FOLDER tests/stats ...
    uv run --with coverage python -m tests.mutations draw FOLDER
    uv run --with coverage python -m tests.mutations run FOLDER COPY [NUMBER ...]

The first notes which tests reach each line; `draw` writes `record.json`, a fault on each line;
`run` makes the COPY, with an environment of its own, and notes for each fault, or for those of
these numbers, the test that found it. After a change of the code or the tests, note again what
they reach, and run the same faults: they are found again by the text of their lines.
"""

SHARES = {
    "evalhub/decision": 20,
    "evalhub/stats": 20,
    "evalhub/ledger": 15,
    "reviews": 15,
    "runners": 15,
    "evalhub/features": 15,
}
"""How many faults each area gets."""
SECONDS = "seconds.jsonl"
"""How long each test took."""
