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
    found = agreement(ratings, level=level)
    return AgreementDocument(
        state=found.state,
        level=level,
        units=found.units,
        raters=found.raters,
        ratings=found.ratings,
        labels=found.labels,
        scale="declared" if scale else "seen",
        raw_agreement=found.raw_agreement,
        krippendorff_alpha=found.krippendorff_alpha,
        gwet_ac1=found.gwet_ac1,
        fleiss_kappa=found.fleiss_kappa,
        brennan_prediger=found.brennan_prediger,
        cohen_kappa=[
            RaterPair(raters=(str(one), str(other)), units=each.units, value=each.value)
            for each in pair_kappas(ratings, level=level)
            for one, other in [each.raters]
        ],
        prevalence={label_name(label): share for label, share in found.prevalence.items()},
        per_rater=rater_agreement(ratings),
    )
