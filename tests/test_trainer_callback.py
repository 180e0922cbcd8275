"""The trainers' callback, driven as a trainer drives it, against a site that misbehaves."""

import ast
import hashlib
import json
import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from evalhub import trainer_callback
from evalhub.declare.declaration import validate
from evalhub.declare.outside import check_from_web
from evalhub.declare.training import CheckedTraining, TrainingRecord
from evalhub.studies.file.version_file import VersionFile
from evalhub.trainer_callback import RegisterVersions, main
from tests.fakes.site import FakeSite

TOKEN = "evh_" + "t" * 40


@pytest.fixture(autouse=True)
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVALHUB_TOKEN", TOKEN)


def training(folder: Path, **fields: Any) -> SimpleNamespace:
    """The arguments of a trainer, as far as the callback looks at them."""
    return SimpleNamespace(
        output_dir=str(folder),
        learning_rate=2e-4,
        num_train_epochs=3,
        hub_token="hf_" + "a" * 30,
        logging_dir="/srv/runs",
        **fields,
    )


def state(step: int = 50, **fields: Any) -> SimpleNamespace:
    history = [{"loss": 3.0 - n / 100, "step": n} for n in range(1, step + 1)]
    return SimpleNamespace(
        **{
            "is_world_process_zero": True,
            "global_step": step,
            "epoch": 1.5,
            "log_history": [*history, {"eval_loss": float("nan"), "step": step}],
            "best_metric": None,
            "best_model_checkpoint": "/data/run/checkpoint-25",
            "num_input_tokens_seen": 12_345,
            "total_flos": 1e15,
        }
        | fields
    )


def a_model() -> SimpleNamespace:
    lora = SimpleNamespace(r=8, lora_alpha=16, target_modules={"v_proj", "q_proj"})
    config = SimpleNamespace(_name_or_path="/models/base-1b")
    return SimpleNamespace(peft_config={"default": lora}, config=config)


def callback(site: FakeSite, **options: Any) -> RegisterVersions:
    server = options.pop("server", None) or site.url
    return RegisterVersions("support-lora", project="support", server=server, **options)


def saved(hook: RegisterVersions, folder: Path, step: int = 50, **fields: Any) -> None:
    (folder / f"checkpoint-{step}").mkdir(exist_ok=True)
    hook.on_save(training(folder), state(step, **fields), None, model=a_model())


def unsent(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "evalhub-unsent.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_a_checkpoint_is_registered_with_how_it_was_trained(tmp_path: Path) -> None:
    rows = tmp_path / "train.jsonl"
    rows.write_text('{"text": "a"}\n')
    with FakeSite() as site:
        saved(callback(site, data=rows, notes="dates", more={"cost": 1.5}), tmp_path)
        (got,) = site.got
    assert got["path"] == "/api/v1/projects/support/models/support-lora/versions"
    assert got["headers"]["Authorization"] == f"Bearer {TOKEN}"
    assert len(got["headers"]["Idempotency-Key"]) == 64
    body = got["body"]
    assert (body["kind"], body["notes"]) == ("lora", "dates")
    assert "backend" not in body
    record = body["training"]
    assert record["hyperparameters"] == {"learning_rate": 2e-4, "num_train_epochs": 3}
    assert record["adapter"] == {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj", "v_proj"]}
    assert record["dataset_sha256"] == hashlib.sha256(rows.read_bytes()).hexdigest()
    assert (record["losses"][0], record["losses"][-1]) == ([1, 2.99], [50, 2.5])
    assert record["eval_losses"] == [[50, None]]
    assert (record["base_model"], record["best_checkpoint"]) == ("base-1b", "checkpoint-25")
    assert (record["checkpoint"], record["step"], record["cost"]) == ("checkpoint-50", 50, 1.5)
    beside = tmp_path / "checkpoint-50" / "evalhub-training.json"
    assert json.loads(beside.read_text()) == record
    assert (tmp_path / "evalhub-training.json").read_text() == beside.read_text()


class DPOConfig(SimpleNamespace):
    """Named as TRL's arguments are."""


class Cuda:
    """torch.cuda of a machine with GPUs."""

    @staticmethod
    def is_available() -> bool:
        return True

    @staticmethod
    def get_device_name(_: int) -> str:
        return "NVIDIA A100-SXM4-80GB"


def rows(count: int) -> SimpleNamespace:
    return SimpleNamespace(dataset=[0] * count)


@pytest.mark.parametrize(("packing", "counts"), [(False, (96, 4)), (True, (None, None))])
def test_it_says_how_many_examples_on_what_and_to_what_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packing: bool, counts: tuple[Any, Any]
) -> None:
    """Packed rows are no examples."""
    torch = SimpleNamespace(__version__="2.15.0", cuda=Cuda)
    monkeypatch.setitem(sys.modules, "torch", torch)
    arguments = DPOConfig(
        **vars(training(tmp_path, packing=packing, world_size=4, n_gpu=1, beta=0.1))
    )
    batches = {"train_dataloader": rows(96), "eval_dataloader": rows(4)}
    with FakeSite() as site:
        callback(site).on_save(arguments, state(), None, model=a_model(), **batches)
        record = site.got[0]["body"]["training"]
    assert (record.get("examples"), record.get("validation_examples")) == counts
    assert record["hardware"] == {"gpu": "NVIDIA A100-SXM4-80GB", "gpus": 4}
    assert record["objective"] == "dpo"
    named = validate(CheckedTraining, record).fields_with_names
    assert (named.unfit, named.fields.hardware.gpus) == ((), 4)


def test_without_a_gpu_or_counted_rows_it_says_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "torch", raising=False)
    streamed = {"train_dataloader": SimpleNamespace(dataset=iter([]))}
    with FakeSite() as site:
        callback(site).on_save(training(tmp_path), state(), None, model=a_model(), **streamed)
        record = site.got[0]["body"]["training"]
    assert not {"hardware", "examples", "validation_examples", "objective"} & set(record)


