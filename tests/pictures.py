"""Makes the documents' pictures of the study's pages, from the demo's own data.

python -m tests.pictures [--into docs/images] [NAME ...]

The demo is made in a folder of its own, with a model of six versions beside it; its site is served
and looked at in Chromium. Nothing else is needed and nothing is left.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.browser import FLAGS, MISSING, chromium

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
WIDTH = 1200
EVALHUB = [str(Path(sys.executable).with_name("evalhub"))]


@dataclass(frozen=True)
class Picture:
    """`part` is what is shown of a page, by a CSS selector; "" its beginning, `height` pixels of
    it, or what is there once it is `scrolled` to a selector. `press` is a button of the record's
    page that is pressed first."""

    name: str
    address: str
    part: str = ""
    height: int = 1240
    press: str = ""
    scrolled: str = ""


STUDY, RECORD, CRITERION, VERSION = "{study}", "{record}", "{criterion}", "{version}"
PICTURES = [
    Picture("study", STUDY),
    Picture("study-criterion", CRITERION, height=1500),
    Picture("study-matrix", STUDY + "?sort=worst", part="#matrix"),
    Picture("study-costs", STUDY, part="#cost-quality"),
    Picture("study-changed", STUDY, part="#changed .beside"),
    Picture("flips", STUDY, height=1000, scrolled="#changed"),
    Picture("decision-record", RECORD, height=900, press="Verify it now"),
    Picture("model-trend", VERSION, part="#trend"),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=IMAGES)
    parser.add_argument("names", nargs="*", help="of some pictures; all, where none is named")
    asked = parser.parse_args()
    unknown = {*asked.names} - {each.name for each in PICTURES}
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    if chromium() is None:
        parser.error(MISSING)
    wanted = [each for each in PICTURES if not asked.names or each.name in asked.names]
    with tempfile.TemporaryDirectory(prefix="evalhub-pictures-") as home:
        os.environ |= {
            "EVALHUB_HOME": home,
            "EVALHUB_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "evalhub.settings",
        }
        subprocess.run([*EVALHUB, "demo", "--no-serve"], check=True, capture_output=True)
        cookie, addresses = filled()
        with served() as site:
            take(wanted, site, cookie, addresses, asked.into)


def filled() -> tuple[str, dict[str, str]]:
    """Adds a model with six versions; a session of the demo's owner, and what is where."""
    from evalhub.cli.setup import set_up_database

    set_up_database()

    from django.test import Client
    from django.urls import reverse

    from evalhub.accounts.models import User
    from evalhub.gate.models import Decision

    version = a_model_of_six_versions()
    still_open = Decision.objects.get(study__slug="clauses-1")
    decision = Decision.objects.get(study__project__slug="support-desk", arm="lora")
    client = Client()
    client.force_login(User.objects.get(username="olga"))
    return client.cookies["sessionid"].value, {
        "study": reverse("dashboard:study", args=[decision.study_id]),
        "record": reverse("dashboard:record", args=[decision.pk]),
        "criterion": reverse("dashboard:criterion", args=[still_open.pk, 1]),
        "version": reverse("dashboard:version", args=[version]),
    }


def a_model_of_six_versions() -> int:
    """Each decided on the same items; the fifth is blessed. The number of the newest."""
    from evalhub.gate.blessing import bless
    from evalhub.gate.decide import decide_study
    from tests.cast import a_run, a_study, a_team, a_test_set, a_version

    team, rng = a_team("Contracts", "contracts"), random.Random(4)
    questions = a_test_set(team, "clauses", items=300)
    base = a_version(team, "clauses-base")

    def answer(version: object, right: float) -> None:
        a_run(version, questions, scores=[int(rng.random() < right) for _ in range(300)])

    answer(base, 0.55)
    for seed, right in enumerate((0.58, 0.66, 0.45, 0.71, 0.74, 0.76), 1):
        tuned = a_version(team, "clauses-lora", parent=base, sampling={"seed": seed})
        answer(tuned, right)
        study = a_study(
            team,
            baseline=base,
            candidate=tuned,
            primary=questions,
            slug=f"clauses-{seed}",
            policy={"alpha": 0.025, "planned_gain": 0.05},
        )
        decision = decide_study(study=study)[0]
        if seed == 5:
            bless(decision=decision, by=team.olga, reason="It finds more clauses")
    return tuned.pk


@contextmanager
def served() -> Iterator[str]:
    """The site's address, as long as it is served."""
    server = subprocess.Popen(
        [*EVALHUB, "up", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout
        for line in server.stdout:
            if found := re.search(r"http://[\w.:]+", line):
                yield found[0]
                return
        raise SystemExit("the site wasn't served")
    finally:
        server.terminate()
        server.wait()


def take(
    wanted: Sequence[Picture], site: str, cookie: str, addresses: dict[str, str], into: Path
) -> None:
    from playwright.sync_api import sync_playwright

    into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for each in wanted:
            context = browser.new_context(viewport={"width": WIDTH, "height": each.height})
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
            page = context.new_page()
            page.goto(site + each.address.format(**addresses))
            if each.press:
                page.get_by_role("button", name=each.press).click()
                page.wait_for_url(re.compile("/verify/"))
                page.evaluate("scrollTo(0, 0)")
            if each.scrolled:
                page.locator(each.scrolled).first.evaluate("shown => shown.scrollIntoView()")
            shown = page.locator(each.part) if each.part else page
            shown.screenshot(path=into / f"{each.name}.png")
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
