"""Tuned answers in JSON beside prose: what the form, the reviewer's page and the audit say."""

import json
import random
import re
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from reviews.models import Campaign, EventKind
from tests.cast import Team
from tests.reviews.judged import judge_all
from tests.reviews.test_telling import prose
from tests.site.test_campaign_pages import filled

JSON = "is a JSON object or array: {0} of {0} of the candidate's, 0 of {0} of the baseline's"


def planned(olga: Client, left: list[str], right: list[str]) -> tuple[str, Any]:
    """The address of the form over a file of these pairs, and its page."""
    rows = [
        {"id": f"k{i}", "prompt": f"Say {i}", "left": one, "right": other}
        for i, (one, other) in enumerate(zip(left, right, strict=True))
    ]
    path = reverse("site:upload_pairs")
    given = filled(olga.get(path), name="Tone", project="support-desk")
    content = "".join(json.dumps(row) + "\n" for row in rows)
    given["file"] = SimpleUploadedFile("pairs.jsonl", content.encode())
    page = olga.post(path, given, follow=True)
    return page.redirect_chain[-1][0], page


def previewed(olga: Client, form: str, page: Any, **more: Any) -> str:
    said = olga.post(form, filled(page, **more) | {"preview": "1"}).text
    return said.split("Do texts tell the arms apart?", 1)[1].split("<details", 1)[0]


def audited(olga: Client, campaign: Campaign) -> str:
    judge_all(campaign, {"rui": lambda _: "candidate", "ruth": lambda _: "baseline"})
    return str(olga.get(f"/campaigns/{campaign.pk}/audit/").content.decode())


def opened(olga: Client, form: str, page: Any, **more: Any) -> Campaign:
    olga.post(form, filled(page, **more, controls=0, repeats=0, guess="") | {"open": "1"})
    return Campaign.objects.get()


def texts(n: int) -> tuple[list[str], list[str]]:
    rng = random.Random(3)
    return [prose(rng) for _ in range(n)], [prose(rng) for _ in range(n)]


def check_of(html: str, title: str) -> str:
    return html.split(title, 1)[0].rsplit("<li>", 1)[1] + html.split(title, 1)[1].split("</li>")[0]


def test_json_of_one_arm_is_said_before_sealing_and_again_in_the_audit(
    olga: Client, team: Team
) -> None:
    base, said = texts(24)
    form, page = planned(olga, base, [json.dumps({"answer": each}) for each in said])
    html = previewed(olga, form, page)
    assert (
        "Text alone tells which answer is whose in 24 of 24 pairs (100%, 95% interval 74% to 100%; "
        "chance is 50%, p = 0.002)."
    ) in html
    assert JSON.format(24) in html.replace("&#x27;", "'")
    campaign = opened(olga, form, page)
    known = campaign.events.get(kind=EventKind.OPENED).detail["told_apart"]
    assert (known["right"], known["pairs"]) == (24, 24)
    html = audited(olga, campaign).replace("&#x27;", "'")
    outcome = html.split('id="outcome"', 1)[1].split("</h2>", 1)[0]
    assert 'class="pass"' not in outcome
    assert "2 call for a look" in outcome
    for title in ("Text alone doesn't tell the arms apart", "No trait goes with an arm"):
        found = check_of(html, title)
        assert 'class="pass"' not in found
        assert "Calls for a look" in found
        assert "is a JSON object or array" in found
    assert "When the plan was sealed it was known: 24 of 24 pairs (100%)" in html
    note = olga.get(f"/campaigns/{campaign.pk}/results/").text
    assert "It was known when the plan was sealed that text alone tells the arms apart" in note


def test_masking_that_one_arm_alone_shows_is_named_before_sealing_and_in_the_audit(
    olga: Client, team: Team
) -> None:
    """Names, phones and cards of one arm are masked, and nobody's of the other."""
    base, tuned = texts(24)
    kinds = ("mail", "phone", "card", "iban")
    masked = [f"{text} [{kinds[i % 4]}-{i + 1}]." for i, text in enumerate(tuned)]
    form, page = planned(olga, [f"{text} Nora." for text in base], masked)
    tell = "has a token in place of personal data ([mail-1]): {0} of the candidate's"
    html = previewed(olga, form, page).replace("&#x27;", "'")
    assert tell.format("24 of 24") in html
    html = audited(olga, opened(olga, form, page)).replace("&#x27;", "'")
    telling = check_of(html, "Text alone doesn't tell the arms apart")
    assert "Calls for a look" in telling
    assert tell.format("24 of 24") in telling
    assert tell.format("24") in check_of(html, "No trait goes with an arm")


