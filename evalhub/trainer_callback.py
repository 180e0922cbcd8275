"""A callback for the trainers of transformers and TRL that registers what a training saves.

    from evalhub.trainer_callback import RegisterVersions

    trainer.add_callback(RegisterVersions("support-lora", project="support", data="train.jsonl"))

Each checkpoint becomes a version of the model at an Evalhub server, with its hyperparameters, the
digest of its data and its losses. A server that is away, slow or refuses stops no training: what
could not be sent is kept in a file beside the checkpoints, is told, and goes with the next one, or
later by `python -m evalhub.trainer_callback FILE`. The token is read from EVALHUB_TOKEN or a file.

It needs the standard library alone: `pip install --no-deps` is enough, or a copy of this file.
"""

import argparse
import functools
import hashlib
import ipaddress
import json
import logging
import math
import operator
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger("evalhub")

UNSENT = "evalhub-unsent.jsonl"
RECORD = "evalhub-training.json"
"""The training record, as `evalhub gate --training-record` takes it: in each checkpoint, and the
newest in the output folder."""
MOST_POINTS = 50
"""Of a curve of losses, evenly chosen; the last is always among them."""
MOST_ANSWER = 65_536
GONE = (408, 409, 425, 429)
"""Refusals that may end by themselves, as all from 500 on may."""

HYPERPARAMETERS = (
    "learning_rate", "lr_scheduler_type", "warmup_steps", "warmup_ratio", "weight_decay", "optim",
    "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm", "num_train_epochs", "max_steps",
    "seed", "data_seed", "bf16", "fp16", "per_device_train_batch_size",
    "gradient_accumulation_steps", "label_smoothing_factor", "neftune_noise_alpha", "packing",
    "group_by_length", "max_length", "max_seq_length", "completion_only_loss", "beta",
    "assistant_only_loss", "loss_type", "num_generations", "temperature", "epsilon",
)  # fmt: skip
"""Of the trainer's arguments, where it has them: what changes the weights, and no path or key."""

ADAPTER = ("r", "lora_alpha", "lora_dropout", "target_modules", "use_rslora", "use_dora", "bias")
SOFTWARE = {"transformers", "trl", "peft", "torch"}
_OUTSIDE = re.compile(r"\s*([a-z][a-z0-9+.-]*://|/|~|\.\.?/|[a-z]:\\|\\\\)", re.I)


