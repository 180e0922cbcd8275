"""A study handed in to a site and followed to the decision on one of its arms."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalhub.client.connection import Connection, RefusedError, missing
from evalhub.client.uploads import Sent, push_files

WAIT_S = 20
"""Seconds that the site is asked to hold an answer back for."""
PAUSE_S = 2.0
"""Between two looks where the site holds nothing back, because too many wait there."""
GOES_ON = 202

type Progress = Callable[[Mapping[str, Any]], None]
"""Called with the study, as the site tells it, whenever it has been looked at."""


class UndecidedError(Exception):
    """There is no decision, and none comes by waiting, or not in time."""


@dataclass(frozen=True, slots=True)
class DecidedThere:
    """What a site decided on an arm.

    Attributes:
        record: the decision's record, evalhub.decision/2.
        flips: what changed on single items, the worst first.
        refused: why the gate doesn't let the arm through; "" where it does.
        signed: a person's verdict in place of the record's; None where there is none.
        link: the page of the decision; "" where the site names none.
    """

    record: dict[str, Any]
    flips: list[dict[str, Any]]
    changed_since: list[str]
    refused: str
    signed: str | None
    link: str


def push_study(
    connection: Connection,
    document: Mapping[str, Any],
    files: Mapping[str, Path],
    *,
    sent: Sent | None = None,
) -> dict[str, Any]:
    """Sends the files that aren't there and hands the study in: registered, its runs launched.

    The same again changes nothing and asks nothing twice: the site knows items, answers and
    versions by their content.

    Raises RefusedError and AwayError, as the connection, and OSError.
    """
    push_files(connection, files, sent=sent)
    # A key of the content alone would be answered from memory after another study took its place.
    text = json.dumps(document, sort_keys=True) + secrets.token_hex(16)
    key = hashlib.sha256(text.encode()).hexdigest()
    study: dict[str, Any] = connection.post("/studies", document, key=key).body
    return study


def study_there(connection: Connection, slug: str) -> dict[str, Any] | None:
    """The study at the site; None if there is none of this name."""
    answer = connection.get(f"/studies/{slug}", expected=missing)
    return None if answer.status == 404 else answer.body


def slug_there(connection: Connection, name: str) -> str | None:
    """The slug of the study of this name; None where there is none."""
    studies = connection.rows("/studies?page_size=500")
    return next((str(study["slug"]) for study in studies if study["name"] == name), None)


def _runs_by_key(study: Mapping[str, Any]) -> dict[tuple[str, str, int], tuple[int, str, str]]:
    """By (arm, test set, repeat): the run, the version and the digest of the items."""
    versions = {each["name"]: each["digest"] for each in study["arms"]}
    items = {each["name"]: each["digest"] for each in study["test_sets"]}
    return {
        (run["arm"], run["test_set"], run["repeat"]): (
            run["id"],
            versions[run["arm"]],
            items[run["test_set"]],
        )
        for run in study["runs"]
    }


def version_of(study: Mapping[str, Any], arm: str) -> str:
    """The digest of the version that the study compares as this arm."""
    return next(str(each["digest"]) for each in study["arms"] if each["name"] == arm)


def wait_for_decision(
    connection: Connection,
    pushed: Mapping[str, Any],
    *,
    arm: str,
    until: float,
    progress: Progress | None = None,
) -> DecidedThere | None:
    """Waits for the decision on an arm; None where the study is read freely and judges nothing.

    A study that waits for its reviewers has one on the evidence as it is.

    Args:
        pushed: the study as it was handed in: of a decision on anything else nothing is told.
        until: moment, by the connection's clock, up to which it is waited for.

    Raises UndecidedError, and RefusedError and AwayError as the connection.
    """
    requested, slug = False, pushed["slug"]
    while True:
        began = connection.clock()
        wait = max(0, min(WAIT_S, int(until - began)))
        answer = connection.get(f"/studies/{slug}?wait={wait}")
        study = answer.body
        if progress is not None:
            progress(study)
        if _runs_by_key(study) != _runs_by_key(pushed):
            raise UndecidedError(
                f"somebody else has handed in the study {slug} with other arms or test sets "
                "meanwhile: two pipelines take turns, or each has a study of its own"
            )
        if answer.status != GOES_ON:
            if study["state"] == "stopped":
                raise UndecidedError(_reason_stopped(study))
            if study["state"] == "read":
                return None
            link = next((each for each in study["decisions"] if each["arm"] == arm), None)
            if link is None:
                raise UndecidedError(f"{arm} isn't judged in the study {slug}")
            if link["current"] or requested:
                return _decision(connection, slug, arm, version_of(pushed, arm), link)
            requested = _decide(connection, slug)
        if connection.clock() >= until:
            raise UndecidedError(
                f"the study isn't decided in time: it waits for {study['waits_for'] or 'a worker'};"
                " the same command goes on with it"
            )
        if connection.clock() - began < PAUSE_S:
            connection.sleep(PAUSE_S)


def newest_decision(
    connection: Connection, study: Mapping[str, Any], arm: str
) -> DecidedThere | None:
    """The newest decision on an arm; None if there is none."""
    link = next((each for each in study["decisions"] if each["arm"] == arm), None)
    if link is None:
        return None
    return _decision(connection, study["slug"], arm, version_of(study, arm), link)


def _decide(connection: Connection, slug: str) -> bool:
    """Asks for a decision on what there is now; whether there is one. A worker may be quicker, and
    a token without the scope has to wait for it."""
    key = secrets.token_hex(16)
    try:
        connection.post(f"/studies/{slug}/decisions", {}, key=key)
    except RefusedError as error:
        if error.status in (403, 409):
            return False
        raise
    return True


def _decision(
    connection: Connection, slug: str, arm: str, version: str, link: Mapping[str, Any]
) -> DecidedThere:
    gate = connection.get(
        f"/studies/{slug}/gate?candidate={arm}&version={version}",
        expected=lambda refused: "passing" in refused.problem,
    ).body
    whole = connection.get(link["url"]).body
    flips = connection.get(f"{link['url']}/flips").body["flips"]
    page = str(gate["links"].get("page") or "")
    return DecidedThere(
        record=whole["record"],
        flips=[_flip(each) for each in flips],
        changed_since=list(whole["changed_since"]),
        refused="" if gate["passing"] == "passed" else str(gate["said"]),
        signed=gate["signed"],
        link=connection.server.address + page if page.startswith("/") else "",
    )


def _flip(row: Mapping[str, Any]) -> dict[str, Any]:
    """As `evalhub.report.flips.flip_of` takes it."""
    flip = {
        "key": row["item"],
        "reference": row["references"],
        **{name: row[name] for name in ("test_set", "outcome", "difference", "input", "tags")},
        "samples": row["samples"],
    }
    for side in row["sides"]:
        arm = side["arm"]
        flip |= {f"{arm}_text": side["text"], f"{arm}_error": side["error"], arm: side["score"]}
    return flip


def _reason_stopped(study: Mapping[str, Any]) -> str:
    failed = [f"{run['arm']} on {run['test_set']}: {run['error']}" for run in study["runs"]
              if run["error"]]  # fmt: skip
    waiting = f"the study waits for {study['waits_for']}"
    return "; ".join([waiting, *failed])[:2000]
