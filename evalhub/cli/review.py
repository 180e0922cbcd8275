"""`evalhub review`: blind reviews opened, filled with people, paused and ended."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.cli.links import Url, site_of
from evalhub.cli.open_review import open_review, upload

if TYPE_CHECKING:
    from reviews.models import Campaign

app = typer.Typer(no_args_is_help=True, help="Reviews: people compare answers blindly.")

Number = Annotated[int, typer.Argument(help="The review's number.")]


@app.callback()
def review() -> None:
    """Reviews: people compare answers blindly."""


app.command("open")(open_review)
app.command()(upload)


@app.command()
def invite(
    campaign: Number,
    emails: Annotated[list[str], typer.Argument(help="Mail addresses or user names.")],
    by: Annotated[str, typer.Option(help="Who invites: a user's name.")],
    url: Url = "",
    quota: Annotated[int | None, typer.Option(help="Most judgments per reviewer.", min=1)] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="Their language or skill. Repeatable.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days that the link works.", min=1, max=90)] = 14,
) -> None:
    """Invite people to review. People with an account find the review in their list; for other
    addresses a link is printed, or mailed, that creates an account once."""
    review = _campaign(campaign)
    from django.conf import settings
    from django.urls import reverse

    from evalhub.accounts.models import User
    from reviews.errors import InvitationError
    from reviews.joining.invite import invite as invited
    from reviews.joining.invite import mail_invitation

    inviter = User.objects.filter(username=by).first()
    if inviter is None:
        raise typer.BadParameter(f"there is nobody called {by!r}", param_hint="--by")
    site = site_of(url)
    reverse("reviews:home")  # imports every page, before anything is written
    for email in emails:
        try:
            result = invited(
                campaign=review, email=email, by=inviter, quota=quota, tags=tag or [], days=days
            )
        except InvitationError as error:
            raise typer.BadParameter(str(error)) from error
        link = site + result.path
        if settings.MAIL_URL and mail_invitation(invited=result, url=link):
            link = "by mail"
        elif not result.by_link:
            link = f"in their own list, after signing in: {link}"
        typer.echo(f"{result.invitation.whom}  {link}")
        if result.by_link and result.invitation.shown and not result.invitation.by_owner:
            typer.echo(
                "  what they say counts once an owner vouches for them: `evalhub review vouch`",
                err=True,
            )


@app.command()
def vouch(
    campaign: Number,
    names: Annotated[list[str], typer.Argument(help="Reviewers' user names.")],
    by: Annotated[str, typer.Option(help="The owner's user name.")],
) -> None:
    """Vouch for reviewers whose accounts a link created, so that their judgments count. An owner
    who didn't make the link confirms, before the review ends, that they are different people."""
    review = _campaign(campaign)
    from django.db import transaction

    from evalhub.accounts.people import user_by_name
    from reviews.errors import ReviewError
    from reviews.joining.vouch import vouch as vouched

    owner = user_by_name(by)
    with transaction.atomic():
        for name in names:
            try:
                vouched(campaign=review, whom=name, by=owner)
            except ReviewError as error:
                raise typer.BadParameter(str(error)) from error
    typer.echo(f"{by} vouches for {', '.join(names)}: what they say counts")


@app.command()
def pause(campaign: Number) -> None:
    """Pause a review; reviewers may still finish the current comparison."""
    review = _campaign(campaign)
    from reviews.planning.campaign import pause_campaign

    pause_campaign(campaign=review, by=None)


@app.command()
def resume(campaign: Number) -> None:
    """Resume a paused review."""
    review = _campaign(campaign)
    from reviews.planning.campaign import resume_campaign

    resume_campaign(campaign=review, by=None)


@app.command()
def close(campaign: Number) -> None:
    """Close a review for good: it takes no more answers."""
    review = _campaign(campaign)
    from reviews.planning.campaign import close_campaign

    close_campaign(campaign=review, by=None)


@app.command("list")
def list_() -> None:
    """List every review: number, state, planned judgments and name."""
    _set_up()
    from reviews.models import Campaign

    for review in Campaign.objects.with_counts().defer("plan").order_by("pk"):
        counts = "{given:>6}/{asked:<6}".format(**vars(review))
        typer.echo(f"{review.pk:>4}  {review.state:<7} {counts} {review.name}")


@app.command()
def results(campaign: Number) -> None:
    """Print the results of a review that has ended, for a release review."""
    review = _require_ended(campaign)
    from reviews.results.campaign_results import campaign_results

    typer.echo(campaign_results(review).text, nl=False)


@app.command()
def audit(
    campaign: Number,
    out: Annotated[Path | None, typer.Option(help="File for the proof, as JSON.")] = None,
) -> None:
    """Check whether a review was blind; the proof is a file with its SHA-256."""
    review = _require_ended(campaign, unchanged=False)
    from evalhub.frames.command.outputs import check_output, whole
    from reviews.audit.report import audit as audited

    check_output(out, option="--out", inputs=())
    document = audited(review)
    typer.echo(document.headline)
    for check in document.checks:
        mark = {"pass": "✓", "attention": "✗ look:", "not established": "? not established:"}[
            check.status
        ]
        typer.echo(f"{mark} {check.title}: {check.found}")
    typer.echo(f"SHA-256 {document.sha256}")
    if out is not None:
        with whole(out, option="--out") as file:
            file.write_text(document.text, encoding="utf-8")