def test_what_it_says_is_what_a_site_takes_from_the_web(tmp_path: Path) -> None:
    """No path of the machine, no key: the declaration refuses both."""
    with FakeSite() as site:
        saved(callback(site), tmp_path)
        record = site.got[0]["body"]["training"]
    validate(VersionFile, site.got[0]["body"])
    check_from_web(validate(TrainingRecord, record), uploaded=(), aliases=())
    assert str(tmp_path) not in json.dumps(record)


def test_an_adapter_is_found_within_what_shards_its_model(tmp_path: Path) -> None:
    with FakeSite() as site:
        wrapped = SimpleNamespace(module=a_model())
        callback(site).on_save(training(tmp_path), state(50), None, model=wrapped)
        assert site.got[0]["body"]["kind"] == "lora"


def test_a_backend_may_follow_the_checkpoint(tmp_path: Path) -> None:
    def served(name: str) -> dict[str, Any]:
        return {"openai": {"endpoint": "vllm", "model": name}}

    with FakeSite() as site:
        saved(callback(site, backend=served, kind="distilled"), tmp_path)
        body = site.got[0]["body"]
    assert (body["kind"], body["backend"]["openai"]["model"]) == (
        "distilled",
        "checkpoint-50",
    )


def test_long_curves_are_thinned_and_keep_their_end(tmp_path: Path) -> None:
    with FakeSite() as site:
        saved(callback(site), tmp_path, step=5000)
        losses = site.got[0]["body"]["training"]["losses"]
    assert len(losses) == 50
    assert (losses[0][0], losses[-1][0]) == (1, 5000)


def test_the_other_processes_of_a_training_say_nothing(tmp_path: Path) -> None:
    with FakeSite() as site:
        saved(callback(site), tmp_path, is_world_process_zero=False)
        assert site.got == []
    assert list(tmp_path.rglob("*")) == [tmp_path / "checkpoint-50"]


def test_a_site_that_is_away_stops_nothing_and_gets_it_with_the_next(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with FakeSite() as site:
        hook = callback(site)
    saved(hook, tmp_path, 50)
    saved(hook, tmp_path, 100)
    assert [each["body"]["training"]["step"] for each in unsent(tmp_path)] == [50, 100]
    assert TOKEN not in (tmp_path / "evalhub-unsent.jsonl").read_text()
    (said,) = caplog.messages  # once, and not at every checkpoint
    assert "1 version(s) not registered" in said
    assert "python -m evalhub.trainer_callback" in said
    with FakeSite() as site:
        later = callback(site)
        saved(later, tmp_path, 150)
        assert [each["body"]["training"]["step"] for each in site.got] == [50, 100, 150]
    assert not (tmp_path / "evalhub-unsent.jsonl").exists()


@pytest.mark.parametrize("how", [{"hang_s": 30.0}, {"drip": True, "body": b"{" + b" " * 4000}])
def test_a_site_that_is_slow_holds_no_save_up(
    tmp_path: Path, how: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The save goes on by its own clock, which is looked at here, not the wall's."""
    waited: list[float | None] = []
    join = trainer_callback.threading.Thread.join

    def noting(thread: Any, timeout: float | None = None) -> None:
        waited.append(timeout)
        join(thread, timeout)

    with FakeSite(**how) as site:
        monkeypatch.setattr(trainer_callback.threading.Thread, "join", noting)
        saved(callback(site, timeout_s=0.2), tmp_path)
        monkeypatch.undo()
        assert waited == [0.2]
        assert len(unsent(tmp_path)) == 1


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (503, b"", "HTTP 503"),
        (401, b'{"title": "Unauthorized", "detail": "unknown token"}', "HTTP 401: unknown token"),
        (
            422,
            b'{"detail": "wrong", "errors": [{"field": "training.x", "message": "is a path"}]}',
            "HTTP 422: wrong; training.x: is a path",
        ),
        (500, b"<html>" + b"x" * 100_000, "HTTP 500"),
        (302, b"", "HTTP 302"),
    ],
)
def test_a_refusal_is_kept_with_what_the_site_said(
    tmp_path: Path, status: int, body: bytes, says: str
) -> None:
    with FakeSite(status=status, body=body, headers={"Location": "http://127.0.0.2:9/"}) as site:
        saved(callback(site), tmp_path)
    (kept,) = unsent(tmp_path)
    assert kept["why"].startswith(says)


