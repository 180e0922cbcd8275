"""Top k, min p and the repetition penalty, beside transformers' own."""

from pathlib import Path
from typing import Any

import pytest

from tests.runners.engines.test_generating import PROMPTS, answers, rows
from tests.small_models import WITH_TORCH

pytestmark = WITH_TORCH
VOCABULARY = 60


@pytest.fixture(scope="module")
def base(tiny: Path) -> Any:
    from runners.engines.loading import Source, load

    return load(Source(str(tiny), "auto"))


def drawn_logits() -> Any:
    """200 random rows, and 20 with ties, extremes and tokens that were taken out."""
    import torch

    generator = torch.Generator().manual_seed(7)
    random = torch.randn(200, VOCABULARY, generator=generator) * 4
    ties = torch.randint(-2, 3, (12, VOCABULARY), generator=generator).float()
    far = torch.full((4, VOCABULARY), -1e4)
    far[:, ::7] = 1e4
    gone = torch.randn(4, VOCABULARY, generator=generator)
    gone[:, 1:] = -torch.inf
    return torch.cat([random, ties, far, gone])


def greatest_difference(ours: Any, theirs: Any) -> float:
    import torch

    assert (ours.isinf() == theirs.isinf()).all(), "the same tokens are taken out"
    return float((torch.where(ours.isinf(), 0.0, ours - theirs)).abs().max())


@pytest.mark.parametrize("count", [1, 5, VOCABULARY, 1000])
def test_top_k_keeps_what_transformers_keeps(count: int) -> None:
    from transformers import TopKLogitsWarper

    from runners.engines.generating import keep_likeliest

    logits = drawn_logits()
    theirs = TopKLogitsWarper(count)(None, logits.clone())
    assert greatest_difference(keep_likeliest(logits, count), theirs) == 0


@pytest.mark.parametrize("share", [0.01, 0.1, 1.0])
def test_min_p_keeps_what_transformers_keeps(share: float) -> None:
    from transformers import MinPLogitsWarper

    from runners.engines.generating import keep_near_likeliest

    logits = drawn_logits()
    theirs = MinPLogitsWarper(share)(None, logits.clone())
    ours = keep_near_likeliest(logits, share)
    assert greatest_difference(ours, theirs) == 0


@pytest.mark.parametrize("penalty", [0.7, 1.0, 1.3, 5.0])
def test_the_penalty_is_that_of_transformers(penalty: float) -> None:
    import torch
    from transformers import RepetitionPenaltyLogitsProcessor

    from runners.engines.generating import penalise

    logits = drawn_logits()
    ids = torch.randint(0, VOCABULARY, (len(logits), 9), generator=torch.Generator().manual_seed(1))
    theirs = RepetitionPenaltyLogitsProcessor(penalty)(ids, logits.clone())
    seen = torch.zeros_like(logits, dtype=torch.bool).scatter_(1, ids, True)
    assert greatest_difference(penalise(logits, seen, penalty), theirs) == 0


def test_a_penalised_answer_is_generate_s_and_the_same_in_a_batch(base: Any) -> None:
    import torch

    together = answers(base, rows(base, *PROMPTS), repetition_penalty=1.8)
    plain = answers(base, rows(base, *PROMPTS))
    for prompt, answer in zip(PROMPTS, together, strict=True):
        ids = torch.tensor([base.tokenizer.encode(prompt)])
        out = base.model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=12,
            do_sample=False,
            repetition_penalty=1.8,
            pad_token_id=2,
        )
        text = base.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)
        assert answer.text == text
    assert [each.text for each in together] != [each.text for each in plain]


def test_drawing_from_one_token_is_greedy(base: Any) -> None:
    greedy = [each.text for each in answers(base, rows(base, *PROMPTS))]
    for narrow in ({"top_k": 1}, {"min_p": 1.0}):
        drawn = answers(base, rows(base, *PROMPTS, seed=5), temperature=1.5, **narrow)
        assert [each.text for each in drawn] == greedy


def test_drawing_from_few_tokens_draws_others_than_from_all(base: Any) -> None:
    wide, by_count, by_share = (
        [each.text for each in answers(base, rows(base, *PROMPTS, seed=5), temperature=1.5, **rule)]
        for rule in ({}, {"top_k": 3}, {"min_p": 0.9})
    )
    assert wide != by_count
    assert wide != by_share
