"""The methods page shows each method's figure, and what it is of."""

from django.test import Client
from django.urls import reverse


def test_each_figure_stands_under_its_method(olga: Client) -> None:
    page = olga.get(reverse("site:methods")).text
    of_the_ledger = page.partition('id="ledger"')[2].partition("</article>")[0]
    assert "<strong>What the k-th claim pays.</strong>" in of_the_ledger
    assert '<svg class="drawn" role="img"' in of_the_ledger
    assert "look 7 needs twice the items" in of_the_ledger
    of_the_record = page.partition('id="record"')[2].partition("</article>")[0]
    assert "<svg" not in of_the_record, "it computes nothing"