def test_what_is_refused_keeps_nothing_after_it_waiting(tmp_path: Path) -> None:
    with FakeSite(status=422) as site:
        saved(callback(site), tmp_path, 50)
        saved(callback(site), tmp_path, 100)
        assert [each["body"]["training"]["step"] for each in site.got] == [50, 50, 100]


def test_whatever_goes_wrong_in_it_is_told_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(name: str) -> dict[str, str]:
        raise RuntimeError("no such endpoint")

    with FakeSite() as site:
        saved(callback(site, backend=broken), tmp_path)
        assert site.got == []
    (told,) = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert "no such endpoint" in told.getMessage()


def test_a_file_that_somebody_broke_loses_nothing_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "evalhub-unsent.jsonl").write_text("{broken\n")
    with FakeSite() as site:
        saved(callback(site), tmp_path)
        assert len(site.got) == 1
    assert (tmp_path / "evalhub-unsent.jsonl.broken").read_text() == "{broken\n"
    assert "isn't as it was written" in caplog.text


def test_the_end_is_registered_where_no_checkpoint_was_of_it(tmp_path: Path) -> None:
    with FakeSite() as site:
        hook = callback(site)
        saved(hook, tmp_path, 50)
        hook.on_train_end(training(tmp_path), state(50), None, model=a_model())
        assert len(site.got) == 1
        hook.on_train_end(training(tmp_path), state(60), None, model=a_model())
        assert site.got[1]["body"]["training"]["checkpoint"] == "end"


def test_events_of_a_trainer_that_it_does_not_know_are_let_pass(tmp_path: Path) -> None:
    with FakeSite() as site:
        hook: Any = callback(site)
    assert hook.on_something_of_next_year(1, 2, 3, logs={}) is None
    with pytest.raises(AttributeError):
        hook.other  # noqa: B018


@pytest.mark.parametrize(
    ("server", "says"),
    [
        ("http://evalhub.example", "https is needed"),
        ("http://127.evil.example", "https is needed"),
        ("http://localhost.evil.example", "https is needed"),
        ("", "say the site's address"),
        ("ftp://localhost", "say the site's address"),
        ("https://me:secret@evalhub.example", "scheme, host, port and path alone"),
        ("https://evalhub.example/?token=x", "scheme, host, port and path alone"),
    ],
)
def test_before_a_training_begins_it_says_what_can_not_be(server: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        RegisterVersions("m", project="p", server=server)
    assert "secret" not in str(refused.value)


def test_the_token_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EVALHUB_TOKEN")
    with pytest.raises(ValueError, match="there is no token"):
        RegisterVersions("m", project="p", server="https://evalhub.example")
    (tmp_path / "token").write_text("evh_of-a-file\n")
    for bad in ("", "two words", "evh_a\nX-Other: b", "evh_é"):
        (tmp_path / "bad").write_text(bad)
        with pytest.raises(ValueError, match="there is no token"):
            callback(FakeSite(), server="https://evalhub.example", token_file=tmp_path / "bad")
    with FakeSite() as site:
        saved(callback(site, token_file=tmp_path / "token"), tmp_path)
        assert site.got[0]["headers"]["Authorization"] == "Bearer evh_of-a-file"
    with pytest.raises(ValueError, match="there is no file"):
        callback(site, token_file=tmp_path / "token", data=tmp_path / "none")


def test_what_was_kept_is_sent_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeSite() as site:
        hook = callback(site)
    saved(hook, tmp_path)
    kept = tmp_path / "evalhub-unsent.jsonl"
    assert main([str(kept), "--server", site.url]) == 69
    with FakeSite() as site:
        assert main([str(kept), "--server", site.url]) == 0
        assert len(site.got) == 1
    assert not kept.exists()
    assert "1 registered, 0 left" in capsys.readouterr().err
    assert main([str(kept), "--server", "http://evalhub.example"]) == 64


def test_it_needs_the_standard_library_alone() -> None:
    tree = ast.parse(Path(trainer_callback.__file__).read_text())
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([each.name for each in node.names] if isinstance(node, ast.Import) else
                     [node.module or ""])
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names
