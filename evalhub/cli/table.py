"""The one table of commands, grouped by what one wants to do, as `evalhub --help` shows them.

A command's module is imported once it is asked for: all of them took a fifth of a second.
"""

from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

from evalhub.frames.command.home import at_home
from evalhub.frames.command.verbs import verb

if TYPE_CHECKING:
    from evalhub.features.erasure.erase import PersonEraser
    from evalhub.features.traffic.erase import Erasers
    from evalhub.registry.redaction import Redactor

type Command = Callable[..., Any] | typer.Typer


def _redactors() -> "Sequence[Redactor]":
    from evalhub.features.table import REDACTORS

    return REDACTORS


def _erasers() -> "Erasers":
    from evalhub.features.table import ERASERS

    return ERASERS


def _person_erasers() -> "Sequence[PersonEraser]":
    from evalhub.features.table import PERSON_ERASERS

    return PERSON_ERASERS


def _load(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(import_module(module), name)


def _plain(path: str) -> Callable[[], Command]:
    """A command or group that keeps no data."""
    return partial(_load, path)


def _kept(path: str) -> Callable[[], Command]:
    """A command with the option --home, or a group with it on each of its commands."""
    return lambda: _at_home(_load(path))


def _at_home(part: Command) -> Command:
    if not isinstance(part, typer.Typer):
        return at_home(part)
    for command in part.registered_commands:
        assert command.callback is not None
        command.callback = at_home(command.callback)
    return part


def _redact() -> Command:
    from evalhub.features.erasure.cli import redact_command

    return at_home(redact_command(_redactors))


def _user() -> Command:
    from evalhub.cli.user import app
    from evalhub.features.erasure.cli import erase_command

    app.command("erase")(erase_command(_person_erasers))
    return _at_home(app)


def _study() -> Command:
    from evalhub.cli.study import app
    from evalhub.features.traffic.shadow import cli as shadow

    verb(app)(shadow.init)
    return _at_home(app)


def _data() -> Command:
    from evalhub.features.data.cli import app
    from evalhub.features.data.curve.cli import curve
    from evalhub.features.data.judging.cli import judge

    app.command("curve")(curve)
    verb(app)(judge)
    return _at_home(app)


def _experiment() -> Command:
    from evalhub.features.experiments.cli import app
    from evalhub.features.experiments.judged import cli as judged_answers
    from evalhub.features.experiments.prediction.cli import prediction

    app.command("prediction")(prediction)
    app.command("sample")(judged_answers.sample)
    app.command("judged")(judged_answers.judged)
    return _at_home(app)


def _monitor() -> Command:
    from evalhub.features.monitoring.cli import app
    from evalhub.features.monitoring.retraining import cli as retraining

    app.command("proposals")(retraining.proposals)
    app.command("decline")(retraining.decline)
    app.command("link")(retraining.link)
    return _at_home(app)


def _examples() -> Command:
    from evalhub.features.examples.out import cli as out
    from evalhub.features.examples.queues.cli import app
    from evalhub.features.examples.sources import cli as sources

    for added in (out.export, out.publish, out.files):
        verb(app)(added)
    for source in (sources.draw, sources.propose, sources.augment):
        verb(app)(source)
    return _at_home(app)


def _traffic() -> Command:
    from evalhub.features.traffic.cli import app, erase_command

    verb(app)(erase_command(_erasers))
    return _at_home(app)


COMMANDS: dict[str, dict[str, Callable[[], Command]]] = {
    "First verdict": {
        "demo": _kept("evalhub.cli.demo:demo"),
        "strategy": _plain("evalhub.features.strategy.cli:app"),
        "compare": _kept("evalhub.cli.compare:compare"),
        "decide": _kept("evalhub.cli.decide:decide"),
        "policy": _plain("evalhub.cli.policy:app"),
        "power": _plain("evalhub.cli.power:app"),
        "leakage": _plain("evalhub.features.leakage.cli:leakage"),
        "fingerprint": _plain("evalhub.features.leakage.cli:fingerprint"),
    },
    "Studies": {
        "study": _study,
        "gate": _kept("evalhub.cli.gate:gate"),
        "push": _kept("evalhub.cli.push:push"),
        "status": _plain("evalhub.cli.push:status"),
        "pull": _plain("evalhub.cli.push:pull"),
        "record": _kept("evalhub.cli.record:record"),
        "import": _kept("evalhub.cli.import_log:import_log"),
        "test-set": _kept("evalhub.cli.test_set:app"),
        "run": _kept("evalhub.cli.run:app"),
        "judge": _kept("evalhub.features.judging.cli:app"),
        "decision": _plain("evalhub.cli.decision:app"),
        "decision-link": _kept("evalhub.features.decision_links.cli:app"),
        "comment": _kept("evalhub.features.comments.cli:app"),
        "cost": _kept("evalhub.features.ownership.cli:cost"),
        "export": _kept("evalhub.features.exporters.cli:export"),
    },
    "Reviews": {
        "review": _kept("evalhub.cli.review:app"),
        "examples": _examples,
        "agreement": _plain("evalhub.cli.agreement:agreement"),
        "labels": _plain("evalhub.cli.labels:labels"),
        "preference": _plain("evalhub.cli.preference:preference"),
        "judge-check": _plain("evalhub.features.judging.cli:judge_check"),
    },
    "Models": {
        "data": _data,
        "promote": _kept("evalhub.features.lifecycle.cli:promote"),
        "rollback": _kept("evalhub.features.lifecycle.cli:rollback"),
        "override": _kept("evalhub.features.lifecycle.cli:override"),
        "retire": _kept("evalhub.features.lifecycle.cli:retire"),
        "reopen": _kept("evalhub.features.lifecycle.cli:reopen"),
        "shadow": _kept("evalhub.features.lifecycle.cli:shadow"),
        "history": _kept("evalhub.features.lifecycle.cli:history"),
        "serve-config": _kept("evalhub.features.deployment.cli:serve_config"),
        "probe": _kept("evalhub.features.deployment.cli:probe"),
        "monitor": _monitor,
        "traffic": _traffic,
        "experiment": _experiment,
        "mlflow": _kept("evalhub.features.exporters.cli:mlflow_app"),
        "prices": _kept("evalhub.features.prices.cli:app"),
    },
    "Site": {
        "up": _kept("evalhub.cli.serve:up"),
        "worker": _kept("evalhub.cli.serve:worker"),
        "doctor": _kept("evalhub.cli.serve:doctor"),
        "user": _user,
        "token": _kept("evalhub.cli.token:app"),
        "webhook": _kept("evalhub.features.webhooks.cli:app"),
        "outgoing": _kept("evalhub.cli.outgoing:app"),
        "log": _kept("evalhub.cli.log:log"),
        "redact": _redact,
        "migrate": _kept("evalhub.cli.migrate:migrate"),
        "backup": _kept("evalhub.cli.backup:backup"),
        "restore": _kept("evalhub.cli.backup:restore"),
    },
}
"""By group of the help, then by name: what loads a command, or a group of commands."""
