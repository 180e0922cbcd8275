"""The passages of an answer in Chromium: by the keyboard, on a phone, in the dark, by axe."""

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from evalhub.registry.models import Output
from tests.cast import Team, a_run, a_test_set, a_version
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GIVEN = [
    {"id": "manual-7", "text": "A kettle gets as warm as 100 degrees. " * 20, "score": 12.5},
    {"id": "an-id-" + "of-many-parts-" * 12, "text": "<script>document.title = 'x'</script>"},
]


@pytest.mark.heavy
def test_passages_are_read_by_keyboard_on_a_phone_and_in_the_dark(
    opens: Opens, team: Team, axe: Callable[[Page], None]
) -> None:
    run = a_run(a_version(team), a_test_set(team, items=[{"relevant": ["manual-7"]}]), scores=[1])
    Output.objects.filter(run=run).update(passages=GIVEN)
    for way in WAYS:
        page = opens(team.olga, reverse("site:run_item", args=[run.pk, "q0000"]), **way)
        opener = page.locator("details.passages > summary")
        expect(opener).to_contain_text("2 passages")
        expect(page.locator("details.passages li").first).to_be_hidden()
        opener.focus()
        page.keyboard.press("Enter")
        first, second = page.locator("details.passages li").all()
        expect(first).to_contain_text("relevant")
        expect(second).to_contain_text("<script>document.title = 'x'</script>")
        expect(second).not_to_contain_text("relevant")
        assert page.title() != "x"
        assert not overflows(page)
        axe(page)
