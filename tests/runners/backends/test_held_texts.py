"""Held texts scored by servers: vLLM's protocol, echo, and llama.cpp's server; by a run's doors."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from statistics import NormalDist
from typing import Any

import pytest
from django.test import Client as DjangoClient
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.cli.app import run as evalhub
from evalhub.declare.declaration import validate
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.demo.server import LocalExtraMissingError, local_server
from evalhub.ledger.models import Decision
from evalhub.registry.models import Output, Run, RunMetric
from runners.backends.asking import BackendError, BackendRequest, Fault, Reply
from runners.backends.held_texts import PROBE, PromptToken, tokens_before
from runners.backends.openai import Client, OpenAIBackend
from tests.cast import OPERATOR
from tests.fakes.openai_server import DROP, OpenAIServer, http_error
from tests.runners.backends import test_echoed, test_held_texts_hf, test_hf

START = "<|endoftext|>"
LIKELY = {" the": -0.5, " sea": -2.0, "At": -3.0}
"""Log-probabilities of words wherever they stand; all others -4."""


def spoken(prompt: str) -> list[tuple[str, float | None, float]]:
    """Words as tokens; START is one. Nothing stands before the first."""
    words = re.findall(r"<\|endoftext\|>|\s*[^\s<]+|\s+$", prompt)
    return [(each, LIKELY.get(each, -4.0) if at else None, -0.1) for at, each in enumerate(words)]


def with_start(prompt: str) -> list[tuple[str, float | None, float]]:
    """Of a tokenizer that puts a token before every prompt."""
    return spoken(START + prompt)


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(echo=with_start) as server:
        yield server


def settings(server: OpenAIServer, **fields: Any) -> dict[str, Any]:
    own = {"url": server.url, "model": "m", "text_logprobs": "prompt_logprobs", "retries": 3}
    return own | fields


def judged(server: OpenAIServer, *texts: str, **fields: Any) -> list[Reply]:
    spec = validate(OpenAIBackend, server.backend(**settings(server) | fields))
    asked = Client.of(spec, Prompt(), Sampling(), OPERATOR)
    requests = [BackendRequest(at, 0, text, "", choices=[]) for at, text in enumerate(texts)]
    rows = {row.item_id: reply for batch in asked.answer(requests) for row, reply in batch}
    return [rows[at] for at in range(len(texts))]


@pytest.mark.parametrize("protocol", ["prompt_logprobs", "echo"])
def test_a_text_is_as_likely_as_its_tokens_together(server: OpenAIServer, protocol: str) -> None:
    # "At" -3, " the" -0.5, " sea" -2; the token before them isn't counted
    [first, second] = judged(server, "At the sea", "é the the", text_logprobs=protocol)
    assert (first.text, first.logprob, first.error) == ("At the sea", -5.5, "")
    assert second.logprob == -5.0
    assert first.choice_logprobs is None
    [probe, *asked] = [each["prompt"] for each in server.requests]
    assert (probe, sorted(asked)) == (PROBE, ["At the sea", "é the the"])
    assert server.requests[0]["max_tokens"] == 1


@pytest.mark.parametrize("protocol", ["prompt_logprobs", "echo"])
def test_where_the_tokenizer_puts_no_token_before_the_arm_says_one(
    server: OpenAIServer, protocol: str
) -> None:
    server.echo = spoken
    with pytest.raises(BackendError, match="the first token, before which its tokenizer puts none"):
        judged(server, "At the sea", text_logprobs=protocol)
    [reply] = judged(server, "At the sea", text_logprobs=protocol, text_start=START)
    assert reply.logprob == -5.5
    assert server.requests[-1]["prompt"] == f"{START}At the sea"


@pytest.mark.parametrize("protocol", ["prompt_logprobs", "echo"])
def test_a_server_that_does_not_tell_is_an_error_of_all(
    server: OpenAIServer, protocol: str
) -> None:
    server.echo = None
    with pytest.raises(BackendError, match="doesn't tell: the response doesn't say how likely"):
        judged(server, "At the sea", text_logprobs=protocol)
    assert [each["prompt"] for each in server.requests] == [PROBE]


def test_a_text_too_long_for_the_server_is_its_item_s_error(server: OpenAIServer) -> None:
    server.misbehave = lambda prompt, attempt: (
        http_error(400, "This model's maximum context length is 9 tokens")
        if len(prompt) > 30
        else None
    )
    [long, short] = judged(server, "At the sea " * 20, "At the sea")
    assert (long.text, long.fault) == (None, Fault.ITEM)
    assert "maximum context length" in long.error
    assert short.logprob == -5.5


def test_tokens_before_a_text_are_those_that_are_not_the_text() -> None:
    one, two = PromptToken("One,", -1.0), PromptToken("two", -1.0)
    assert tokens_before([PromptToken(None, None), one, two], "One, two") == 1
    assert (
        tokens_before([PromptToken("<s>", None), PromptToken(" ", -1.0), one, two], "One, two") == 1
    )
    assert tokens_before([one, two], "One, two") == 0
    assert tokens_before([PromptToken("One,", None), two], "One, two") is None
    assert tokens_before([PromptToken(None, None), two], "One, two") is None
    assert tokens_before([], "One, two") is None


STUDY = """\
schema: evalhub.study/1
project: desk
name: Forgetting
baseline: base
policy: {ledger: "off"}
arms:
  base: {kind: base, backend: {openai: BACKEND}, prompt: {system: So.}}
  tuned: {kind: full, parent: base, backend: {openai: TUNED}}
