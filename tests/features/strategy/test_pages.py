"""Should we fine-tune at all? asked by a form, answered with a study file to go on with."""

from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml
from django.test import Client
from django.urls import reverse

from evalhub.features.strategy.answers import Case
from evalhub.registry.models import Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from tests.cast import Team
from tests.features.study_builder.posting import form_of

pytestmark = pytest.mark.django_db
PAGE = reverse("site:strategy")
ANSWERED = {
    "project": "support-desk",
    "about": "behaviour",
    "lesson": "format",
    "changes": "yearly",
    "examples": "320",
    "privacy": "anywhere",
    "reason": "quality",
    "size": "small",
    "billions": "8",
    "memory": "24",
}


@pytest.fixture
def eva(team: Team, client: Client) -> Client:
    client.force_login(team.eva)
    return client


def asked(client: Client, **said: str) -> str:
    answer = client.get(f"{PAGE}?{urlencode(ANSWERED | said)}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_form_asks_every_question_with_its_choices(eva: Client) -> None:
    page = eva.get(PAGE).content.decode()
    for name, field in Case.model_fields.items():
        assert field.description
        assert field.description in page
        assert f'name="{name}"' in page
    assert 'id="advice"' not in page


def test_the_answers_give_the_advice_with_its_sources(eva: Client) -> None:
    page = asked(eva, examples="40")
    assert "Not yet: 160 more examples of a format." in page
    assert "a folk figure: guides repeat it, and sources differ" in page
    page = asked(eva, about="knowledge", changes="weekly")
    assert "Don&#x27;t fine-tune: try" in page
    assert "Ovadia et al. 2024" in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("examples", "-1", "must be 0 or more"),
        ("examples", "", "required"),
        ("billions", "0", "must be above 0"),
        ("memory", "-1", "must be above 0"),
        ("about", "facts", "Select a valid choice"),
    ],
)
def test_a_wrong_answer_is_kept_and_named_at_its_field(
    eva: Client, field: str, value: str, said: str
) -> None:
    answer = eva.get(f"{PAGE}?{urlencode(ANSWERED | {field: value})}")
    assert answer.status_code == 400
    form = answer.context["form"]
    assert [said in error for error in form.errors[field]] == [True]
    assert form[field].value() == value
    assert 'id="advice"' not in answer.content.decode()


def test_the_study_file_is_downloaded_and_is_one(eva: Client, tmp_path: Path) -> None:
    said = {"download": "1", "model": "small", "tuned_model": "tuned"}
    answer = eva.get(f"{PAGE}?{urlencode(ANSWERED | said)}")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="study.yaml"'
    text = answer.content.decode()
    study = yaml.safe_load(text)
    assert study["project"] == "support-desk"
    assert list(study["arms"]) == ["base", "prompted", "few-shot", "tuned"]
    for line in [each for each in text.split('"') if each.startswith("FILL IN: ")]:
        text = text.replace(line, "http://127.0.0.1:9/v1" if "address" in line else "said")
    (tmp_path / "study.yaml").write_text(text)
    assert read_study(tmp_path / "study.yaml", OperatorFile()).candidate == "tuned"


def test_one_goes_on_with_the_file_here_and_nothing_runs_before_it_is_filled_in(
    eva: Client,
) -> None:
    text = eva.get(f"{PAGE}?{urlencode(ANSWERED)}").context["made"].text
    assert "url:" not in text
    form = {"project": "support-desk", "text": text}
    begun = eva.post(reverse("site:new_comparison"), form | {"read": "1"})
    assert begun.status_code == 200
    assert form_of(begun)["text"].strip() == text.strip()
    assert "an endpoint that an operator of this site made" in begun.content.decode()
    assert not Study.objects.exists()


def test_the_list_of_studies_and_a_first_visit_lead_there(eva: Client) -> None:
    assert f'href="{PAGE}"' in eva.get(reverse("site:studies")).content.decode()
    assert f'href="{PAGE}"' in eva.get(reverse("home")).content.decode()
