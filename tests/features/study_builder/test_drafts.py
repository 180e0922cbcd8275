"""What is on the page is kept as a draft, until the study starts or somebody discards it."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from evalhub.features.study_builder.models import StudyDraft
from tests.cast import Team
from tests.features.study_builder.posting import new, post, started, with_files


@pytest.fixture(autouse=True)
def a_home_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path / "home"


def test_a_draft_is_kept_by_itself_and_opened_again(olga: Client, team: Team) -> None:
    with_files(olga)
    draft = StudyDraft.objects.get()
    assert (draft.by, draft.project, draft.name) == (
        team.olga,
        team.project,
        "lora against base on sums",
    )
    assert draft.name in olga.get(new()).text
    page = olga.get(new(), {"draft": draft.pk})
    assert page.text.count("40 of 40") == 2
    assert post(olga, page, run="1").redirect_chain
    assert not StudyDraft.objects.exists(), "it is a study now"


def test_saving_it_leads_to_its_own_address(olga: Client, team: Team) -> None:
    page = post(olga, with_files(olga), {"t:name": "Shall we?"}, save="1")
    draft = StudyDraft.objects.get()
    assert draft.name == "Shall we?"
    assert page.redirect_chain[-1][0] == f"{new()}?draft={draft.pk}"


def test_a_draft_that_was_changed_in_another_tab_is_kept_beside_this_one(
    olga: Client, team: Team
) -> None:
    with_files(olga)
    draft = StudyDraft.objects.get()
    first, second = (olga.get(new(), {"draft": draft.pk}) for _ in range(2))
    post(olga, second, {"t:name": "Mine"})
    assert StudyDraft.objects.get().name == "Mine"
    stale = post(olga, first, {"t:name": "Older"})
    assert "changed in another tab" in stale.text
    assert {each.name for each in StudyDraft.objects.all()} == {"Mine", "Older"}


def test_one_page_goes_on_with_its_own_draft_however_fast_it_sends(
    olga: Client, team: Team
) -> None:
    first = with_files(olga)
    for name in ("Mine", "Mine again"):  # the answers to both come too late
        post(olga, first, {"t:name": name})
    assert StudyDraft.objects.get().name == "Mine again"


def test_nobody_else_sees_or_discards_it(olga: Client, eva: Client, team: Team) -> None:
    with_files(olga)
    draft = StudyDraft.objects.get()
    assert "lora against base" not in eva.get(new(), {"draft": draft.pk}).text
    assert eva.post(f"/studies/new/drafts/{draft.pk}/discard/").status_code == 404
    olga.post(f"/studies/new/drafts/{draft.pk}/discard/")
    assert not StudyDraft.objects.exists()


def test_an_empty_page_leaves_none(olga: Client, team: Team) -> None:
    post(olga, olga.get(new()), enter="1")
    started(olga)
    assert not StudyDraft.objects.exists()
