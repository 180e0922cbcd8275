"""The texts of a week: what tells them from earlier ones, and whose words are never shown."""

import json
from typing import Any

import numpy as np
import pytest
from django.utils import timezone

from evalhub.declare.declaration import validate
from evalhub.features.monitoring.inputs.weeks import WEEK
from evalhub.features.monitoring.looking import look
from evalhub.features.monitoring.models import Alarm, Check, Notice
from evalhub.features.traffic.shadow.drawing import draw_requests
from evalhub.features.traffic.shadow.query import SampleQuery
from tests.cast import Team, a_run, a_study, a_version
from tests.features.monitoring.inputs.weeks import Fields, keeps_texts, sent, watched

pytestmark = pytest.mark.django_db

WORDS = [
    "please",
    "help",
    "with",
    "my",
    "order",
    "and",
    "the",
    "parcel",
    "that",
    "came",
    "late",
    "today",
    "again",
]


def asking(seed: int, *, more: str = "", share: float = 0.0) -> Fields:
    """Users who ask with random words; a share of them, on a route of its own, says `more`, too."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 6)) for _ in range(500)]

    def fields(user: int, _: int) -> dict[str, Any]:
        is_more = user % 100 < 100 * share
        text = f"{texts[user]} {more} number {user}" if is_more else texts[user]
        messages = ({"role": "user", "content": text},)
        route = {"route": "more" if is_more else "chat"}
        return {"user": f"{seed}-{user}", "messages": messages, "output": "Yes."} | route

    return fields


def new_topic(team: Team) -> None:
    """Three fifths of last week's users asks about invoices, of whom nobody did before."""
    keeps_texts(team)
    for weeks_ago in (4, 3, 2, 1):
        sent(team, weeks_ago, asking(weeks_ago), users=60)
    sent(team, 0, asking(9, more="refund my invoice", share=0.6), users=200)


def test_a_new_topic_is_an_alarm_with_the_words_that_tell(team: Team) -> None:
    new_topic(team)
    look(watched(team, by=[], texts=True))
    alarm = Alarm.objects.get()
    assert alarm.subject == "texts"
    assert alarm.evidence["lower"] > 0.6
    assert alarm.evidence["p_value"] <= alarm.evidence["level"]
    words = " ".join(word["word"] for word in alarm.evidence["words"])
    assert "invoice" in words or "refund" in words


def test_a_word_of_one_user_alone_is_never_shown(team: Team) -> None:
    keeps_texts(team)
    for weeks_ago in (4, 3, 2, 1):
        sent(team, weeks_ago, asking(weeks_ago), users=60)
    sent(team, 0, asking(9, more="xanthippe", share=0.01), users=100)
    look(watched(team, by=[], texts=True))
    (test,) = Check.objects.get().report["tests"]
    assert not test["is_alarm"]
    assert "xanthippe" not in json.dumps(Check.objects.get().report)


def test_words_of_a_sealed_study_s_items_are_shown_to_nobody(team: Team) -> None:
    new_topic(team)
    since = (timezone.now() - 3 * WEEK).isoformat()
    query = validate(SampleQuery, {"since": since, "n": 120, "where": {"route": "more"}})
    version = draw_requests(project=team.project, query=query, by=team.eva).sample.version
    base, tuned = a_version(team, "base"), a_version(team, "tuned")
    for arm in (base, tuned):
        a_run(arm, version, scores=[0.0] * version.item_count)
    a_study(team, baseline=base, candidate=tuned, primary=version)
    look(watched(team, by=[], texts=True))
    assert "invoice" not in json.dumps(Check.objects.get().report)
    assert not Alarm.objects.exists()


def test_texts_that_are_not_kept_are_a_notice(team: Team) -> None:
    for weeks_ago in (4, 3, 2, 1, 0):
        sent(team, weeks_ago, asking(weeks_ago), users=60)
    look(watched(team, by=[], texts=True))
    notice = Notice.objects.get(ended=None)
    assert notice.kind == "no-texts"
    assert Check.objects.get().report["sentence"] == "Nothing was compared."
