"""What two test sets share: by their items' own texts, and by contexts where only those differ."""

import pytest

from evalhub.io.items import fingerprint_of
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import TestSetVersion
from evalhub.registry.same_items import items_elsewhere
from tests.cast import Team, a_study, a_test_set, a_version

SHOWN, HIDDEN = {"template": "{context}\n{input}"}, {"template": "Question: {input}"}


def documents(team: Team, slug: str, start: int, *, question: str = "Sum it up.") -> TestSetVersion:
    items = [{"input": question, "context": f"Document {i}."} for i in range(start, start + 20)]
    return a_test_set(team, slug, items=items)


def asked(team: Team, version: TestSetVersion, *, shown: bool) -> None:
    """A study on this version, whose arms' prompts show the context or don't."""
    name = version.test_set.slug
    prompt = SHOWN if shown else HIDDEN
    base = a_version(team, f"base-{name}", prompt=prompt)
    tuned = a_version(team, f"tuned-{name}", parent=base, prompt=prompt)
    a_study(team, baseline=base, candidate=tuned, primary=version, slug=name)


def sharing(version: TestSetVersion) -> set[int]:
    return set(SameItems().of(version))


@pytest.mark.django_db
def test_one_question_about_many_documents_is_as_many_items(team: Team) -> None:
    one, other, both = (
        documents(team, slug, n) for slug, n in zip("abc", (0, 20, 10), strict=True)
    )
    for each in (one, other, both):
        asked(team, each, shown=True)
    assert sharing(one) == {one.pk, both.pk}
    assert sharing(other) == {other.pk, both.pk}
    assert sharing(both) == {one.pk, other.pk, both.pk}
    assert items_elsewhere(one, {other.pk}) == []
    shared = [each.key for each in items_elsewhere(one, {both.pk})]
    assert shared == [f"q{i:04}" for i in range(10, 20)]


@pytest.mark.django_db
def test_contexts_that_no_prompt_shows_make_nothing_new(team: Team) -> None:
    one, other = documents(team, "a", 0), documents(team, "b", 20)
    asked(team, one, shown=True)
    asked(team, other, shown=False)
    assert sharing(other) == sharing(one) == {one.pk, other.pk}
    assert len(items_elsewhere(other, {one.pk})) == 20


@pytest.mark.django_db
def test_recorded_answers_without_a_template_most_likely_saw_the_context(team: Team) -> None:
    one, other = documents(team, "a", 0), documents(team, "b", 20)
    for version in (one, other):
        name = version.test_set.slug
        base = a_version(team, f"base-{name}")
        tuned = a_version(team, f"tuned-{name}", parent=base)
        a_study(team, baseline=base, candidate=tuned, primary=version, slug=name)
    assert sharing(one) == {one.pk}


@pytest.mark.django_db
def test_a_context_makes_no_question_new_that_its_own_text_tells_apart(team: Team) -> None:
    plain = a_test_set(team, "plain", items=[{"input": f"Question {i}?"} for i in range(20)])
    shown = a_test_set(
        team, "shown", items=[{"input": f"Question {i}?", "context": f"x{i}"} for i in range(20)]
    )
    asked(team, shown, shown=True)
    assert sharing(plain) == sharing(shown) == {plain.pk, shown.pk}


@pytest.mark.django_db
def test_a_set_is_told_apart_by_its_inputs_from_95_percent_on(team: Team) -> None:
    def version(slug: str, repeated: int) -> TestSetVersion:
        texts = [f"{slug} {max(i, repeated)}?" for i in range(100)]
        return a_test_set(team, slug, items=[{"input": each} for each in texts])

    assert version("nearly", 5).told_apart_by_input
    assert not version("hardly", 6).told_apart_by_input
    [hardly] = TestSetVersion.objects.not_told_apart_by_input()
    assert (hardly.test_set.slug, hardly.distinct_inputs) == ("hardly", 94)


@pytest.mark.django_db
def test_items_are_known_by_their_own_text(team: Team) -> None:
    question = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    version = a_test_set(
        team,
        items=[
            {"input": "Why?"},
            {"input": question, "context": "because"},
            {"input": "Wh\u034fy?", "context": "so"},
        ],
    )
    rows = version.items.order_by("position").values_list("fingerprint", "fingerprint_in_context")
    assert list(rows) == [
        (fingerprint_of("Why?"), fingerprint_of("Why?")),
        (fingerprint_of("Why?"), fingerprint_of("Why?because")),
        (fingerprint_of("Why?"), fingerprint_of("Why?so")),
    ]
    assert version.distinct_inputs == 1
