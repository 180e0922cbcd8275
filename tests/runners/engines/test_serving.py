"""Bases in memory: who goes for whom, who stays, and what goes with them."""

import gc
import queue
import shutil
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.small_models import WITH_TORCH, an_adapter

pytestmark = WITH_TORCH


@pytest.fixture(autouse=True)
def nobody_asked_before() -> None:
    """What other tests left in memory goes first."""
    from runners.engines import serving

    for each in list(serving._engines.values()):
        until(lambda each=each: each.let_go() or not each.loaded)
    serving._engines.clear()


@pytest.fixture
def models(tiny: Path, tmp_path: Path) -> list[Any]:
    """Three bases of the same weights, each in a folder of its own."""
    from runners.engines.loading import Source

    folders = [shutil.copytree(tiny, tmp_path / f"model-{at}") for at in range(3)]
    return [Source(str(each), "auto") for each in folders]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.005)


def asked(engine: Any, *, adapter: Path | None = None) -> tuple[Any, Any]:
    """What is said by the base or an adapter in it, and a weak reference to the model."""
    from runners.engines.adapters import put_in
    from runners.engines.generating import BASE, Drawing, PromptRow
    from runners.engines.serving import Question, Visit

    said: queue.SimpleQueue[Any] = queue.SimpleQueue()
    seen = []

    def prepare(base: Any) -> list[Question]:
        name = put_in(base, adapter, None) if adapter else BASE
        seen.append(weakref.ref(base.model.get_base_model() if adapter else base.model))
        row = PromptRow(tuple(base.tokenizer.encode("One, two")), name)
        return [Question(row, said.put, 1000, Drawing(4))]

    engine.visit(Visit(prepare, said.put))
    return said.get(timeout=20), seen[0]


def gone(reference: Any) -> bool:
    gc.collect()
    return reference() is None


def test_of_three_bases_the_one_asked_longest_ago_leaves_memory_with_its_adapters(
    models: list[Any], tmp_path: Path
) -> None:
    from runners.engines.serving import engine_of

    tuned = an_adapter(tmp_path / "tuned")
    first, second, third = (engine_of(each) for each in models)
    before, left = asked(first, adapter=tuned)
    _, stays = asked(second)
    until(lambda: first._idle and second._idle)
    asked(third)
    until(lambda: third._idle)
    assert gone(left)
    assert stays() is not None
    assert [each.loaded for each in (first, second, third)] == [False, True, True]
    again, _ = asked(engine_of(models[0]), adapter=tuned)
    assert again == before, "it is loaded again with its adapter, and answers as it did"
    until(lambda: gone(stays))


def test_what_is_being_asked_stays(models: list[Any]) -> None:
    from runners.engines.serving import Visit, engine_of

    first, second, third = (engine_of(each) for each in models)
    refused = []

    def looks(base: Any) -> list[Any]:
        for each in (second, third):
            asked(each)
        refused.append(first.let_go())
        done.put(True)
        return []

    done: queue.SimpleQueue[Any] = queue.SimpleQueue()
    first.visit(Visit(looks, done.put))
    assert done.get(timeout=20) is True
    assert refused == [False]
    assert first.loaded
    until(lambda: first._idle)


def test_a_base_that_would_not_fit_beside_another_takes_its_place(
    models: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from runners.engines import serving

    first, second, _ = (serving.engine_of(each) for each in models)
    _, left = asked(first)
    until(lambda: first._idle)
    monkeypatch.setattr(serving, "fits_beside", lambda source: False)
    asked(second)
    assert gone(left)
    assert second.loaded


def test_where_memory_ends_others_go_and_it_is_loaded_after_all(
    models: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from runners.engines import serving
    from runners.engines.errors import NoRoomError

    first, second, _ = (serving.engine_of(each) for each in models)
    _, left = asked(first)
    until(lambda: first._idle)
    load = serving.load

    def small(source: Any) -> Any:
        if first.loaded:
            raise NoRoomError("memory ends")
        return load(source)

    monkeypatch.setattr(serving, "load", small)
    said, _ = asked(second)
    assert said.tokens == 4
    assert gone(left)


def test_a_base_that_nobody_asks_for_a_while_leaves_memory(models: list[Any]) -> None:
    from runners.engines.serving import Engine

    engine = Engine(models[0], idle_s=0.01)
    said, left = asked(engine)
    until(lambda: gone(left))
    assert asked(engine)[0] == said


def test_an_adapter_with_dora_answers_in_batches_of_its_own(
    models: list[Any], tmp_path: Path
) -> None:
    from runners.engines.adapters import put_in
    from runners.engines.generating import BASE, Drawing, PromptRow
    from runners.engines.serving import Engine, Question, Visit

    folders = [an_adapter(tmp_path / "plain"), an_adapter(tmp_path / "dora", use_dora=True)]
    said: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def prepare(base: Any) -> list[Question]:
        names = [BASE, *(put_in(base, each, None) for each in folders)]
        tokens = tuple(base.tokenizer.encode("One, two, three"))
        return [
            Question(
                PromptRow(tokens, name),
                lambda answer, at=at: said.put((at, answer)),
                1000,
                Drawing(8),
            )
            for at, name in enumerate([*names, *names])
        ]

    engine = Engine(models[0])
    engine.visit(Visit(prepare, said.put))
    found = dict(said.get(timeout=20) for _ in range(6))
    texts = [found[at].text for at in range(6)]
    assert texts[:3] == texts[3:]
    assert len(set(texts)) == 3
