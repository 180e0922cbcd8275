"""Sources of the rules on trainings."""

from typing import NamedTuple


class Publication(NamedTuple):
    title: str
    url: str


LORA = Publication("Hu et al. 2021, LoRA", "https://arxiv.org/abs/2106.09685")
QLORA = Publication("Dettmers et al. 2023, QLoRA", "https://arxiv.org/abs/2305.14314")
WITHOUT_REGRET = Publication(
    "Schulman et al. 2025, LoRA Without Regret", "https://thinkingmachines.ai/blog/lora/"
)
LEARNS_LESS = Publication(
    "Biderman et al. 2024, LoRA Learns Less and Forgets Less", "https://arxiv.org/abs/2405.09673"
)
INSTRUCT_GPT = Publication("Ouyang et al. 2022, InstructGPT", "https://arxiv.org/abs/2203.02155")
LLAMA_2 = Publication("Touvron et al. 2023, Llama 2", "https://arxiv.org/abs/2307.09288")
LIMA = Publication("Zhou et al. 2023, LIMA", "https://arxiv.org/abs/2305.11206")
DPO = Publication("Rafailov et al. 2023, DPO", "https://arxiv.org/abs/2305.18290")
OPENAI = Publication(
    "OpenAI's guide to fine-tuning", "https://platform.openai.com/docs/guides/fine-tuning"
)
PEFT = Publication(
    "PEFT, how adapters are saved",
    "https://huggingface.co/docs/peft/developer_guides/checkpoint",
)
TRAINER = Publication(
    "transformers, the trainer's arguments",
    "https://huggingface.co/docs/transformers/main_classes/trainer",
)
