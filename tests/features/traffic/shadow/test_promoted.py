"""What a shadow study's decision promotes: the versions that served names stand for."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from django.urls import reverse

from evalhub.cli.app import run
from evalhub.features.exporters.mlflow_aliases import challenger
from evalhub.features.lifecycle.moves import put_in_shadow, retire
from evalhub.features.lifecycle.promotion import hindrance, override_champion
from evalhub.features.traffic.models import Request, ServedModel
from evalhub.ledger.champion_standing import standing_of
from evalhub.ledger.models import Decision, Promotion
from evalhub.registry.models import ModelVersion
from evalhub.registry.models.versions import Kind
from evalhub.registry.versions import register_version
from runners.backends.openai import OpenAIBackend
from tests.cast import Team, a_version
from tests.fakes.openai_server import OpenAIServer, saying
from tests.features.traffic.shadow.production import LAST_WEEK, by_metric, served, stands_for
from tests.features.traffic.shadow.test_mirrored import OF, mirrored, written

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
WHY = [*OF, "--by", "olga", "--reason", "Better."]


@pytest.fixture
def old(team: Team) -> ModelVersion:
    """The champion, which production serves as `support`."""
    version = a_version(team, "old")
    override_champion(version=version, by=team.olga, reason="It runs.")
    stands_for(team, version)
    return version


@pytest.fixture
def tuned(team: Team, old: ModelVersion) -> ModelVersion:
    """In shadow, and served as `new`."""
    version = a_version(team, "tuned", parent=old)
    put_in_shadow(version=version, by=team.olga, reason="All calls are mirrored.")
    stands_for(team, version, name="new")
    return version


def refusing(prompt: str, attempt: int) -> web.Response:
    return saying("I'm sorry, but I can't help with that.")


def decided(team: Team, folder: Path, **fields: Any) -> Decision:
    """A shadow study of the mirror, whose candidate refuses less."""
    mirrored(team, 60, refusing=30)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "60", "--where", "model=support"]) == 0
    assert written(folder) == 0
    file = yaml.safe_load((folder / "study.yaml").read_text())
    by_metric(file)
    (folder / "study.yaml").write_text(yaml.safe_dump(file | fields))
    assert run(["study", "run", str(folder / "study.yaml")]) == 0
    return Decision.objects.get()


def test_the_version_in_shadow_takes_the_place_of_the_one_that_production_serves(
    team: Team, tuned: ModelVersion, tmp_path: Path, capsys: Capture
) -> None:
    decision = decided(team, tmp_path, promoted=True)
    file = yaml.safe_load((tmp_path / "study.yaml").read_text())
    builds = [arm["build"] for arm in file["arms"].values()]
    assert sorted(builds) == ["mirrored:tuned@1", "old@1"]
    assert standing_of(decision).arm == "baseline"
    assert challenger(team.project) == (tuned, decision)
    olga = team.signed_in(team.olga)
    assert "Ships that nobody has promoted" in olga.get("/").text
    assert "Make tuned v1 the champion" in olga.get(reverse("site:record", args=[decision.pk])).text
    capsys.readouterr()
    assert run(["promote", str(decision.pk), *WHY, "--json"]) == 0, capsys.readouterr().err
    row = json.loads(capsys.readouterr().out)
    assert (row["name"], row["before"]) == ("tuned v1", "old v1")
    tuned.refresh_from_db()
    assert tuned.stage == "champion"
    assert "Ships that nobody has promoted" not in olga.get("/").text
    assert challenger(team.project) is None


def test_a_first_champion_is_what_production_serves(team: Team, tmp_path: Path) -> None:
    stands_for(team, a_version(team, "old"))
    decision = decided(team, tmp_path)
    assert run(["promote", str(decision.pk), *WHY]) == 0
    names = [str(each.version) for each in Promotion.objects.order_by("pk")]
    assert names == ["old v1", "candidate v1"]


def test_a_retired_version_is_not_promoted_by_its_mirror(
    team: Team, tuned: ModelVersion, tmp_path: Path
) -> None:
    decision = decided(team, tmp_path)
    retire(version=tuned, by=team.olga, reason="Its licence ends.")
    assert "tuned v1 is retired since" in hindrance(decision)
    assert "Ships that nobody has promoted" not in team.signed_in(team.olga).get("/").text
    assert challenger(team.project) is None


@pytest.mark.usefixtures("old")
def test_a_served_name_of_which_nobody_says_what_it_is_promotes_what_was_recorded(
    team: Team, tmp_path: Path, capsys: Capture
) -> None:
    decision = decided(team, tmp_path)
    assert "Nobody has said which version new is" in capsys.readouterr().out
    assert run(["promote", str(decision.pk), *WHY]) == 0
    assert str(Promotion.objects.newest_first()[0]) == "candidate v1, champion of support-desk"


def test_a_version_that_is_said_after_the_draw_is_the_study_s_but_changes_no_written_one(
    team: Team, tmp_path: Path
) -> None:
    decided(team, tmp_path / "before")
    study = (tmp_path / "before" / "study.yaml").read_text()
    stands_for(team, a_version(team, "old"))
    assert written(tmp_path / "before") == 0
    assert (tmp_path / "before" / "study.yaml").read_text() == study
    assert run(["study", "run", str(tmp_path / "before" / "study.yaml")]) == 0
    assert Decision.objects.count() == 1, "nothing has changed"
    assert written(tmp_path / "after") == 0
    file = yaml.safe_load((tmp_path / "after" / "study.yaml").read_text())
    assert file["arms"]["production"]["build"] == "old@1"


def test_a_mirror_that_was_two_versions_is_no_candidate(
    team: Team, tuned: ModelVersion, tmp_path: Path, capsys: Capture
) -> None:
    mirrored(team, 10)
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "10", "--where", "model=support"]) == 0
    half = Request.objects.get(key="copy-005").time
    ServedModel.objects.create(
        project=team.project, name="new", version=a_version(team, "newer"), since=half
    )
    assert written(tmp_path) == 65
    assert "new stood for 2 versions when it answered the copies" in capsys.readouterr().err


def test_an_arm_that_is_asked_is_the_version_whose_name_and_backend_it_has(
    team: Team, tmp_path: Path
) -> None:
    served(team, [f"Question {i}?" for i in range(60)])
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "60"]) == 0

    with OpenAIServer(misbehave=refusing) as old, OpenAIServer() as new:
        versions = [
            register_version(
                project=team.project,
                slug=name,
                kind=kind,
                backend=OpenAIBackend(url=server.url, model=name),
            )
            for name, kind, server in (("old", Kind.BASE, old), ("tuned", Kind.LORA, new))
        ]
        override_champion(version=versions[0], by=team.olga, reason="It runs.")
        models = ["--url", new.url, "--model", "tuned", "--kind", "lora"]
        baseline = ["--ask-both", "--baseline-url", old.url, "--baseline-model", "old"]
        assert run(["study", "init", str(tmp_path), "--from-traffic", *OF, *models, *baseline]) == 0
        file = yaml.safe_load((tmp_path / "study.yaml").read_text())
        by_metric(file)
        arms = dict(zip(("old", "tuned"), file["arms"].values(), strict=True))
        file |= {"arms": arms, "baseline": "old", "candidate": "tuned", "promoted": True}
        (tmp_path / "study.yaml").write_text(yaml.safe_dump(file))
        assert run(["study", "run", str(tmp_path / "study.yaml")]) == 0
    assert run(["promote", str(Decision.objects.get().pk), *WHY]) == 0
    assert list(Promotion.objects.order_by("pk").values_list("version", flat=True)) == [
        version.pk for version in versions
    ]
