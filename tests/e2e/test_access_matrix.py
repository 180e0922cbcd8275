"""Who may ask what of every address: docs/access.md is the table, the site is asked all of it."""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from evalhub.accounts.models import MemberInvitation, Role, User
from evalhub.gate.decide import decide_study
from evalhub.registry.models import Run
from evalhub.schemas.review import Design
from reviews.joining.invite import expiry, invite
from reviews.models import Assignment, Reviewer
from reviews.planning.campaign import close_campaign, open_campaign
from tests.cast import Team, a_team
from tests.dashboard.cases import a_measured_study
from tests.reviews.assignments.test_assign import deal
from tests.reviews.conftest import CANARIES, a_campaign

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "access.md"
ROLES = ["anonymous", "reviewer", "evaluator", "owner", "superuser", "another project's owner"]
METHODS = ["GET", "POST"]
NAMES = [*CANARIES, "triage-base", "triage-lora", "triage-prompted"]
TEXTS = ["Question 3?", "The first answer to", "Another answer to", "wrong, says"]
ADMIN = re.compile(r"^/admin/(?:auth|accounts|registry|reviews|gate)/[a-z]+/")
OVER = re.compile(r"^/campaigns/<int:pk>/(?:results|audit|export|unblind)")

FORM = "application/x-www-form-urlencoded"
WRITE = re.compile(r'\s*(?:INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM)\s+"(\w+)"')
UNCOUNTED = {"django_session", "accounts_cache", "accounts_resultsseen"}
SAMPLED = re.compile(r"^/admin/(?:auth/group|accounts/user|registry/study|reviews/assignment)/")
POSTED = {
    "/decisions/<int:pk>/sign/": "reason=We+have+looked+at+it",
    "/campaigns/<int:pk>/change/": "verb=close",
    "/campaigns/<int:pk>/invite/": "emails=new@example.org",
    "/campaigns/<int:pk>/reviewers/<int:reviewer>/": "verb=pause",
    "/projects/<slug:slug>/members/": "whom=new@example.org&role=reviewer",
    "/projects/<slug:slug>/members/<int:pk>/": "verb=role&role=evaluator",
}

type Row = tuple[str, str]  # the address as it is declared, the method


@dataclass(frozen=True)
class Scene:
    """A project in which there is one of everything, and what its addresses are filled with."""

    people: dict[str, User | None]
    ids: dict[str, object]
    ended: int
    decision: int
    study: int

    def address(self, route: str) -> str:
        ids = dict(self.ids)
        if OVER.match(route):
            ids["campaigns"] = self.ended
        first = route.strip("/").split("/")[0]
        if first == "decisions":
            ids["pk"] = self.decision
        elif first == "studies":
            ids["pk"] = self.study
        else:
            for part in route.split("/"):
                ids["pk"] = ids.get(part, ids["pk"])
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(ids[found[1]]), route)


def routes(resolver: URLResolver | None = None, before: str = "/") -> Iterator[str]:
    """Every address that the site declares, patterns of regular expressions as paths."""
    for each in (resolver or get_resolver()).url_patterns:
        route = before + str(each.pattern).removeprefix("^").removesuffix("$")
        if isinstance(each, URLResolver):
            yield from routes(each, route)
        else:
            yield re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", route)


def written() -> dict[Row, list[str]]:
    """The rows of the document: what each role gets, by address and method."""
    lines = re.findall(r"^\| `(/.*?)` \| (\w+) \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    rows = {(route, method): cells.split(" | ") for route, method, cells in lines}
    assert len(rows) == len(lines), "an address stands there twice"
    return rows


def kind(route: str) -> str:
    """The row that an address belongs to: the admin's are alike for every table."""
    return ADMIN.sub("/admin/APP/TABLE/", route)


@pytest.fixture
def scene(team: Team) -> Scene:
    root = User.objects.create_superuser("root", email="root@example.org")
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role=Role.OWNER)
    campaign = a_campaign(team, items=6)
    dealt = deal(campaign, team.rui)
    runs = [Run.objects.get(pk=pk) for pk in _runs_of(campaign)]
    design = Design(items=5, reviewers_per_item=1)
    ended = open_campaign(runs=runs, design=design, study=campaign.study, by=None)
    close_campaign(campaign=ended, by=None)
    study = a_measured_study(team)
    invited = invite(campaign=campaign, email="nora@example.org", by=team.olga)
    member = MemberInvitation.objects.create(
        project=team.project, role=Role.REVIEWER, email="ned@example.org",
        by=team.olga, expires=expiry(14),
    )  # fmt: skip
    run = runs[0]
    return Scene(
        people=dict(
            zip(ROLES, [None, team.rui, team.eva, team.olga, root, other.sam], strict=True)
        ),
        ids={
            "pk": 1,
            "slug": team.project.slug,
            "token": dealt.token,
            "campaigns": campaign.pk,
            "reviews": campaign.pk,
            "reviewer": Reviewer.objects.get(user=team.rui).pk,
            "invitation": invited.invitation.pk,
            "invitations": member.pk,
            "members": team.project.memberships.get(user=team.ruth).pk,
            "runs": run.pk,
            "test-sets": run.test_set_version.test_set_id,
            "versions": run.version_id,
            "number": 1,
            "key": "wrong",
            "uidb36": "1",
            "provider_id": "team",
            "content_type_id": 1,
            "object_id": root.pk,
            "id": root.pk,
            "app_label": "registry",
            "url": "nothing",
        },
        ended=ended.pk,
        decision=decide_study(study=study)[0].pk,
        study=study.pk,
    )


