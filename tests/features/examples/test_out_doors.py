"""What goes out does so at each door alike; its card, and what an erasure takes out of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evalhub.cli.app import run
from evalhub.features.erasure.redact import redact
from evalhub.features.examples.out.card import data_card
from evalhub.features.examples.out.exporting import ExamplesOutError, export_examples
from evalhub.features.examples.out.kept_files import kept_content, trained_on
from evalhub.features.examples.out.publishing import publish_examples
from evalhub.features.table import ERASERS, REDACTORS
from evalhub.features.traffic.erase import erase_user
from evalhub.ledger.chain.follow import chain_faults
from evalhub.registry.models import Item, TrainingFileLine, TrainingFileVersion
from reviews.models import ExampleSource
from tests.api.conftest import Program, program  # noqa: F401 (a fixture)
from tests.cast import Team, a_test_set, a_version
from tests.features.examples.outgoing import a_decided_queue, example_of

pytestmark = pytest.mark.django_db
QUESTIONS = [f"How do I return parcel number {n} to your shop?" for n in range(6)]
OF = ["--project", "support-desk"]
USER = "0123456789abcdef0123456789abcdef"
type Printed = pytest.CaptureFixture[str]


def kept(team: Team, **of: object) -> TrainingFileVersion:
    queue = a_decided_queue(team, QUESTIONS, **of)  # type: ignore[arg-type]
    return export_examples(project=team.project, queues=[queue], form="chat", by=team.olga).file


def test_the_command_writes_the_file_and_its_card(
    team: Team, tmp_path: Path, capsys: Printed
) -> None:
    a_test_set(team, items=[{"input": QUESTIONS[0]}, {"input": "Another one?"}])
    queue = a_decided_queue(team, QUESTIONS, edits={QUESTIONS[1]: "Write to x@example.org."})
    out = tmp_path / "train.jsonl"
    assert run(["examples", "export", str(queue.pk), *OF, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    [file] = TrainingFileVersion.objects.all()
    assert f"5 rows, parcels-chat v1, SHA-256 {file.sha256}" in " ".join(printed.split())
    assert "Left out, on-test-items: 1" in printed
    assert out.read_bytes() == kept_content(file)
    assert out.with_suffix(".md").read_text() == data_card(file)
    assert run(["examples", "files", *OF, "--json"]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert (row["sha256"], row["left_out"]) == (file.sha256, {"on-test-items": 1})


def test_a_refused_export_leaves_no_file(team: Team, tmp_path: Path, capsys: Printed) -> None:
    a_test_set(team, items=[{"input": QUESTIONS[0]}, {"input": "Another one?"}])
    queue, out = a_decided_queue(team, QUESTIONS), tmp_path / "train.jsonl"
    words = ["examples", "export", str(queue.pk), *OF, "--out", str(out), "--strict"]
    assert run(words) == 64
    assert "'q0000' of questions v1 (exact)" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert not TrainingFileVersion.objects.exists()
    assert run(["examples", "export", "99", *OF, "--out", str(out)]) == 64
    assert run(["examples", "export", str(queue.pk), *OF, "--out", str(tmp_path / "x.csv")]) == 64


def test_a_command_makes_a_test_set_version(team: Team, capsys: Printed) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    assert run(["examples", "publish", str(queue.pk), *OF, "--test-set", "parcels"]) == 0
    assert capsys.readouterr().out == "parcels v1: 6 items, 6 of them by examples\n"


def test_the_card_says_where_the_rows_come_from(team: Team) -> None:
    a_test_set(team, items=[{"input": QUESTIONS[0]}, {"input": "Another one?"}])
    file = kept(team, edits={QUESTIONS[1]: "Write to x@example.org."})
    head, body = data_card(file).split("---\n")[1:]
    assert yaml.safe_load(head) == {
        "pretty_name": "parcels-chat v1",
        "license": "CC-BY-4.0",
        "size_categories": ["n<1K"],
        "tags": ["evalhub", "chat"],
        "configs": [{"config_name": "default", "data_files": "parcels-chat.jsonl"}],
    }
    for line in (
        "- Rows: 5, as chat messages",
        f"- SHA-256 of the file: `{file.sha256}`",
        "- Left out: on-test-items 1",
        "- Queues of examples: parcels",
        "- People who accepted, edited or rejected: 1",
        "- Edited: 1 of 5 proposals, 20.0% [0.5%, 71.6%]",  # Clopper and Pearson
        "- Personal data (rows, found by patterns): mail addresses 1, numbers 0",
        "| model | 5 | 100.0% |",
        "| CC-BY-4.0 | 5 | 100.0% |",
        "| heron v3 | 5 | 100.0% |",
    ):
        assert line in body.splitlines()


def test_rest_exports_publishes_and_gives_files_and_cards(
    team: Team,
    program: Callable[..., Program],  # noqa: F811 (the fixture)
) -> None:
    queue = a_decided_queue(team, QUESTIONS)
    caller = program()
    made = caller.post("/example-exports", {"queues": [queue.pk], "format": "chat"})
    assert (made.status_code, made.json()["rows"]) == (201, 6)
    [file] = TrainingFileVersion.objects.all()
    assert caller.get("/training-files").json()["results"][0]["sha256"] == file.sha256
    at = f"/training-files/{file.pk}"
    assert caller.get(at).json()["name"] == "parcels-chat"
    assert caller.get(f"{at}/content").content == kept_content(file)
    assert caller.get(f"{at}/card").content.decode() == data_card(file)
    refused = caller.post("/example-publications", {"queues": [queue.pk], "test_set": "parcels"})
    assert (refused.status_code, "in-training-files: 6" in refused.json()["detail"]) == (409, True)
    other = a_decided_queue(team, ["Is there a car park?"], name="other")
    made = caller.post("/example-publications", {"queues": [other.pk], "test_set": "parcels"})
    assert (made.status_code, made.json()["number"]) == (201, 1)
    assert caller.post("/example-exports", {"queues": [999]}).status_code == 409


def test_the_pages_export_show_and_download(team: Team) -> None:
    queue, olga = a_decided_queue(team, QUESTIONS), team.signed_in(team.olga)
    page = f"/examples/queues/{queue.pk}/"
    assert "Make a training file" in olga.get(page).content.decode()
    shown = olga.post(f"{page}export/", {"format": "chat"}, follow=True).content.decode()
    [file] = TrainingFileVersion.objects.all()
    a_version(team, "tuned", training={"dataset_sha256": file.sha256})
    shown = olga.get(f"/training-files/{file.pk}/").content.decode()
    for text in (file.sha256, "tuned v1", QUESTIONS[0], "Its data card"):
        assert text in shown
    assert "parcels-chat v1" in olga.get("/training-files/").content.decode()
    assert olga.get(f"/training-files/{file.pk}/rows.jsonl").content == kept_content(file)
    assert olga.get(f"/training-files/{file.pk}/card.md").content.decode() == data_card(file)
    assert olga.get(f"/training-files/{file.pk}/else").status_code == 404
    refused = olga.post(f"{page}publish/", {"test_set": "parcels"}, follow=True)
    assert "in-training-files: 6" in refused.content.decode()
    life = olga.get(f"/examples/{example_of(queue, QUESTIONS[0]).pk}/").content.decode()
    assert "parcels-chat v1" in life
    assert team.signed_in(team.sam).get(f"/training-files/{file.pk}/").status_code == 403


def test_who_was_trained_on_it_is_known_by_its_hash(team: Team) -> None:
    file = kept(team)
    version = a_version(team, "tuned", training={"dataset_sha256": file.sha256})
    a_version(team, "other", training={"dataset_sha256": "0" * 64})
    assert list(trained_on(file)) == [version]


def test_erasing_a_user_reaches_what_went_out(team: Team) -> None:
    of_user = {"user_hash": USER, "source": ExampleSource.TRAFFIC}
    file = kept(team, **of_user)
    queue = a_decided_queue(team, ["Is there a car park?"], name="other", **of_user)
    published = publish_examples(
        project=team.project, queues=[queue], test_set="parcels", by=team.olga
    )
    counts = erase_user(project=team.project, by=team.olga, user_hash=USER, erasers=ERASERS)
    assert counts["lines of the training file parcels-chat v1"] == 6
    assert counts["items"] == 1
    assert set(TrainingFileLine.objects.values_list("text", "fingerprint")) == {("", 0)}
    [item] = Item.objects.filter(version=published.version)
    assert item.redacted is not None
    with pytest.raises(ExamplesOutError, match="6 lines of parcels-chat v1 were erased"):
        kept_content(file)
    with pytest.raises(ExamplesOutError, match="none is accepted yet"):
        export_examples(project=team.project, queues=[queue], form="chat", by=team.olga)
    page = team.signed_in(team.olga).get(f"/training-files/{file.pk}/").content.decode()
    assert "6 of its lines, with somebody’s data" in page
    assert chain_faults() == []


def test_redacting_an_item_takes_its_lines_out_of_training_files(team: Team) -> None:
    kept(team)
    a_test_set(team, items=[{"input": QUESTIONS[0]}, {"input": "Another one?"}])
    redact(
        project=team.project,
        test_set="questions",
        item="q0000",
        reason="Private.",
        by=team.olga,
        redactors=REDACTORS,
    )
    assert TrainingFileLine.objects.filter(text="").count() == 1
