"""What is still to be asked of the arms of a study, and what that costs at most."""

from collections.abc import Iterable, Sequence

from evalhub.files.tools import message_text
from evalhub.registry.models import Output, Run
from evalhub.schemas.plan import PlannedRun
from evalhub.schemas.prices import Price
from runners.backends import backend_of
from runners.prompting import PromptError, chat
from runners.reusing import answered_before

CHARACTERS_A_TOKEN = 4


def planned_run(
    run: Run, *, arm: str, test_set: str, repeat: int, price: Price | None
) -> PlannedRun:
    """What one run would still ask, and what that costs at most."""
    live = backend_of(run.version).live
    requests, characters, reused = _unanswered(run) if live else (0, 0, 0)
    prompt = -(-characters // CHARACTERS_A_TOKEN)
    longest = run.version.sampling.max_tokens
    completion = 0 if requests == 0 else None if longest is None else longest * requests
    money = 0.0 if requests == 0 else None
    if price is not None and completion is not None:
        money = (price.prompt * prompt + price.completion * completion) / 1e6
    return PlannedRun(
        arm=arm,
        test_set=test_set,
        repeat=repeat,
        live=live,
        requests=requests,
        reused=reused,
        prompt_tokens=prompt,
        completion_tokens=completion,
        money=money,
    )


def _unanswered(run: Run) -> tuple[int, int, int]:
    """Answers that are still to be asked for, the characters that are sent for them, and how many
    are taken over, since the same version has given them before."""
    there = set(Output.objects.filter(run=run, text__isnull=False).values_list("item_id", "sample"))
    before = set(answered_before(run).values_list("item__key", "item__digest", "sample"))
    requests = characters = reused = 0
    columns = ("pk", "key", "digest", "input", "context")
    rows = run.test_set_version.items.order_by().values_list(*columns)
    for item, key, digest, given, context in rows.iterator():
        missing = [each for each in range(run.samples) if (item, each) not in there]
        known = sum((key, digest, each) in before for each in missing)
        left = len(missing) - known
        requests, reused = requests + left, reused + known
        characters += left * _length(run, given, context)
    return requests, characters, reused


def _length(run: Run, given: str | list[dict[str, str]], context: str) -> int:
    try:
        return sum(len(message_text(each)) for each in chat(run.version.prompt, given, context))
    except PromptError:
        return 0


def sum_known[N: (int, float)](values: Iterable[N | None]) -> N | None:
    """The sum; None where one of them isn't known."""
    known: Sequence[N | None] = list(values)
    return None if None in known else sum(each for each in known if each is not None)
