"""What is taken: each picture's page, who looks at it, on what, and what is done there first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.browser import FLAGS, chromium

DEMO = Path(__file__).resolve().parents[2] / "evalhub" / "demo"
PHONE: dict[str, Any] = {"is_mobile": True, "has_touch": True, "device_scale_factor": 1.5}


@dataclass(frozen=True)
class Picture:
    """`by` is who looks at the page: a person's name, or nobody who is signed in.

    `part` is what is shown of it, by a CSS selector; "" its beginning, `height` pixels of it, or
    what is there once it is `scrolled` to a selector. Before that `files` are added by their
    inputs' names, `typed` is written into fields by their labels, the button `press` is pressed,
    and then `keys`, until each of `seen` is there.
    """

    name: str
    address: str
    part: str = ""
    width: int = 1200
    height: int = 1240
    by: str = "olga"
    dark: bool = False
    phone: bool = False
    files: Mapping[str, Path] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    press: str = ""
    keys: Sequence[str] = ()
    seen: Sequence[str] = ()
    scrolled: str = ""


def turn(name: str, address: str, **more: Any) -> Picture:
    """What a reviewer sees of their turn."""
    return replace(Picture(name, address, by="rui", width=1280, height=640), **more)


STUDY, RECORD, CRITERION, VERSION = "{study}", "{record}", "{criterion}", "{version}"
COMPARED = {
    "items_file": DEMO / "test_sets" / "arithmetic.jsonl",
    "baseline_file": DEMO / "answers" / "base.arithmetic.jsonl",
    "candidate_file": DEMO / "answers" / "lora.arithmetic.jsonl",
}
# what is still to be read is taken before it is read
PICTURES = [
    Picture("home", "/", height=1000),
    Picture("study", STUDY),
    Picture("study-criterion", CRITERION, height=1500),
    Picture("study-matrix", STUDY, part="#matrix"),
    Picture("study-costs", STUDY + "?tab=runs", part="#cost-quality"),
    Picture("study-changed", STUDY + "?tab=answers&outcome=lost", part="#answers"),
    Picture("flips", STUDY, height=1000, scrolled="#answers"),
    Picture("items", "{items}", height=1000),
    Picture("new-comparison", "/studies/new/", files=COMPARED, width=1280),
    Picture("decision-record", RECORD, height=900, press="Verify it now", seen=["text=Verified"]),
    Picture("model-trend", VERSION, part="#trend"),
    Picture("campaign-plan", "{plan}"),
    Picture(
        "campaign-running",
        "{running}",
        typed={"Mail addresses": "nora@example.org"},
        press="Invite",
        seen=["text=nora@example.org is invited."],
    ),
    turn("review-join", "{join}", by="", height=720),
    turn("review", "{review}"),
    turn("review-phone", "{review}", phone=True, width=390, height=844),
    turn("review-diff", "{alike}", dark=True, keys=["d"], seen=[".pane mark"]),
    turn(
        "review-rubric",
        "{rubric}",
        height=800,
        keys=["1", "0"],
        seen=[".ask.current:has-text('Who is kinder?')"],
    ),
    turn(
        "review-ratings", "{ratings}", keys=["4"], seen=[".ask.current:has-text('How kind is it?')"]
    ),
    turn("review-pause", "{pause}", height=400, seen=["text=Time to look up"]),
    Picture("review-results", "{results}"),
]


def take(
    wanted: Sequence[Picture],
    site: str,
    sessions: Mapping[str, str],
    addresses: Mapping[str, str],
    into: Path,
) -> None:
    into.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for each in wanted:
            page = opened(browser, each, site, sessions)
            page.goto(site + each.address.format(**addresses))
            do(page, each)
            if each.scrolled:
                page.locator(each.scrolled).first.evaluate("shown => shown.scrollIntoView()")
            shown = page.locator(each.part) if each.part else page
            shown.screenshot(path=into / f"{each.name}.png")
            page.context.close()
        browser.close()


def opened(browser: Browser, picture: Picture, site: str, sessions: Mapping[str, str]) -> Page:
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme="dark" if picture.dark else "light",
        **(PHONE if picture.phone else {}),
    )
    if picture.by:
        session = sessions[picture.by]
        context.add_cookies([{"name": "sessionid", "value": session, "url": site}])
    return context.new_page()


def do(page: Page, picture: Picture) -> None:
    """All that is done on a page before it is shown from its top."""
    for filled, (name, file) in enumerate(picture.files.items(), 1):
        page.locator(f"[name={name}]").set_input_files(file)
        expect(page.locator(".slot.filled")).to_have_count(filled)
    for label, text in picture.typed.items():
        page.get_by_label(label).fill(text)
    if picture.press:
        page.get_by_role("button", name=picture.press, exact=True).click()
    for key in picture.keys:
        page.keyboard.press(key)
    for selector in picture.seen:
        expect(page.locator(selector).first).to_be_visible()
    if picture.press:
        page.evaluate("scrollTo(0, 0)")