class RegisterVersions:
    """Registers each checkpoint as a version of a model. Only the world's process zero does.

    Args:
        model: name of the model in the project; it is made where it isn't there.
        project: the project, as it stands in addresses.
        server: address of the site; by default EVALHUB_SERVER. https, unless it is this machine.
        token_file: file that holds the token; by default EVALHUB_TOKEN does.
        kind: lora, qlora, full, distilled; by default what the model looks like.
        data: the file of training rows, whose SHA-256 is recorded.
        backend: who is asked for a version: a mapping, or a function from a checkpoint's name to
            one, such as {"openai": {"endpoint": "vllm", "model": name}}. By default nobody is:
            its answers come as files.
        notes: what is new in it, in words.
        more: further fields of the training record.
        unsent: where to keep what could not be sent; by default a file in the output folder.
        timeout_s: seconds that one save may be held up by the server.
    Raises ValueError, before a training begins: no server or token is said, the token would cross a
    network in the clear, or there is no such file of data.
    """

    def __init__(
        self,
        model: str,
        *,
        project: str,
        server: str | None = None,
        token_file: str | os.PathLike[str] | None = None,
        kind: str | None = None,
        data: str | os.PathLike[str] | None = None,
        backend: Mapping[str, Any] | Callable[[str], Mapping[str, Any]] | None = None,
        notes: str = "",
        more: Mapping[str, Any] | None = None,
        unsent: str | os.PathLike[str] | None = None,
        timeout_s: float = 5.0,
    ) -> None:
        self._door = _Door.of(server, token_file, timeout_s)
        self._path = "/api/v1/projects/{}/models/{}/versions".format(
            *(urllib.parse.quote(each, safe="") for each in (project, model))
        )
        self._kind, self._backend, self._notes = kind, backend, notes
        self._data = None if data is None else Path(data)
        if self._data is not None and not self._data.is_file():
            raise ValueError(f"data: there is no file {self._data}")
        self._more = dict(more or {})
        self._unsent = None if unsent is None else Path(unsent)
        self._began, self._last_step, self._has_warned = time.monotonic(), -1, False

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Ignores all other events of a training, also those of later versions."""
        if name.startswith("on_"):
            return lambda *_, **__: None
        raise AttributeError(name)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        self._began = time.monotonic()

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Registers the checkpoint that was just written."""
        self._register(args, state, kwargs, f"checkpoint-{state.global_step}")

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Registers the final model if no checkpoint holds it, and sends what is still unsent."""
        if state.global_step != self._last_step:
            self._register(args, state, kwargs, "end")
        else:
            self._guard(args, state, lambda: self._deliver(self._file(args), []))

    def _register(self, args: Any, state: Any, having: Mapping[str, Any], checkpoint: str) -> None:
        def register() -> None:
            record = self._record(args, state, having, checkpoint)
            self._last_step = state.global_step
            for folder in (Path(args.output_dir), Path(args.output_dir) / checkpoint):
                if folder.is_dir():
                    _put(folder / RECORD, json.dumps(record, indent=2) + "\n")
            self._deliver(self._file(args), [_letter(self._path, self._body(record, checkpoint))])

        self._guard(args, state, register)

    def _guard(self, args: Any, state: Any, do: Callable[[], None]) -> None:
        if not state.is_world_process_zero:
            return
        try:
            do()
        except Exception as error:  # any error: the training matters more than its record
            logger.warning("evalhub: this version was not registered: %r", error)

    def _file(self, args: Any) -> Path:
        return self._unsent or Path(args.output_dir) / UNSENT

    def _body(self, record: Mapping[str, Any], checkpoint: str) -> dict[str, Any]:
        backend = self._backend(checkpoint) if callable(self._backend) else self._backend
        body = {"kind": self._kind or record["method"], "training": record, "notes": self._notes}
        return body if backend is None else {**body, "backend": dict(backend)}

    def _record(self, args: Any, state: Any, having: Any, checkpoint: str) -> dict[str, Any]:
        model = having.get("model")
        model = getattr(model, "module", model)  # unwraps a sharded model
        chosen = args.to_sanitized_dict() if hasattr(args, "to_sanitized_dict") else vars(args)
        settings = {n: chosen[n] for n in HYPERPARAMETERS if chosen.get(n) not in (None, "None")}
        dealt = {} if chosen.get("packing") else having  # packed rows aren't examples
        history = state.log_history or []
        fields = {
            "method": _method(model),
            "objective": "".join(re.findall(r"^(\w+)Config$", type(args).__name__)).lower(),
            "base_model": name_of(getattr(getattr(model, "config", None), "_name_or_path", "")),
            "adapter": _adapter(model),
            "dataset_sha256": self._digest,
            "examples": _rows(dealt.get("train_dataloader")),
            "validation_examples": _rows(dealt.get("eval_dataloader")),
            "hyperparameters": settings,
            "checkpoint": checkpoint,
            "step": state.global_step,
            "epoch": state.epoch,
            "losses": curve(history, "loss"),
            "eval_losses": curve(history, "eval_loss"),
            "best_metric": state.best_metric,
            "best_checkpoint": name_of(state.best_model_checkpoint or ""),
            "tokens_seen": state.num_input_tokens_seen or None,
            "flos": state.total_flos,
            "software": {n: sys.modules[n].__version__ for n in SOFTWARE & sys.modules.keys()},
            "hardware": _hardware(args),
            "seconds": round(time.monotonic() - self._began, 1),
            **self._more,
        }
        return {name: _plain(each) for name, each in fields.items() if each not in (None, "", [])}

    @functools.cached_property
    def _digest(self) -> str:
        if self._data is None:
            return ""
        with self._data.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _deliver(self, file: Path, letters: list[dict[str, Any]]) -> None:
        """Sends stored letters and these within the time limit, and stores those left."""
        if not (waiting := [*_read(file), *letters]):
            return
        causes: dict[int, str] = {}
        sender = threading.Thread(target=_send_all, args=(self._door, waiting, causes), daemon=True)
        sender.start()
        sender.join(self._door.timeout_s)
        unsent = _unsent(waiting, dict(causes))
        _keep(file, unsent)
        if unsent and not self._has_warned:
            how = "sent with the next, or by: python -m evalhub.trainer_callback"
            why = f"{self._door.server} ({unsent[-1]['why']}); {how} {file}"
            logger.warning("evalhub: %d version(s) not registered at %s", len(unsent), why)
        self._has_warned = bool(unsent)


class _Door:
    """A server and the token for it."""

    def __init__(self, server: str, token: str, timeout_s: float) -> None:
        self.server, self.timeout_s, self._token = server, timeout_s, token

    @classmethod
    def of(
        cls, server: str | None, token_file: str | os.PathLike[str] | None, timeout_s: float
    ) -> "_Door":
        address = (server or os.environ.get("EVALHUB_SERVER") or "").rstrip("/")
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("say the site's address: server= or EVALHUB_SERVER, https://…")
        if parts.scheme == "http" and not _is_here(parts.hostname):
            raise ValueError(f"{address}: https is needed, or anybody on the way reads the token")
        if parts.username is not None or parts.query or parts.fragment:
            raise ValueError("the site's address is scheme, host, port and path alone")
        token = os.environ.get("EVALHUB_TOKEN") or ""
        token = (Path(token_file).read_text("utf-8") if token_file is not None else token).strip()
        if not token.isascii() or not token.isprintable() or len(token.split()) != 1:
            raise ValueError("there is no token: put it into EVALHUB_TOKEN, or name its token_file")
        return cls(address, token, timeout_s)

    def send(self, letter: Mapping[str, Any]) -> None:
        """Raises urllib.error.HTTPError if the site refuses it, OSError if it can't be reached."""
        request = urllib.request.Request(
            self.server + letter["path"],
            data=json.dumps(letter["body"], sort_keys=True).encode(),
            method="POST",
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Idempotency-Key": letter["key"],
            },
        )
        opener = urllib.request.build_opener(_NoRedirect)
        with opener.open(request, timeout=self.timeout_s) as answer:
            answer.read(MOST_ANSWER)


