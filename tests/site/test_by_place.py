"""Answers stand in their places: each is shown on one page, whatever is missing beside it."""

import re

from django.test import Client
from django.urls import reverse

from evalhub.registry.models import Output, Run
from tests.cast import Team, a_run, a_test_set, a_version


def shown(client: Client, run: Run, page: int) -> list[str]:
    text = client.get(reverse("site:run", args=[run.pk]), {"page": page}).text
    return re.findall(r"said (\d+ \d) here", text)


def test_pages_hold_each_sample_of_each_item_once_and_in_order(olga: Client, team: Team) -> None:
    run = a_run(a_version(team), a_test_set(team, items=20), scores=[1.0] * 20)
    Run.objects.filter(pk=run.pk).update(samples=3)
    run.outputs.all().delete()
    items = list(run.test_set_version.items.order_by("position"))
    Output.objects.bulk_create(
        Output(run=run, item=item, sample=sample, text=f"said {item.position} {sample} here")
        for sample in (2, 0, 1)
        for item in reversed(items)
        if (item.position, sample) not in [(8, 1), (19, 2)]
    )
    pages = [shown(olga, run, number) for number in (1, 2, 3)]
    assert [len(each) for each in pages] == [25, 24, 9]
    assert [each for page in pages for each in page] == [
        f"{position} {sample}"
        for position in range(20)
        for sample in range(3)
        if (position, sample) not in [(8, 1), (19, 2)]
    ]
    assert shown(olga, run, 99) == pages[2]
