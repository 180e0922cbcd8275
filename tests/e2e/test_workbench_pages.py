"""Pages on which test sets, versions and runs are made, as a browser has them."""

from collections.abc import Callable
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from evalhub.registry.models import TestSetVersion
from evalhub.registry.models.versions import Kind
from tests.cast import Team, a_run, a_score_audit, a_spending, a_test_set, a_version, a_working_set
from tests.e2e.conftest import WAYS, Opens
from tests.e2e.width import overflows
from tests.features.training.test_page import RECORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ITEMS = "id,input,reference\nq1,Where is my parcel?,shipping\nq2,May I pay later?,billing\n"


def test_a_file_is_taken_in_edited_by_keyboard_and_published(opens: Opens, team: Team) -> None:
    page = opens(team.eva, "/working-sets/new/")
    page.get_by_label("Name of the test set").fill("parcels")
    file = {"name": "items.csv", "mimeType": "text/csv", "buffer": ITEMS.encode()}
    page.get_by_label("Items").set_input_files(file)
    page.get_by_role("button", name="Upload", exact=True).press("Enter")
    page.get_by_role("link", name="q2 edit").press("Enter")
    page.get_by_label("Right answers").fill("billing\npayment")
    page.get_by_role("button", name="Save").press("Enter")
    expect(page.get_by_text("“q2” is changed.")).to_be_visible()
    page.get_by_role("link", name="Publish…").press("Enter")
    page.get_by_role("button", name="Publish and freeze").press("Enter")
    expect(page.get_by_text("Published: parcels v1")).to_be_visible()
    version = TestSetVersion.objects.get()
    assert version.items.get(key="q2").references == ["billing", "payment"]


def test_a_training_s_losses_are_read_by_keyboard_and_two_versions_stand_side_by_side(
    opens: Opens, team: Team
) -> None:
    base = a_version(team, "base")
    tuned = a_version(team, "tuned", parent=base, training=RECORD)
    page = opens(team.eva, f"/versions/{tuned.pk}/")
    page.get_by_role("img", name="tuned v1: losses by step").focus()
    page.keyboard.press("End")
    expect(page.locator(".chart .tip")).to_contain_text("step 30: validation loss 1.25")
    page.get_by_role("link", name="Beside base v1").press("Enter")
    expect(page.get_by_role("heading", name="base v1 beside tuned v1")).to_be_visible()
    row = page.get_by_role("row", name="learning rate")
    expect(row).to_contain_text("not said")
    expect(row).to_contain_text("1e-05")


@pytest.mark.heavy
def test_axe_finds_nothing_and_all_fits(
    opens: Opens, axe: Callable[[Page], None], team: Team
) -> None:
    written = a_working_set(team, a_test_set(team, items=6, tags=["a", "b"], clusters=2))
    first, second, *_ = written.items.all()
    written.items.filter(pk=first.pk).update(change="changed", alike="near-copy of q3", part="test")
    run = a_run(a_version(team), a_test_set(team, "of-run", items=2), scores=[0, 1])
    audit = a_score_audit(team, run)
    a_spending(run, study="s")
    type(run).objects.filter(pk=run.pk).update(state="cancelled")
    trained = [
        a_version(team, "tuned", kind=Kind.LORA, training=RECORD | {"examples": count})
        for count in (9, 320)
    ]
    paths = (
        "/working-sets/",
        "/working-sets/new/",
        f"/working-sets/{written.pk}/",
        f"/working-sets/{written.pk}/publish/",
        f"/working-sets/{written.pk}/rows/",
        f"/working-sets/{written.pk}/items/new/",
        f"/working-sets/{written.pk}/items/{second.pk}/",
        "/runs/new/",
        "/studies/strategy/?about=both&lesson=format&changes=weekly&examples=7&privacy=anywhere"
        "&reason=cost&size=small&billions=8&memory=24&project=support-desk",
        f"/runs/{run.pk}/",
        "/versions/new/",
        f"/versions/{trained[1].pk}/",
        "/versions/beside/",
        f"/versions/beside/?left={trained[0].pk}&right={trained[1].pk}",
        f"/scores/{audit.metric_id}/",
        f"/scores/{audit.metric_id}/answers/{audit.drawn[0]}/dispute/",
        f"/score-audits/{audit.pk}/",
    )
    for way in WAYS:
        page = opens(team.eva, "/working-sets/", **way)
        for path in paths:
            page.goto(urljoin(page.url, path))
            page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
            axe(page)
            assert not overflows(page), (path, way)
