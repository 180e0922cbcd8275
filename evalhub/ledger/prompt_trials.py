"""Judged items that were asked again with a prompt of somebody's: kept, and noted by decisions."""

from collections.abc import Iterator, Sequence

from evalhub.accounts.models import User
from evalhub.decision.wording import count_text
from evalhub.declare.caveats import Caveat
from evalhub.declare.prompt import Prompt
from evalhub.io.canonical import digest_of
from evalhub.ledger.ledger import Claim
from evalhub.ledger.models import PromptTrial
from evalhub.ledger.same_items import SameItems
from evalhub.registry.models import Item, Study

TRIED = "prompts-tried"
NAMED = 3
"""People whose names a caveat has."""


def keep_trial(*, item: Item, prompt: Prompt, model: str, by: User) -> PromptTrial | None:
    """Keeps that `by` asks `model` this item with a prompt of their own.

    None, and nothing is kept, for an item of a development set, on which nothing is judged. The
    caller has seen that `by` evaluates in the item's project.
    """
    if item.version.read_freely:
        return None
    digest = digest_of(prompt.as_json())
    return PromptTrial.objects.create(item=item, prompt_digest=digest, model=model[:300], by=by)


def caveats_on_trials(study: Study, claims: Sequence[Claim], shared: SameItems) -> list[Caveat]:
    """A caveat for each test set of which items were asked again. One query without any trial, and
    one more a claim."""
    versions = {pk for claim in claims for pk in shared.of(claim.version)}
    trials = list(
        PromptTrial.objects.filter(
            item__version__in=versions, item__version__test_set__project=study.project_id
        )
        .select_related("item", "by")
        .order_by("pk")
    )
    return list(_caveats(claims, trials)) if trials else []


def _caveats(claims: Sequence[Claim], trials: Sequence[PromptTrial]) -> Iterator[Caveat]:
    """Matched by what the items ask: the same item in another version is the same."""
    for name, version in {claim.name: claim.version for claim in claims}.items():
        asked = {trial.item.fingerprint_in_context for trial in trials}
        items = Item.objects.filter(version=version, fingerprint_in_context__in=asked)
        own = set(items.values_list("fingerprint_in_context", flat=True))
        if not own:
            continue
        people = [
            trial.by.get_username() for trial in trials if trial.item.fingerprint_in_context in own
        ]
        yield Caveat(
            code=TRIED,
            sentence=f"{count_text(len(own), 'item')} of {name} asked again with another prompt "
            f"before, by {_names(list(dict.fromkeys(people)))}",
        )


def _names(people: Sequence[str]) -> str:
    if len(people) > NAMED:
        return f"{', '.join(people[:NAMED])} and {len(people) - NAMED} more"
    return " and ".join([*filter(None, [", ".join(people[:-1])]), people[-1]])
