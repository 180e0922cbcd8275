"""Whether a policy demands something else than the last one that judged the same items. Pure.

Criteria are matched by what they measure, the items and the metric with its options, and never by
a name: a study under another name, or a test set under another one, asks the same.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalhub.decision.criteria.guard import GuardKind
from evalhub.decision.criteria.preference import PreferenceKind
from evalhub.decision.criteria.primary import PrimaryKind
from evalhub.decision.criteria.table import OF_ROLE
from evalhub.decision.policy import Rule, StudySettings
from evalhub.decision.policy_changes import Demands, PolicyChange, policy_changes
from evalhub.declare.declaration import validate
from evalhub.io.canonical import digest_of

_PEOPLE = ("min_agreement", "min_reviewers", "unconfirmed_reviewers")
_CRITERION = ("role", "tier", "metric", "higher_is_better")
_OPTIONAL = ("tails",)
"""Demands that most policies don't make; where one isn't made its name is left out."""
_MEASURE = ("metric", "options", "higher_is_better")
_OF_ANSWERS = ("prices", "ownership")
"""What is said of a candidate's costs: another candidate has others, and nothing was changed."""

type Sharing = Mapping[str, Collection[str]]
"""By the SHA-256 of a test set's items, those of all versions that share an item with it."""


@dataclass(frozen=True, slots=True)
class JudgedPolicy:
    """The policy of a decision, and the items and answers that it judged.

    Attributes:
        decision: SHA-256 of the decision's record; "" of one that isn't kept yet.
        decided: when, as ISO 8601 has it.
        items: by a criterion's name, SHA-256 of its items.
        answers: what was read: of each test set its items, metric and both arms' answers.
    """

    demands: Demands
    items: Mapping[str, str]
    answers: frozenset[tuple[str, ...]]
    decision: str = ""
    decided: str = ""

    @property
    def digest(self) -> str:
        """SHA-256 of what is asked on which items, whatever it is called."""
        criteria = [
            {**demand, "items": self.items.get(name, "")}
            for name, demand in self.demands.criteria.items()
        ]
        return digest_of(
            {
                "rule": dict(self.demands.rule),
                "people": self.demands.people and dict(self.demands.people),
                "budgets": dict(self.demands.budgets),
                "judge": self.demands.judge and dict(self.demands.judge),
                "criteria": sorted(criteria, key=digest_of),
            }
        )


def policy_of_record(
    policy: Mapping[str, Any],
    criteria: Iterable[Mapping[str, Any]],
    evidence: Iterable[Mapping[str, Any]],
    *,
    preference: Mapping[str, Any] | None = None,
    decision: str = "",
    decided: str = "",
) -> JudgedPolicy:
    """The policy of a study's decision, from these three parts of its record as JSON has them.

    Args:
        preference: `min_gain` and `required` of what is asked of people, where it is known; else
            it is read from the criterion that they gave.
    """
    settings = validate(StudySettings, policy)
    values = {name: getattr(settings, name) for name in Rule.model_fields} | settings.as_json()
    rows = {row["test_set"]: row for row in evidence}
    demands: dict[str, dict[str, Any]] = {}
    people = {name: values[name] for name in _PEOPLE}
    for criterion in criteria:
        role = criterion["role"]
        if role == PreferenceKind.role:
            people |= {"min_gain": criterion["min_gain"], "required": True}
        if OF_ROLE[role].demanded:
            relative = criterion.get("relative_margin") is not None
            names = ("relative_margin",) if relative else OF_ROLE[role].demanded
            row = rows.get(criterion["test_set"], {})
            demands[criterion["name"]] = {
                **{name: criterion[name] for name in (*_CRITERION, *names)},
                **{name: criterion[name] for name in _OPTIONAL if criterion.get(name)},
                "options": row.get("metric_options", {}),
            }
    people |= preference or {}
    rule = [name for name in (*Rule.model_fields, "noise_floor", "promoted") if name != "budgets"]
    pairwise = values.get("pairwise")
    return JudgedPolicy(
        Demands(
            {name: values[name] for name in rule},
            people,
            demands,
            values["budgets"],
            {name: values.get(name) for name in ("development", *_OF_ANSWERS)},
            pairwise,
        ),
        {
            criterion["name"]: rows[criterion["test_set"]]["digest"]
            for criterion in criteria
            if criterion["name"] in demands and criterion["test_set"] in rows
        },
        frozenset(
            (row["digest"], row["metric"], row["baseline_answers"], row["candidate_answers"])
            for row in rows.values()
        ),
        decision,
        decided,
    )


def changes_since_last(
    now: JudgedPolicy, earlier: Sequence[JudgedPolicy], sharing: Sharing
) -> tuple[JudgedPolicy, list[PolicyChange]] | None:
    """What `now` demands that the last policy on these items didn't, easier demands first, with
    that policy; None where nothing differs.

    Each demand is compared with the last policy that judged its items. What holds for the whole
    study, and which criteria there are, is compared with the last policy of which a criterion that
    pays for the look, a primary, shares items with one of `now`: a fresh primary starts afresh,
    whatever guards it shares with others.

    Args:
        earlier: those of the project that judged some of the items, oldest first, without those
            that were held because they had been eased.
    """
    before = _before_the_same(now, earlier, sharing)
    last = next((each for each in reversed(before) if _asks_alike(each, now, sharing)), None)
    changes, compared = [], last
    if last is not None:
        changes = _changes(last, now, sharing)
    for name, demand in now.demands.criteria.items():
        if last is not None and (
            demand["role"] == GuardKind.role or _same_measure(name, now, last, sharing) is not None
        ):
            continue
        for previous in reversed(before):
            match = _same_measure(name, now, previous, sharing)
            if match is None or previous.demands.criteria[match]["role"] != demand["role"]:
                continue
            old, new = (
                {name: policy.demands.criteria[at]}
                for policy, at in ((previous, match), (now, name))
            )
            changes += policy_changes(Demands({}, None, old, {}), Demands({}, None, new, {}))
            compared = compared or previous
            break
    if compared is None or not changes:
        return None
    return compared, changes


