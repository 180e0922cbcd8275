"""Advice on unusual values of a training record; it changes no verdict. Pure.

Each rule is a line of the table: what it looks at, what is usual, where that is known from, and a
function that says what isn't so, or nothing. What a record doesn't say is passed over.
"""

from collections.abc import Callable
from dataclasses import dataclass

from evalhub.declare.publications import (
    DPO,
    INSTRUCT_GPT,
    LEARNS_LESS,
    LIMA,
    LLAMA_2,
    LORA,
    OPENAI,
    PEFT,
    QLORA,
    TRAINER,
    WITHOUT_REGRET,
    Publication,
)
from evalhub.declare.training import TrainingFields
from evalhub.training.bases import StoodOn, verdict_on_base

LORA_RATES = (5e-5, 5e-4)
FULL_RATES = (2e-6, 5e-5)
PREFERENCE_RATES = {"lora": (1e-6, 5e-5), "full": (1e-7, 5e-6)}
TURNED = 0.01
"""Part of its lowest value that a validation loss has to rise by."""
MOST_EPOCHS, MOST_EPOCHS_OF_FEW, FEW = 5, 15, 2_000
LORA_BATCHES, FULL_BATCHES = (4, 64), (4, 256)
SCALES = (0.25, 4.0)
SMALL_RANK, MANY, LARGE_RANK, NOT_MANY = 8, 50_000, 128, 1_000
LEAST, CLEAR, BROAD = 10, 50, 1_000
ATTENTION = {
    "q_proj",
    "k_proj",
    "v_proj",
    "o_proj",
    "qkv_proj",
    "c_attn",
    "query_key_value",
    "q_a_proj",
}


@dataclass(frozen=True, slots=True)
class Trained:
    """A training record with its version's kind and base."""

    kind: str
    fields: TrainingFields
    base: StoodOn | None

    @property
    def has_adapter(self) -> bool:
        """Whether an adapter was trained, by the record's method, or else by the version's kind."""
        return (self.fields.method or self.kind).lower() in ("lora", "qlora", "dora")

    @property
    def whole(self) -> bool:
        return (self.fields.method or self.kind).lower() in ("full", "full fine-tune")

    @property
    def supervised(self) -> bool:
        """Whether it learnt from examples; where nobody says what from, that is meant."""
        return (self.fields.objective or "sft").lower() in ("sft", "pt", "nll", "distilled")

    @property
    def rate(self) -> float | None:
        rate = self.fields.hyperparameters.learning_rate
        return self.fields.learning_rate_logged if rate is None else rate


@dataclass(frozen=True, slots=True)
class TrainingRule:
    """A rule of the table: whether it applies, and its advice.

    Attributes:
        name: by which it is known in JSON.
        about: what it looks at, for people.
        usual: what is usual, with its numbers.
        sources: where that is known from.
        finds: what isn't so, as a sentence; "" where all is usual, or nothing is known.
    """

    name: str
    about: str
    usual: str
    sources: tuple[Publication, ...]
    finds: Callable[[Trained], str]


@dataclass(frozen=True, slots=True)
class Advice:
    """The advice of a rule."""

    rule: TrainingRule
    says: str


def advice_on(fields: TrainingFields, *, kind: str, base: StoodOn | None = None) -> list[Advice]:
    """What is unusual in a training, in the order of the table.

    Args:
        kind: the version's, where the record doesn't say its method.
        base: what the version stands on, as far as its backend and its parent's say.
    """
    trained = Trained(kind, fields, base)
    return [Advice(rule, says) for rule in RULES if (says := rule.finds(trained))]


def _base(trained: Trained) -> str:
    if trained.base is None or not verdict_on_base(trained.fields, trained.base):
        return ""
    return (
        f"It was trained from {trained.fields.base_model}, by its record, and "
        f"{trained.base.whose} is {trained.base.name}: is that a copy of the same weights?"
    )


def _lora_rate(trained: Trained) -> str:
    return _rate(trained, LORA_RATES, "2e-4") if trained.has_adapter and trained.supervised else ""


def _full_rate(trained: Trained) -> str:
    return _rate(trained, FULL_RATES, "1e-5") if trained.whole and trained.supervised else ""


