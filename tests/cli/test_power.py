"""`evalhub power`, as it is typed."""

import json
from typing import Any

import pytest

from evalhub.cli.app import run


def answered(capsys: pytest.CaptureFixture[str], command: str) -> dict[str, Any]:
    code = run(["power", *command.split(), "--json"])
    printed = capsys.readouterr()
    assert code == 0, printed.err
    found: dict[str, Any] = json.loads(printed.out)
    assert found["schema"] == "evalhub.power/1"
    return found


def needed(found: dict[str, Any]) -> list[int]:
    return [each["needed"]["items"] for each in found["criteria"]]


@pytest.mark.parametrize(
    ("command", "items"),
    [
        # Miller 2024: omega^2 = 1/9, delta .03, power .8
        ("difference --gap .03 --sd .333333333", 969),
        # Connor 1987: discordance .10 and .05 give 468.57
        ("difference --better .10 --worse .05", 469),
        # 468.57 times 1 + 4 (.25)
        ("difference --better .10 --worse .05 --cluster-size 5 --icc .25", 938),
        # a margin of .02 at sd .30: 1766
        ("guard --margin .02 --sd .3", 1766),
        # 1/4 (1.96 + .8416)^2 / .05^2, less the square of the shift: 777.04
        ("preference --score .55", 778),
    ],
)
def test_published_sizes_are_reached(
    command: str, items: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert needed(answered(capsys, command)) == [items]


def test_the_size_that_is_asked_for_has_the_power_that_was_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answered(capsys, "difference --gap .03 --sd .3333 --n 969")
    assert found["given"]["power"] == pytest.approx(0.8, abs=0.001)
    assert found["criteria"][0]["minimum_detectable_effect"] == pytest.approx(0.03, abs=1e-4)
    powers = [row["power"] for row in found["curve"]]
    assert powers == sorted(powers)
    assert len(powers) == 6
    assert found["curve"][3]["n"] == 969


def test_without_a_gap_it_says_what_the_items_can_show(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answered(capsys, "difference --sd .3 --n 400")
    assert found["criteria"][0]["needed"] is None
    assert found["given"]["power"] is None
    assert found["criteria"][0]["minimum_detectable_effect"] == pytest.approx(0.042, abs=1e-4)


def test_guards_that_must_hold_together_need_more_each(
    capsys: pytest.CaptureFixture[str],
) -> None:
    alone = needed(answered(capsys, "guard --margin .02 --sd .3"))
    four = needed(answered(capsys, "guard --margin .02 --sd .3 --guards 4"))
    assert four == [2924] * 4
    assert four[0] > alone[0]
    # each at power .9: (1.96 + 1.2816)^2 = 10.507, times sd^2/margin^2
    mixed = answered(capsys, "guard --margin .02 --margin .05 --sd .3 --sd .2 --n 3000")
    assert needed(mixed) == [2365, 169]
    assert 0.9 < mixed["given"]["power"] < 1


def test_a_loss_that_is_expected_eats_into_the_margin(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answered(capsys, "guard --margin .02 --sd .3 --expected=-.01")
    assert needed(found) == [7064]


def test_clusters_samples_judgments_and_hours_are_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = answered(
        capsys,
        "difference --gap .05 --sd .3 --within-sd .4 --samples 4 --cluster-size 5 --icc .25 "
        "--judgments-per-item 2 --seconds 90",
    )
    assert found["design_effect"] == 2.0
    effort = found["criteria"][0]["needed"]
    # sd^2 = .09 + 2 (.16)/4 = .17; (1.96 + .8416)^2 (.17) 2/.0025 = 1067.5
    assert effort["items"] == 1068
    assert effort["clusters"] == 214
    assert effort["answers"] == 4272
    assert effort["judgments"] == 2136
    assert effort["hours"] == pytest.approx(53.4)


def test_more_samples_may_do_where_more_items_are_not_to_be_had(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """.05^2 (600)/7.849 - .09 = .1011 is left for 2 (.16)/K: K = 4."""
    command = "difference --gap .05 --sd .3 --within-sd .4 --n"
    assert answered(capsys, f"{command} 600")["samples_that_suffice"] == 4
    assert answered(capsys, f"{command} 200")["samples_that_suffice"] is None


def test_several_people_an_item_need_fewer_items_but_more_judgments(
    capsys: pytest.CaptureFixture[str],
) -> None:
    one = answered(capsys, "preference --score .55 --ties .2")["criteria"][0]["needed"]
    three = answered(capsys, "preference --score .55 --ties .2 --judgments-per-item 3 --icc .3")[
        "criteria"
    ][0]["needed"]
    # (1.96 + .8416)^2 (.8/4 - .05^2)/.05^2 = 620.1, and the same 1.6-fold for three an item
    assert one["items"] == one["judgments"] == 621
    assert (three["items"], three["judgments"]) == (331, 993)
    assert three["hours"] == pytest.approx(993 / 60)


@pytest.mark.parametrize(
    "command",
    [
        "difference",
        "difference --sd .3",
        "difference --gap 0 --sd .3",
        "difference --gap .1 --sd -1",
        "difference --gap nan --sd .3",
        "difference --gap .1 --sd .3 --power 1",
        "difference --gap .1 --sd .3 --alpha .7",
        "difference --better .1",
        "difference --better .1 --worse .1",
        "difference --better .1 --worse .05 --gap .1",
        "difference --gap .1 --sd .3 --icc 2 --cluster-size 3",
        "guard --margin=-.02 --sd .3",
        "guard --margin .02 --sd .3 --expected=-.03",
        "guard --margin .02 --margin .03 --sd .1 --sd .2 --sd .3",
        "guard --margin .02 --margin .03 --sd .1 --guards 2",
        "preference",
        "preference --score .5",
        "preference --score .95 --ties .2",
        "preference --score nan",
        "preference --people 2",
        "preference --score .6 --people 2 --judgments-per-item 3",
        "preference --score .5 --people 5",
        "nothing",
    ],
)
def test_what_makes_no_question_is_wrong_usage(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["power", *command.split()]) == 64
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "See evalhub power" in printed.err


def test_people_read_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run(["power", "guard", "--margin", ".02", "--sd", ".3", "--guards", "4", "--n", "9"]) == 0
    )
    printed = capsys.readouterr().out
    assert "4 × margin 0.02, sd 0.3  2,924" in printed
    assert "smallest that shows" in printed


def test_a_test_set_that_is_too_small_says_how_many_would_be_needed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = answered(capsys, "difference --gap .05 --sd .35 --n 120 --cluster-size 4 --icc .1")
    assert said["sentences"] == [
        "this test set has 120 items; 500 would be needed",
        "120 items show 0.1 or more with 80% power, if differences deviate by 0.35 and those of "
        "one cluster correlate by 0.1",
    ]
    enough = answered(capsys, "guard --margin .02 --sd .3 --n 1766")["sentences"]
    assert enough == ["1,766 items show 0.02 or more with 80% power, if differences deviate by 0.3"]


def test_a_preference_counts_the_people_who_will_judge(capsys: pytest.CaptureFixture[str]) -> None:
    """Two can show nothing however much they judge; ten need little more than a crowd does."""
    asked = "preference --score .65 --ties .25 --judgments-per-item 2 --icc .3"
    crowd, ten, two = (
        answered(capsys, f"{asked}{people}") for people in ("", " --people 10", " --people 2")
    )
    assert "a crowd" in crowd["caution"]
    least, enough = (found["criteria"][0]["needed"]["judgments"] for found in (crowd, ten))
    assert least < enough < 2 * least
    assert (ten["people"], ten["lean"], ten["caution"]) == (10, 0.07, "")
    assert two["criteria"][0]["needed"] is None
    assert two["caution"].startswith("2 people can't show it, however many items they judge")
    assert all(row["power"] < 0.4 for row in two["curve"])
    given = answered(capsys, f"{asked} --people 2 --n 400")
    assert given["criteria"][0]["minimum_detectable_effect"] is None
    few = answered(capsys, f"{asked} --people 10 --n 60")["sentences"]
    assert few[0].startswith("this review has 60 judgments; ")
    assert few[1].startswith("60 judgments by 10 people show 0.19 or more with 80% power, if they")
    one = answered(capsys, "preference --people 1 --n 400")
    assert "that person's taste" in one["caution"]
