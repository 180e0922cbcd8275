"""An experiment in a site's own database, from a process beside it.

python -m tests.features.experiments.routing.on_a_site begin   prints a token for traffic
python -m tests.features.experiments.routing.on_a_site stop
python -m tests.features.experiments.routing.on_a_site revoke
"""

import sys


def main() -> None:
    from tests.migrated import set_up_migrated

    set_up_migrated()
    {"begin": begin, "stop": stop, "revoke": revoke}[sys.argv[1]]()


def begin() -> None:
    """A project with a running experiment in which every user is."""
    from tests.cast import a_team
    from tests.features.experiments.experiments_of import an_experiment
    from tests.features.experiments.routing.asking import a_token

    team = a_team()
    an_experiment(team)
    print(a_token(team.project, team.eva))  # noqa: T201


def stop() -> None:
    """Stops it."""
    from evalhub.features.experiments.ending import stop_experiment
    from evalhub.features.experiments.models import Experiment

    stop_experiment(experiment=Experiment.objects.get(), by=None, reason="Enough.")


def revoke() -> None:
    """Revokes the token."""
    from evalhub.accounts.models import ApiToken
    from evalhub.accounts.tokens import revoke_token

    revoke_token(token=ApiToken.objects.get(), by=None)


if __name__ == "__main__":
    main()
