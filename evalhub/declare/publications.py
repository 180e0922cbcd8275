"""Publications that advice on trainings rests on. Pure."""

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
CONTINUAL_LEARNERS = Publication(
    "Scialom et al. 2022, Fine-tuned Language Models are Continual Learners",
    "https://arxiv.org/abs/2205.12393",
)
SELF_REPLAY = Publication(
    "Marek et al. 2026, Capacity, Optimization, and Self-Generated Replay",
    "https://arxiv.org/abs/2605.26097",
)
BERT_FORGETS = Publication(
    "Sun et al. 2019, How to Fine-Tune BERT", "https://arxiv.org/abs/1905.05583"
)
FORGETTING_LAWS = Publication(
    "Kalajdzievski 2024, Scaling Laws for Forgetting", "https://arxiv.org/abs/2401.05605"
)
LM_COCKTAIL = Publication("Xiao et al. 2023, LM-Cocktail", "https://arxiv.org/abs/2311.13534")
WISE_FT = Publication(
    "Wortsman et al. 2022, Robust Fine-tuning of Zero-shot Models",
    "https://arxiv.org/abs/2109.01903",
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
