"""Flags by OFREP 0.3, the OpenFeature Remote Evaluation Protocol: one flag for one user.

https://github.com/open-feature/protocol, service/openapi.yaml. An answer says more than that asks
for, where a provider fails without it: "" where there is no variant (Python's 0.3), and empty
metadata with each refusal (Java's 0.0.2, which else never waits as long as a 429 says).
"""

import json
import time
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Any

from evalhub.accounts.tokens import token_digest
from evalhub.features.experiments.routing.current import CurrentRules
from evalhub.features.experiments.routing.flags import Flag
from evalhub.features.experiments.routing.reading import FlagCaller, RoutingRules
from evalhub.features.traffic.rows import LONGEST_ID
from evalhub.frames.rest.buckets import Buckets

EVALUATIONS = 120_000
"""That a token may ask of each process in a minute."""
WINDOW_S = 60
LARGEST_CONTEXT = 64 * 1024
"""Bytes of a body."""
AGAIN_S = 1
"""After which to ask again where the rules couldn't be read yet."""
SHOWN = 100
"""Characters of an unknown key that an answer repeats."""


class FlagError(StrEnum):
    """Error codes of the protocol."""

    PARSE_ERROR = "PARSE_ERROR"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    GENERAL = "GENERAL"


@dataclass(frozen=True, slots=True)
class FlagAnswer:
    """What is answered: a status, a JSON object, and for 429 and 503 when to ask again."""

    status: int
    content: dict[str, Any]
    retry_after_s: int | None = None


class _NoValueError(Exception):
    """Why there is no value, as the answer that says so."""

    def __init__(self, answer: FlagAnswer) -> None:
        self.answer = answer
        super().__init__(answer.content)


class Evaluations:
    """Answers evaluations by the rules in memory."""

    def __init__(self, rules: CurrentRules, most: int = EVALUATIONS) -> None:
        self._rules = rules
        self._buckets = Buckets(most, WINDOW_S)

    def answer(self, *, key: str, secret: str, body: bytes) -> FlagAnswer:
        """The value of flag `key` for the user in the body's context.

        Args:
            secret: the caller's token; "" for none.
            body: {"context": {"targetingKey": the user's id}}, of LARGEST_CONTEXT bytes at most.
        """
        try:
            rules = self._current()
            caller = _caller(rules, secret)
            self._take(caller)
            self._rules.note_use(caller.token)
            flag = rules.flags.get((caller.project, key))
            if flag is None:
                shown = key[:SHOWN]
                raise _refused(404, shown, FlagError.FLAG_NOT_FOUND, f"no experiment has {shown!r}")
            return _evaluated(flag, _user(key, body))
        except _NoValueError as refusal:
            return refusal.answer

    def _current(self) -> RoutingRules:
        rules = self._rules.get()
        if rules is None:
            details = "the rules couldn't be read yet: the database doesn't answer"
            raise _NoValueError(refusal(503, details, retry_after_s=AGAIN_S))
        return rules

    def _take(self, caller: FlagCaller) -> None:
        taken = self._buckets.take(caller.token)
        if not taken.allowed:
            details = f"a token may ask {self._buckets.most:,} times in {WINDOW_S} s"
            raise _NoValueError(refusal(429, details, retry_after_s=ceil(taken.wait_s)))


def too_large(key: str) -> FlagAnswer:
    """The answer to a context that isn't read."""
    details = f"a body has at most {LARGEST_CONTEXT:,} bytes"
    return _refused(413, key[:SHOWN], FlagError.INVALID_CONTEXT, details).answer


def no_bulk() -> FlagAnswer:
    """The answer to who asks for all flags at once."""
    details = "flags are evaluated one by one, at /ofrep/v1/evaluate/flags/KEY"
    return refusal(404, details, errorCode=FlagError.GENERAL)


def refusal(
    status: int, details: str, *, retry_after_s: int | None = None, **content: str
) -> FlagAnswer:
    """An answer without a value, that says why."""
    content_of_all: dict[str, Any] = {"errorDetails": details, "metadata": {}}
    return FlagAnswer(status, content_of_all | content, retry_after_s)


def _refused(status: int, key: str, code: FlagError, details: str) -> _NoValueError:
    return _NoValueError(refusal(status, details, key=key, errorCode=code))


def _caller(rules: RoutingRules, secret: str) -> FlagCaller:
    caller = rules.callers.get(token_digest(secret)) if secret else None
    if caller is None or caller.expires.timestamp() <= time.time():
        details = "This token is unknown, expired or revoked." if secret else "There is no token."
        raise _NoValueError(refusal(401, details))
    if not caller.has_scope:
        raise _NoValueError(refusal(403, "The token needs the scope traffic"))
    if not caller.evaluates:
        details = "The token's person doesn't evaluate in its project any more"
        raise _NoValueError(refusal(403, details))
    return caller


def _user(key: str, body: bytes) -> str:
    """The targeting key. Raises _NoValueError for what is no context with a user's id."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise _refused(400, key, FlagError.PARSE_ERROR, "the body isn't JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("context", {}), dict):
        details = 'the body is an object {"context": {"targetingKey": "USER"}}'
        raise _refused(400, key, FlagError.INVALID_CONTEXT, details)
    user = document.get("context", {}).get("targetingKey")
    if user is None or user == "":
        details = "the context has no targetingKey: the id that requests have as their user"
        raise _refused(400, key, FlagError.TARGETING_KEY_MISSING, details)
    if not isinstance(user, str) or not _is_storable(user):
        details = (
            f"targetingKey is a text of at most {LONGEST_ID} characters, without NUL and half a "
            "surrogate pair, as requests have it as their user"
        )
        raise _refused(400, key, FlagError.INVALID_CONTEXT, details)
    return user


def _is_storable(user: str) -> bool:
    """Whether a request may have this user."""
    if len(user) > LONGEST_ID or "\0" in user:
        return False
    return not any("\ud800" <= character <= "\udfff" for character in user)


def _evaluated(flag: Flag, user: str) -> FlagAnswer:
    result = flag.result(user)
    metadata = {"experiment": flag.experiment, "epoch": flag.epoch, "share": flag.rule.share}
    return FlagAnswer(
        200,
        {
            "key": flag.key,
            "value": result.value,
            "reason": result.reason,
            "variant": result.variant or "",
            "metadata": metadata,
        },
    )
