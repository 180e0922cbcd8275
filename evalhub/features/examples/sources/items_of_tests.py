"""Which inputs a test set of the project asks already: those may not be trained on."""

from collections.abc import Iterator, Mapping, Sequence

from evalhub.accounts.models import Project
from evalhub.features.traffic.shadow.drawing import asked_elsewhere
from evalhub.features.traffic.shadow.items import ELSEWHERE
from evalhub.io.items import fingerprint_of, question_of
from evalhub.io.rows import Row
from evalhub.ledger.leakage.matching import find_leakage, item_texts
from evalhub.ledger.leakage.training import training_of
from evalhub.registry.models import Item, TestSetVersion

NEARLY = "a test set asks nearly the same"
READ_AT_ONCE = 2_000


def asked_by_test_sets(project: Project, inputs: Sequence[object]) -> Mapping[int, str]:
    """Inputs that a test set of the project asks, by their place: the reason they are left out.

    Copies are looked for in all versions, near-copies (by the rules of the leakage search) in the
    newest version of each test set. What the inputs share among themselves, such as a template, is
    no evidence.
    """
    if not inputs:
        return {}
    prints = [fingerprint_of(question_of(input_)) for input_ in inputs]  # type: ignore[arg-type]
    elsewhere = asked_elsewhere(project, prints)
    copies = {place: ELSEWHERE for place, each in enumerate(prints) if each in elsewhere}
    texts = (
        item_texts(str(place), input_, ())
        for place, input_ in enumerate(inputs)
        if place not in copies
    )
    questions = enumerate(test_questions(project), 1)
    rows = (Row(number, {"texts": [question]}) for number, question in questions)
    first = next(rows, None)
    if first is None or len(copies) == len(inputs):
        return copies
    (leakage,) = find_leakage(training_of(first, rows, "test sets"), texts)
    return copies | {int(place): NEARLY for place in leakage.leaked}


def test_questions(project: Project) -> Iterator[str]:
    """The questions of the newest version of each test set."""
    versions = TestSetVersion.objects.filter(test_set__project=project, pool=None)
    newest = dict(versions.order_by("test_set", "number").values_list("test_set", "pk"))
    for version in newest.values():
        items = Item.objects.filter(version=version, redacted=None).order_by("position")
        for input_ in items.values_list("input", flat=True).iterator(READ_AT_ONCE):
            yield question_of(input_)
