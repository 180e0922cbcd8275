"""From 2,000 users' calls to a verdict: the real LiteLLM proxy, PostgreSQL, and two people who
compare in a browser."""

import asyncio
import json
import re
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np
import pytest
import yaml
from aiohttp import web
from playwright.sync_api import BrowserContext, Page, expect

from tests.fakes.litellm_proxy import KEY, installed_litellm, proxy, variables, wait_until
from tests.fakes.openai_server import OpenAIServer, http_error, saying
from tests.migrated import a_migrated_database
from tests.serving.site import BIN, Site, up

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.paired,
    pytest.mark.services,
    pytest.mark.browser,
]

USERS, CONVERSATIONS, TURNS = 250, 1000, 2
CALLS = CONVERSATIONS * TURNS
AT_ONCE = 16
DRAWN, COMPARED = 400, 24
FAILING = 40
OF = ("--project", "desk")
NEEDS_MORE = 2
STUDY = "shadow/study.yaml"
HELP = "within thirty days"
SERVED = "openai/support-v7"
LATENCIES = np.random.default_rng(3).lognormal(np.log(0.02), 0.6, 499).tolist()
WORDS = "the kettle,my lamp,our heater,a blender,the backpack,this watch,the keyboard,my radio"


def question(conversation: int, turn: int) -> str:
    """What a user writes: one in fifty can't be answered, one in ten has a mail address."""
    thing = WORDS.split(",")[conversation % 8]
    text = f"How do I return {thing} of order {conversation}, please? This is message {turn}."
    if (conversation + turn) % 50 == 7:
        text += " Fail."
    if conversation % 10 == 3 and turn == 0:
        text += f" Write to nora.{conversation}@example.org."
    return text


def production_answers(prompt: str, attempt: int) -> web.Response:
    if "Fail." in prompt:
        return http_error(400)
    return saying("Please wait until somebody of our team has had a look at that.")


def candidate_answers(prompt: str, attempt: int) -> web.Response:
    return saying("Send it back within thirty days: the label is in your account, under returns.")


async def production(url: str) -> list[int]:
    """All users' calls, a conversation's turns one after the other; the status of each answer."""
    places = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:

        async def talk(conversation: int) -> list[int]:
            statuses: list[int] = []
            messages: list[dict[str, str]] = []
            async with places:
                for turn in range(TURNS):
                    messages.append({"role": "user", "content": question(conversation, turn)})
                    body = {
                        "model": "support",
                        "messages": messages,
                        "user": f"user-{conversation % USERS}",
                        "metadata": {"session_id": f"c-{conversation}"},
                    }
                    async with session.post(f"{url}/v1/chat/completions", json=body) as answer:
                        statuses.append(answer.status)
                        document = await answer.json()
                    if answer.status == 200:
                        messages.append(document["choices"][0]["message"])
            return statuses

        talks = await asyncio.gather(*map(talk, range(CONVERSATIONS)))
    return [status for statuses in talks for status in statuses]


