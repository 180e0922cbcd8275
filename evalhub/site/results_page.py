"""Values on the page of a review's results that are listed by name, as pairs."""

from typing import Any

from reviews.results.summary import Summary


def results_by_name(summary: Summary) -> dict[str, Any]:
    """Context of the page: lists of (name, value), since people choose these names.

    A template reads a dictionary's key before its method, so `skill.items` of a reviewer who is
    called "items" would be that reviewer's value. `reviewers` pairs each with the share of likely
    labels that they gave, None where there are no labels.
    """
    labels, agreement = summary.labels, summary.agreement
    skill = labels.skill if labels else {}
    return {
        "prevalence": list(agreement.prevalence.items()) if agreement else [],
        "adjudicated": list(summary.adjudicated.items()),
        "reviewers": [(each, skill.get(each.name)) for each in summary.reviewers],
        "likely_labels": list(labels.counts.items()) if labels else [],
    }
