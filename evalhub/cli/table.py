"""The one table of commands, grouped by what one wants to do, as `evalhub --help` shows them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import typer

from evalhub.cli import (
    agreement,
    backup,
    compare,
    decide,
    decision,
    demo,
    gate,
    import_log,
    labels,
    log,
    migrate,
    outgoing,
    policy,
    power,
    preference,
    push,
    record,
    review,
    serve,
    study,
    test_set,
    token,
    user,
)
from evalhub.cli import (
    run as runs,
)
from evalhub.features.comments import cli as comments
from evalhub.features.data import cli as data
from evalhub.features.data.curve import cli as data_curve
from evalhub.features.data.judging import cli as data_judge
from evalhub.features.decision_links import cli as decision_links
from evalhub.features.deployment import cli as deployment
from evalhub.features.erasure import cli as erasure
from evalhub.features.examples.out import cli as examples_out
from evalhub.features.examples.queues import cli as examples
from evalhub.features.examples.sources import cli as example_sources
from evalhub.features.experiments import cli as experiments
from evalhub.features.experiments.judged import cli as judged_answers
from evalhub.features.experiments.prediction import cli as predictions
from evalhub.features.exporters import cli as exporters
from evalhub.features.judging import cli as judging
from evalhub.features.leakage import cli as leakage
from evalhub.features.lifecycle import cli as lifecycle
from evalhub.features.monitoring import cli as monitor
from evalhub.features.monitoring.retraining import cli as retraining
from evalhub.features.ownership import cli as cost
from evalhub.features.prices import cli as prices
from evalhub.features.strategy import cli as strategy
from evalhub.features.traffic import cli as traffic
from evalhub.features.traffic.shadow import cli as shadow
from evalhub.features.webhooks import cli as webhook
from evalhub.frames.command.home import at_home
from evalhub.frames.command.verbs import verb

if TYPE_CHECKING:
    from evalhub.features.erasure.erase import PersonEraser
    from evalhub.features.traffic.erase import Erasers
    from evalhub.registry.redaction import Redactor


def _redactors() -> "Sequence[Redactor]":
    from evalhub.features.table import REDACTORS

    return REDACTORS


def _erasers() -> "Erasers":
    from evalhub.features.table import ERASERS

    return ERASERS


def _person_erasers() -> "Sequence[PersonEraser]":
    from evalhub.features.table import PERSON_ERASERS

    return PERSON_ERASERS


def _group_at_home(group: typer.Typer) -> typer.Typer:
    """The group with the option --home on each of its commands."""
    for command in group.registered_commands:
        assert command.callback is not None
        command.callback = at_home(command.callback)
    return group


data.app.command("curve")(data_curve.curve)
verb(data.app)(data_judge.judge)
user.app.command("erase")(erasure.erase_command(_person_erasers))
experiments.app.command("prediction")(predictions.prediction)
experiments.app.command("sample")(judged_answers.sample)
experiments.app.command("judged")(judged_answers.judged)
monitor.app.command("proposals")(retraining.proposals)
monitor.app.command("decline")(retraining.decline)
monitor.app.command("link")(retraining.link)
for examples_command in (examples_out.export, examples_out.publish, examples_out.files):
    verb(examples.app)(examples_command)
verb(examples.app)(example_sources.draw)
verb(examples.app)(example_sources.propose)
verb(examples.app)(example_sources.augment)
verb(study.app)(shadow.init)
verb(traffic.app)(traffic.erase_command(_erasers))

COMMANDS: dict[str, dict[str, Callable[..., Any] | typer.Typer]] = {
    "First verdict": {
        "demo": at_home(demo.demo),
        "strategy": strategy.app,
        "compare": at_home(compare.compare),
        "decide": at_home(decide.decide),
        "policy": policy.app,
        "power": power.app,
        "leakage": leakage.leakage,
        "fingerprint": leakage.fingerprint,
    },
    "Studies": {
        "study": _group_at_home(study.app),
        "gate": at_home(gate.gate),
        "push": at_home(push.push),
        "status": push.status,
        "pull": push.pull,
        "record": at_home(record.record),
        "import": at_home(import_log.import_log),
        "test-set": _group_at_home(test_set.app),
        "run": _group_at_home(runs.app),
        "judge": _group_at_home(judging.app),
        "decision": decision.app,
        "decision-link": _group_at_home(decision_links.app),
        "comment": _group_at_home(comments.app),
        "cost": at_home(cost.cost),
        "export": at_home(exporters.export),
    },
    "Reviews": {
        "review": _group_at_home(review.app),
        "examples": _group_at_home(examples.app),
        "agreement": agreement.agreement,
        "labels": labels.labels,
        "preference": preference.preference,
        "judge-check": judging.judge_check,
    },
    "Models": {
        "data": _group_at_home(data.app),
        "promote": at_home(lifecycle.promote),
        "rollback": at_home(lifecycle.rollback),
        "override": at_home(lifecycle.override),
        "retire": at_home(lifecycle.retire),
        "reopen": at_home(lifecycle.reopen),
        "shadow": at_home(lifecycle.shadow),
        "history": at_home(lifecycle.history),
        "serve-config": at_home(deployment.serve_config),
        "probe": at_home(deployment.probe),
        "monitor": _group_at_home(monitor.app),
        "traffic": _group_at_home(traffic.app),
        "experiment": _group_at_home(experiments.app),
        "mlflow": _group_at_home(exporters.mlflow_app),
        "prices": _group_at_home(prices.app),
    },
    "Site": {
        "up": at_home(serve.up),
        "worker": at_home(serve.worker),
        "doctor": at_home(serve.doctor),
        "user": _group_at_home(user.app),
        "token": _group_at_home(token.app),
        "webhook": _group_at_home(webhook.app),
        "outgoing": _group_at_home(outgoing.app),
        "log": at_home(log.log),
        "redact": at_home(erasure.redact_command(_redactors)),
        "migrate": at_home(migrate.migrate),
        "backup": at_home(backup.backup),
        "restore": at_home(backup.restore),
    },
}
"""By group of the help, then by name: a command, or a group of commands."""
