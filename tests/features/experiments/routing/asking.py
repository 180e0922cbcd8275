"""Who asks for an experiment's flag, in this process."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from evalhub.accounts.models import Project, User
from evalhub.accounts.tokens import add_token, token_digest
from evalhub.features.experiments.routing.current import CurrentRules
from evalhub.features.experiments.routing.flags import Flag
from evalhub.features.experiments.routing.ofrep import EVALUATIONS, Evaluations, FlagAnswer
from evalhub.features.experiments.routing.reading import FlagCaller, RoutingRules, read_rules
from evalhub.features.experiments.rule import RoutingRule, Variant
from evalhub.features.experiments.starting import FLAG
from tests.cast import Team
from tests.features.experiments.experiments_of import CHALLENGER, CHAMPION


def a_token(project: Project, user: User, *scopes: str, name: str = "router") -> str:
    token = add_token(project=project, user=user, name=name, scopes=scopes or ["traffic"], by=None)
    return token.secret


class Rules(CurrentRules):
    """Rules that no thread reads."""

    def __init__(self, rules: RoutingRules) -> None:
        super().__init__()
        self.rules = rules

    def refresh(self) -> None:
        """Reads them."""
        self.rules = read_rules()

    def get(self) -> RoutingRules:
        return self.rules


class Asker:
    """Whoever asks for flags with a token."""

    def __init__(self, rules: Rules, secret: str, most: int = EVALUATIONS) -> None:
        self.rules, self.secret = rules, secret
        self.evaluations = Evaluations(rules, most)

    def ask(
        self, user: Any = "user-7", *, flag: str = FLAG, body: bytes | None = None
    ) -> FlagAnswer:
        context = {"context": {"targetingKey": user}}
        sent = json.dumps(context).encode() if body is None else body
        return self.evaluations.answer(key=flag, secret=self.secret, body=sent)

    def value(self, user: str) -> tuple[str, str, str]:
        """The value, the reason and the variant."""
        content = self.ask(user).content
        return content["value"], content["reason"], content["variant"]


def an_asker(team: Team) -> Asker:
    """Eva's program, with the rules as they are now."""
    secret = a_token(team.project, team.eva)
    return Asker(Rules(read_rules()), secret)


def an_asker_without_a_site(coverage: float = 1.0, most: int = EVALUATIONS) -> Asker:
    """A program whose experiment and token are in no database."""
    flag = Flag(
        key=FLAG,
        project=1,
        experiment=1,
        epoch=1,
        rule=RoutingRule("epoch-1", 0.5, coverage),
        user_key="5f0c",
        names={Variant.CHAMPION: CHAMPION, Variant.CHALLENGER: CHALLENGER},
        default=CHAMPION,
    )
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    caller = FlagCaller(1, 1, tomorrow, has_scope=True, evaluates=True)
    rules = RoutingRules({token_digest("evh_known"): caller}, {(1, FLAG): flag})
    return Asker(Rules(rules), "evh_known", most)
