"""Where what is said of a training is known from."""

from typing import NamedTuple


class Source(NamedTuple):
    title: str
    url: str


LORA = Source("Hu et al. 2021, LoRA", "https://arxiv.org/abs/2106.09685")
QLORA = Source("Dettmers et al. 2023, QLoRA", "https://arxiv.org/abs/2305.14314")
WITHOUT_REGRET = Source(
    "Schulman et al. 2025, LoRA Without Regret", "https://thinkingmachines.ai/blog/lora/"
)
LEARNS_LESS = Source(
    "Biderman et al. 2024, LoRA Learns Less and Forgets Less", "https://arxiv.org/abs/2405.09673"
)
INSTRUCT_GPT = Source("Ouyang et al. 2022, InstructGPT", "https://arxiv.org/abs/2203.02155")
LLAMA_2 = Source("Touvron et al. 2023, Llama 2", "https://arxiv.org/abs/2307.09288")
LIMA = Source("Zhou et al. 2023, LIMA", "https://arxiv.org/abs/2305.11206")
DPO = Source("Rafailov et al. 2023, DPO", "https://arxiv.org/abs/2305.18290")
OPENAI = Source(
    "OpenAI's guide to fine-tuning", "https://platform.openai.com/docs/guides/fine-tuning"
)
TRAINER = Source(
    "transformers, the trainer's arguments",
    "https://huggingface.co/docs/transformers/main_classes/trainer",
)