def _before_the_same(
    now: JudgedPolicy, earlier: Sequence[JudgedPolicy], sharing: Sharing
) -> Sequence[JudgedPolicy]:
    """Policies before the first decision by this policy on these answers: a repeated decision is
    compared with the same ones, whatever was judged in between."""
    for index, previous in enumerate(earlier):
        if previous.answers == now.answers and not _changes(previous, now, sharing):
            return earlier[:index]
    return earlier


def _asks_alike(old: JudgedPolicy, now: JudgedPolicy, sharing: Sharing) -> bool:
    """Whether both policies have a criterion that pays for a look on the same items."""
    digests = {old.items.get(name) for name in _paying(old.demands)}
    return any(
        digests & {*_sharing(now.items.get(name, ""), sharing)} for name in _paying(now.demands)
    )


def _paying(policy: Demands) -> list[str]:
    """Criteria that pay for a look: primaries, or without primaries the critical guards."""
    primaries = [name for name, each in policy.criteria.items() if each["role"] == PrimaryKind.role]
    critical = [name for name, each in policy.criteria.items() if each["tier"] == "critical"]
    return primaries or critical or list(policy.criteria)


def _changes(old: JudgedPolicy, now: JudgedPolicy, sharing: Sharing) -> list[PolicyChange]:
    return policy_changes(_as_named_now(old, now, sharing), _comparable(now.demands, old, now))


def _comparable(policy: Demands, old: JudgedPolicy, now: JudgedPolicy) -> Demands:
    """One of the two policies, without what can't be compared between them."""
    both = {*(old.demands.people or {})} & {*(now.demands.people or {})}
    people = {name: value for name, value in (policy.people or {}).items() if name in both}
    setting = {
        name: _without_names(value) if name == "prices" else value
        for name, value in policy.setting.items()
        if old.answers == now.answers or name not in _OF_ANSWERS
    }
    return replace(policy, people=people, setting=setting)


def _without_names(prices: Mapping[str, Any] | None) -> list[Any] | None:
    """The arms' prices in an order of their own: an arm under another name costs the same."""
    return sorted(prices.values(), key=digest_of) if prices else None


def _as_named_now(old: JudgedPolicy, now: JudgedPolicy, sharing: Sharing) -> Demands:
    """The demands of `old`, under the names that `now` has for the same criteria.

    A primary by another metric stands for the one that was: that is another claim, which pays a
    look of its own, and its bound can't be compared.
    """
    left = dict(old.demands.criteria)
    criteria: dict[str, Mapping[str, Any]] = {}
    new: dict[str, str] = {}  # by its name in `old`
    for name in now.demands.criteria:
        match = _same_measure(name, now, old, sharing, among=left)
        if match is not None:
            criteria[name] = left.pop(match)
            new[match] = name
    for name, demand in now.demands.criteria.items():
        items = _sharing(now.items.get(name, ""), sharing)
        if name in criteria or demand["role"] != PrimaryKind.role:
            continue
        other = (at for at, each in left.items() if each["role"] == PrimaryKind.role)
        match = next((at for at in other if old.items.get(at) in items), None)
        if match is not None:
            was = left.pop(match)
            new[match] = name
            criteria[name] = {**demand, **{field: was[field] for field in _MEASURE}}
    for name, criterion in left.items():
        criteria[name if name not in now.demands.criteria else f"{name} (as it was)"] = criterion
    demands = _comparable(old.demands, old, now)
    gains = demands.rule.get("largest_gain", {})
    rule = {**demands.rule, "largest_gain": {new.get(name, name): gains[name] for name in gains}}
    judge = demands.judge
    if judge is not None:
        judge = {**judge, "test_set": new.get(judge["test_set"], judge["test_set"])}
    return replace(demands, rule=rule, judge=judge, criteria=criteria)


def _same_measure(
    name: str,
    now: JudgedPolicy,
    old: JudgedPolicy,
    sharing: Sharing,
    *,
    among: Collection[str] | None = None,
) -> str | None:
    """Name of the criterion of `old` with the same measure on shared items; None where there is
    none."""
    items, demand = _sharing(now.items.get(name, ""), sharing), now.demands.criteria[name]
    rivals = [
        at
        for at, was in old.demands.criteria.items()
        if (among is None or at in among)
        and old.items.get(at) in items
        and all(was[field] == demand[field] for field in _MEASURE)
    ]
    # of several, as when two parts of one set are asked, the one that is called so
    return name if name in rivals else next(iter(rivals), None)


def _sharing(digest: str, sharing: Sharing) -> Collection[str]:
    return sharing.get(digest) or {digest}
