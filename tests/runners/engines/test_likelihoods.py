"""How likely given texts are: alone, in batches, and in windows."""

from pathlib import Path
from typing import Any

import pytest

from tests.small_models import WITH_TORCH

pytestmark = WITH_TORCH


@pytest.fixture(scope="module")
def base(tiny: Path) -> Any:
    from runners.engines.loading import Source, load

    return load(Source(str(tiny), "auto"))


def test_a_batch_gives_what_the_whole_log_softmax_gives(base: Any) -> None:
    import torch

    from runners.engines.likelihoods import Continuation, join_tokens, likelihoods

    texts = [("The sky is", " blue"), ("A", " b c d e f g"), ("One two three four five", " six")]
    pairs = [
        Continuation(*join_tokens(base.tokenizer, given, asked, start=1)) for given, asked in texts
    ]
    found = likelihoods(base.model, pairs, 2)
    for pair, each in zip(pairs, found, strict=True):
        with torch.inference_mode():
            logits = base.model(torch.tensor([pair.given + pair.asked])).logits[0]
        own = logits.log_softmax(-1)[len(pair.given) - 1 : -1]
        asked = torch.tensor(pair.asked)
        wanted = own.gather(1, asked[:, None]).sum().item()
        assert each.logprob == pytest.approx(wanted, abs=1e-4)
        assert each.greedy == bool((own.argmax(-1) == asked).all())


def test_a_greedy_answer_is_called_greedy(base: Any) -> None:
    from runners.engines.generating import Drawing, PromptRow, generate
    from runners.engines.likelihoods import Continuation, likelihoods

    given = tuple(base.tokenizer.encode("Hello there"))
    answer = generate(base.model, base.tokenizer, [PromptRow(given)], Drawing(1))[0]
    (token,) = base.tokenizer.encode(answer.text, add_special_tokens=False)
    (found,) = likelihoods(base.model, [Continuation(given, (token,))], 2)
    assert found.greedy
    assert found.logprob == pytest.approx(answer.logprob, abs=1e-4)


def test_both_texts_are_tokenised_as_one(base: Any) -> None:
    from runners.engines.likelihoods import join_tokens

    tokenizer = base.tokenizer
    whole = tokenizer.encode("The sky is blue")
    for given, asked in (("The sky is", " blue"), ("The sky is ", "blue")):
        before, after = join_tokens(tokenizer, given, asked, start=1)
        assert list(before + after) == whole
        assert tokenizer.decode(after) == " blue"
    before, after = join_tokens(tokenizer, "The sk", "y", start=1)
    assert list(before + after) == tokenizer.encode("The sky"), "a token across the border"
    assert join_tokens(tokenizer, "", "blue", start=1)[0] == (1,)


def test_windows_ask_for_each_token_once() -> None:
    from runners.engines.likelihoods import windows

    found = windows(range(10, 20), start=1, most=4)
    assert found == [
        ((1,), (10, 11, 12)),
        ((12,), (13, 14, 15)),
        ((15,), (16, 17, 18)),
        ((16, 17, 18), (19,)),
    ]