def _preference_rate(trained: Trained) -> str:
    if trained.supervised or not (trained.has_adapter or trained.whole):
        return ""
    which = "lora" if trained.has_adapter else "full"
    return _rate(trained, PREFERENCE_RATES[which], {"lora": "5e-6", "full": "1e-6"}[which])


def _rate(trained: Trained, usual: tuple[float, float], typical: str) -> str:
    rate = trained.rate
    if rate is None or usual[0] <= rate <= usual[1]:
        return ""
    times = rate / float(typical)
    logged = trained.fields.hyperparameters.learning_rate is None
    what = "The highest learning rate that was logged" if logged else "The learning rate"
    ends = (
        "the loss may jump about, and what the base could do may be lost"
        if times > 1
        else "it may have learnt little in the time that it had"
    )
    return f"{what}, {rate:g}, is {times:,.2g} times the usual {typical}: {ends}."


def _overfitting(trained: Trained) -> str:
    losses = [(step, loss) for step, loss in trained.fields.eval_losses if loss is not None]
    if len(losses) < 2:
        return ""
    (best, lowest), (last, end) = min(losses, key=lambda point: point[1]), losses[-1]
    if end <= lowest + TURNED * abs(lowest):
        return ""
    return (
        f"The validation loss was lowest at step {best:g} ({lowest:.4g}) and is {end:.4g} at step "
        f"{last:g}: an earlier checkpoint may be as good. It is no verdict: register that "
        "checkpoint too, and compare."
    )


def _no_validation(trained: Trained) -> str:
    fields = trained.fields
    if not fields.losses or any(loss is not None for _, loss in fields.eval_losses):
        return ""
    return (
        "No validation loss was kept: whether it learnt the task or its examples by heart can't be "
        "seen in the training loss."
    )


def _no_number(trained: Trained) -> str:
    lost = [
        step
        for curve in (trained.fields.losses, trained.fields.eval_losses)
        for step, loss in curve
        if loss is None
    ]
    if not lost:
        return ""
    return f"A loss was no number, first at step {min(lost):g}: the training came apart there."


def _epochs(trained: Trained) -> str:
    epochs, examples = trained.fields.epochs, trained.fields.examples
    if epochs is None or not trained.supervised:
        return ""
    few = examples is not None and examples <= FEW
    if epochs <= (MOST_EPOCHS_OF_FEW if few else MOST_EPOCHS):
        return ""
    return (
        f"{epochs:g} epochs are many"
        + ("" if examples is None else f" for {examples:,} examples")
        + ": what is seen so often is learnt by heart, and other things are forgotten."
    )


def _batch(trained: Trained) -> str:
    batch = trained.fields.batch
    if batch is None or not (trained.has_adapter or trained.whole):
        return ""
    low, high = LORA_BATCHES if trained.has_adapter else FULL_BATCHES
    if batch < low:
        return (
            f"A step is {batch} example{'' if batch == 1 else 's'}: its direction is mostly noise."
        )
    if batch > high:
        why = "an adapter takes large batches badly" if trained.has_adapter else "steps are few"
        return f"A step is {batch:,} examples: {why}."
    return ""


def _rank(trained: Trained) -> str:
    rank, examples = trained.fields.adapter.r, trained.fields.examples
    if rank is None or examples is None or not trained.has_adapter:
        return ""
    if rank <= SMALL_RANK and examples >= MANY and trained.supervised:
        return f"Rank {rank} for {examples:,} examples: the adapter may have no room for all of it."
    if rank >= LARGE_RANK and examples <= NOT_MANY:
        return f"Rank {rank} for {examples:,} examples: a small one would hold that as well."
    return ""


def _scale(trained: Trained) -> str:
    shape = trained.fields.adapter
    if shape.r is None or shape.lora_alpha is None or shape.use_rslora:
        return ""
    scale = shape.lora_alpha / shape.r
    if SCALES[0] <= scale <= SCALES[1]:
        return ""
    return (
        f"lora_alpha / r is {scale:.3g} ({shape.lora_alpha:g} / {shape.r}): the learning rate "
        "means something else than in what others report."
    )


def _layers(trained: Trained) -> str:
    modules = trained.fields.adapter.target_modules
    if modules is None or isinstance(modules, str) or not modules:
        return ""
    if not {each.rpartition(".")[2] for each in modules} <= ATTENTION:
        return ""
    return f"Only layers of attention have an adapter ({', '.join(modules)})."


