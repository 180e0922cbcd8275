"""What somebody had typed when their session was over is there when they are back, theirs alone."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evalhub.accounts.models import User
from evalhub.accounts.sign_in import sign_in_path
from evalhub.registry.models import Study
from tests.cast import Team
from tests.site.cases import a_measured_study

HERE = "http://testserver"
TYPED = {"question": "Which answer is <b>better</b>?", "items": "10", "open": "1"}
FIELD = re.compile(r'<input type="hidden" name="(.*?)" value="(.*?)">', re.S)


@pytest.fixture
def study(team: Team) -> Study:
    return a_measured_study(team)


def form_of(study: Study) -> str:
    return f"{reverse('site:new_campaign')}?study={study.pk}"


def after_a_session(user: User, team: Team) -> Client:
    """A browser in which this person was signed in; the site has forgotten the session since."""
    browser = team.signed_in(user)
    browser.get(reverse("accounts:account"))
    Session.objects.all().delete()
    return browser


def signed_in_again(browser: Client, user: User) -> Client:
    """By the operator's link, in the same browser."""
    browser.post(sign_in_path(user))
    return browser


def post(browser: Client, path: str, fields: dict[str, str], origin: str = HERE) -> HttpResponse:
    return browser.post(path, fields, headers={"Origin": origin})


def kept_at(answer: HttpResponse) -> str:
    """The page to which signing in leads, after what was typed is kept."""
    assert answer.status_code == 302
    login, _, leads_to = answer.url.partition("?next=")
    assert login == reverse("accounts:login")
    return str(leads_to)


def test_after_signing_in_again_what_was_typed_is_there_and_can_be_sent(
    team: Team, study: Study
) -> None:
    browser = after_a_session(team.olga, team)
    path = form_of(study)
    page = kept_at(post(browser, path, TYPED))
    assert page.startswith("/accounts/typed/")
    assert "What you had typed is kept" in browser.get(f"/accounts/login/?next={page}").text

    found = signed_in_again(browser, team.olga).get(page)
    assert "&lt;b&gt;better&lt;/b&gt;" in found.text
    assert f'action="{path}"' in found.text
    fields = {unescape(name): unescape(value) for name, value in FIELD.findall(found.text)}
    fields.pop("csrfmiddlewaretoken", None)
    assert fields == TYPED


def test_nothing_is_sent_by_itself(team: Team, study: Study) -> None:
    browser = after_a_session(team.olga, team)
    page = kept_at(post(browser, form_of(study), TYPED))
    signed_in_again(browser, team.olga).get(page)
    assert not study.campaigns.exists()


def test_a_view_that_takes_no_get_is_not_asked_for_one(team: Team) -> None:
    """It was: signing in led to "HTTP ERROR 405"."""
    browser = after_a_session(team.olga, team)
    path = reverse("site:change_campaign", args=[1])
    for origin in (HERE, "https://elsewhere.example"):
        page = kept_at(post(browser, path, {"verb": "pause"}, origin))
        assert signed_in_again(browser, team.olga).get(page, follow=True).status_code == 200
        browser.post(reverse("accounts:logout"))


def test_by_password_too(team: Team, study: Study) -> None:
    team.olga.set_password("a long passphrase")
    team.olga.save()
    browser = after_a_session(team.olga, team)
    page = kept_at(post(browser, form_of(study), TYPED))
    fields = {"login": "olga", "password": "a long passphrase", "next": page}
    answer = browser.post(reverse("accounts:login"), fields, follow=True)
    assert "This is what you had typed" in answer.text
    cache.clear()


def test_somebody_else_who_signs_in_does_not_see_it(team: Team, study: Study) -> None:
    browser = after_a_session(team.olga, team)
    page = kept_at(post(browser, form_of(study), TYPED))
    found = signed_in_again(browser, team.eva).get(page)
    assert found.status_code == 404
    assert "better" not in found.text
    browser.post(reverse("accounts:logout"))
    assert signed_in_again(browser, team.olga).get(page).status_code == 404


def test_what_another_site_sent_is_not_kept(team: Team, study: Study) -> None:
    """Else it would only take a click to do what another site wants."""
    for origin in ("https://elsewhere.example", "null", ""):
        browser = after_a_session(team.olga, team)
        answer = post(browser, form_of(study), TYPED, origin)
        assert kept_at(answer) == reverse("home")


def test_of_a_browser_in_which_nobody_was_signed_in_nothing_is_kept(study: Study) -> None:
    browser = Client()
    assert kept_at(post(browser, form_of(study), TYPED)) == reverse("home")
    browser.cookies["evalhub_person"] = "1:forged"
    assert kept_at(post(browser, form_of(study), TYPED)) == reverse("home")
    assert not Session.objects.exists()


