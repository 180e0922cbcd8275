"""How far two of the scenes are from the most that any rule at these levels can have.

python -m tests.benchmarks.peers.ceilings [--draws 4000] [--seed 0]

The ceiling is the power of the z-test that knows how far differences spread: Φ(gap/(sd/√n) − z),
multiplied over the criteria that must all pass, since they are independent here.
"""

import argparse
import math
import sys

import numpy as np

from evalhub.decision.measuring import measure
from evalhub.decision.requirements import Requirement
from evalhub.decision.rule import decide
from evalhub.stats.distributions import normal_cdf, normal_quantile
from evalhub.stats.levels import ALPHA, HARM_ALPHA
from tests.benchmarks.peers.scenes import PRIMARY_DIFFER, SCENES, Scene, Suite

GUARDED = "gain +5, four guards at 0 (margin 5) ships, n = 500"
FALLEN = "−5 points (margin 2) is stopped, n = 1,319"
LAXER_HARM = 0.05


def z_power(n: int, gap: float, differ: float, gain: float, alpha: float) -> float:
    """Of yes/no scores of which the share `differ` differs by a true `gain`."""
    sd = math.sqrt(differ - gain**2)
    return normal_cdf(gap * math.sqrt(n) / sd + normal_quantile(alpha))


def guarded_ceiling() -> float:
    guard = z_power(500, 0.05, 0.15, 0.0, ALPHA)
    return z_power(500, 0.05, PRIMARY_DIFFER, 0.05, ALPHA) * guard**4


def fallen_ceiling(harm_alpha: float) -> float:
    return z_power(1319, 0.05 - 0.02, 0.15, -0.05, harm_alpha)


def verdict(study: list[Suite], harm_alpha: float) -> str:
    criteria = [
        measure(
            Requirement("x", each.role, "x", "score", margin=each.margin),
            each.baseline,
            each.candidate,
            alpha=ALPHA,
            harm_alpha=harm_alpha,
            planned_gain=0.05,
        )
        for each in study
    ]
    return decide("candidate", criteria).verdict


def rate(scene: Scene, word: str, harm_alpha: float, draws: int, seed: int) -> str:
    seen = [verdict(study, harm_alpha) == word for study in scene.draws(draws, seed)]
    share = float(np.mean(seen))
    return f"{share:.3f} ± {math.sqrt(share * (1 - share) / draws):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    scenes = {scene.name: scene for scene in SCENES}
    say = sys.stdout.write
    say("| scene | level | Evalhub | at most |\n| --- | --- | --- | --- |\n")
    for name, word, harm, most in (
        (GUARDED, "ship", HARM_ALPHA, guarded_ceiling()),
        (FALLEN, "hold", HARM_ALPHA, fallen_ceiling(HARM_ALPHA)),
        (FALLEN, "hold", LAXER_HARM, fallen_ceiling(LAXER_HARM)),
    ):
        shown = rate(scenes[name], word, harm, options.draws, options.seed)
        level = f"α {ALPHA:g}" if word == "ship" else f"`harm_alpha: {harm:g}`"
        say(f"| {name} | {level} | {shown} | {most:.3f} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
