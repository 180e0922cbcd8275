"""What `evalhub experiment` prints for people, of rows with REST's keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalhub.frames.command.figures import count_text, number


def power_lines(row: Mapping[str, Any]) -> list[str]:
    """A power plan: what the primary needs, and what each guard notices."""
    primary = row["primary"]
    lines = [f"Planned users of both arms: {row['planned_users']:,}"]
    if row["users_a_day"] is None:
        lines.append("No request of the last days names a user: nobody would be in it.")
    else:
        lines.append(f"Users a day: {row['users_a_day']:,.0f}")
    if row["without_user"]:
        lines.append(f"Requests without a user, which can't count: {row['without_user']:.1%}")
    lines.append(f"primary {primary['metric']}: {_primary_text(primary)}")
    return [*lines, *(f"guard {each['metric']}: {_guard_text(each)}" for each in row["guards"])]


def _primary_text(primary: Mapping[str, Any]) -> str:
    if primary["users"] is None:
        return f"nothing can be planned: {primary['traffic']['problem']}"
    days = _days_text(primary["days"])
    return f"{_now(primary)}; the planned gain needs {primary['users']:,} users, {days}"


def _guard_text(guard: Mapping[str, Any]) -> str:
    if guard["noticed"] is None:
        return f"nothing can be planned: {guard['traffic']['problem']}"
    twice = f"twice the margin after {guard['users']:,} users, {_days_text(guard['days'])}"
    return (
        f"{_now(guard)}; may lose {guard['margin']:g}, notices {number(guard['noticed'])}; {twice}"
    )


def _now(power: Mapping[str, Any]) -> str:
    return f"{number(power['traffic']['mean'])} now"


def _days_text(days: int | None) -> str:
    return "never at the present traffic" if days is None else f"about {count_text(days, 'day')}"


def list_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line an experiment."""
    return [_line(row) for row in rows] or ["There is no experiment yet."]


def _line(row: Mapping[str, Any]) -> str:
    users = "not read yet" if row["users"] is None else count_text(row["users"], "user")
    versions = f"{row['challenger']} against {row['champion']}"
    share = f", {row['share']:.3g} of all users" if row["state"] == "running" else ""
    verdict = row["verdict"] or "no verdict yet"
    return f"{row['id']}  {row['state']}{share}  {versions}  {users}  {verdict}  {row['name']}"


def experiment_lines(row: Mapping[str, Any]) -> list[str]:
    """Where one experiment stands."""
    return list(_lines(row))


def _lines(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"Experiment {row['id']}, {row['name']}: {row['state']}"
    yield (
        f"{row['challenger']} (served as {row['challenger_name']}) against {row['champion']} "
        f"({row['champion_name']}), flag {row['flag']}"
    )
    if row["decision"] is None:
        yield "By an owner's word: NO DECISION SAYS THAT IT MAY SHIP"
    else:
        yield f"It may ship by decision {row['decision']}"
    if row["verdict"]:
        read = _time(row["read"])
        yield f"{row['verdict']}, {count_text(row['users'], 'user')} of both arms, {read}"
    else:
        yield "No verdict yet: nothing was read."
    for step in row["steps"]:
        yield from step_lines(step)
    if row["decisions"]:
        yield f"Decisions: {', '.join(map(str, row['decisions']))}"
    yield from _end(row)


def step_lines(step: Mapping[str, Any]) -> list[str]:
    """How far it reaches from a step on."""
    who = "itself" if step["by"] is None else f"account {step['by']}"
    reach = f"{step['share']:.3g} of all users" if step["coverage"] else "nobody is exposed"
    return [f"{_time(step['since'])}  epoch {step['epoch']}, {reach}, by {who}: {step['reason']}"]


def end_lines(row: Mapping[str, Any]) -> list[str]:
    """That it has ended."""
    return [
        f"Experiment {row['id']}, {row['name']}: {row['state']}. {row['champion_name']} answers "
        "everybody from now on.",
        *_end(row),
    ]


def _end(row: Mapping[str, Any]) -> Iterator[str]:
    if row["ended"] is None:
        return
    who = "itself" if row["ended_by"] is None else f"account {row['ended_by']}"
    yield f"Ended {_time(row['ended'])} by {who}: {row['ended_reason']}"
    if row["last_exposure"] is not None:
        yield f"The challenger last answered a user at {_time(row['last_exposure'])}."


def promotion_lines(row: Mapping[str, Any]) -> list[str]:
    """That the challenger is champion."""
    ground = "an override" if row["decision"] is None else f"decision {row['decision']}"
    return [f"{row['name']} is the champion of {row['project']}, by {ground}", f"  {row['reason']}"]


def _time(text: str) -> str:
    return f"{text[:16].replace('T', ' ')} UTC"
