"""Rules for clients that hash themselves, by REST."""

from typing import Self

from pydantic import Field
from rest_framework.request import Request
from rest_framework.response import Response

from evalhub.accounts.models import Scope
from evalhub.features.experiments.routing.flags import Flag
from evalhub.features.experiments.routing.reading import flags_of
from evalhub.features.experiments.rule import DIGITS, Variant
from evalhub.features.traffic.keeping import HASH_DIGITS, settings_of
from evalhub.frames.rest.describing import describes
from evalhub.frames.rest.endpoint import ProjectEndpoint, project_path
from evalhub.frames.rest.lists import response_of
from evalhub.frames.rest.shapes import ResponseBody

POLL_SECONDS = 10


class ArmRuleOut(ResponseBody):
    """The places whose users are in an arm: from `start` up to, but not, `end`."""

    arm: Variant
    name: str = Field(description="the name under which it is served")
    start: float
    end: float


class FlagRuleOut(ResponseBody):
    """Who gets which arm."""

    flag: str
    experiment: int
    epoch: int = Field(description="from 1; in another one users may be in another arm")
    salt: str
    weight: float = Field(description="the challenger's share of those in the experiment")
    coverage: float = Field(description="of all users; 0: the experiment has ended")
    arms: list[ArmRuleOut]
    default: str = Field(description="the served name for whoever is in neither arm")

    @classmethod
    def from_flag(cls, flag: Flag) -> Self:
        arms = [
            ArmRuleOut(arm=variant, name=flag.names[variant], start=start, end=end)
            for variant, (start, end) in flag.rule.ranges.items()
        ]
        return cls(
            flag=flag.key,
            experiment=flag.experiment,
            epoch=flag.epoch,
            salt=flag.rule.salt,
            weight=flag.rule.weight,
            coverage=flag.rule.coverage,
            arms=arms,
            default=flag.default,
        )


class RulesOut(ResponseBody):
    """The rules of a project's experiments: running ones, and those that ended."""

    flags: list[FlagRuleOut]
    user_key: str = Field(description="the key of users' hashes: whoever has it can try ids")
    unit_digits: int = Field(HASH_DIGITS, description="hexadecimal digits of a unit")
    place_digits: int = Field(DIGITS, description="hexadecimal digits of a place")
    poll_seconds: int = Field(POLL_SECONDS, description="how often to ask again")


class Rules(ProjectEndpoint):
    scopes = {"GET": Scope.TRAFFIC}

    @describes(
        "The rules by which clients route users themselves\n\nAsk again every `poll_seconds`, with "
        "If-None-Match, and keep the last rules where no answer comes.",
        gives=RulesOut,
    )
    def get(self, request: Request, project: str) -> Response:
        flags = [FlagRuleOut.from_flag(flag) for flag in flags_of(self.project)]
        user_key = settings_of(self.project).salt
        return response_of(request, RulesOut(flags=flags, user_key=user_key))


urlpatterns = [project_path("rules", Rules, "routing_rules")]
