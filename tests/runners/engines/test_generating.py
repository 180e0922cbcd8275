"""Answers of a batch, by transformers, and their log-probabilities."""

from pathlib import Path
from typing import Any

import pytest

from tests.small_models import WITH_TORCH

pytestmark = WITH_TORCH
PROMPTS = ["Hello", "One, two, three,", "The capital of France is", "a b c d e f g h i j k l m n"]


@pytest.fixture(scope="module")
def base(tiny: Path) -> Any:
    from runners.engines.loading import Source, load

    return load(Source(str(tiny), "auto"))


def rows(base: Any, *texts: str, seed: int = 0) -> list[Any]:
    from runners.engines.generating import PromptRow

    encode = base.tokenizer.encode
    return [PromptRow(tuple(encode(text)), seed=seed + at) for at, text in enumerate(texts)]


def answers(base: Any, asked: list[Any], **drawing: Any) -> list[Any]:
    from runners.engines.generating import Drawing, generate

    return generate(base.model, base.tokenizer, asked, Drawing(**{"most_tokens": 12} | drawing))


def test_greedy_answers_are_those_of_generate_one_by_one(base: Any) -> None:
    import torch

    together = answers(base, rows(base, *PROMPTS))
    for prompt, found in zip(PROMPTS, together, strict=True):
        ids = torch.tensor([base.tokenizer.encode(prompt)])
        out = base.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=12,
            do_sample=False,
            pad_token_id=2,
        )
        text = base.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        assert (found.text, found.tokens, found.ended) == (text, 12, False)


def test_the_log_probability_is_that_of_the_answer_s_tokens(base: Any) -> None:
    import torch

    for row, found in zip(rows(base, *PROMPTS), answers(base, rows(base, *PROMPTS)), strict=True):
        one = answers(base, [row], most_tokens=12)[0]
        out = base.model.generate(
            input_ids=torch.tensor([row.tokens]),
            attention_mask=torch.ones(1, len(row.tokens), dtype=torch.long),
            max_new_tokens=12,
            do_sample=False,
            pad_token_id=2,
        )
        with torch.inference_mode():
            logprobs = base.model(out).logits[0].log_softmax(-1)
        given = len(row.tokens)
        taken = out[0, given:]
        wanted = logprobs[given - 1 : -1].gather(1, taken[:, None]).sum().item()
        assert found.logprob == pytest.approx(wanted, abs=1e-3)
        assert one.logprob == pytest.approx(wanted, abs=1e-3)


def test_draws_depend_on_the_seed_and_not_on_the_batch(base: Any) -> None:
    together = answers(base, rows(base, *PROMPTS, seed=5), temperature=1.0)
    apart = [answers(base, [row], temperature=1.0)[0] for row in rows(base, *PROMPTS, seed=5)]
    assert [each.text for each in together] == [each.text for each in apart]
    others = answers(base, rows(base, *PROMPTS, seed=50), temperature=1.0)
    assert [each.text for each in together] != [each.text for each in others]
    greedy = answers(base, rows(base, *PROMPTS))
    cold = answers(base, rows(base, *PROMPTS, seed=5), temperature=1.0, top_p=1e-6)
    assert [each.text for each in cold] == [each.text for each in greedy], "one token is left"


def test_what_is_drawn_comes_as_often_as_the_model_says(base: Any) -> None:
    """By 400 draws of one token: the most likely comes within four standard errors."""
    import torch

    from runners.engines.generating import PromptRow

    tokens = tuple(base.tokenizer.encode("Hello"))
    with torch.inference_mode():
        logits = base.model(torch.tensor([tokens])).logits[0, -1].float()
    temperature = 0.01
    while float((logits / temperature).softmax(-1).max()) > 0.7:
        temperature *= 1.2
    wanted = float((logits / temperature).softmax(-1).max())
    assert wanted > 0.3, "a temperature at which something is drawn"
    likeliest = base.tokenizer.decode([int(logits.argmax())])
    drawn = []
    for start in range(0, 400, 100):
        some = [PromptRow(tokens, seed=start + at) for at in range(100)]
        drawn += answers(base, some, temperature=temperature, most_tokens=1)
    count = sum(each.text == likeliest for each in drawn)
    assert abs(count / 400 - wanted) < 4 * (wanted * (1 - wanted) / 400) ** 0.5


def test_a_stop_text_ends_its_row_alone_and_is_cut_off(base: Any) -> None:
    plain = answers(base, rows(base, *PROMPTS))
    stop = plain[0].text[5:8]
    stopped = answers(base, rows(base, *PROMPTS), stop=(stop,))
    assert stopped[0].text == plain[0].text[: plain[0].text.index(stop)]
    assert stopped[0].ended
    assert stopped[0].tokens < plain[0].tokens
    for before, after in zip(plain[1:], stopped[1:], strict=True):
        assert after.text == before.text.split(stop)[0]


def test_a_batch_that_nobody_waits_for_ends(base: Any) -> None:
    from runners.engines.generating import Cancelled, Drawing, generate

    looks = []

    def unwanted() -> bool:
        looks.append(1)
        return len(looks) == 3

    with pytest.raises(Cancelled):
        generate(base.model, base.tokenizer, rows(base, "Hi"), Drawing(200), unwanted=unwanted)
    assert len(looks) == 3
