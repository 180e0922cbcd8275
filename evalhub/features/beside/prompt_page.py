"""The page of two prompts: one item after the other, both prompts to edit, both answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from evalhub.accounts.models import User
from evalhub.declare.declaration import DeclarationError
from evalhub.features.beside.asking import (
    ItemGoneError,
    NewAnswer,
    StoredAnswer,
    ask_item,
    stored_answer,
)
from evalhub.features.beside.sides import SLOTS, PromptSide
from evalhub.frames.page.forms import whole_number
from evalhub.io.word_diff import Piece, word_diff
from evalhub.registry.models import Item, ModelVersion, TestSetVersion
from evalhub.registry.models.testsets import TestSetVersionQuerySet
from evalhub.report.flips import COMPARED, FoldedText, input_text, passage, references_text
from evalhub.studies.web.trial_request import TryError
from runners.backends.asking import BackendError

LISTED = 100
REFUSED = (DeclarationError, TryError, BackendError, ItemGoneError)


@dataclass(frozen=True, slots=True)
class ShownSide:
    """One side with its answer: what it answered just now, or in its version's newest run.

    `wrong`: why it wasn't asked, in a sentence. `unedited`: it is the very prompt of the other
    side, whose answer isn't shown twice.
    """

    side: PromptSide
    choices: Sequence[tuple[str, str, bool]]
    new: NewAnswer | None = None
    stored: StoredAnswer | None = None
    wrong: str = ""
    pieces: Sequence[Piece] = ()
    unedited: bool = False

    @property
    def text(self) -> str | None:
        if self.new:
            return self.new.trial.reply.text
        return self.stored.output.text if self.stored else None

    @property
    def error(self) -> str:
        if self.new:
            return self.new.trial.reply.error if self.new.trial.reply.text is None else ""
        return self.stored.output.error if self.stored else ""


@dataclass(frozen=True, slots=True)
class PromptsPage:
    """All data of the page. `item` is None as long as no test set is chosen.

    `judged`: the next decision on the item says that it was asked.
    """

    sides: Sequence[ShownSide]
    test_sets: Sequence[tuple[int, str, bool]]
    item: Item | None
    question: FoldedText | None = None
    reference: FoldedText | None = None
    place: int = 0
    before: str = ""
    after: str = ""
    address: str = ""

    @property
    def judged(self) -> bool:
        return self.item is not None and not self.item.version.read_freely

    @property
    def refused(self) -> bool:
        return any(shown.wrong for shown in self.sides)


def prompts_page(
    query: QueryDict, sent: QueryDict, *, user: User, aliases: Collection[str]
) -> PromptsPage:
    """The page that an address asks for; with a form, as it was sent, whose `ask` asks both sides.

    A side that was asked before, under this very prompt, isn't asked again.

    Raises:
        Item.DoesNotExist: there is no item of this number for `user`.
    """
    item = _item(query, user)
    versions = _versions(user, item)
    sides = [_side(slot, query, versions, aliases) for slot in SLOTS]
    if sent:
        sides = [side.with_sent(sent) for side in sides]
    shown = [
        _shown(side, versions, aliases, item, by=user if "ask" in sent else None) for side in sides
    ]
    if not sent and sides[0].version and sides[0].version == sides[1].version:
        shown[1] = replace(shown[1], stored=None, unedited=True)
    page = PromptsPage(_mark(shown), _test_sets(user, item), item)
    return _with_item(page, item, query) if item else page


def _item(query: QueryDict, user: User) -> Item | None:
    """The item of the address, else the first of its test set; None where neither is named."""
    seen = Item.objects.filter(version__in=_seen(user)).select_related("version__test_set__project")
    version = whole_number(query.get("test_set", ""))
    if "item" in query:
        item = seen.get(pk=whole_number(query.get("item", "")))
        if not version or item.version_id == version:
            return item
    return seen.filter(version=version).order_by("position").first() if version else None


def _seen(user: User) -> TestSetVersionQuerySet:
    versions: TestSetVersionQuerySet = TestSetVersion.objects.visible_to(user)
    return versions


def _versions(user: User, item: Item | None) -> dict[str, ModelVersion]:
    """The versions that a chat endpoint answers for, by how an address names them; of the item's
    project where there is one. Those of the newest models come first."""
    seen = ModelVersion.objects.visible_to(user).filter(backend__type="openai")
    if item is not None:
        seen = seen.filter(model__project=item.version.test_set.project_id)
    newest = seen.select_related("model__project").order_by("-pk")[:LISTED]
    return {str(version.pk): version for version in newest}


def _side(
    slot: str, query: QueryDict, versions: dict[str, ModelVersion], aliases: Collection[str]
) -> PromptSide:
    """The side that the address names, else the one of the newest version, else an endpoint's."""
    wanted = query.get(slot, "")
    alias = wanted.removeprefix("endpoint:")
    if wanted.startswith("endpoint:") and alias in aliases:
        return PromptSide(slot, alias=alias)
    version = versions.get(wanted) or next(iter(versions.values()), None)
    if version is None:
        return PromptSide(slot, alias=next(iter(aliases), ""))
    return PromptSide.of_version(slot, version)


