"""What axe-core finds amiss on a page."""

from collections.abc import Sequence
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page

# a region whose next contents are on their way is drawn paler, and fades back
RUN = """async options => {
  const moves = () =>
    document.querySelector(".htmx-request") ||
    document.getAnimations().some((one) =>
      one.playState === "running" && Number.isFinite(one.effect.getComputedTiming().endTime));
  const until = performance.now() + 10_000;
  while (moves() && performance.now() < until)
    await new Promise((resume) => requestAnimationFrame(resume));
  return (await axe.run(options)).violations;
}"""


def violations(page: Page, *, rules: Sequence[str] = ()) -> list[dict[str, Any]]:
    """By these rules, else by all that axe runs by itself.

    A document is given the script once, however often it is asked. What is not amiss isn't
    described: its places in the document took axe longer to name than to look at. It looks once
    no request is under way and nothing moves, or after ten seconds as things are then.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    return page.evaluate(RUN, options | ({"runOnly": [*rules]} if rules else {}))


def report(found: list[dict[str, Any]]) -> str:
    """As people read it."""
    return AxeResults({"violations": found}).generate_report()