@app.command()
def verify(
    campaign: Annotated[
        int | None, typer.Argument(help="The review's number; by default all reviews.")
    ] = None,
    head: Annotated[
        str | None, typer.Option(help="A seal, or a reviewer's number, that you stored elsewhere.")
    ] = None,
) -> None:
    """Verify the hash chains of a review's record and print their heads; exit code 3 if changed."""
    _set_up()
    from reviews.chain.verify import verify as verified
    from reviews.models import Campaign

    rows = Campaign.objects.order_by("pk")
    chosen = list(rows if campaign is None else [_campaign(campaign)])
    is_known = head is None
    changed = False
    for review in chosen:
        result = verified(review)
        changed = changed or bool(result.faults)
        is_known = is_known or result.knows(str(head).strip().lower(), review)
        typer.echo(f"review {review.pk}: {review.seal or 'not sealed yet'}")
        for key, passed in result.heads.items():
            typer.echo(f"  {key}: {passed[-1]}")
        for fault in result.faults:
            typer.echo(f"  ✗ {fault}")
    if not is_known:
        typer.echo(f"✗ no record here ever led to {head}")
    if changed or not is_known:
        raise typer.Exit(3)


@app.command()
def export(
    campaign: Number,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    form: Annotated[
        str, typer.Option("--format", help="jsonl, csv, parquet, dpo or inspect.")
    ] = "jsonl",
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Call reviewers r1, r2, …")
    ] = False,
    keep_ties: Annotated[
        bool, typer.Option("--keep-ties", help="dpo: keep pairs that nobody won.")
    ] = False,
    released_only: Annotated[
        bool, typer.Option("--released-only", help="dpo: leave out pairs on test items in use.")
    ] = False,
) -> None:
    """Write the judgments of a review that has ended to a file."""
    review = _require_ended(campaign)
    from django.db import transaction

    from evalhub.accounts.audit_log import note
    from evalhub.accounts.models import Action
    from evalhub.frames.command.outputs import whole
    from reviews.results import export as exporting

    if form not in ("jsonl", "csv", "parquet", "dpo", "inspect"):
        raise typer.BadParameter(
            f"{form!r} is none of jsonl, csv, parquet, dpo, inspect", param_hint="--format"
        )
    if form == "dpo":
        _export_pairs(review, out, keep_ties=keep_ties, released_only=released_only)
        return
    with transaction.atomic():
        note(Action.EXPORTED, by=None, project=review.project, what=f"{review} as {form}")
    records = exporting.rows(review, pseudonyms=pseudonyms)
    if form == "parquet":
        with whole(out, option="--out") as file:
            exporting.write_parquet(records, file)
        return
    if form == "inspect":
        records = exporting.inspect_scores(review)
    lines = exporting.as_csv(records) if form == "csv" else exporting.as_jsonl(records)
    with whole(out, option="--out") as file, file.open("w", encoding="utf-8", newline="") as to:
        to.writelines(lines)


def _export_pairs(review: "Campaign", out: Path, *, keep_ties: bool, released_only: bool) -> None:
    """Writes pairs to train on; a count of those that were left out goes to the error output."""
    from django.db import transaction

    from evalhub.frames.command.figures import count_text
    from evalhub.frames.command.outputs import whole
    from evalhub.ledger.training_pairs import training_pairs

    with transaction.atomic(), whole(out, option="--out") as file:
        pairs = training_pairs(
            campaign=review,
            by=None,
            ties="keep" if keep_ties else "drop",
            released_only=released_only,
        )
        file.write_text(pairs.text, encoding="utf-8", newline="")
    if pairs.left_out:
        typer.echo(f"{count_text(pairs.left_out, 'pair')} left out: on test items in use", err=True)


def _require_ended(number: int, *, unchanged: bool = True) -> "Campaign":
    """The review with its plan. Raises if it still goes on, or was changed."""
    review = _campaign(number)
    from evalhub.accounts.audit_log import note_once
    from evalhub.accounts.models import Action
    from reviews.errors import StillBlindError
    from reviews.results.ended import check_ended, end

    try:
        (check_ended if unchanged else end)(review)
    except StillBlindError as error:
        raise typer.BadParameter(str(error)) from error
    note_once(Action.SAW_RESULTS, by=None, project=review.project, what=str(review))
    return review


def _set_up() -> None:
    from evalhub.frames.command.setup import set_up_database

    set_up_database()


def _campaign(number: int) -> "Campaign":
    _set_up()
    from reviews.models import Campaign

    review = Campaign.objects.defer("plan").filter(pk=number).first()
    if review is None:
        raise typer.BadParameter(f"there is no review {number}; `evalhub review list` has all")
    return review
