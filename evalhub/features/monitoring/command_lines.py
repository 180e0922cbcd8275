"""What `evalhub monitor` prints for people, of rows with REST's keys."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from evalhub.frames.command.figures import count_text, number

SHOWN_ALARMS, SHOWN_LOOKS = 20, 20


def list_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line a monitor."""
    return [_line(row) for row in rows] or ["There is no monitor yet: `evalhub monitor add`."]


def _line(row: Mapping[str, Any]) -> str:
    share = f"false alarms a year: {row['false_alarms_a_year']:g}"
    return f"{row['id']}  {row['of']}{_what(row)}  {share}  {_standing(row)}"


def _what(row: Mapping[str, Any]) -> str:
    """What tells it from another of its kind."""
    detail = row["plan"].get("test_set") or row["plan"].get("route")
    return f" ({detail})" if detail else ""


def _standing(row: Mapping[str, Any]) -> str:
    if row["ended"]:
        return f"ended {time_text(row['ended'])}: {row['why']}"
    if row["open_alarms"]:
        return f"{count_text(row['open_alarms'], 'open alarm').upper()}"
    if row["notices"]:
        return f"can't say: {'; '.join(notice['kind'] for notice in row['notices'])}"
    return "no alarm" if row["looked"] else "hasn't looked yet"


def monitor_lines(row: Mapping[str, Any]) -> list[str]:
    """A monitor with its streams, what it lacks, and its alarms."""
    return list(_monitor_lines(row))


def _monitor_lines(row: Mapping[str, Any]) -> Iterator[str]:
    yield f"Monitor {row['id']} of {row['of']}{_what(row)}: {_standing(row)}"
    owner = row["owner"] or "the project's owners"
    yield f"False alarms a year, at most: {row['false_alarms_a_year']:g}; told to {owner}"
    if row["looked"]:
        yield f"Looked {time_text(row['looked'])}"
    for notice in row["notices"]:
        yield f"? {notice['sentence']} (since {time_text(notice['began'])})"
    for alarm in row["alarms"][:SHOWN_ALARMS]:
        yield alarm_line(alarm)
    for look in row["looks"][:SHOWN_LOOKS] if not row["streams"] else ():
        mark = "ALARM  " if look["is_alarm"] else ""
        yield f"  {time_text(look['at'])}  {mark}{look['sentence'] or look['key']}"
    for stream in row["streams"]:
        yield _stream_line(stream)


def _stream_line(stream: Mapping[str, Any]) -> str:
    part = f", {stream['slice_kind']} {stream['slice_value']}" if stream["slice_kind"] else ""
    days = [day for day in stream["days"] if day["x"]]
    if not days:
        return f"  {stream['metric']}{part}: nothing was measured yet"
    newest = days[0]
    value = number(newest["y"] / newest["x"])
    users = count_text(newest["users"], "user")
    return f"  {stream['metric']}{part}: {value} on {newest['day']}, of {users}"


def alarm_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line an alarm."""
    return [alarm_line(row) for row in rows] or ["No alarm."]


def alarm_line(row: Mapping[str, Any]) -> str:
    """An alarm: its number, state, and sentence."""
    state = row["state"].upper() if row["state"] == "open" else row["state"]
    if row["state"] == "snoozed":
        state = f"snoozed until {time_text(row['snoozed_until'])}"
    if row["state"] == "resolved":
        state = f"{row['resolution']} {time_text(row['resolved'])}"
    owner = f", {row['owner']} answers for it" if row["owner"] else ""
    return f"alarm {row['id']}  {state}  {time_text(row['raised'])}  {row['sentence']}{owner}"


def settings_lines(row: Mapping[str, Any]) -> list[str]:
    """False alarms a year: of the project, of each monitor, and what is left."""
    total, left = row["false_alarms_a_year"], row["left"]
    shares = [
        f"  monitor {share['monitor']} of {share['of']}: {share['false_alarms_a_year']:g}"
        for share in row["shares"]
    ]
    return [f"False alarms a year, at most: {total:g}, of which {left:g} are left", *shares]


def time_text(text: str) -> str:
    """2026-11-30 12:00 UTC."""
    return f"{text[:16].replace('T', ' ')} UTC"