def _shown(
    side: PromptSide,
    versions: dict[str, ModelVersion],
    aliases: Collection[str],
    item: Item | None,
    *,
    by: User | None,
) -> ShownSide:
    choices = [(value, str(version)) for value, version in versions.items()]
    choices += [(f"endpoint:{alias}", f"endpoint {alias}") for alias in aliases]
    shown = ShownSide(side, [(value, name, value == side.value) for value, name in choices])
    stored = stored_answer(item, side.version) if item and not side.edited else None
    if stored or item is None or by is None:
        return replace(shown, stored=stored)
    try:
        return replace(shown, new=ask_item(item=item, side=side, by=by))
    except REFUSED as error:
        field = f"{error.field}: " if isinstance(error, DeclarationError) and error.field else ""
        message = error.message if isinstance(error, DeclarationError) else str(error)
        return replace(shown, wrong=field + message)


def _mark(shown: Sequence[ShownSide]) -> list[ShownSide]:
    """Both answers with the words marked that one of them lacks."""
    left, right = (each.text for each in shown)
    if left is None or right is None:
        return [replace(each, pieces=[Piece(each.text or "", False)]) for each in shown]
    one, other, _ = word_diff(left, right, most=COMPARED)
    return [replace(shown[0], pieces=one), replace(shown[1], pieces=other)]


def _test_sets(user: User, item: Item | None) -> list[tuple[int, str, bool]]:
    """Development sets first: asking them is noted nowhere."""
    newest = _seen(user).select_related("test_set").order_by("-read_freely", "-pk")
    chosen = item.version_id if item else 0
    rows = [
        (version.pk, f"{version}{' · development' if version.read_freely else ''}")
        for version in newest[:LISTED]
    ]
    if item and all(pk != chosen for pk, _ in rows):
        rows.insert(0, (chosen, str(item.version)))
    return [(pk, name, pk == chosen) for pk, name in rows]


def _with_item(page: PromptsPage, item: Item, query: QueryDict) -> PromptsPage:
    """The page with its item and the addresses of those before and after it. Two queries."""
    values = {shown.side.slot: shown.side.value for shown in page.sides}

    def address(other: Item | None) -> str:
        if other is None:
            return ""
        return f"{reverse('site:prompts_beside')}?{urlencode({'item': other.pk, **values})}"

    others = Item.objects.filter(version=item.version_id)
    before = others.filter(position__lt=item.position).order_by("-position").first()
    after = others.filter(position__gt=item.position).order_by("position").first()
    return replace(
        page,
        question=passage(input_text(item.input)),
        reference=passage(references_text(item.references)),
        place=item.position + 1,
        before=address(before),
        after=address(after),
        address=address(item),
    )
