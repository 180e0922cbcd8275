"""A machine for a page of documents: its fenced blocks run as they stand, in a folder of its own.

Absolute paths of the page (/etc, /opt/evalhub, …) lie below the folder. What belongs to a whole
system has a stand-in: packages and accounts are taken to be there, `python3 -m venv` and pip are
uv's, psql speaks to the tests' PostgreSQL, and systemctl starts what the unit files say, with the
variables that they name and no others.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
PATHS = re.compile(r"(?<![\w./$-])/(?=(?:etc|opt/evalhub|usr/local/bin|var|root|srv)\b)")
UNITS, SCRIPTS = "etc/systemd/system", "usr/local/bin"
SYSTEM_PATH = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
PATIENCE_S = 150
STAND_INS = {
    "apt-get": "exit 0",
    "useradd": "exit 0",
    "runuser": 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    "python3": '[ "$1 $2" = "-m venv" ] || exit 64\n'
    '"$UV" venv --quiet --python "$PYTHON" "$3"\n'
    'printf \'#!/bin/sh\\nshift\\nexec "$UV" pip install --quiet --python "%s/bin/python" "$@"\\n\''
    ' "$3" > "$3/bin/pip"; chmod 755 "$3/bin/pip"',
    "psql": 'exec "$PYTHON" "$CHECKOUT/tests/e2e/psql.py" "$@"',
    "nginx": 'cd "$MACHINE"; exec "$NGINX_PROGRAM" -p . -e nginx.log -c "$MACHINE/nginx.conf" "$@"',
}
NGINX = """\
pid {root}/nginx.pid;
worker_processes 1;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {root}/nginx-body;
    proxy_temp_path {root}/nginx-proxy;
    fastcgi_temp_path {root}/nginx-fastcgi;
    uwsgi_temp_path {root}/nginx-uwsgi;
    scgi_temp_path {root}/nginx-scgi;
    include {root}/etc/nginx/conf.d/*.conf;
}}
"""


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page: its language, its text, and the heading that it is under."""

    language: str
    text: str
    heading: str


def blocks(page: str) -> list[Block]:
    """Every fenced block of a page of docs/, in its order."""
    result, heading = [], ""
    text = (DOCS / page).read_text(encoding="utf-8")
    for match in re.finditer(
        r"^## ([^\n]*)$|^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL
    ):
        if match[1]:
            heading = match[1]
        else:
            result.append(Block(match[2], match[3], heading))
    return result


@dataclass
class Machine:
    """`replaced` are addresses of the page and what stands for them in the test."""

    root: Path
    replaced: Mapping[str, str]
    postgres_url: str
    services: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        served = ("srv/evalhub", "srv/incoming")
        for folder in ("bin", UNITS, SCRIPTS, "etc/nginx/conf.d", "root", *served):
            (self.root / folder).mkdir(parents=True)
        for folder in ("var/tmp", "var/lib", "var/backups"):
            (self.root / folder).mkdir(parents=True)
        for name, text in STAND_INS.items():
            self._program(self.root / "bin" / name, f"#!/bin/sh\n{text}\n")
        (self.root / "nginx.conf").write_text(NGINX.format(root=self.root))

    def placed(self, text: str) -> str:
        """A text of the page as it is on this machine."""
        text = PATHS.sub(f"{self.root}/", text)
        for name, value in self.replaced.items():
            text = text.replace(name, value)
        return text

    def write(self, block: Block) -> Path:
        """The file that a block is; its first line says which."""
        match = re.match(r"# (/\S+)\n", block.text)
        assert match, f"no path in the first line of {block.text!r}"
        path = Path(self.placed(match[1]))
        path.write_text(self.placed(block.text))
        return path

    def run(self, commands: str) -> str:
        """What a block of commands prints. Each systemctl is done in its turn."""
        printed = ""
        for line in re.split(r"^(systemctl .*)\n", commands, flags=re.MULTILINE):
            if line.startswith("systemctl "):
                self._systemctl(*shlex.split(line)[1:])
            elif line.strip():
                printed += self._shell(line)
        return printed

    def _shell(self, commands: str) -> str:
        commands = re.sub(r" -o evalhub(?= )", "", self.placed(commands))
        done = subprocess.run(
            ["bash", "-euc", commands],
            cwd=self.root / "root",
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        self._place_scripts()
        return done.stdout

    def stop(self) -> None:
        """Ends what was started, as systemd does. Each service has to end with 0."""
        for process in self.services.values():
            process.terminate()
        codes = {name: process.wait(PATIENCE_S) for name, process in self.services.items()}
        assert set(codes.values()) <= {0}, codes

    def _environment(self) -> dict[str, str]:
        path = f"{self.root}/bin:{self.root}/{SCRIPTS}:{SYSTEM_PATH}"
        ours = ("EVALHUB_", "DJANGO_", "PYTHON", "VIRTUAL_ENV")
        shell = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
        return shell | {
            "PATH": path,
            "MACHINE": str(self.root),
            "PYTHON": sys.executable,
            "UV": shutil.which("uv") or "uv",
            "NGINX_PROGRAM": shutil.which("nginx", path=SYSTEM_PATH) or "nginx",
            "POSTGRES": self.postgres_url,
            "CHECKOUT": str(DOCS.parent),
            "COLUMNS": "200",
        }

    def _program(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def _place_scripts(self) -> None:
        """Scripts and units that were installed mean this machine's paths from now on."""
        for folder in (UNITS, SCRIPTS):
            for path in (self.root / folder).iterdir():
                text = path.read_text()
                if str(self.root) not in text:
                    path.write_text(self.placed(text))

    def _systemctl(self, verb: str, *words: str) -> None:
        names = [word for word in words if not word.startswith("-")]
        match verb:
            case "daemon-reload":
                return
            case "reload":
                assert names == ["nginx"]
                self._start_nginx()
            case "enable":
                assert "--now" in words
                for name in names:
                    if name.endswith(".timer"):
                        assert (self.root / UNITS / name).exists()
                    else:
                        self.services[name] = self._start(name)
            case "start":
                for name in names:
                    code = self._start(name).wait(PATIENCE_S)
                    assert code == 0, f"{name} ended with {code}: {self.log(name)}"
            case _:
                raise AssertionError(f"systemctl {verb} has no stand-in")

    def log(self, name: str) -> str:
        """What a service wrote."""
        return (self.root / f"{name}.log").read_text()

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        """Starts a service as its unit file says."""
        unit = (self.root / UNITS / f"{name}.service").read_text()
        lines = [line.partition("=")[::2] for line in unit.splitlines() if "=" in line]
        values = dict(lines)
        env = {"PATH": SYSTEM_PATH}
        for key, value in lines:
            if key == "Environment":
                env |= [value.split("=", 1)]
            elif key == "EnvironmentFile":
                env |= variables(value)
        if "StateDirectory" in values:
            (self.root / "var/lib" / values["StateDirectory"]).mkdir(mode=0o700, exist_ok=True)
        with (self.root / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                shlex.split(values["ExecStart"]), env=env, stdout=log, stderr=log, cwd="/"
            )

    def _start_nginx(self) -> None:
        self.services["nginx"] = subprocess.Popen(
            [self.root / "bin" / "nginx", "-g", "daemon off;"], env=self._environment()
        )


def variables(file: str) -> dict[str, str]:
    """What an EnvironmentFile sets; with a dash before its path it may be missing."""
    path = Path(file.removeprefix("-"))
    if file.startswith("-") and not path.exists():
        return {}
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    pairs = [line.partition("=")[::2] for line in lines]
    return {name: shlex.split(value)[0] for name, value in pairs}


def until_it_answers(url: str) -> None:
    """Waits for a 200; the last error where it doesn't come within PATIENCE_S."""
    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10):
                return
        except OSError:  # urllib’s errors are ones too
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
