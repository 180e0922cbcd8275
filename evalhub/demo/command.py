"""The demo: prepare a home, run the demo study, show the verdict, serve the site."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.accounts.models import User

STUDY = Path(__file__).with_name("study.yaml")
STUDY_LIVE = Path(__file__).with_name("study_live.yaml")
URL_VARIABLE = "EVALHUB_DEMO_URL"
PEOPLE = (("olga", "owner"), ("rui", "reviewer"), ("ruth", "reviewer"))


def run_demo(*, live: bool, serve: bool, port: int) -> int:
    """Runs the demo to its verdict and serves the site until interrupted.

    A second call finds its data and goes on.

    Returns:
        the exit code of the verdict, or of the server where it serves.
    """
    from rich.console import Console

    from evalhub.cli.setup import set_up_database
    from evalhub.cli.study import carry, show
    from evalhub.demo.server import local_server
    from evalhub.studies.spec import read_study

    with local_server() if live else nullcontext("") as url:
        os.environ[URL_VARIABLE] = url
        spec = read_study(STUDY_LIVE if live else STUDY)
        set_up_database()
        decisions = carry(spec, Console(stderr=True))
    people = _people(spec.project)
    code = show(decisions, as_json=False)
    if not serve:
        return code
    from evalhub.cli.site import serve_site

    return serve_site(host="127.0.0.1", port=port, threads=4, lines=_sign_in_lines(people))


def _people(project: str) -> "list[tuple[User, str]]":
    """The demo's people with their roles, made where they aren't there. None has a password."""
    from evalhub.accounts.models import Membership, Project, User

    space = Project.objects.get(slug=project)
    people = []
    for name, role in PEOPLE:
        user, made = User.objects.get_or_create(
            username=name, defaults={"is_staff": role == "owner", "is_superuser": role == "owner"}
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        Membership.objects.get_or_create(project=space, user=user, defaults={"role": role})
        people.append((user, role))
    return people


def _sign_in_lines(people: "list[tuple[User, str]]") -> list[str]:
    """A line for each person, with the link that signs them in."""
    from evalhub.accounts.sign_in import sign_in_path

    return [
        "",
        "Sign in with one click (a link replaces whoever was signed in in that browser):",
        *(f"  {role:<9} {user.username:<5} {{url}}{sign_in_path(user)}" for user, role in people),
    ]
