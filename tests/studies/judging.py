"""A desk whose judge compares both arms' answers, and what such a judge says."""

import json
import re
from pathlib import Path

from aiohttp import web

from tests.fakes.openai_server import OpenAIServer, saying
from tests.studies.desks import Desk

FIRST = re.compile(r'"first_answer": "([^"]*)"')


def a_judged_desk(folder: Path, server: OpenAIServer) -> Desk:
    """20 triaged answers, of which the two arms differ on 16: 32 questions to a fair judge."""
    desk = Desk(folder)
    desk.test_set("triage", 20)
    desk.test_set("sums", 2)
    desk.answers("base", "triage", ["wrong"] * 20)
    desk.answers("tuned", "triage", ["right"] * 16 + ["wrong"] * 4)
    desk.answers("base", "sums", ["right"] * 2)
    desk.answers("tuned", "sums", ["right, too"] * 2)
    asked = {"url": server.url, "model": "judge", "retries": 0}
    desk.study["judges"] = {
        "grader": {
            "backend": {"openai": asked},
            "price": {"prompt": 1.0, "completion": 2.0},
        }
    }
    desk.study["pairwise"] = {"by": "grader", "test_set": "triage", "rubric": "Right is right."}
    server.misbehave = fair
    return desk


def fair(prompt: str, attempt: int) -> web.Response:
    """Prefers what is right, wherever it stands."""
    return better("first" if FIRST.findall(prompt)[0] == "right" else "second")


def better(which: str) -> web.Response:
    return saying(json.dumps({"reason": "It is.", "better": which}))
