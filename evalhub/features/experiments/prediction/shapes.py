"""What REST gives of pairs of decisions; the command prints the same."""

from typing import Any, Self

from pydantic import Field

from evalhub.features.experiments.prediction.report import ExperimentPrediction, PredictionReport
from evalhub.frames.rest.shapes import ResponseBody
from evalhub.registry.version_names import version_name


class EffectOut(ResponseBody):
    """A difference between two arms; above 0 the candidate is better."""

    metric: str
    difference: float
    se: float = Field(description="its standard error")
    lower: float = Field(description="as its decision has it, upper likewise")
    upper: float
    n: int = Field(description="items, judgments, or users")


class CorrectedEffectOut(ResponseBody):
    """An offline difference given that it passed its bound. null: it lies too near to the bound."""

    estimate: float | None = Field(description="too high as often as too low")
    lower: float | None = Field(description="95% limits, given that too")
    upper: float | None


class PredictionPairOut(ResponseBody):
    """The offline decision that let a version be tried, beside the live one."""

    experiment: int
    name: str = Field(description="the experiment's")
    version: str = Field(description="the challenger, as MODEL@NUMBER")
    offline_decision: int
    live_decision: int
    offline: EffectOut
    live: EffectOut
    comparable: bool = Field(description="in one unit; else the signs alone are compared")
    corrected: CorrectedEffectOut | None = Field(
        description="of the offline difference; null: its decision didn't rest on its passing"
    )
    same_sign: bool
    same_size: bool | None = Field(description="null: the units differ")
    p_same: float | None = Field(description="two-sided p-value of: both are the same effect")

    @classmethod
    def from_model(cls, pair: ExperimentPrediction, /, **computed: Any) -> Self:
        experiment, result = pair.experiment, pair.result
        return super().from_model(
            result,
            experiment=experiment.pk,
            name=str(experiment),
            version=version_name(experiment.challenger),
            offline_decision=experiment.decision_id,
            live_decision=pair.live_decision.pk,
            offline=EffectOut.from_model(result.offline),
            live=EffectOut.from_model(result.live),
            corrected=result.corrected and CorrectedEffectOut.from_model(result.corrected),
            **computed,
        )


class PairAgreementOut(ResponseBody):
    """How many pairs agree, with exact 95% limits of their share."""

    agree: int
    pairs: int
    lower: float | None = Field(description="null: there are too few pairs; upper likewise")
    upper: float | None
    needed: int = Field(description="pairs more, until it says anything")


class AgreementsOut(ResponseBody):
    """How often offline and live decisions agree."""

    signs: PairAgreementOut
    sizes: PairAgreementOut = Field(
        description="of pairs in one unit; where offline is right .95 agree"
    )

    @classmethod
    def of(cls, report: PredictionReport) -> Self:
        return cls(
            signs=PairAgreementOut.from_model(report.signs),
            sizes=PairAgreementOut.from_model(report.sizes),
        )


class PredictionsOut(ResponseBody):
    """Did offline predict online? The project's pairs, and how often they agree."""

    pairs: tuple[PredictionPairOut, ...] = Field(description="the newest experiment first")
    without: dict[str, int] = Field(description="ended experiments without a pair, by reason")
    project: AgreementsOut = Field(description="over the project's pairs")
    all_projects: AgreementsOut | None = Field(
        description="over those of all projects of this home; null at a site: a token is of one"
    )

    @classmethod
    def of(cls, project: PredictionReport, everywhere: PredictionReport | None = None) -> Self:
        return cls(
            pairs=tuple(PredictionPairOut.from_model(pair) for pair in project.pairs),
            without={str(reason): count for reason, count in project.without.items()},
            project=AgreementsOut.of(project),
            all_projects=everywhere and AgreementsOut.of(everywhere),
        )