def test_one_masking_of_both_arms_is_no_tell(olga: Client, team: Team) -> None:
    base, tuned = texts(24)
    form, page = planned(olga, *([f"{text} [mail-1]." for text in arm] for arm in (base, tuned)))
    html = previewed(olga, form, page)
    assert "in place of personal data" not in html
    html = audited(olga, opened(olga, form, page))
    assert "in place of personal data" not in html


def test_one_layout_does_not_make_prose_of_json(olga: Client, team: Team) -> None:
    base, said = texts(24)
    form, page = planned(olga, base, [json.dumps({"b": each, "a": "ü"}) for each in said])
    html = previewed(olga, form, page, pretty_json="on")
    assert "in 24 of 24 pairs" in html
    assert "No way of showing them takes all of it away" in html
    campaign = opened(olga, form, page, pretty_json="on")
    assert "Calls for a look" in check_of(
        audited(olga, campaign).replace("&#x27;", "'"), "Text alone doesn't tell the arms apart"
    )


def test_one_layout_takes_the_tell_away_where_both_arms_speak_json(
    olga: Client, rui: Client, team: Team
) -> None:
    """The tuned arm's keys are the other way round, in a fence, with escapes; the rest is alike."""
    one, other = texts(60)
    base = [json.dumps({"answer": each, "note": "gewiß"}, ensure_ascii=False) for each in one]
    tuned = [f"```json\n{json.dumps({'note': 'gewiß', 'answer': each})}\n```" for each in other]
    form, page = planned(olga, base, tuned)
    html = previewed(olga, form, page)
    assert "in 60 of 60 pairs" in html
    remedy = re.search(r"Shown with `show: \{json: pretty\}`, text alone tells [^(]*\((\d+)%", html)
    assert remedy
    assert int(remedy[1]) < 65
    campaign = opened(olga, form, page, pretty_json="on")
    assert campaign.sealed_plan.design.form.show.json_ == "pretty"
    shown = rui.get(f"/reviews/{campaign.pk}/").content.decode()
    panes = re.findall(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    assert len(panes) == 2
    for pane in panes:
        assert re.fullmatch(
            r'\{\n  &quot;answer&quot;: &quot;[^&]+&quot;,\n  &quot;note&quot;: '
            r'&quot;gewiß&quot;\n\}', pane,
        )  # fmt: skip
    olga.post(reverse("site:change_campaign", args=[campaign.pk]), {"verb": "close"})
    html = olga.get(f"/campaigns/{campaign.pk}/audit/").text.replace("&#x27;", "'")
    told = check_of(html, "Text alone doesn't tell the arms apart")
    assert "Calls for a look" not in told
    assert "Both arms' answers were shown alike: JSON in one layout" in told
    results = olga.get(f"/campaigns/{campaign.pk}/results/").text.replace("&#x27;", "'")
    assert "Both arms' answers were shown alike: JSON in one layout" in results


def test_eight_pairs_establish_nothing_and_are_not_green(olga: Client, team: Team) -> None:
    base, said = texts(8)
    form, page = planned(olga, base, [json.dumps({"answer": each}) for each in said])
    html = previewed(olga, form, page)
    assert "8 pairs are too few to tell (fewer than 12)" in html
    assert JSON.format(8) in html.replace("&#x27;", "'")
    html = audited(olga, opened(olga, form, page)).replace("&#x27;", "'")
    for title in ("Text alone doesn't tell the arms apart", "No trait goes with an arm"):
        found = check_of(html, title)
        assert "Not established" in found
        assert "is a JSON object or array" in found
    first = html.split('class="plain-list">', 1)[1].split("</li>", 1)[0]
    assert "Not established" in first
