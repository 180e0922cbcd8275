"""Are recorded answers under a champion's name those that it was promoted with?"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from evalhub.ledger.models import Promotion
from evalhub.registry.models import Output, Run

RECORDED = "recorded"


@dataclass(frozen=True, slots=True)
class OtherAnswers:
    """Number of items in common, and of those with different answers."""

    promotion: Promotion
    shared: int
    differing: int

    def __str__(self) -> str:
        version, decision = self.promotion.version, self.promotion.decision_id
        return (
            f"{self.differing:,} of {self.shared:,} items that both were asked have other answers "
            f"than decision {decision} made {version} the champion with: take the champion's own "
            "answers. Other weights are another version (`build` says which, and a decision makes "
            "that the champion); answers that are drawn differ each time, which is believed of a "
            "champion that says so: a `sampling.temperature` above 0 and its `build`"
        )


def other_answers(champion: Promotion, runs: Iterable[Run]) -> OtherAnswers | None:
    """How far a champion's recorded answers differ in these runs; None where none differs that
    should be the same.

    Items are the same where the ledger knows them for the same question. A champion that states
    its build and a temperature above 0 draws its answers: of it nothing is compared. Neither is
    what an override made champion, since no decision has its answers.
    """
    version, decision = champion.version, champion.decision
    drawn = bool(version.sampling.temperature) and "build" in version.backend
    if version.backend.get("type") != RECORDED or decision is None or drawn:
        return None
    evidence = decision.document.evidence
    judged = [run for row in evidence for run in (row.baseline_run, row.candidate_run)]
    before = Run.objects.filter(pk__in=[each for each in judged if each], version=version)
    was = _answers(before)
    now = _answers(run for run in runs if run.version_id == version.pk)
    shared = was.keys() & now.keys()
    differing = sum(not was[each] & now[each] for each in shared)
    return OtherAnswers(champion, len(shared), differing) if differing else None


def _answers(runs: Iterable[Run]) -> dict[int, set[tuple[str | None, ...]]]:
    """By question, the answers it got: all samples of an item together, for each item that asks
    it."""
    answers: dict[int, set[tuple[str | None, ...]]] = defaultdict(set)
    for run in runs:
        of_item: dict[int, list[str | None]] = defaultdict(list)
        questions: dict[int, int] = {}
        rows = Output.objects.filter(run=run).order_by("item_id", "sample")
        columns = "item_id", "item__fingerprint_in_context", "text"
        for item, question, text in rows.values_list(*columns).iterator(chunk_size=5000):
            of_item[item].append(text)
            questions[item] = question
        for item, texts in of_item.items():
            answers[questions[item]].add(tuple(texts))
    return answers
