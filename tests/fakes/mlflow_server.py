"""A server that speaks the part of MLflow's REST API that the registry of models needs.

with MlflowRegistry() as server:
    server.away = True       # 503 to whatever is asked

`aliases` and `tags` are what it holds, by model.
"""

import json
import threading
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

API = "/api/2.0/mlflow/"


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class MlflowRegistry:
    def __init__(self, token: str = "") -> None:
        self.token = token
        self.away = False
        self.asked: list[str] = []
        self.aliases: dict[str, dict[str, str]] = {}
        self.tags: dict[tuple[str, str], dict[str, str]] = {}
        self.sources: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Self:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                registry.answer(self)

            do_GET = do_POST = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(request.path)
        length = int(request.headers.get("Content-Length") or 0)
        body = json.loads(request.rfile.read(length) or b"{}")
        given = body or {name: each[0] for name, each in parse_qs(parts.query).items()}
        what = f"{request.command} {parts.path.removeprefix(API)}"
        self.asked.append(what)
        status, said = 200, {}
        if self.away:
            status = 503
        elif self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            status = 401
        else:
            try:
                said = self._held(what, given)
            except _Refused as error:
                status, said = 400, {"error_code": error.code, "message": str(error)}
        content = json.dumps(said).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def _held(self, what: str, given: dict[str, Any]) -> dict[str, Any]:
        name = given.get("name", "")
        if what == "POST registered-models/create":
            if name in self.aliases:
                raise _Refused("RESOURCE_ALREADY_EXISTS", name)
            self.aliases[name] = {}
            return {"registered_model": {"name": name}}
        if what == "GET model-versions/search":
            asked = given["filter"].removeprefix("name='").removesuffix("'")
            return {"model_versions": [self._version(*key) for key in self.tags if key[0] == asked]}
        if name not in self.aliases:
            raise _Refused("RESOURCE_DOES_NOT_EXIST", f"no model {name}")
        if what == "POST model-versions/create":
            number = str(1 + sum(key[0] == name for key in self.tags))
            self.tags[name, number] = {each["key"]: each["value"] for each in given["tags"]}
            self.sources[name, number] = given["source"]
            return {"model_version": self._version(name, number)}
        if what == "POST model-versions/set-tag":
            self.tags[name, given["version"]][given["key"]] = given["value"]
            return {}
        if what == "POST registered-models/alias":
            self.aliases[name][given["alias"]] = given["version"]
            return {}
        if what == "GET registered-models/alias":
            if given["alias"] not in self.aliases[name]:
                raise _Refused("INVALID_PARAMETER_VALUE", "no such alias")
            return {"model_version": self._version(name, self.aliases[name][given["alias"]])}
        if what == "DELETE registered-models/alias":
            self.aliases[name].pop(given["alias"], None)
            return {}
        raise _Refused("ENDPOINT_NOT_FOUND", what)

    def _version(self, name: str, number: str) -> dict[str, Any]:
        tags = [{"key": key, "value": value} for key, value in self.tags[name, number].items()]
        return {"name": name, "version": number, "tags": tags}

    def holders(self) -> dict[str, tuple[str, str]]:
        """By alias, the model and the version of ours that have it."""
        found: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name, aliases in self.aliases.items():
            for alias, number in aliases.items():
                found[alias].append((name, self.tags[name, number]["evalhub.version"]))
        assert all(len(each) == 1 for each in found.values()), found
        return {alias: each[0] for alias, each in found.items()}