@dataclass(frozen=True)
class Desk:
    """A site on PostgreSQL whose project keeps all texts, and the servers of the two models."""

    site: Site
    old: OpenAIServer
    new: OpenAIServer

    @property
    def folder(self) -> Path:
        return self.site.home.parent

    def command(self, *words: str, code: int = 0) -> str:
        """What `evalhub …` prints in the project, once it has ended with this code."""
        done = subprocess.run(
            [BIN / "evalhub", *words],
            cwd=self.folder,
            env=self.site.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def document(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.command(*words, "--json", code=code))

    def token(self, scope: str) -> str:
        return self.command("token", "add", scope, *OF, "--scope", scope).strip()

    def post(self, path: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self.token('ingest')}", "Idempotency-Key": "one"}
        request = urllib.request.Request(
            f"{self.site.url}/api/v1/projects/desk{path}",
            json.dumps(body).encode(),
            headers | {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)


@pytest.fixture
def desk(postgres_url: str, tmp_path: Path) -> Iterator[Desk]:
    database = a_migrated_database(postgres_url, "shadow")
    with (
        up(tmp_path, EVALHUB_DATABASE_URL=database) as site,
        OpenAIServer(latencies=LATENCIES, misbehave=production_answers) as old,
        OpenAIServer(misbehave=candidate_answers) as new,
    ):
        site.command("user", "add", "olga", *OF, "--role", "owner")
        site.command("traffic", "settings", *OF, "--text-share", "1")
        yield Desk(site, old, new)


def serve_everybody(desk: Desk, litellm: Path) -> None:
    """All calls through the proxy, and all of its spans at the site."""
    folder = desk.folder / "gateway"
    folder.mkdir()
    settings = dict(variables(desk.site.url, desk.token("traffic")))
    settings |= {"MODELS_URL": desk.old.url, "MODELS_KEY": "none", "OTEL_BSP_SCHEDULE_DELAY": "500"}
    settings |= {"OTEL_BSP_MAX_QUEUE_SIZE": str(30 * CALLS)}
    with proxy(litellm, folder, settings, mirrors=False) as url, ThreadPoolExecutor(1) as thread:
        # Playwright's loop runs in this thread
        statuses = thread.submit(asyncio.run, production(url)).result()
        assert Counter(statuses) == {200: CALLS - FAILING, 400: FAILING}
        wait_until(lambda: desk.document("traffic", "status", *OF)["requests_today"] >= CALLS)


def written_study(desk: Desk) -> dict[str, Any]:
    """What `study init` wrote of the newest sample, or wrote again."""
    models = ["--kind", "lora", "--url", desk.new.url, "--model", "tuned"]
    baseline = ["--baseline-url", desk.old.url, "--baseline-model", "support-v7"]
    written: dict[str, Any] = desk.document(
        "study", "init", "shadow", "--from-traffic", *OF, *models, *baseline
    )
    return written


def reviewers_page(desk: Desk, name: str, context: BrowserContext) -> Page:
    """The list of reviews of a new reviewer who has signed in by the printed link."""
    printed = desk.command("user", "add", name, *OF, "--role", "reviewer")
    [link] = re.findall(r"https?://\S+", printed)
    page = context.new_page()
    page.goto(desk.site.url + urlsplit(link).path)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "sign-in" not in address)
    page.goto(f"{desk.site.url}/reviews/")
    return page


def compare_all(page: Page) -> None:
    """Prefers the answer that helps, on every pair. Nothing on a page names a model."""
    page.reload()
    page.get_by_role("link", name="Begin").click()
    page.wait_for_load_state("networkidle")
    for turn in range(1, COMPARED + 1):
        expect(page.locator(".count")).to_have_text(f"{turn} of {COMPARED}")
        shown = page.locator("main").inner_text()
        assert not re.search(r"tuned|support-v|candidate|production|example\.org", shown), shown
        left, right = page.locator(".pane").all_inner_texts()
        page.keyboard.press("1" if HELP in left else "2" if HELP in right else "0")
        expect(page.locator("#turn")).not_to_have_attribute("data-title", f"{turn} of {COMPARED}")
        if page.get_by_role("link", name="Go on").is_visible():
            page.get_by_role("link", name="Go on").click()
    expect(page.locator("h1")).to_have_text("✓ Done. Thank you!")


def test_two_thousand_calls_become_a_verdict(
    desk: Desk, new_context: Callable[..., BrowserContext]
) -> None:
    serve_everybody(desk, installed_litellm())
    sample = a_sample_of_what_was_served(desk)
    masked = sample["asked_again"]
    assert 0 < masked < DRAWN / 4, "a tenth of the calls have personal data in their messages"
    study_whose_masked_items_are_asked_again(desk, masked)

    waiting = desk.document("study", "run", STUDY, code=NEEDS_MORE)
    assert waiting["headline"] == "candidate waits for people's judgments."
    assert len(desk.new.requests) == DRAWN
    pages = [reviewers_page(desk, name, new_context()) for name in ("rui", "ruth")]
    desk.command("review", "invite", "1", "rui", "ruth", "--by", "olga")
    for page in pages:
        compare_all(page)

    record = desk.document("study", "run", STUDY)
    assert record["verdict"] == "ship"
    people, shadow = record["people"], record["shadow"]
    assert (people["judgments"], people["wins"], people["reviewers"]) == (
        2 * COMPARED,
        2 * COMPARED,
        2,
    )
    [row] = shadow["test_sets"]
    assert (row["requests"], row["drawn"], row["asked_again"]) == (CALLS, DRAWN, masked)
    assert shadow["exposed"] == 0
    assert shadow["sentences"][0].startswith("Nobody was exposed: ")
    assert f"On {masked} of them ({masked / DRAWN:.1%}) " in " ".join(shadow["sentences"])
    reason = ["--by", "olga", "--reason", "Two people and the form of 400 answers."]
    assert "candidate v1 is the champion of desk" in desk.command("promote", "2", *reason)


def a_sample_of_what_was_served(desk: Desk) -> dict[str, Any]:
    """All that was sent was taken, under one name, whose version somebody then says."""
    status = desk.document("traffic", "status", *OF)
    assert status["served"] == [{"name": SERVED, "requests": CALLS, "version": None}]
    assert list(status["refused_today"]) == ["a span that is no model call"]
    desk.post("/models/support/versions", {"kind": "full", "notes": "Runs since spring."})
    desk.command("traffic", "name", SERVED, "support@1", *OF)
    sample: dict[str, Any] = desk.document(
        "traffic", "sample", *OF, "--since", "2d", "--n", str(DRAWN)
    )
    assert (sample["items"], sample["requests"]) == (DRAWN, CALLS)
    assert (sample["model"], sample["model_version"]) == (SERVED, "support v1")
    return sample


def study_whose_masked_items_are_asked_again(desk: Desk, masked: int) -> None:
    study = written_study(desk)
    assert (study["recorded"], study["missing"]) == (DRAWN - masked, masked)
    before = len(desk.old.requests)
    desk.command("record", "shadow/again.yaml", "--arm", "production", "--out", "shadow", "--yes")
    asked = [json.dumps(each["messages"]) for each in desk.old.requests[before:]]
    assert len(asked) == masked
    assert all("[mail-1]" in each and "@example.org" not in each for each in asked)
    study = written_study(desk)
    assert (study["asked_again"], study["missing"]) == (masked, 0)
    file = desk.folder / STUDY
    text = yaml.safe_load(file.read_text())
    text["review"] |= {"items": COMPARED, "open": "auto"}
    text["policy"]["min_reviewers"] = 2
    file.write_text(yaml.safe_dump(text))
