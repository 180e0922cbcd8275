"""A real HTTP server that speaks OpenAI's protocol, and misbehaves as it is told.

with OpenAIServer() as server:
    backend = server.backend(concurrency=16)
    server.misbehave = lambda prompt, attempt: http_error(500) if attempt == 0 else None

It answers a prompt with its echo: "You said: …".
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

Misbehaviour = Callable[[str, int], web.Response | str | None]


def http_error(
    status: int, message: str = "out of order", headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error in OpenAI's form."""
    return web.json_response({"error": {"message": message}}, status=status, headers=headers)


def body(text: str | bytes, status: int = 200) -> web.Response:
    """Any content as if it were an answer."""
    return web.Response(body=text, status=status, content_type="application/json")


def saying(text: str | None, **beside: Any) -> web.Response:
    """An answer that says this, with other fields of its message."""
    message = {"role": "assistant", "content": text, **beside}
    usage = {"prompt_tokens": 9, "completion_tokens": len((text or "").split())}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return web.json_response({"choices": [choice], "usage": usage})


HANG = "hang"
DROP = "drop"


@dataclass
class OpenAIServer:
    """Counts what it is asked. `misbehave(prompt, attempt)` may give another response, HANG or
    DROP (the connection); `attempt` counts from 0 how often that model was asked that. It gives
    `n` answers, `most_choices` at most; `logprobs` of tokens to who asks for them; and at /models
    what `models` says, 503 to the first `busy_models`. `echo` gives the tokens of a prompt that is
    to be repeated, each with its log-probability and that of the likeliest in its place; without it
    nothing is repeated."""

    latency_s: float = 0.0
    latencies: Sequence[float] = ()
    """In place of one latency: by the order in which requests come, over and over."""
    model_latencies: Mapping[str, float] = field(default_factory=dict)
    """What a model takes beside that."""
    key: str = ""
    most_choices: int = 128
    logprobs: Sequence[float] | None = None
    models: Sequence[dict[str, Any]] | None = None
    busy_models: int = 0
    misbehave: Misbehaviour = lambda prompt, attempt: None
    echo: Callable[[str], Sequence[tuple[str, float | None, float]]] | None = None
    asked: Counter[str] = field(default_factory=Counter)
    requests: list[dict[str, Any]] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)
    most_at_once: int = 0
    port: int = 0
    _at_once: int = 0
    _asked_of: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def backend(self, **fields: Any) -> dict[str, Any]:
        """The specification of a backend that asks this server."""
        return {"type": "openai", "url": self.url, "model": "echo", "retries": 2} | fields

    def __enter__(self) -> Self:
        ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10), "the server did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Goes away; from then on nothing listens at its address."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(20)
            assert not self._thread.is_alive(), "the server did not end"

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        app = web.Application()
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completion)
        app.router.add_get("/v1/models", self._models)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        self._loop.run_until_complete(runner.setup())
        site = web.TCPSite(runner, "127.0.0.1", self.port)
        self._loop.run_until_complete(site.start())
        self.port = site._server.sockets[0].getsockname()[1]
        ready.set()
        self._loop.run_forever()
        self._loop.run_until_complete(self._leave(runner))
        self._loop.close()

    async def _leave(self, runner: web.AppRunner) -> None:
        await asyncio.wait_for(runner.cleanup(), 5)
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.wait_for(asyncio.gather(*left, return_exceptions=True), 5)

    async def _models(self, request: web.Request) -> web.StreamResponse:
        if self.models is None:
            return http_error(404, "no such page")
        if self.busy_models > 0:
            self.busy_models -= 1
            return http_error(503, "loading")
        return web.json_response({"object": "list", "data": [*self.models]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        text = asked["messages"][-1]["content"]
        said = {"message": {"role": "assistant", "content": f"You said: {text}"}}
        return await self._answer(request, asked, text, said)

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        asked = await request.json()
        return await self._answer(
            request, asked, asked["prompt"], {"text": f"You said: {asked['prompt']}"}
        )

    async def _answer(
        self, request: web.Request, asked: dict[str, Any], prompt: str, choice: dict[str, Any]
    ) -> web.StreamResponse:
        self.arrivals.append(time.monotonic())
        number = len(self.requests)
        self.requests.append(asked)
        if request.transport is not None:
            self.connections.add(request.transport.get_extra_info("peername"))
        self.asked[prompt] += 1
        attempt = self._asked_of[asked.get("model", ""), prompt]
        self._asked_of[asked.get("model", ""), prompt] += 1
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
                given = request.headers.get("Authorization")
                return http_error(401, f"Incorrect API key provided: {given}")
            its = self.latencies
            await asyncio.sleep(its[number % len(its)] if its else self.latency_s)
            await asyncio.sleep(self.model_latencies.get(asked.get("model", ""), 0))
            other = self.misbehave(prompt, attempt)
            if other == HANG:
                await asyncio.sleep(30)
            if other == DROP:
                assert request.transport is not None
                request.transport.close()
            if isinstance(other, web.Response):
                return other
            count = min(asked.get("n", 1), self.most_choices)
            usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": 3 * count}
            if self.logprobs is not None and "logprobs" in asked:
                said = [{"token": "t", "logprob": each} for each in self.logprobs]
                plain = {"token_logprobs": [*self.logprobs]}
                choice["logprobs"] = {"content": said} if "message" in choice else plain
            if self.echo is not None and asked.get("echo"):
                said = [*self.echo(prompt), ("!", -3.0, -1.0)]
                usage["prompt_tokens"] = len(said) - 1
                choice["text"] = prompt + "!"
                choice["logprobs"] = {
                    "tokens": [token for token, _, _ in said],
                    "token_logprobs": [own for _, own, _ in said],
                    "top_logprobs": [
                        None if own is None else {token: own} if own == best else {"?": best}
                        for token, own, best in said
                    ],
                }
            if self.echo is not None and "prompt_logprobs" in asked:
                choice["prompt_logprobs"] = [
                    None if own is None else {f"{at}": {"logprob": own, "decoded_token": token}}
                    for at, (token, own, _) in enumerate(self.echo(prompt))
                ]
                usage["prompt_tokens"] = len(choice["prompt_logprobs"])
            choice["finish_reason"] = "stop"
            choices = [choice | {"index": index} for index in range(count)]
            return web.json_response({"choices": choices, "usage": usage})
        finally:
            self._at_once -= 1
