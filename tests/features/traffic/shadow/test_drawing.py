"""A sample of requests becomes a frozen version of a test set, by the command and by REST."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from evalhub.cli.app import run
from evalhub.registry.models import Item, SampledRequest, TestSetVersion, TrafficSample
from reviews.examples.drafts import ExampleDraft
from reviews.examples.queues import add_examples, create_queue
from reviews.models import ExampleSource
from tests.api.conftest import Program
from tests.cast import Team, a_test_set, a_version
from tests.features.traffic.shadow.production import LAST_WEEK, SERVED, question, served, stands_for

pytestmark = pytest.mark.django_db(transaction=True)
Capture = pytest.CaptureFixture[str]
Programs = Callable[..., Program]


def drawn(capsys: Capture, *options: str) -> dict[str, Any]:
    """What `evalhub traffic sample` prints of a sample."""
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "20", *options, "--json"]) == 0
    sample: dict[str, Any] = json.loads(capsys.readouterr().out)
    return sample


def refused(capsys: Capture, *options: str) -> str:
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "20", *options]) == 65
    return capsys.readouterr().err


def test_a_drawn_request_is_an_item_with_its_slices_its_user_and_its_request(
    team: Team, capsys: Capture
) -> None:
    stands_for(team, a_version(team, "tuned"))
    [request] = served(
        team, ["Where is my parcel?"], users=1, language="en", route="post", tags=[["vip"]]
    )
    sample = drawn(capsys)
    assert (sample["test_set"], sample["version"], sample["items"]) == ("traffic", 1, 1)
    assert (sample["model"], sample["model_version"]) == (SERVED, "tuned v1")
    item = Item.objects.get()
    assert item.input == question("Where is my parcel?")
    assert item.tags == ["language:en", "length:short", "route:post", "tag:vip"]
    assert item.cluster.startswith("user-")
    assert request.user_hash not in item.cluster
    row = SampledRequest.objects.get()
    assert (row.item_id, row.day, row.key) == (item.pk, request.day, request.key)


def test_strata_are_drawn_in_their_shares_with_their_weights(team: Team, capsys: Capture) -> None:
    served(team, [f"Wo {i}?" for i in range(180)], language="de", name="de")
    served(team, [f"Where {i}?" for i in range(20)], language="en", name="en")
    sample = drawn(capsys, "--n", "50", "--by", "language")
    assert sample["strata"] == [
        {"name": "language:de", "requests": 180, "drawn": 45, "weight": 4.0},
        {"name": "language:en", "requests": 20, "drawn": 5, "weight": 4.0},
    ]
    assert sample["effective_n"] == pytest.approx(50)
    total = sum(SampledRequest.objects.values_list("weight", flat=True))
    assert total == pytest.approx(200)
    assert not Item.objects.exclude(weight=None).exists(), "alike, weights change no estimate"


def test_strata_drawn_equally_weigh_unlike_each_other(team: Team, capsys: Capture) -> None:
    served(team, [f"Wo {i}?" for i in range(180)], language="de", name="de")
    served(team, [f"Where {i}?" for i in range(20)], language="en", name="en")
    sample = drawn(capsys, "--n", "40", "--by", "language", "--allocation", "equal")
    assert [row["weight"] for row in sample["strata"]] == [9.0, 1.0]
    # Kish: 200² / (20 · 9² + 20 · 1²)
    assert sample["effective_n"] == pytest.approx(40_000 / 1_640)
    assert set(Item.objects.values_list("weight", flat=True)) == {9.0, 1.0}


def test_equal_content_is_one_item_that_weighs_as_much_as_its_requests(
    team: Team, capsys: Capture
) -> None:
    served(team, ["Hi", "hi!", "Where is it?"], users=2)
    sample = drawn(capsys, "--n", "3")
    assert (sample["drawn"], sample["items"]) == (3, 2)
    assert sample["effective_n"] == pytest.approx(9 / 5)
    hi = Item.objects.filter(sampled_requests__key="r-000").get()
    assert hi.cluster == "", "two users ask it: it is a cluster of its own"
    assert hi.sampled_requests.count() == 2
    assert [item.weight for item in Item.objects.order_by("-weight")] == [2.0, 1.0]


def test_the_same_query_draws_other_requests_the_second_time(team: Team, capsys: Capture) -> None:
    served(team, [f"Question {i}?" for i in range(30)])
    first, second = drawn(capsys, "--n", "10"), drawn(capsys, "--n", "10")
    assert (first["version"], second["version"]) == (1, 2)
    assert second["seen_before"] == 10
    texts = [
        {item.fingerprint for item in version.items.all()}
        for version in TestSetVersion.objects.order_by("number")
    ]
    assert not texts[0] & texts[1]
    assert drawn(capsys, "--n", "10")["seen_before"] == 20
    assert "choose a later time" in refused(capsys, "--n", "10")


def test_what_another_test_set_asks_makes_no_item(team: Team, capsys: Capture) -> None:
    a_test_set(team, items=[{"input": "Where is my parcel?"}])
    served(team, ["where is my PARCEL", "And the bill?"])
    sample = drawn(capsys, "--n", "2")
    assert sample["items"] == 1
    assert sample["left_out"] == {"a test set asks the same": 1}


def test_what_an_example_asks_makes_no_item(team: Team, capsys: Capture) -> None:
    """It may be trained on, and whoever answered it has seen what production said."""
    queue = create_queue(project=team.project, by=team.eva, name="parcels")
    draft = ExampleDraft(input="Where is my parcel?", source=ExampleSource.PERSON)
    add_examples(queue=queue, drafts=[draft], by=team.eva)
    served(team, ["where is my PARCEL", "And the bill?"])
    sample = drawn(capsys, "--n", "2")
    assert sample["items"] == 1
    assert sample["left_out"] == {"an example of a queue asks the same": 1}


def test_the_same_seed_and_requests_give_the_same_version(
    team: Team, capsys: Capture, program: Programs
) -> None:
    served(team, [f"Question {i}?" for i in range(30)])
    since = (timezone.now() - datetime.timedelta(days=7)).isoformat()
    caller = program("read", "ingest")
    answer = caller.post("/traffic/samples", {"since": since, "n": 5, "seed": 7})
    assert answer.status_code == 201, answer.content
    by_rest = [item.key for item in Item.objects.order_by("position")]
    assert answer.headers["Location"] == answer.json()["url"]
    SampledRequest.objects.all().delete()
    TrafficSample.objects.all().delete()
    TestSetVersion.objects.all().delete()
    drawn(capsys, "--n", "5", "--seed", "7")
    assert [item.key for item in Item.objects.order_by("position")] == by_rest


def test_a_user_with_more_than_a_fifth_is_named(team: Team, capsys: Capture) -> None:
    served(team, [f"Mine {i}?" for i in range(6)], users=1, name="one")
    served(team, [f"Other {i}?" for i in range(14)], name="rest")
    assert run(["traffic", "sample", *LAST_WEEK, "--n", "20"]) == 0
    out = capsys.readouterr().out
    assert f"! One user has 30% of it: {0:032x}" in out
    assert "They come from 1 user." in out


@pytest.mark.parametrize(
    ("fields", "asked_again"),
    [
        ({}, 0),
        ({"output": "Write to nora@example.org."}, 1),
        ({"aborted": True}, 1),
        ({"output": None}, 1),
        ({"output": None, "error_type": "timeout"}, 0),
        ({"output": "", "finish_reason": "tool_calls"}, 1),
        ({"output": "I look.", "finish_reason": "tool_calls"}, 0),
        ({"output": "", "finish_reason": "stop"}, 0),
    ],
)
def test_production_s_answer_is_the_baseline_s_only_where_it_is_whole_and_unmasked(
    team: Team, capsys: Capture, fields: dict[str, Any], asked_again: int
) -> None:
    served(team, ["Where?"], **fields)
    assert drawn(capsys)["asked_again"] == asked_again


def test_messages_are_kept_as_an_item_can_hold_them(team: Team, capsys: Capture) -> None:
    parts = [{"type": "text", "text": "Look"}, {"type": "text", "text": "here"}]
    picture = [{"type": "image_url", "image_url": {"url": "data:"}}]
    served(
        team,
        [
            [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": parts, "name": "Nora"},
            ],
            [{"role": "user", "content": picture}],
            [],
        ],
    )
    sample = drawn(capsys)
    assert sample["left_out"] == {
        "not all of its messages are text": 1,
        "no messages are stored": 1,
    }
    assert Item.objects.get().input == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Look\nhere"},
    ]


def test_filters_and_times_choose_the_requests(team: Team, capsys: Capture) -> None:
    served(team, ["old?"], days_ago=20, name="old")
    served(team, ["a?", "b?", "c?"], route=["x", "x", "y"], tags=[["t"], [], ["t"]])
    served(team, ["mirrored?"], name="copy", mirror_of="r-000")
    assert drawn(capsys, "--where", "route=x", "--where", "tag=t")["requests"] == 1
    assert drawn(capsys, "--where", "language=unknown")["requests"] == 3
    message = "none of 3 requests whose texts are stored has route=z and tag=t"
    assert message in refused(capsys, "--where", "route=z", "--where", "tag=t")


def test_what_no_request_fits_says_why(team: Team, capsys: Capture) -> None:
    assert "no request came in this time" in refused(capsys)
    served(team, ["a?", "b?"], messages=None, output=None)
    assert "2 requests came in this time, and no texts are stored" in refused(capsys)


def test_a_sample_says_of_which_time_it_is_to_its_end(team: Team, capsys: Capture) -> None:
    served(team, ["a?", "b?"])
    before = timezone.now()
    until = datetime.datetime.fromisoformat(drawn(capsys)["query"]["until"])
    assert before <= until <= timezone.now()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--where", "size=3"], "where.size"),
        (["--by", "weather"], "by[0]"),
        (["--n", "1"], "n"),
        (["--until", "2020-01-01"], "lies before since"),
        (["--test-set", "my set"], "test_set"),
    ],
)
def test_a_query_that_can_t_be_is_refused_by_its_field(
    team: Team, capsys: Capture, options: list[str], message: str
) -> None:
    served(team, ["Where?"])
    assert message in refused(capsys, *options)
    assert not TestSetVersion.objects.exists()


def test_several_models_are_no_baseline(team: Team, capsys: Capture) -> None:
    served(team, ["a?", "b?"], model=["large", "small"])
    assert "choose one of large (1), small (1)" in refused(capsys)
    assert drawn(capsys, "--where", "model=large")["model"] == "large"


def test_a_name_that_stood_for_two_versions_is_no_baseline(team: Team, capsys: Capture) -> None:
    stands_for(team, a_version(team, "first"))
    stands_for(team, a_version(team, "second"), days_ago=3)
    served(team, ["before?"], days_ago=5, name="before")
    served(team, ["after?"], days_ago=1, name="after")
    assert "stood for 2 versions" in refused(capsys)
    assert drawn(capsys, "--since", "2d")["model_version"] == "second v1"


def test_power_is_said_beforehand(team: Team, capsys: Capture) -> None:
    served(team, [f"Question {i}?" for i in range(40)], users=10)
    power = drawn(capsys, "--n", "40", "--planned-gain", "0.1")["power"]
    assert power["gain"] == 0.1
    # 1 + 3 · .1 of clusters of four; 279 are 70 of these, and t of half as many degrees of freedom
    # is 2.03, with what skewness 70 can't rule out 2.08: (2.08 + .84)² · .5² / .1² · 1.3 = 277
    assert power["needed"] == pytest.approx(277, abs=3)
    assert power["power"] < 0.3
    assert power["sentences"] == [
        "40 items of equal weight show 0.41 or more with 80% power, if differences deviate by 0.5 "
        "and those of one user correlate by 0.1"
    ]


def test_one_user_who_has_a_quarter_costs_power(team: Team, capsys: Capture) -> None:
    """Of 200 items, 50 of one user: 1 + (Σm²/Σm − 1)·.1 = 2.23 times the variance."""
    served(team, [f"Mine {i}?" for i in range(50)], users=1, name="one")
    served(team, [f"Other {i}?" for i in range(150)], name="rest")
    power = drawn(capsys, "--n", "200", "--planned-gain", "0.1")["power"]
    assert power["needed"] > 2.23 * 197
    assert power["power"] < 0.45


def test_a_program_lists_samples_and_draws_with_the_scope_ingest_alone(
    team: Team, capsys: Capture, program: Programs
) -> None:
    served(team, ["Where?"])
    sample = drawn(capsys)
    reader = program("read")
    [listed] = reader.get("/traffic/samples").json()["results"]
    of_draw = {"large_users", "texts_until"}
    assert listed == {name: value for name, value in sample.items() if name not in of_draw}
    answer = reader.post("/traffic/samples", {"since": "2026-01-01T00:00:00Z", "n": 5})
    assert answer.status_code == 403
    late = program("ingest").post("/traffic/samples", {"since": "2026-01-01", "n": 5})
    assert (late.status_code, late.json()["errors"][0]["field"]) == (400, "since")
