"""What a section of a record says in words, and whether it is fine."""

from evalhub.decision.sections.baseline_choice import ChoiceArm, ChoiceSection, DevelopmentSplit
from evalhub.decision.sections.extension import ExtensionRow, ExtensionSection
from evalhub.declare.verdicts import Status
from tests.decision.recorded import ARMS


def test_how_the_baseline_was_chosen_is_said_with_its_answer() -> None:
    section = ChoiceSection(
        chosen="few-shot",
        share=0.3,
        seed=1,
        test_sets=(DevelopmentSplit(test_set="task", metric="acc", development=120, judged=280),),
        arms=(
            ChoiceArm(name="base", kind="base", scores=(0.3,)),
            ChoiceArm(name="few-shot", kind="few-shot", scores=(0.5,)),
        ),
        answer="don't-fine-tune",
    )
    noted = section.with_sentences(ARMS)
    assert noted.status is Status.FAIL
    assert noted.sentences[0].startswith("base does as well: don't fine-tune.")
    assert "base 0.3, few-shot 0.5" in noted.sentences[1]
    assert noted.sentences[2] == "120 items of task chose, 280 were judged."


def test_both_stages_of_an_extension_are_said() -> None:
    row = ExtensionRow(
        test_set="task", level=0.01, looks=(1, 2), items=(200, 100), weights=(1.0, 1.0)
    )
    noted = ExtensionSection(test_sets=(row,)).with_sentences(ARMS)
    assert noted.status is Status.PASS
    assert "task held 200 items at look 1; 100 were added for look 2." in noted.sentences[0]
