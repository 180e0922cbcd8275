"""Answers in another language than the prompt, and forms of address."""

from evalhub.features.data.checks.answer_language import CHECK
from tests.features.data.checks.rows_of import (
    finding_with,
    result_of,
    row,
    rows_of,
    settings_of,
    titles,
)

GERMAN = (
    (
        "Wann kommt meine Bestellung an, und kann ich die Adresse von ihr noch ändern?",
        "Die Bestellung kommt am Freitag an, und die Adresse kann noch bis morgen auf der Seite "
        "geändert werden.",
    ),
    (
        "Warum ist mir die Gebühr in diesem Monat zwei Mal und nicht nur ein Mal berechnet worden?",
        "Das war ein Fehler der Bank, und der Betrag wird in den nächsten Tagen auf das Konto "
        "zurück gebucht.",
    ),
)
ENGLISH = (
    (
        "When will my order arrive, and is it too late to change the address of it?",
        "The order will arrive on Friday, and the address can be changed until it is in the van.",
    ),
    (
        "Why was I charged twice for the subscription that I have in the month of May?",
        "That was a mistake of the bank, and the amount will be with you in the next few days.",
    ),
)


def conversations(count: int) -> list[tuple[str, str]]:
    both = (*GERMAN, *ENGLISH)
    return [both[n % 4] for n in range(count)]


def test_planted_answers_in_the_other_language_are_all_found() -> None:
    rows = rows_of(
        [*conversations(120), (GERMAN[0][0], ENGLISH[0][1]), (ENGLISH[1][0], GERMAN[1][1])]
    )
    result = result_of(CHECK, rows)
    finding = finding_with(result, "in another language")
    assert finding.lines == (121, 122)
    assert finding.examples[0].text.startswith("prompt de, answer en")
    assert result.measures[0].note.startswith("of 122 rows")


def test_a_prompt_that_names_a_language_may_have_any_answer() -> None:
    rows = rows_of(conversations(60))
    rows += [
        row(61, f"Translate into German: {ENGLISH[0][1]}", GERMAN[0][1]),
        row(62, f"Bitte antworte auf Englisch. {GERMAN[0][0]}", ENGLISH[0][1]),
    ]
    assert titles(result_of(CHECK, rows)) == []


def test_short_answers_code_and_json_are_in_no_language() -> None:
    answers = ["ok", "Ja, gern.", '{"answer": "the order is in the house and it will be there"}',
               "```\nif the order is in the house then it will be there for you\n```"]  # fmt: skip
    rows = rows_of([*conversations(60), *[(GERMAN[0][0], answer) for answer in answers]])
    assert titles(result_of(CHECK, rows)) == []


def test_where_most_answers_are_in_another_language_that_is_the_task() -> None:
    rows = rows_of([(GERMAN[0][0], ENGLISH[0][1])] * 50)
    result = result_of(CHECK, rows)
    assert titles(result) == []
    assert result.measures[0].value == 100


def test_du_among_sie_and_tu_among_vous_are_the_rarer_form() -> None:
    sie = "Gern, das machen wir für Sie. Morgen bekommen Sie dann die Rechnung an Ihre Adresse."
    du = "Gern, das machen wir für dich. Morgen bekommst du dann die Rechnung an deine Adresse."
    vous = "Bien sûr, nous allons vous envoyer la facture, et vous la payez avec votre carte."
    tu = "Bien sûr, nous allons dire que tu peux la payer avec ta carte, et que tu es attendu."
    question = "Wann kommt meine Bestellung an, und kann ich die Adresse noch ändern?"
    answers = [sie] * 40 + [du] * 3 + [vous] * 20 + [tu] * 2
    rows = rows_of([(question, answer) for answer in answers])
    result = result_of(CHECK, rows, settings_of("style"))
    german = finding_with(result, "in German")
    assert german.title == "3 of 43 answers in German that address somebody say du, the others Sie"
    assert (german.lines, german.weight) == ((41, 42, 43), "important")
    assert finding_with(result, "in French").lines == (64, 65)
    assert result_of(CHECK, rows).findings[0].weight == "minor"


def test_she_and_they_at_a_sentence_s_start_are_no_form_of_address() -> None:
    rows = rows_of(
        [(GERMAN[0][0], "Sie ist auf dem Weg und wird am Freitag bei dir zu Hause sein.")] * 3
    )
    assert titles(result_of(CHECK, rows)) == []


def test_a_short_prompt_counts_in_a_language_that_many_rows_have() -> None:
    """Its few words are enough for the model alone; Finnish, which no other row has, is not."""
    prompts = ("Explain compound interest in simple terms.", "Selitä korkoa korolle lyhyesti.")
    for prompt, lines in zip(prompts, [(61,), ()], strict=True):
        rows = [*rows_of(conversations(60)), row(61, prompt, GERMAN[1][1])]
        findings = result_of(CHECK, rows).findings
        assert tuple(line for finding in findings for line in finding.lines) == lines


def test_a_prompt_half_of_which_is_in_the_answer_s_language_may_have_it() -> None:
    mixed = f"{GERMAN[0][0]} {GERMAN[1][0]} {ENGLISH[0][0]} {ENGLISH[1][0]}"
    rows = [
        *rows_of(conversations(60)),
        row(61, mixed, ENGLISH[0][1]),
        row(62, mixed, GERMAN[0][1]),
    ]
    assert titles(result_of(CHECK, rows)) == []