def _runs_of(campaign: Any) -> list[int]:
    found = Assignment.objects.filter(pair__campaign=campaign).select_related(
        "pair__baseline_output", "pair__candidate_output"
    )[0]
    assert found.pair.candidate_output is not None
    return [found.pair.baseline_output.run_id, found.pair.candidate_output.run_id]


def cookies_of(user: User | None) -> SimpleCookie:
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.cookies


def asked(method: str, address: str, cookies: SimpleCookie, form: str = "") -> Any:
    """The answer to one request, of which nothing stays; `wrote`: it would have changed a table."""
    client = Client(raise_request_exception=False)
    client.cookies = SimpleCookie(cookies.output(header="", sep=";"))
    wrote = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        table = WRITE.match(sql)
        if table and table[1] not in UNCOUNTED:
            wrote.append(table[1])
        return execute(sql, params, many, context)

    before = transaction.savepoint_create()
    with connection.execute_wrapper(watch):
        answer: Any = client.generic(method, address, form, content_type=FORM)
        answer.body = b"".join(answer) if answer.streaming else answer.content
    answer.wrote = wrote
    transaction.set_rollback(False)
    transaction.savepoint_rollback(before)
    return answer


def outcome(answer: Any) -> str:
    """In the document's words, of which 500 is none."""
    status = answer.status_code
    if status in {301, 302, 303}:
        doors = (reverse(settings.LOGIN_URL), reverse("admin:login"))
        if answer["Location"].startswith(doors):
            return "sign in"
    if status < 400 and answer.wrote and answer.request["REQUEST_METHOD"] == "POST":
        return "does it"
    if status in {301, 302, 303}:
        return "goes on"
    if status // 100 == 2:
        return "yes"
    words = dict.fromkeys((400, 409, 422), "asked again") | dict.fromkeys((401, 403), "refused")
    words |= {404: "not there", 405: "–", 503: "not ready"}
    return words.get(status, str(status))


def test_every_address_answers_everybody_as_the_table_says(scene: Scene) -> None:
    found: dict[Row, list[set[str]]] = defaultdict(lambda: [set() for _ in ROLES])
    told = []
    for place, (role, user) in enumerate(scene.people.items()):
        cookies = cookies_of(user)
        for route in dict.fromkeys(routes()):
            if ADMIN.match(route) and role != "reviewer" and not SAMPLED.match(route):
                continue  # what is for staff is alike for all others
            for method in METHODS:
                form = POSTED.get(route, "") if method == "POST" else ""
                answer = asked(method, scene.address(route), cookies, form)
                found[kind(route), method][place].add(outcome(answer))
                told += [
                    f"{role} {method} {route}: {word}" for word in learned(role, route, answer)
                ]
    cells = {row: [" or ".join(sorted(each)) for each in sets] for row, sets in found.items()}
    table = written()
    new = [
        f"| `{route}` | {method} | {' | '.join(got)} |"
        for (route, method), got in cells.items()
        if table.get((route, method)) != got
    ]
    assert "\n".join(new) == "", "the table says something else, or nothing"
    assert set(table) - set(cells) == set(), "there is no such address"
    assert told == []


def learned(role: str, route: str, answer: Any) -> list[str]:
    """The arms' names and the items' texts that somebody gets who has no right to them."""
    if role in {"evaluator", "owner", "superuser"}:
        return []
    secret = NAMES if role == "reviewer" and route.startswith("/reviews/") else NAMES + TEXTS
    body = answer.body.decode(errors="replace") + str(answer.headers) + str(answer.cookies)
    return [word for word in secret if word in body]


def test_no_other_method_does_anything(scene: Scene) -> None:
    cookies = cookies_of(scene.people["owner"])
    for route in {kind(each): each for each in routes()}.values():
        for method in ("PUT", "PATCH", "DELETE"):
            answer = asked(method, scene.address(route), cookies)
            assert answer.status_code < 500, f"{method} {route}"
            assert answer.wrote == [], f"{method} {route}"


def test_an_owner_is_shown_what_the_others_are_not(scene: Scene) -> None:
    cookies = cookies_of(scene.people["owner"])
    addresses = ("/runs/<int:pk>/", "/test-sets/<int:pk>/")
    found = [asked("GET", scene.address(route), cookies) for route in addresses]
    assert {"canary-heron", "canary-set"} <= {
        word for answer in found for word in learned("reviewer", "/runs/", answer)
    }


def test_the_table_holds_the_roles_in_this_order() -> None:
    assert f"| address | method | {' | '.join(ROLES)} |" in DOCUMENT.read_text()
