"""Settings read from files, CI, networks of proxies, durations: what is taken, what is refused."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from evalhub.env import OF_CI, in_ci, proxy_networks, read_files, seconds


def test_a_file_gives_its_variable_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a b=c\n")
    (tmp_path / "mail").write_text("smtps://eva:p%2Fw@mail.example.org\r\n\n")
    environment = {
        "EVALHUB_SECRET_KEY_FILE": str(tmp_path / "key"),
        "EVALHUB_MAIL_URL_FILE": str(tmp_path / "mail"),
        "EVALHUB_LOG": "json",
        "EVALHUB_REDIS_URL_FILE": "",
        "SOMEBODY_ELSE_FILE": str(tmp_path / "none"),
    }
    read_files(environment)
    assert environment == {
        "EVALHUB_SECRET_KEY": "a b=c",
        "EVALHUB_MAIL_URL": "smtps://eva:p%2Fw@mail.example.org",
        "EVALHUB_LOG": "json",
        "SOMEBODY_ELSE_FILE": str(tmp_path / "none"),
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"EVALHUB_SECRET_KEY_FILE: \S+ can't be read: No such file"),
        (b"", r"EVALHUB_SECRET_KEY_FILE: \S+ is empty"),
        (b" \n", r"EVALHUB_SECRET_KEY_FILE: \S+ is empty"),
        (b"\xff\xfe", r"EVALHUB_SECRET_KEY_FILE: \S+ isn't text in UTF-8"),
        (b"a\0b", r"EVALHUB_SECRET_KEY_FILE: \S+ has a NUL byte"),
    ],
)
def test_a_file_that_holds_no_value_is_refused(
    content: bytes | None, message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    with pytest.raises(ImproperlyConfigured, match=message):
        read_files({"EVALHUB_SECRET_KEY_FILE": str(tmp_path / "key")})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="can't be read: Is a directory"):
        read_files({"EVALHUB_DATABASE_URL_FILE": str(tmp_path)})


def test_a_variable_and_its_file_at_once_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("topsecret")
    with pytest.raises(ImproperlyConfigured) as refused:
        read_files(
            {"EVALHUB_SECRET_KEY": "other", "EVALHUB_SECRET_KEY_FILE": str(tmp_path / "key")}
        )
    assert str(refused.value) == (
        "EVALHUB_SECRET_KEY and EVALHUB_SECRET_KEY_FILE are both set: unset one of them"
    )


@pytest.mark.parametrize(
    ("text", "networks"),
    [
        ("", []),
        ("10.0.0.2", ["10.0.0.2/32"]),
        ("10.0.0.0/8,fd00::/8", ["10.0.0.0/8", "fd00::/8"]),
        (" 10.0.0.2 , , FD00:0::/8, ::1 ", ["10.0.0.2/32", "fd00::/8", "::1/128"]),
        ("10.0.0.2/32", ["10.0.0.2/32"]),
    ],
)
def test_proxies_are_addresses_and_networks_by_comma(text: str, networks: list[str]) -> None:
    assert list(map(str, proxy_networks(text))) == networks


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("*", r"'\*' is no IP address and no network"),
        ("10.0.0.2, proxy.example.org", r"'proxy\.example\.org' is no IP address"),
        ("10.0.0.0/33", r"'10\.0\.0\.0/33' is no IP address"),
        ("10.0.0.1:8000", r"'10\.0\.0\.1:8000' is no IP address"),
        ("10.0.0.2 10.0.0.3", r"several by comma"),
        ("10.0.0.1/8", r"say 10\.0\.0\.0/8 for the network, or the address without its /"),
        ("0.0.0.0/0", r"'0\.0\.0\.0/0' is every address there is"),
        ("::/0", r"'::/0' is every address there is"),
    ],
)
def test_an_entry_that_is_neither_is_refused_by_name(text: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=f"^EVALHUB_TRUSTED_PROXY: .*{message}"):
        proxy_networks(text)


@pytest.mark.parametrize(("text", "value"), [("", 5.0), (" 0 ", 0.0), ("2.5", 2.5), ("600", 600.0)])
def test_a_duration_is_a_number_of_seconds(text: str, value: float) -> None:
    assert seconds(text, name="EVALHUB_DRAIN_S", default=5, most=600) == value


@pytest.mark.parametrize("text", ["-1", "601", "nan", "inf", "5s", "five"])
def test_another_duration_is_refused(text: str) -> None:
    with pytest.raises(
        ImproperlyConfigured, match=r"^EVALHUB_DRAIN_S is a number of seconds from 0 to 600$"
    ):
        seconds(text, name="EVALHUB_DRAIN_S", default=5, most=600)


@pytest.mark.parametrize("name", OF_CI)
def test_a_ci_is_known_by_the_variables_that_it_sets(name: str) -> None:
    assert in_ci({name: "true"})
    assert in_ci({name: "https://jenkins.example.org/17"})
    assert in_ci({"CI": "false", name: "1"}) is True  # said to other tools, as npm reads it
    assert not any(in_ci({name: value}) for value in ("", "0", "false", "False "))


def test_a_shell_is_no_ci() -> None:
    assert not in_ci({"HOME": "/home/eva", "CIRCUS": "1"})
