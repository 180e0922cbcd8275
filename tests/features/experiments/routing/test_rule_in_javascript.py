"""A client in JavaScript finds the same places: its numbers are doubles too."""

import json
import shutil
import subprocess

import pytest

from tests.features.experiments.routing.test_rule import VECTORS

PROGRAM = """
const { createHash, createHmac } = require("node:crypto");
const vectors = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const arms = ({ weight: w, coverage: c }) => [
  ["champion", 0, (1 - w) * c],
  ["challenger", 1 - w, 1 - w + w * c],
];
const answers = vectors.map((vector) => {
  const unit = createHmac("sha256", vector.user_key)
    .update(vector.user, "utf8").digest("hex").slice(0, 32);
  const hash = createHash("sha256").update(`${vector.salt}:${unit}`, "utf8").digest("hex");
  const place = parseInt(hash.slice(0, 13), 16) / 16 ** 13;
  const arm = arms(vector).find(([, start, end]) => start <= place && place < end);
  return { unit, place, arm: arm ? arm[0] : "" };
});
console.log(JSON.stringify(answers));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_vectors_hold_in_javascript() -> None:
    done = subprocess.run(
        ["node", "-e", PROGRAM],
        input=json.dumps(VECTORS),
        capture_output=True,
        text=True,
        check=True,
    )
    names = ("unit", "place", "arm")
    expected = [{name: vector[name] for name in names} for vector in VECTORS]
    assert json.loads(done.stdout) == expected
