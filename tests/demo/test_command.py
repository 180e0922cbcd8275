"""`evalhub demo` as a newcomer runs it: real processes in a home of their own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

EVALHUB = str(Path(sys.executable).with_name("evalhub"))
CODE = "A pipeline that calls `evalhub study run` would have seen exit code 1."


def environment() -> dict[str, str]:
    # Nor the tests' own settings, which would give every process a home of its own.
    ours = ("EVALHUB_", "DJANGO_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, "COLUMNS": "140"}


def demo(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [EVALHUB, "demo", "--home", str(home), *options],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo") / "home"


@pytest.fixture(scope="module")
def first(home: Path) -> subprocess.CompletedProcess[str]:
    return demo(home, "--no-serve")


def test_the_demo_ends_well_and_says_its_verdict_s_code(
    first: subprocess.CompletedProcess[str],
) -> None:
    assert first.returncode == 0, first.stderr
    assert CODE in first.stdout
    assert re.search(r"^Hold.*lora gains 0\.78 on triage", first.stdout, re.M | re.S)
    # what docs/tutorials/demo.md says of it
    lost = re.findall(r"✗ (\w+) (\S+) \[.*loses more than the margin of 0\.1", first.stdout)
    assert lost == [("arithmetic", "−0.24"), ("copying", "−0.40"), ("facts", "−0.23"),
                    ("formats", "−0.26"), ("reading", "−0.24")]  # fmt: skip
    assert re.search(
        r"\? dates .*open, a loss is shown, but not whether it is beyond", first.stdout
    )
    assert re.search(r"\? counting .* a loss is shown, but on these items it can't", first.stdout)
    assert "triage +0.78 [+0.75, +0.81]" in first.stdout
    assert re.search(r"lora is better by \+0\.45\s+\[\+0\.40,\s+\+0\.49\]", first.stdout)
    assert "Would a prompt do? prompted reaches 0.33 on triage" in first.stdout
    assert "19 of 19 runs" in first.stderr


@pytest.mark.heavy
def test_a_second_call_finds_its_data(first: subprocess.CompletedProcess[str], home: Path) -> None:
    again = demo(home, "--no-serve")
    assert again.returncode == 0
    assert again.stdout == first.stdout


@pytest.fixture
def site(first: subprocess.CompletedProcess[str], home: Path) -> Iterator[str]:
    """What the serving demo prints, until its last sign-in link."""
    with subprocess.Popen(
        [EVALHUB, "demo", "--home", str(home), "--port", "0"],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed, end = "", time.monotonic() + 60
        while "ruth" not in printed and time.monotonic() < end:
            printed += process.stdout.readline()
        yield printed
        process.terminate()
        process.wait(timeout=20)
        assert process.returncode == 0


@pytest.mark.heavy
def test_its_links_sign_in_the_owner_and_the_reviewers(site: str) -> None:
    links = dict(re.findall(r"(olga|rui|ruth) +(http\S+)", site))
    assert set(links) == {"olga", "rui", "ruth"}
    pages = {}
    for name, link in links.items():
        browser = build_opener(HTTPCookieProcessor())
        with browser.open(link, timeout=20) as asked:
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', asked.read().decode())
        assert token
        form = urlencode({"csrfmiddlewaretoken": token[1]}).encode()
        with browser.open(link, form, timeout=20) as answer:
            pages[name] = (answer.url, answer.read().decode())
    assert pages["olga"][0].count("/") == 3  # the home
    assert "Support triage, LoRA r4" in pages["olga"][1]
    for reviewer in ("rui", "ruth"):
        assert pages[reviewer][0].endswith("/reviews/")
        assert "lora" not in pages[reviewer][1].lower()