def test_passwords_are_never_kept(team: Team, study: Study) -> None:
    browser = after_a_session(team.olga, team)
    secret = {"password": "hush", "new_password1": "hush", "api_secret": "hush", "note": "kept"}
    page = kept_at(post(browser, form_of(study), secret))
    found = signed_in_again(browser, team.olga).get(page)
    assert "kept" in found.text
    assert "hush" not in found.text
    for path in (reverse("account_change_password"), "/admin/accounts/user/add/"):
        assert kept_at(post(after_a_session(team.olga, team), path, {"a": "b"})) == reverse("home")


def test_what_is_too_long_is_not_kept_and_three_are_at_most(team: Team, study: Study) -> None:
    browser = after_a_session(team.olga, team)
    assert kept_at(post(browser, form_of(study), {"question": "x" * 100_001})) == reverse("home")
    pages = [kept_at(post(browser, form_of(study), {"n": str(number)})) for number in range(5)]
    signed_in_again(browser, team.olga)
    assert [browser.get(page).status_code for page in pages] == [404, 404, 200, 200, 200]


def test_it_is_forgotten_after_an_hour(
    team: Team, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = after_a_session(team.olga, team)
    page = kept_at(post(browser, form_of(study), TYPED))
    signed_in_again(browser, team.olga)
    later = (timezone.now() + timedelta(hours=1, seconds=1)).timestamp()
    monkeypatch.setattr("evalhub.accounts.draft_recovery.time", lambda: later)
    assert browser.get(page).status_code == 404


def test_a_request_of_htmx_leaves_the_page_as_it_is(team: Team, study: Study) -> None:
    browser = after_a_session(team.olga, team)
    for call in (browser.get, browser.post):
        answer = call(form_of(study), headers={"HX-Request": "true", "Origin": HERE})
        assert answer.status_code == 401
        assert "HX-Redirect" not in answer.headers


def test_a_page_that_stayed_open_gets_a_token_for_whoever_is_signed_in(
    olga: Client, rui: Client
) -> None:
    found, other = (browser.get(reverse("accounts:still_here")).json() for browser in (olga, rui))
    assert found["person"] in olga.get(reverse("accounts:account")).text
    assert found["person"] != other["person"]
    assert found["token"]


def stale(browser: Client) -> Client:
    """As `browser`, held to the tokens of its forms."""
    browser.handler.enforce_csrf_checks = True
    return browser


def test_a_form_older_than_the_last_sign_in_can_be_sent_again(olga: Client, study: Study) -> None:
    olga.get(reverse("accounts:account"))
    answer = post(stale(olga), form_of(study), TYPED | {"csrfmiddlewaretoken": "a" * 64})
    assert answer.status_code == 403
    assert "This is what you had typed" in answer.text
    fields = {unescape(name): unescape(value) for name, value in FIELD.findall(answer.text)}
    [token] = re.findall(
        r'<form method="post" action="/campaigns.*?value="(.*?)"', answer.text, re.S
    )
    again = post(olga, form_of(study), fields | {"csrfmiddlewaretoken": token})
    assert again.status_code in (200, 302)


def test_what_another_site_sent_for_somebody_is_refused_and_not_offered_again(
    olga: Client, study: Study
) -> None:
    answer = post(stale(olga), form_of(study), TYPED, "https://elsewhere.example")
    assert answer.status_code == 403
    assert "This was not taken" in answer.text
    assert "better" not in answer.text
    assert "Traceback" not in answer.text


def test_a_stale_form_of_somebody_who_is_signed_out_is_kept(team: Team, study: Study) -> None:
    browser = stale(after_a_session(team.olga, team))
    answer = post(browser, form_of(study), TYPED)
    assert answer.status_code == 403
    [page] = re.findall(r'\?next=(/accounts/typed/[\w/-]+)"', answer.text)
    browser.handler.enforce_csrf_checks = False
    assert "This is what you had typed" in signed_in_again(browser, team.olga).get(page).text


def test_a_stale_form_for_signing_in_keeps_no_password(team: Team) -> None:
    browser = stale(after_a_session(team.olga, team))
    answer = post(browser, reverse("accounts:login"), {"login": "olga", "password": "hush"})
    assert answer.status_code == 403
    assert "hush" not in answer.text
    assert "typed" not in browser.session


def test_reviewers_pages_say_so_in_place(team: Team) -> None:
    browser = stale(team.signed_in(team.rui))
    headers = {"HX-Request": "true", "Origin": HERE}
    answer = browser.post(reverse("reviews:undo", args=[1]), headers=headers)
    assert answer.status_code == 403
    assert answer.headers["Evalhub-Page"] == "stale"
    assert "Evalhub-Person" not in answer.headers
