"""Who may ask what of every address: docs/reference/access.md is the table, the site is asked all
of it."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.urls import URLResolver, get_resolver, reverse

from evalhub.accounts.models import MemberInvitation, Role, User
from evalhub.accounts.tokens import add_token
from evalhub.database.rows import OUR_ROW
from evalhub.database.tables import Tables, tables
from evalhub.database.version import digest
from evalhub.declare.review import Design, Form
from evalhub.registry.models import Run
from reviews.assignments.judge import form_nonce
from reviews.joining.invite import expiry, invite
from reviews.models import Assignment, Campaign
from reviews.planning.campaign import close_campaign, open_campaign
from reviews.results.adjudicate import next_disagreement
from reviews.results.guess import pending_guesses
from runners.launch import cancel, launch
from tests.cast import Team, a_score_audit, a_team, a_test_set, a_version, a_working_set
from tests.e2e import scene_parts
from tests.e2e.posted import ADJUDICATION, EXPERIMENT, GUESS, POSTED, SERVED_NAME
from tests.e2e.posted_forms import BOUNDARY, a_form_of_each, forms_of_a_turn
from tests.features.data.reports import a_kept_report
from tests.features.traffic.rows_of import a_request, taken
from tests.forms_read import body_read_now
from tests.reviews.assignments.test_assign import answer, deal
from tests.reviews.conftest import CANARIES, a_campaign
from tests.reviews.judged import judge_all
from tests.site.cases import a_measured_study

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "reference/access.md"
ROLES = ["anonymous", "reviewer", "evaluator", "owner", "superuser", "another project's owner"]
NAMES = [*CANARIES, "triage-base", "triage-lora", "triage-prompted"]
TEXTS = ["Question 3?", "The first answer to", "Another answer to", "wrong, says"]
ADMIN = re.compile(
    r"^/admin/(?:auth|accounts|registry|reviews|ledger|judges|runners|working_sets|score_audits)/[a-z]+/"
)
API = re.compile(r"^/api/v1/(?!schema$).*")
OVER = re.compile(r"^/campaigns/<int:pk>/(?:results|audit|export|unblind)")

FORM = "application/x-www-form-urlencoded"
WRITE = re.compile(r'\s*(INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM)\s+"(\w+)"')
UNCOUNTED = {"django_session", "accounts_cache", "accounts_resultsseen"}
SAMPLED = re.compile(r"^/admin/(?:auth/group|accounts/user|registry/study|reviews/assignment)/")
CLIENT = Client(raise_request_exception=False)
"""One for all, whose cookies are set for each request: a new one makes all of its parts anew."""

type Row = tuple[str, str]  # the address as it is declared, the method


@dataclass(frozen=True)
class Scene:
    """A project in which there is one of everything, and what its addresses are filled with."""

    people: dict[str, User | None]
    ids: dict[str, object]
    ended: int
    decision: int
    study: int
    running: int
    stopped: int
    rows: dict[str, int]  # of the admin's tables that are sampled
    afterwards: dict[str, int]  # the reviews that are asked about once they have ended
    forms: dict[str, bytes]  # by what POSTED calls them

    def address(self, route: str) -> str:
        if API.match(route):  # whatever stands there: a cookie opens nothing
            return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(self.ids.get(found[1], 1)), route)
        ids = dict(self.ids)
        if OVER.match(route):
            ids["campaigns"] = self.ended
        ids["reviews"] = self.afterwards.get(route.split("/")[-2], ids["reviews"])
        if route.startswith("/runs/"):
            verbs = {"cancel": self.running, "resume": self.stopped}
            ids["runs"] = verbs.get(route.split("/")[-2], ids["runs"])
        if "/experiments/" in route:
            ids["slug"] = scene_parts.PLANNED
        if route == "/campaigns/new/":
            return f"{route}?study={self.study}"
        if route.endswith("/requests/<str:day>/"):
            route = f"{route}?key=r1"
        if (row := self.rows.get(route.removeprefix("/admin/").partition("/<")[0])) is not None:
            ids["object_id"] = row
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
    """The row that an address belongs to: the admin's are alike for every table, and the API's,
    which take tokens (tests/api/test_access.py), for everybody who comes with a cookie."""
    return API.sub("/api/v1/…", ADMIN.sub("/admin/APP/TABLE/", route))


@pytest.fixture
def scene(team: Team) -> Scene:
    if tables() is not Tables.OURS:  # as a command that made them would have said
        MigrationRecorder(connection).record_applied(OUR_ROW, digest())
    root = User.objects.create_superuser("root", email="root@example.org")
    other = a_team("Others", "others")
    other.project.memberships.create(user=other.sam, role=Role.OWNER)
    campaign = a_campaign(team, items=6)
    answer(deal(campaign, team.rui), team.rui)
    dealt = deal(campaign, team.rui)
    runs = [Run.objects.get(pk=pk) for pk in _runs_of(campaign)]
    design = Design(items=5, reviewers_per_item=1)
    ended = open_campaign(runs=runs, design=design, study=campaign.study, by=None)
    close_campaign(campaign=ended, by=None)
    afterwards, said = reviews_that_have_ended(team, campaign, runs)
    study = a_measured_study(team)
    invited = invite(campaign=campaign, email="nora@example.org", by=team.olga)
    member = MemberInvitation.objects.create(
        project=team.project, role=Role.REVIEWER, email="ned@example.org",
        by=team.olga, expires=expiry(14),
    )  # fmt: skip
    token = add_token(
        project=team.project, user=team.olga, name="nightly", scopes=["read"], by=None
    ).token
    run = runs[0]
    audit = a_score_audit(
        team,
        Run.objects.get(
            version__model__slug="triage-lora", test_set_version__test_set__slug="triage-task"
        ),
    )
    written = a_working_set(team, run.test_set_version)
    served = a_request("r1")
    taken(team.project, [served])
    sample = scene_parts.a_sample_of_requests(team, served.model)
    stopped = a_run_that_goes_on(team, "stopped")
    cancel(stopped, by=None)
    experiment, starting = scene_parts.experiments()
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
            "reviewer": campaign.reviewers.get(user=team.rui).pk,
            "invitation": invited.invitation.pk,
            "invitations": member.pk,
            "tokens": token.pk,
            "members": team.project.memberships.get(user=team.ruth).pk,
            "runs": run.pk,
            "test-sets": run.test_set_version.test_set_id,
            "versions": run.version_id,
            "metric": audit.metric_id,
            "output": audit.drawn[0],
            "score-audits": audit.pk,
            "data": a_kept_report(team).pk,
            "working-sets": written.pk,
            "samples": sample.pk,
            "experiments": experiment.pk,
            **scene_parts.monitoring(),
            **scene_parts.talk(team, study),
            **scene_parts.a_queue_of_examples(team),
            **scene_parts.a_webhook_with_a_message(team),
            "item": written.items.all()[0].pk,
            "day": served.time.date().isoformat(),
            "number": 1,
            "name": "reference/policy.md",
            "key": "wrong",
            "method": "ledger",
            "test_set": "triage-task",
            "item_key": "q0000",
            "form": "jsonl",
            "uidb36": "1",
            "provider_id": "team",
            "content_type_id": 1,
            **dict.fromkeys(["object_id", "id"], root.pk),
            "app_label": "registry",
            **dict.fromkeys(["url", "alias", "skill"], "nothing"),
            "project": team.project.slug,
        },
        ended=ended.pk,
        decision=study.decisions.latest("pk").pk,
        study=study.pk,
        running=a_run_that_goes_on(team, "going").pk,
        stopped=stopped.pk,
        rows={"registry/study": study.pk, "reviews/assignment": dealt.pk},
        afterwards=afterwards,
        forms=a_form_of_each(team.signed_in(team.olga), study)
        | forms_of_a_turn(form_nonce(token=dealt.token, user=team.rui))
        | {SERVED_NAME: scene_parts.a_served_name(served.model, run.version_id)}
        | {EXPERIMENT: starting}
        | said,
    )


def a_run_that_goes_on(team: Team, name: str) -> Run:
    """One that nobody works on here."""
    backend = {"type": "openai", "url": "http://127.0.0.1:9/v1", "model": "m"}
    version = a_version(team, name, backend=backend)
    return launch(version=version, test_set_version=a_test_set(team, f"of-{name}"), metrics=[])


def reviews_that_have_ended(
    team: Team, like: Campaign, runs: list[Run]
) -> tuple[dict[str, int], dict[str, bytes]]:
    """Where the reviewer is asked for guesses, and where to adjudicate what two others said."""
    guessing, disputed = (
        open_campaign(runs=runs, design=Design(items=5, form=form), study=like.study, by=None)
        for form in (Form(guess=True), Form())
    )
    judge_all(guessing, {"rui": lambda _: "candidate", "bob": lambda _: "candidate"})
    judge_all(disputed, {"ben": lambda _: "candidate", "bob": lambda _: "baseline"})
    asked = pending_guesses(campaign=guessing, user=team.rui)[0]
    turn = next_disagreement(campaign=disputed, user=team.rui)
    assert turn is not None
    nonce = form_nonce(token=turn.token, user=team.rui)
    said = {
        GUESS: {"token": asked.token, "side": "left"},
        ADJUDICATION: {"token": turn.token, "nonce": nonce, "choice": "left"},
    }
    return (
        {"guess": guessing.pk, "adjudicate": disputed.pk},
        {name: urlencode(each).encode() for name, each in said.items()},
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


def asked(
    method: str,
    address: str,
    cookies: SimpleCookie,
    form: bytes = b"",
    *,
    unlike: str = "",
) -> Any:
    """The answer to one request, of which nothing stays.

    `wrote`: tables of which it would have changed rows; `changed`: whether the rows of all tables,
    as it left them, are other than `unlike` says.
    """
    CLIENT.cookies = SimpleCookie(cookies.output(header="", sep=";"))
    wrote = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result, statement = execute(sql, params, many, context), WRITE.match(sql)
        if statement is None or statement[2] in UNCOUNTED:
            return result
        # of what it inserts SQLite counts nothing before it is read
        if statement[1].startswith("INSERT") or context["cursor"].rowcount:
            wrote.append(statement[2])
        return result

    files = form.startswith(f"--{BOUNDARY}".encode())
    kind = f"multipart/form-data; boundary={BOUNDARY}" if files else FORM
    before = transaction.savepoint_create()
    with connection.execute_wrapper(watch):
        answer: Any = CLIENT.generic(method, address, form, content_type=kind)
        answer.body = b"".join(answer) if answer.streaming else answer.content
    answer.wrote = wrote
    transaction.set_rollback(False)
    if unlike:
        answer.changed = all_rows() != unlike
    transaction.savepoint_rollback(before)
    return answer


def all_rows() -> str:
    """A digest of every row of every table, but for what a mere visit may write."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for table in sorted(set(connection.introspection.table_names(cursor)) - UNCOUNTED):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            digest.update(f"{table}: {sorted(map(str, cursor.fetchall()))}".encode())
    return digest.hexdigest()


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
    words |= {404: "not there", 405: "–"}
    return words.get(status, str(status))


@pytest.mark.heavy
def test_every_address_answers_everybody_as_the_table_says(scene: Scene) -> None:
    found: dict[Row, list[set[str]]] = defaultdict(lambda: [set() for _ in ROLES])
    told = []
    for place, (role, user) in enumerate(scene.people.items()):
        cookies = cookies_of(user)
        before = all_rows()
        for route in dict.fromkeys(routes()):
            if ADMIN.match(route) and role != "reviewer" and not SAMPLED.match(route):
                continue  # what is for staff is alike for all others
            address = scene.address(route)
            answers = [("GET", asked("GET", address, cookies))]
            for form in POSTED.get(route, []):
                body = body_read_now(address, scene.forms.get(form, form.encode()))
                answer = asked("POST", address, cookies, body, unlike=before)
                answers.append(("POST", answer))
                # whoever may not, or is answered otherwise, has changed no row
                if answer.changed != (outcome(answer) == "does it"):
                    told.append(f"{role} {route} {form}: {outcome(answer)}, {answer.wrote}")
            if route not in POSTED:
                answers.append(("POST", asked("POST", address, cookies)))
            for method, answer in answers:
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


@pytest.mark.heavy
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
