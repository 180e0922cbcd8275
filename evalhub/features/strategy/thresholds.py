"""From which size on, and in which memory, each method of fine-tuning is worth a try."""

FULL_EXAMPLES = 100_000
"""From here on a full fine-tune may learn what a LoRA doesn't: the smaller of the two sizes at
which it did, on code and mathematics, at usual ranks (Biderman et al. 2024)."""

FULL_GB = 16.0
"""GB for each billion parameters that a full fine-tune trains with Adam in mixed precision: 2 for a
weight, 2 for its gradient, 12 for the optimiser (Rajbhandari et al. 2020, section 3.1)."""
LORA_GB = 2.4
"""GB for each billion parameters of a LoRA: 2 for a weight in 16 bits, and a fifth for the rest,
which is an allowance of ours."""
QLORA_GB = 48 / 65
"""The same of a QLoRA: 65 billion parameters fit one GPU of 48 GB (Dettmers et al. 2023)."""