def _examples(trained: Trained) -> str:
    examples = trained.fields.examples
    if examples is None or examples >= BROAD:
        return ""
    if examples < LEAST:
        return (
            f"{examples} examples are fewer than a hosted service takes at all: give them in the "
            "prompt."
        )
    if examples < CLEAR:
        return (
            f"{examples} examples seldom show: give some of them in the prompt first, and compare."
        )
    return (
        f"{examples} examples are enough for a style or a format, and few for a broad task or a "
        "field of its own."
    )


RULES = (
    TrainingRule(
        "base",
        "base of the training",
        "the model that the version stands on: an adapter fits no other, and may load on one "
        "nevertheless",
        (PEFT,),
        _base,
    ),
    TrainingRule(
        "lora-learning-rate",
        "learning rate of an adapter",
        "2e-4, from 5e-5 to 5e-4: about ten times what a full fine-tune takes. QLoRA took 2e-4 up "
        "to 13B parameters, and 1e-4 above",
        (QLORA, WITHOUT_REGRET),
        _lora_rate,
    ),
    TrainingRule(
        "full-learning-rate",
        "learning rate of a full fine-tune",
        "1e-5, from 2e-6 to 5e-5. InstructGPT took 9.65e-6 for 6B parameters, Llama 2 2e-5",
        (INSTRUCT_GPT, LLAMA_2),
        _full_rate,
    ),
    TrainingRule(
        "preference-learning-rate",
        "learning rate from preferences or rewards",
        "smaller: 1e-6 for a full fine-tune (1e-7 to 5e-6), ten times that for an adapter (1e-6 to "
        "5e-5)",
        (DPO, WITHOUT_REGRET),
        _preference_rate,
    ),
    TrainingRule(
        "validation-turns",
        "validation loss",
        "falls to the end. One that turns is a sign, no proof: InstructGPT’s turned after one "
        "epoch, and people liked the later epochs better; LIMA’s answers got better as it rose",
        (INSTRUCT_GPT, LIMA),
        _overfitting,
    ),
    TrainingRule(
        "no-validation",
        "validation data",
        "a part of the examples is kept out, and its loss is logged",
        (OPENAI, TRAINER),
        _no_validation,
    ),
    TrainingRule(
        "loss-no-number",
        "losses",
        "numbers; the trainer hides others unless logging_nan_inf_filter is off",
        (TRAINER,),
        _no_number,
    ),
    TrainingRule(
        "epochs",
        "times through the data",
        "1 to 5; up to 15 for 2,000 examples or fewer. Llama 2 took 2, LIMA 15 on 1,000 examples",
        (LLAMA_2, LIMA),
        _epochs,
    ),
    TrainingRule(
        "batch",
        "examples of a step",
        "4 to 64 for an adapter, 4 to 256 for a full fine-tune. QLoRA took 16 up to 13B "
        "parameters; an adapter takes large batches worse than a full fine-tune does",
        (QLORA, WITHOUT_REGRET),
        _batch,
    ),
    TrainingRule(
        "rank",
        "rank beside the examples",
        "1 to 8 are enough for many tasks; an adapter that has to hold more than it has room for "
        "falls behind. Said where 50,000 examples have rank 8 or less, or 1,000 have 128 or more",
        (LORA, WITHOUT_REGRET),
        _rank,
    ),
    TrainingRule(
        "scale",
        "lora_alpha / r",
        "0.25 to 4. QLoRA took 16 / 64; twice the rank is common",
        (QLORA, LEARNS_LESS),
        _scale,
    ),
    TrainingRule(
        "layers",
        "layers with an adapter",
        "all of them: those of attention alone fall behind, at the same number of weights too",
        (WITHOUT_REGRET, QLORA),
        _layers,
    ),
    TrainingRule(
        "examples",
        "number of examples",
        "10 at least; 50 to 100 for a style or a format; about 1,000 good ones for the manners of "
        "a chat (LIMA); more for a broad task (InstructGPT: 13,000 demonstrations)",
        (OPENAI, LIMA, INSTRUCT_GPT),
        _examples,
    ),
)
