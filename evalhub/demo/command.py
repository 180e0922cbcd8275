"""The demo: prepare a home, run the demo study, show the verdict, serve the site."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalhub.accounts.models import Role, User

STUDY = Path(__file__).with_name("study.yaml")
STUDY_LIVE = Path(__file__).with_name("study_live.yaml")
URL_VARIABLE = "EVALHUB_DEMO_URL"
PEOPLE = (("olga", "owner"), ("rui", "reviewer"), ("ruth", "reviewer"))


def run_demo(*, live: bool, hf: bool, whole: bool, serve: bool, port: int) -> int:
    """Runs the demo to its verdict and serves the site until interrupted.

    A second call finds its data and goes on.

    Args:
        live: the models answer now; else what they once answered is replayed.
        hf: live, by transformers in this process and not by llama.cpp's server; the verdict on the
            recorded answers is shown beside it.
        whole: live, every item is asked and not a share of them (`evalhub.demo.share`).

    Returns:
        0: the demo did what it was asked, whatever the verdict. The exit code that
        `evalhub study run` ends with is printed.
    """
    import typer

    from evalhub.cli.study import carry, show
    from evalhub.demo.by_hf import by_hf
    from evalhub.demo.server import local_server
    from evalhub.demo.share import a_share
    from evalhub.frames.command import printing
    from evalhub.frames.command.setup import set_up_database
    from evalhub.studies.file.origin import OperatorFile
    from evalhub.studies.file.spec import read_study

    set_up_database()
    from django.conf import settings

    from evalhub.accounts.models import Project
    from evalhub.demo.training_report import keep_training_report

    folder, console = Path(settings.HOME) / "demo", printing.terminal(errors=True)
    study, beside = STUDY_LIVE if live else STUDY, None
    if hf:
        study = by_hf(STUDY_LIVE, folder)
        beside = carry(read_study(STUDY, OperatorFile()), console)
    with local_server() if live and not hf else nullcontext("") as url:
        os.environ[URL_VARIABLE] = url
        if live and not whole:
            study = a_share(study, folder)
        spec = read_study(study, OperatorFile())
        project, _ = Project.objects.get_or_create(
            slug=spec.project, defaults={"name": spec.project}
        )
        keep_training_report(project, by=None)  # before it is decided, so that decisions name it
        status = carry(spec, console)
    people = _people(spec.project)
    code = show(status, as_json=False)
    if beside is not None:
        headline = beside.decisions[0].document.headline
        typer.echo(f"\nBy the answers that llama.cpp once gave, on every item:\n{headline}")
    typer.echo(f"\nA pipeline that calls `evalhub study run` would have seen exit code {code}.")
    if not serve:
        return 0
    from evalhub.cli.site import serve_site

    return serve_site(host="127.0.0.1", port=port, threads=4, lines=_sign_in_lines(people))


def _people(project: str) -> "list[tuple[User, Role]]":
    """The demo's people with their roles, made where they aren't there. None has a password."""
    from evalhub.accounts.models import Role, User
    from evalhub.accounts.people import add_user

    people = []
    for name, role in PEOPLE:
        user = User.objects.filter(username=name).first() or add_user(
            name=name, project=project, role=Role(role), superuser=role == "owner"
        )
        people.append((user, Role(role)))
    return people


def _sign_in_lines(people: "list[tuple[User, Role]]") -> list[str]:
    """A line for each person, with the link that signs them in."""
    from evalhub.accounts.sign_in import sign_in_path

    return [
        "",
        "Sign in with one click. Each link works once, within an hour, and replaces whoever was",
        "signed in in that browser; `evalhub user link NAME` makes another.",
        *(f"  {role:<9} {user.username:<5} {{url}}{sign_in_path(user)}" for user, role in people),
    ]