def _is_here(host: str) -> bool:
    """Whether the host is this machine by its own name, which no name server can change."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the token is for one server."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _send_all(door: _Door, letters: list[dict[str, Any]], results: dict[int, str]) -> None:
    """Sends in order; `results` gets "" for what was accepted, else the reason. Stops where nobody
    answers, and goes on after a letter that is refused."""
    for number, letter in enumerate(letters):
        try:
            door.send(letter)
            results[number] = ""
        except urllib.error.HTTPError as error:
            results[number] = f"HTTP {error.code}: {_error_text(error)}"
            if error.code >= 500 or error.code in GONE:
                return
        except Exception as error:
            results[number] = f"{type(error).__name__}: {error}"
            return


def _unsent(letters: list[dict[str, Any]], results: Mapping[int, str]) -> list[dict[str, Any]]:
    """The letters that weren't accepted, with the reason."""
    return [
        {**letter, "why": results.get(number, "no answer in time")}
        for number, letter in enumerate(letters)
        if results.get(number) != ""
    ]


def _error_text(error: urllib.error.HTTPError) -> str:
    """The server's error message, in one line."""
    try:
        problem = json.loads(error.read(MOST_ANSWER))
        message = problem.get("detail") or problem.get("title") or error.reason
        flaws = [f"{each['field']}: {each['message']}" for each in problem.get("errors") or ()]
    except Exception:
        return str(error.reason)
    return " ".join("; ".join([str(message), *flaws]).split())[:500]


