"""`evalhub traffic sample` and `evalhub study init`: sampled requests, and a study of them."""

import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evalhub.features.traffic.command_options import USUAL_SINCE, filter_pair, time_text
from evalhub.frames.command.verbs import Printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from evalhub.accounts.models import Project
    from evalhub.features.traffic.shadow.folder import MirroredFolder, ShadowFolder
    from evalhub.features.traffic.shadow.shapes import DrawnSampleOut
    from evalhub.features.traffic.shadow.study import ShadowParts
    from evalhub.registry.models import TrafficSample

REVIEW_DAYS = 14
"""How long it may take from a draw until people compare the answers."""


def sample(
    project: "Project",
    n: Annotated[int, typer.Option(help="Requests to draw.")],
    since: Annotated[
        str, typer.Option(help="From when on: 7d, 12h, or a date or time with its offset.")
    ] = USUAL_SINCE,
    until: Annotated[str | None, typer.Option(help="Until when; by default now.")] = None,
    by: Annotated[
        str | None, typer.Option(help="Strata: language, route, arm, with commas between.")
    ] = None,
    allocation: Annotated[
        str | None,
        typer.Option(help="proportional, or equal: as many of each stratum.", show_default=False),
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Only these: model, route, tag, language, arm or error. Repeatable.",
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Of the draw.")] = None,
    test_set: Annotated[
        str | None, typer.Option(help="The test set of which it becomes a version.")
    ] = None,
    planned_gain: Annotated[float | None, typer.Option(help="Gain that is worth finding.")] = None,
    edited_references: Annotated[
        bool,
        typer.Option(
            "--edited-references", help="An answer that a person edited is the item's reference."
        ),
    ] = False,
) -> Printed:
    """Draw a random sample of requests as a version of a test set."""
    from evalhub.declare.declaration import validate
    from evalhub.features.traffic.shadow.drawing import draw_requests
    from evalhub.features.traffic.shadow.query import SampleQuery
    from evalhub.features.traffic.shadow.shapes import DrawnSampleOut

    fields = {
        "since": time_text(since, "--since"),
        "until": None if until is None else time_text(until, "--until"),
        "n": n,
        "by": by and [each.strip() for each in by.split(",")],
        "allocation": allocation,
        "where": dict(map(filter_pair, where or ())) or None,
        "seed": seed,
        "test_set": test_set,
        "planned_gain": planned_gain,
        "edited_references": edited_references or None,
    }
    stated = {name: value for name, value in fields.items() if value is not None}
    drawn = draw_requests(project=project, query=validate(SampleQuery, stated), by=None)
    out = DrawnSampleOut.from_drawn(drawn)
    return Printed(out, lines=_lines(out))


def init(
    project: "Project",
    out: Annotated[Path, typer.Argument(help="The folder to write the study into.")],
    from_traffic: Annotated[
        bool,
        typer.Option("--from-traffic", help="A shadow study, on a sample of requests."),
    ] = False,
    test_set: Annotated[
        str | None,
        typer.Option(
            help="The sample: TEST_SET, or TEST_SET@2.", show_default="the newest but a monitor's"
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="The question, in words.")] = "",
    kind: Annotated[str, typer.Option(help="Of the candidate: lora, full, prompted, …")] = "",
    url: Annotated[str, typer.Option(help="Where the candidate answers, ending in /v1.")] = "",
    model: Annotated[str, typer.Option(help="What its server calls the candidate.")] = "",
    baseline_url: Annotated[
        str, typer.Option(help="Where the baseline answers what it is asked again.")
    ] = "",
    baseline_model: Annotated[str, typer.Option(help="What its server calls the baseline.")] = "",
    key_env: Annotated[str, typer.Option(help="The variable that holds the servers' key.")] = "",
    second_answer: Annotated[
        bool,
        typer.Option(
            "--second-answer",
            help="Ask the baseline all of it once more: how far does it differ from itself?",
        ),
    ] = False,
    mirror: Annotated[
        str, typer.Option(help="The served model whose answers to mirrored copies are compared.")
    ] = "",
    ask_both: Annotated[
        bool,
        typer.Option(
            "--ask-both",
            help="Ask the baseline all of it anew, in turn with the candidate: then what answers "
            "take and cost is measured.",
        ),
    ] = False,
) -> Printed:
    """Write a study of sampled requests: what production answered, and a candidate."""
    from evalhub.features.traffic.shadow.folder import (
        write_both_asked,
        write_folder,
        write_mirrored,
    )
    from evalhub.features.traffic.shadow.study import ShadowParts

    if not from_traffic:
        raise typer.BadParameter(
            "say --from-traffic; `evalhub strategy init` writes a study of a file of items",
            param_hint="--from-traffic",
        )
    if mirror and second_answer:
        raise typer.BadParameter("is of a replay: leave out --mirror", param_hint="--second-answer")
    if ask_both and (mirror or second_answer):
        other = (
            "--mirror" if mirror else "--second-answer, and say `noise_floor: true` in the study"
        )
        raise typer.BadParameter(f"leave out {other}", param_hint="--ask-both")
    parts = ShadowParts(
        name,
        kind,
        url,
        model,
        baseline_url,
        baseline_model,
        key_env,
        second_answer,
        mirror,
        ask_both,
    )
    drawn = _sample(project, test_set)
    if mirror:
        joined = write_mirrored(out, drawn, parts)
        return Printed(_mirrored_document(joined), lines=_lines_of_mirror(joined))
    written = (write_both_asked if ask_both else write_folder)(out, drawn, parts)
    document = {
        "folder": str(written.path),
        "items": written.items,
        "recorded": written.recorded,
        "asked_again": written.asked_again,
        "missing": written.missing,
    }
    return Printed(document, lines=_lines_of_folder(written, parts))


def _sample(project: "Project", name: str | None) -> "TrafficSample":
    """The sample of that name. Raises typer.BadParameter."""
    from evalhub.declare.version_name import parse_version_name
    from evalhub.registry.models import TrafficSample

    samples = TrafficSample.objects.filter(version__test_set__project=project).newest_first()
    if name is None:
        samples = samples.filter(for_monitor=False)
    else:
        slug, number = parse_version_name(name)
        samples = samples.filter(version__test_set__slug=slug)
        samples = samples.filter(version__number=number) if number else samples
    sample: TrafficSample | None = samples.first()
    if sample is None:
        which = "has no sample" if name is None else f"has no sample {name}"
        raise typer.BadParameter(
            f"{project} {which}: `evalhub traffic sample` draws one", param_hint="--test-set"
        )
    return sample


def _lines_of_folder(folder: "ShadowFolder", parts: "ShadowParts") -> list[str]:
    from evalhub.decision.wording import count_text

    path = folder.path
    lines = [
        f"Written: {path / 'study.yaml'}, with {count_text(folder.items, 'item')}.",
        "Both arms are asked all of it, in turn."
        if parts.ask_both
        else f"Production's own answer stands on {folder.recorded:,}.",
    ]
    if folder.asked_again:
        lines.append(f"The baseline was asked again on {folder.asked_again:,}.")
    if parts.second_answer:
        lines.append(f"For the noise floor: {_record(path, 'second')}")
    if folder.missing:
        again = path / "again.yaml"
        return [
            *lines,
            f"The baseline has to be asked again on {folder.missing:,}. Fill in {again}, then:",
            f"  {_record(path, 'again')}",
            "and run this again.",
        ]
    lines += _lines_of_unnamed(folder.unnamed)
    return [*lines, f"Then: evalhub study run {path / 'study.yaml'} --dry-run"]


def _lines_of_unnamed(names: "Sequence[str]") -> list[str]:
    return [
        f"! Nobody has said which version {name} is, so that a promotion can't know it. To say so: "
        f"evalhub traffic name {name} MODEL@NUMBER; then write the study into another folder."
        for name in names
    ]


def _record(folder: Path, kind: str) -> str:
    return f"evalhub record {folder / kind}.yaml --arm production --out {folder}"


def _mirrored_document(folder: "MirroredFolder") -> dict[str, Any]:
    return {
        "folder": str(folder.path),
        "items": folder.items,
        "joined": dict(folder.joined),
        "lost": folder.lost,
        "without_texts": folder.without_texts,
        "single_copies": folder.single_copies,
    }


def _lines_of_mirror(folder: "MirroredFolder") -> list[str]:
    from evalhub.decision.wording import count_text

    ways = ", ".join(f"{count:,} by {name}" for name, count in folder.joined.items()) or "none"
    lines = [
        f"Written: {folder.path / 'study.yaml'}, with {count_text(folder.items, 'item')}.",
        f"Pairs joined: {ways}. Lost: {folder.lost:,}. Copies that joined no item: "
        f"{folder.single_copies:,}.",
    ]
    if folder.without_texts:
        lines.append(
            f"! Of the lost pairs, {folder.without_texts:,} have a copy whose texts aren't kept. "
            "Keep all texts: evalhub traffic settings --text-share 1."
        )
    return [
        *lines,
        *_lines_of_unnamed(folder.unnamed),
        f"Then: evalhub study run {folder.path / 'study.yaml'} --dry-run",
    ]


def _lines(sample: "DrawnSampleOut") -> list[str]:
    from evalhub.decision.wording import count_text

    answered = sample.model_version or "nobody has said which version that is"
    lines = [
        f"{sample.test_set} v{sample.version}: {count_text(sample.items, 'item')}, from "
        f"{sample.drawn:,} of {count_text(sample.requests, 'request')} that {sample.model} "
        f"answered ({answered}).",
    ]
    if len(sample.strata) > 1:
        lines.append("Strata: requests, drawn, requests that a drawn one stands for")
        lines += [
            f"  {row.name}: {row.requests:,}, {row.drawn:,}, {row.weight:.4g}"
            for row in sample.strata
        ]
    if sample.seen_before:
        share = sample.seen_before / sample.requests
        lines.append(
            f"Not drawn from: {count_text(sample.seen_before, 'request')} ({share:.1%}) that ask "
            "what an earlier sample asks. Estimates are of the others."
        )
    lines += [
        f"Left out: {count_text(count, 'request')}: {reason}."
        for reason, count in sample.left_out.items()
    ]
    lines.append(
        f"By their weights, the items tell as much as {sample.effective_n:,.0f} of equal weight. "
        f"They come from {count_text(sample.users, 'user')}."
    )
    lines += [
        f"! One user has {user.share:.0%} of it: {user.user_hash}" for user in sample.large_users
    ]
    if sample.asked_again:
        share = sample.asked_again / sample.items
        lines.append(
            "In a replay the baseline has to be asked again on "
            f"{count_text(sample.asked_again, 'item')} ({share:.1%}): personal data was masked, or "
            "no whole answer is stored. Beside a mirror's answers masked ones stand, and the "
            "others are lost pairs."
        )
    left = (sample.texts_until - datetime.datetime.now(datetime.UTC).date()).days
    if left < REVIEW_DAYS:
        days = count_text(max(left, 0), "day")
        lines.append(
            f"! The oldest of its texts are kept until {sample.texts_until} ({days} from now). "
            "Then they are deleted, from its items too. Write the study and open its review "
            "before, or keep texts for longer: evalhub traffic settings --text-days."
        )
    lines.append(
        f"To find a gain of {sample.power.gain:g}: {count_text(sample.power.needed, 'item')} of "
        f"equal weight; the power of this sample is {sample.power.power:.0%}."
    )
    return [*lines, *(f"  {sentence}" for sentence in sample.power.sentences)]
