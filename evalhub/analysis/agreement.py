"""How far raters agree, as one document."""

from collections.abc import Mapping, Sequence

from evalhub.analysis.labels import label_name
from evalhub.declare.analysis import AgreementDocument, RaterPair
from evalhub.stats.agreement import agreement, pair_kappas, rater_agreement
from evalhub.stats.ratings import Label, Level, read_ratings


def agreement_document(
    table: Mapping[object, Mapping[object, Label | None]],
    level: Level,
    *,
    scale: Sequence[Label] | None = None,
) -> AgreementDocument:
    """Agreement of ratings {unit: {rater: label}}; None is a missing label.

    `scale` has the labels that could have been given; None takes those that were.
    """
    ratings = read_ratings(table, scale=scale)
    result = agreement(ratings, level=level)
    return AgreementDocument(
        state=result.state,
        level=level,
        units=result.units,
        raters=result.raters,
        ratings=result.ratings,
        labels=result.labels,
        scale="declared" if scale else "seen",
        raw_agreement=result.raw_agreement,
        krippendorff_alpha=result.krippendorff_alpha,
        gwet_ac1=result.gwet_ac1,
        fleiss_kappa=result.fleiss_kappa,
        brennan_prediger=result.brennan_prediger,
        cohen_kappa=[
            RaterPair(raters=(str(one), str(other)), units=kappa.units, value=kappa.value)
            for kappa in pair_kappas(ratings, level=level)
            for one, other in [kappa.raters]
        ],
        prevalence={label_name(label): share for label, share in result.prevalence.items()},
        per_rater=rater_agreement(ratings),
    )