test_sets:
  general: {file: texts.jsonl, role: guard, metric: {name: log_loss}, margin: 0.02}
"""
DOCUMENTS, ITEMS = 12, 36


def a_study(folder: Path, base: dict[str, Any], tuned: dict[str, Any], **test_set: Any) -> Path:
    """12 documents of three texts of 4 to 11 words each."""
    rows = [
        {
            "id": f"d{at // 3}#{at % 3}",
            "text": f"At{' the' * (at % 7 + 2)} sea {at}.",
            "cluster": f"d{at // 3}",
        }
        for at in range(ITEMS)
    ]
    (folder / "texts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    text = STUDY.replace("BACKEND", json.dumps(base)).replace("TUNED", json.dumps(tuned))
    for old, new in test_set.items():
        text = text.replace(old, new)
    (folder / "study.yaml").write_text(text)
    return folder / "study.yaml"


def run_study(file: Path, *options: str) -> int:
    return evalhub(["study", "run", str(file), "--json", *options])


def bits_per_byte(folder: Path, *, forgotten: float = 0.0) -> float:
    texts = [json.loads(line)["text"] for line in (folder / "texts.jsonl").open()]
    nats = sum(own or 0.0 for text in texts for _, own, _ in with_start(text))
    nats -= forgotten * sum(len(spoken(text)) for text in texts)
    return -nats / math.log(2) / sum(len(text.encode()) for text in texts)


@pytest.mark.django_db(transaction=True)
def test_a_tuned_model_that_forgot_fails_the_guard(
    server: OpenAIServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAIServer(
        echo=lambda prompt: [(t, own and own - 0.2, b) for t, own, b in with_start(prompt)]
    ) as worse:
        file = a_study(tmp_path, settings(server), settings(worse, model="t"))
        assert run_study(file, "--dry-run") == 0
        planned = json.loads(capsys.readouterr().out)
        assert planned["requests"] == 2 * ITEMS
        assert run_study(file) != 0
    [criterion] = Decision.objects.get().record["criteria"]
    base, tuned = bits_per_byte(tmp_path), bits_per_byte(tmp_path, forgotten=0.2)
    assert criterion["baseline"] == pytest.approx(base, rel=1e-9)
    assert criterion["candidate"] == pytest.approx(tuned, rel=1e-9)
    assert criterion["difference"] == pytest.approx(base - tuned, rel=1e-9)
    assert (criterion["unit"], criterion["status"]) == ("bits per byte", "fail")
    assert criterion["clusters"] == DOCUMENTS
    means = RunMetric.objects.order_by("mean").values_list("mean", flat=True)
    assert list(means) == pytest.approx([base, tuned])
    assert Output.objects.filter(logprob__lt=0).count() == 2 * ITEMS


LLAMA_CPP = 0.1
"""Bits a byte between llama.cpp's server with 4-bit weights and the same weights in float32."""
LOGNORMAL = [0.005 * math.exp(NormalDist().inv_cdf((at + 0.5) / 40)) for at in range(40)]
"""Seconds: the quantiles of a log-normal with the median 5 ms, out of order."""