def _letter(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A request to send, with a key from its content, so that it may be sent twice."""
    text = json.dumps([path, body], sort_keys=True)
    return {"path": path, "key": hashlib.sha256(text.encode()).hexdigest(), "body": body}


def _read(file: Path) -> list[dict[str, Any]]:
    """The stored letters; an unreadable file is renamed, so that later letters aren't lost."""
    try:
        return [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
    except FileNotFoundError:
        return []
    except ValueError:
        logger.warning("evalhub: %s isn't as it was written: it is %s.broken now", file, file)
        os.replace(file, f"{file}.broken")
        return []


def _keep(file: Path, letters: Iterable[Mapping[str, Any]]) -> None:
    lines = [json.dumps(each, sort_keys=True) + "\n" for each in letters]
    if lines:
        file.parent.mkdir(parents=True, exist_ok=True)
        _put(file, "".join(lines))
    else:
        file.unlink(missing_ok=True)


def _put(file: Path, text: str) -> None:
    """Writes the file completely or not at all, also if the training is killed meanwhile."""
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)


def _method(model: Any) -> str:
    if not getattr(model, "peft_config", None):
        return "full"
    small = getattr(model, "is_loaded_in_4bit", False) or getattr(model, "is_quantized", False)
    return "qlora" if small else "lora"


def _rows(batches: Any) -> int | None:
    """The number of training rows; None if they are streamed or unknown."""
    return operator.length_hint(getattr(batches, "dataset", ()), 0) or None


def _hardware(args: Any) -> dict[str, Any] | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    gpus = getattr(args, "world_size", 1) * max(1, getattr(args, "n_gpu", 1))
    return {"gpu": torch.cuda.get_device_name(0), "gpus": gpus}


def _adapter(model: Any) -> dict[str, Any] | None:
    config = next(iter((getattr(model, "peft_config", None) or {}).values()), None)
    options = {name: getattr(config, name, None) for name in ADAPTER}
    return {name: value for name, value in options.items() if value is not None} or None


def curve(history: list[dict[str, Any]], name: str) -> list[list[Any]]:
    """The logged values of this name as [step, value]."""
    points = [[each.get("step"), each[name]] for each in history if name in each]
    if len(points) <= MOST_POINTS:
        return points
    last = len(points) - 1
    return [points[round(n * last / (MOST_POINTS - 1))] for n in range(MOST_POINTS)]


def name_of(text: str) -> str:
    """A name; of a path its last part."""
    return text.replace("\\", "/").rstrip("/").rpartition("/")[2] if _OUTSIDE.match(text) else text


def _plain(value: Any) -> Any:
    """A value as JSON: no NaN, no set, no path of this machine."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        values = [_plain(each) for each in value]
        return values if isinstance(value, (list, tuple)) else sorted(values, key=str)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return name_of(str(value))


def main(arguments: list[str] | None = None) -> int:
    """Sends letters that a training couldn't send. Returns 0 if none is left, else 69."""
    parser = argparse.ArgumentParser(
        prog="python -m evalhub.trainer_callback",
        description="Send the versions that a training could not register.",
    )
    parser.add_argument("file", type=Path, help=f"the file that it kept them in: …/{UNSENT}")
    parser.add_argument("--server", help="address of the site; by default EVALHUB_SERVER")
    parser.add_argument("--token-file", type=Path, help="by default EVALHUB_TOKEN holds the token")
    args = parser.parse_args(arguments)
    try:
        door = _Door.of(args.server, args.token_file, 60.0)
        letters = _read(args.file)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"evalhub: {error}\n")
        return 64
    results: dict[int, str] = {}
    _send_all(door, letters, results)
    unsent = _unsent(letters, results)
    _keep(args.file, unsent)
    sys.stderr.write(f"evalhub: {len(letters) - len(unsent)} registered, {len(unsent)} left\n")
    for letter in unsent:
        sys.stderr.write(f"  {letter['why']}\n")
    return 69 if unsent else 0


if __name__ == "__main__":
    sys.exit(main())
