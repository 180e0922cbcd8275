"""Answers that refuse, or speak of themselves as a model."""

from evalhub.features.data.checks.refusals import CHECK
from tests.features.data.checks.rows_of import finding_with, result_of, rows_of, titles

REFUSALS = (
    "I'm sorry, but I can't help with that.",
    "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Lo siento, pero no puedo ayudar con eso.",
    "抱歉，我无法回答这个问题。",
)
MODELS = (
    "As an AI language model, I have read about many parcels.",
    "Als KI-Sprachmodell habe ich keine Pakete.",
    "En tant que modèle de langage, je connais les colis.",
    "作为一个AI语言模型，我没有包裹。",
)
HARMLESS = (
    "Sorry for the delay: the parcel left on Monday.",
    "You can't return an opened box, but an unopened one at any time.",
    "She works as an AI researcher at the university.",
    "Leider ist das Paket noch nicht da.",
)


def test_planted_refusals_and_models_speaking_of_themselves_are_all_found() -> None:
    answers = [HARMLESS[n % 4] for n in range(200)]
    rows = rows_of([(f"Q{n}?", answer) for n, answer in enumerate([*answers, *REFUSALS, *MODELS])])
    result = result_of(CHECK, rows)
    assert finding_with(result, "begin by refusing").lines == (201, 202, 203, 204, 205)
    assert finding_with(result, "as a language model").lines == (206, 207, 208, 209)
    assert all(finding.to_people for finding in result.findings)


def test_a_file_without_any_has_no_finding() -> None:
    assert titles(result_of(CHECK, rows_of([("Q?", answer) for answer in HARMLESS]))) == []
