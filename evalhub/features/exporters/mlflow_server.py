"""The calls of MLflow's REST API that a decision needs."""

import base64
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

TIMEOUT_S = 30
API = "/api/2.0/mlflow/"
_ABSENT = "RESOURCE_DOES_NOT_EXIST"
_THERE = "RESOURCE_ALREADY_EXISTS"


class MlflowError(Exception):
    """The server can't be reached or refuses; the message gives its reason."""


class _RefusedError(Exception):
    """An error that the server names by a code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class _NoRedirects(HTTPRedirectHandler):
    """Refuses redirects: the token is sent to the named server alone."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class MlflowServer:
    """A tracking server by its URL; `authorization` is a header's value, "" for none."""

    url: str
    authorization: str = ""

    @classmethod
    def of_environment(cls, url: str) -> "MlflowServer":
        """The server with the credentials of MLflow's environment variables, if any.

        Raises:
            MlflowError: no http(s) URL, or one with a password in it.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise MlflowError("isn't the URL of an MLflow server, such as http://127.0.0.1:5000")
        if parts.username or parts.password:
            raise MlflowError("a password stands in MLFLOW_TRACKING_PASSWORD, never in the URL")
        token = os.environ.get("MLFLOW_TRACKING_TOKEN", "")
        user = os.environ.get("MLFLOW_TRACKING_USERNAME", "")
        password = os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
        if token:
            return cls(url.rstrip("/"), f"Bearer {token}")
        if user:
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            return cls(url.rstrip("/"), f"Basic {pair}")
        return cls(url.rstrip("/"))

    def experiment(self, name: str) -> str:
        """The id of the experiment of this name, created if missing."""
        try:
            reply = self._get("experiments/get-by-name", {"experiment_name": name})
        except _RefusedError as error:
            if error.code != _ABSENT:
                raise MlflowError(str(error)) from error
        else:
            return str(reply["experiment"]["experiment_id"])
        return str(self._post("experiments/create", {"name": name})["experiment_id"])

    def run_of(self, experiment: str, decision: str) -> tuple[str, str] | None:
        """The finished run, and the logged model, of the decision with this SHA-256."""
        wanted = f"tags.`evalhub.decision` = '{decision}' and attributes.status = 'FINISHED'"
        request = {"experiment_ids": [experiment], "filter": wanted, "max_results": 1}
        for run in self._post("runs/search", request).get("runs", []):
            models = run.get("outputs", {}).get("model_outputs", [])
            if models:
                return run["info"]["run_id"], models[0]["model_id"]
        return None

    def make_run(self, experiment: str, *, name: str, started: int, tags: Mapping[str, str]) -> str:
        request = {
            "experiment_id": experiment,
            "run_name": name,
            "start_time": started,
            "tags": _pairs(tags),
        }
        return str(self._post("runs/create", request)["run"]["info"]["run_id"])

    def make_model(self, experiment: str, *, run: str, name: str, tags: Mapping[str, str]) -> str:
        """The id of a logged model, `m-…`, which is the run's output."""
        request = {
            "experiment_id": experiment,
            "name": name,
            "source_run_id": run,
            "tags": _pairs(tags),
        }
        model_id = self._post("logged-models", request)["model"]["info"]["model_id"]
        outputs = [{"model_id": model_id, "step": 0}]
        self._post("runs/outputs", {"run_id": run, "models": outputs})
        return str(model_id)

    def log(
        self, run: str, metrics: Sequence[Mapping[str, Any]], params: Mapping[str, str]
    ) -> None:
        request = {"run_id": run, "metrics": metrics, "params": _pairs(params)}
        self._post("runs/log-batch", request)

    def finish(self, run: str, model: str, *, ended: int) -> None:
        request = {"model_id": model, "status": "LOGGED_MODEL_READY"}
        self._send("PATCH", f"logged-models/{model}", request)
        self._post("runs/update", {"run_id": run, "status": "FINISHED", "end_time": ended})

    def version(
        self,
        name: str,
        *,
        digest: str,
        tags: Mapping[str, str],
        made_of: Mapping[str, str],
    ) -> str:
        """The number of the registered model's version with this digest and these tags, created if
        missing.

        Args:
            made_of: what the server keeps of where it comes from, if it makes it: `source`, and a
                logged model's `run_id` and `model_id`.
        """
        try:
            self._call("POST", "registered-models/create", {"name": name})
        except _RefusedError as error:
            if error.code != _THERE:
                raise MlflowError(str(error)) from error
        reply = self._get_or_fail("model-versions/search", {"filter": f"name='{name}'"})
        for entry in reply.get("model_versions", []):
            own_tags = {tag["key"]: tag["value"] for tag in entry.get("tags", [])}
            if own_tags.get("evalhub.digest") == digest:
                self._tag(name, str(entry["version"]), tags)
                return str(entry["version"])
        request = {"name": name, **made_of, "tags": _pairs(tags)}
        created = self._post("model-versions/create", request)
        return str(created["model_version"]["version"])

    def version_of_alias(self, name: str, alias: str) -> str | None:
        """The version that has this alias; None if none has."""
        try:
            reply = self._get("registered-models/alias", {"name": name, "alias": alias})
        except _RefusedError as error:
            if error.code in (_ABSENT, "INVALID_PARAMETER_VALUE"):
                return None
            raise MlflowError(str(error)) from error
        return str(reply["model_version"]["version"])

    def set_alias(self, name: str, alias: str, version: str) -> None:
        request = {"name": name, "alias": alias, "version": version}
        self._post("registered-models/alias", request)

    def delete_alias(self, name: str, alias: str) -> None:
        self._send("DELETE", "registered-models/alias", {"name": name, "alias": alias})

    def _tag(self, name: str, version: str, tags: Mapping[str, str]) -> None:
        for key, value in tags.items():
            request = {"name": name, "version": version, "key": key, "value": value}
            self._post("model-versions/set-tag", request)

    def _get(self, what: str, query: Mapping[str, str]) -> dict[str, Any]:
        return self._call("GET", f"{what}?{urlencode(query)}", None)

    def _get_or_fail(self, what: str, query: Mapping[str, str]) -> dict[str, Any]:
        return self._send("GET", f"{what}?{urlencode(query)}", None)

    def _post(self, what: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return self._send("POST", what, body)

    def _send(self, verb: str, what: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            return self._call(verb, what, body)
        except _RefusedError as error:
            raise MlflowError(str(error)) from error

    def _call(self, verb: str, what: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
        request = Request(
            f"{self.url}{API}{what}",
            method=verb,
            data=None if body is None else json.dumps(body, allow_nan=False).encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": self.authorization} if self.authorization else {}),
        )
        path = what.partition("?")[0]
        try:
            with build_opener(_NoRedirects).open(request, timeout=TIMEOUT_S) as answer:
                read = json.loads(answer.read() or b"{}")
        except HTTPError as error:
            raise _refusal(path, error) from error
        except (URLError, OSError) as error:
            why = getattr(error, "reason", error)
            raise MlflowError(f"{self.url} can't be reached: {why}") from error
        except ValueError as error:
            raise MlflowError(f"{self.url} is no MLflow server: {path} gives no JSON") from error
        if not isinstance(read, dict):
            raise MlflowError(f"{self.url} is no MLflow server: {path} gives no object")
        return read


def _refusal(path: str, error: HTTPError) -> Exception:
    try:
        body = json.loads(error.read())
        code, message = str(body["error_code"]), str(body.get("message", ""))
    except (ValueError, KeyError, TypeError):
        return MlflowError(f"MLflow answers {error.code} to {path}")
    return _RefusedError(code, f"MLflow refuses {path}: {code}: {message[:300]}")


def _pairs(values: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]