@pytest.mark.django_db(transaction=True)
def test_faults_and_slow_answers_change_nothing_and_nothing_is_asked_twice(
    server: OpenAIServer, tmp_path: Path
) -> None:
    server.latencies = LOGNORMAL[::7] + LOGNORMAL[3::7]

    def misbehave(prompt: str, attempt: int) -> Any:
        if attempt > 0 or prompt == PROBE:
            return None
        return [http_error(503), DROP, http_error(500), None][len(prompt) % 4]

    server.misbehave = misbehave
    file = a_study(tmp_path, settings(server), settings(server, model="t"))
    run_study(file)
    assert {run.state for run in Run.objects.all()} == {"done"}
    texts = [json.loads(line)["text"] for line in (tmp_path / "texts.jsonl").open()]
    for text in texts:
        assert server.asked[text] == 2 * (1 if len(text) % 4 == 3 else 2)
    means = list(RunMetric.objects.values_list("mean", flat=True))
    assert means == pytest.approx([bits_per_byte(tmp_path)] * 2)
    asked = len(server.requests)
    run_study(file)
    assert len(server.requests) == asked


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("fields", "changes", "message"),
    [
        ({"text_logprobs": None}, {}, "say text_logprobs of its arm (prompt_logprobs of vLLM"),
        (
            {},
            {
                "{name: log_loss}": "{name: empty}",
                "file: texts.jsonl": "file: texts.jsonl, fields: {text: text}",
            },
            "is a text to be scored itself",
        ),
        (
            {},
            {"file: texts.jsonl": "file: texts.jsonl, fields: {input: text, choices: many}"},
            "is a question to be answered, and log_loss scores texts",
        ),
        (
            {},
            {"file: texts.jsonl": "file: texts.jsonl, fields: {text: body}"},
            "field 'body': missing",
        ),
        (
            {},
            {"margin: 0.02": "margin: 0.02, form: guard"},
            "is of answers, and log_loss scores texts",
        ),
        (
            {"text_logprobs": None, "text_start": "<s>"},
            {},
            "begins held texts: say text_logprobs too",
        ),
        ({"text_logprobs": "vllm"}, {}, "isn't one of prompt_logprobs, echo, llama.cpp"),
    ],
)
def test_what_can_not_be_scored_is_refused_before_anything_is_asked(
    server: OpenAIServer,
    tmp_path: Path,
    fields: dict[str, Any],
    changes: dict[str, str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    backend = {name: value for name, value in settings(server, **fields).items() if value}
    file = a_study(tmp_path, backend, backend | {"model": "t"}, **changes)
    rows = [
        json.loads(line) | {"many": ["yes", "no"]} for line in (tmp_path / "texts.jsonl").open()
    ]
    (tmp_path / "texts.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert run_study(file) == 65
    assert message in " ".join(capsys.readouterr().err.split())
    assert server.requests == []


@pytest.mark.django_db(transaction=True)
def test_an_item_s_page_says_that_nobody_answers_it(
    tmp_path: Path, server: OpenAIServer, client: DjangoClient
) -> None:
    assert run_study(a_study(tmp_path, settings(server), settings(server, model="t"))) != 65
    client.force_login(User.objects.create_superuser("root"))
    run = Run.objects.first()
    assert run is not None
    item = run.test_set_version.items.first()
    assert item is not None
    page = client.get(reverse("site:run_item", args=[run.pk, item.key])).content.decode()
    assert "A text that models read: they say how likely it is, and answer nothing." in page


@pytest.mark.django_db(transaction=True)
def test_recorded_answers_say_nothing_of_texts(
    tmp_path: Path, server: OpenAIServer, capsys: pytest.CaptureFixture[str]
) -> None:
    file = a_study(tmp_path, settings(server), settings(server))
    (tmp_path / "answers.jsonl").write_text(json.dumps({"id": "d0#0", "output": "x"}) + "\n")
    text = file.read_text().replace(
        f"{{openai: {json.dumps(settings(server))}}}}}\ntest",
        "{recorded: answers.jsonl}}\ntest",
    )
    file.write_text(text)
    assert run_study(file) == 65
    said = " ".join(capsys.readouterr().err.split())
    assert "log_loss asks how likely a text is, which recorded answers don't say" in said


def test_the_page_states_the_difference_of_engines() -> None:
    page = (Path(__file__).parents[3] / "docs/reference/log-loss.md").read_text()
    assert f"differed by less than {LLAMA_CPP} bits a byte" in page


@test_hf.with_torch
@pytest.mark.local
def test_llama_cpp_s_server_is_held_to_a_text_s_tokens(small: Path) -> None:
    """Of the same weights transformers finds the same bits but for llama.cpp's rounding."""
    texts = [test_held_texts_hf.TEXTS[0], "Zürich, 日本."]  # 日 is two tokens
    try:
        with local_server(adapter=None, threads=1) as url:
            at_server = OpenAIServer(port=int(url.split(":")[2].split("/")[0]))
            start = {"text_logprobs": "llama.cpp", "text_start": "<|im_start|>", "retries": 5}
            replies = judged(at_server, *texts, **start)
            with pytest.raises(BackendError, match="say the token that begins every text"):
                judged(at_server, texts[0], text_logprobs="llama.cpp")
            with pytest.raises(BackendError, match="doesn't say how likely the prompt's tokens"):
                judged(at_server, texts[0], text_logprobs="prompt_logprobs")
    except LocalExtraMissingError as error:
        pytest.skip(str(error))
    loaded = test_held_texts_hf.judged(test_hf.client(test_hf.backend(small)), *texts)
    for text, here, there in zip(texts, loaded, replies, strict=True):
        assert there.text == text
        assert here.logprob is not None
        assert there.logprob is not None
        bits = (here.logprob - there.logprob) / math.log(2) / len(text.encode())
        assert abs(bits) < LLAMA_CPP


@test_hf.with_torch
def test_a_server_s_texts_are_as_likely_as_where_the_model_is_loaded(
    server: OpenAIServer, tiny: Path
) -> None:
    server.echo = test_echoed.told_by(tiny)
    texts = test_held_texts_hf.TEXTS
    loaded = test_held_texts_hf.judged(test_hf.client(test_hf.backend(tiny)), *texts)
    for protocol in ("prompt_logprobs", "echo"):
        start = {"text_logprobs": protocol, "text_start": "<|im_start|>"}
        replies = judged(server, *texts, **start)
        assert [reply.logprob for reply in replies] == pytest.approx(
            [reply.logprob for reply in loaded], abs=1e-3
        )
