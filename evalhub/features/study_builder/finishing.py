"""A question as the study file that is registered: names proposed, answers dealt to test sets."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import batched, chain
from pathlib import Path
from typing import Any

import yaml

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.study import FINE_TUNED
from evalhub.features.study_builder.question import StudyQuestion
from evalhub.features.study_builder.uploads import sounds_like_baseline
from evalhub.io.items import read_items
from evalhub.io.limits import WEB
from evalhub.io.rows import DataError, read_rows
from evalhub.registry.models import Study
from evalhub.registry.slugs import slug_of
from evalhub.registry.uploads import Uploads
from evalhub.studies.file.suite import GENERAL, GeneralSuite, skill_name, test_sets_of
from evalhub.studies.file.test_sets import ItemFields
from evalhub.studies.web.copying import keep_lines
from runners.suites import SUITES

SCHEMA = "evalhub.study/1"
NAME_LENGTH = 190


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many items of the study an arm's files answer.

    Attributes:
        lacking: test sets with items that have no answer, by the number of those.
    """

    answered: int
    items: int
    lacking: Mapping[str, int]


@dataclass(slots=True)
class FinishedStudy:
    """A study file as it would be registered, and what is wrong with its answers.

    Attributes:
        files: digests by the names in the document.
        counts: items by test set, as far as they can be read.
        problems: (field, message) of what is wrong with files.
    """

    document: dict[str, Any]
    files: dict[str, str]
    counts: dict[str, int] = field(default_factory=dict)
    coverage: dict[str, Coverage] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The study file as YAML."""
        return as_yaml(self.document)


def as_yaml(document: Mapping[str, Any]) -> str:
    """A study file's document as YAML."""
    text: str = yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=100)
    return text


def finish(
    question: StudyQuestion, *, project: Project, uploads: Uploads, by: User, reads_files: bool
) -> FinishedStudy:
    """The study file that a question comes to, its files read and split where several test sets
    are answered by one.

    Args:
        reads_files: whether files are read; else counts and coverage stay empty.
    """
    document = deepcopy(question.document)
    _propose(document)
    document = {
        "schema": SCHEMA,
        "name": document.pop("name", None) or _free_name(project, document),
        **{name: document.pop(name) for name in ("baseline", "candidate") if name in document},
        **{name: each for name, each in document.items() if name not in ("schema", "project")},
    }
    finished = FinishedStudy(document, dict(question.files))
    if reads_files:
        _read_files(finished, uploads, by)
    return finished


def proposed_roles(document: Mapping[str, Any]) -> dict[str, str]:
    """The baseline and the candidate, where nobody has named them: what sounds like a baseline, and
    of the other arms the last fine-tuned one."""
    roles: dict[str, str] = {}
    arms = list(document.get("arms") or {})
    baseline, candidate = document.get("baseline"), document.get("candidate")
    if arms and not baseline:
        others = [each for each in arms if each != candidate]
        likely = [each for each in others if sounds_like_baseline(each)]
        baseline = roles["baseline"] = [*likely, *others, *arms][0]
    rest = [each for each in arms if each != baseline]
    if rest and not candidate and baseline in arms:
        tuned = [each for each in rest if _kind(document, each) in FINE_TUNED]
        roles["candidate"] = [*rest, *tuned][-1]
    return roles


def _kind(document: Mapping[str, Any], arm: str) -> str:
    declared = document["arms"][arm]
    return str(declared.get("kind")) if isinstance(declared, dict) else ""


def _propose(document: dict[str, Any]) -> None:
    """Adds the proposed roles, and the test set that people and a judge are asked about."""
    document |= proposed_roles(document)
    test_sets = document.get("test_sets") or {}
    judged = [
        name
        for role in ("primary", "guard")
        for name, each in test_sets.items()
        if isinstance(each, dict) and each.get("role") == role
    ]
    for part in ("review", "pairwise"):
        if isinstance(document.get(part), dict) and judged:
            document[part].setdefault("test_set", judged[0])


def proposed_name(document: Mapping[str, Any]) -> str:
    """What a study is called that nobody named."""
    test_sets = list(document.get("test_sets") or {})
    if "candidate" not in document or not test_sets:
        return "New study"
    return f"{document['candidate']} against {document['baseline']} on {test_sets[0]}"


def _free_name(project: Project, document: Mapping[str, Any]) -> str:
    """The proposed name, with a number where the project has a study of that name."""
    name = proposed_name(document)[:NAME_LENGTH]
    names = chain([name], (f"{name} {number}" for number in range(2, 1000)))
    # A few at a time: the first is nearly always free, and each page that is shown asks for one.
    return next(each for few in batched(names, 20) for each in _free(project, few))


def _free(project: Project, names: Iterable[str]) -> Iterator[str]:
    slugs = {slug_of(each): each for each in names}
    taken = set(
        Study.with_live.filter(project=project, slug__in=list(slugs)).values_list("slug", flat=True)
    )
    return (each for slug, each in slugs.items() if slug not in taken)


def suite_of(document: Mapping[str, Any]) -> GeneralSuite | None:
    """The suite that the document names, if it is right."""
    suite = document.get("suite")
    if suite == GENERAL:
        return GeneralSuite()
    try:
        return validate(GeneralSuite, suite) if isinstance(suite, dict) else None
    except DeclarationError:
        return None


def _read_files(finished: FinishedStudy, uploads: Uploads, by: User) -> None:
    keys = _keys_by_test_set(finished, uploads)
    finished.counts = {name: len(each) for name, each in keys.items()}
    for name, arm in (finished.document.get("arms") or {}).items():
        recorded = _recorded(arm)
        if recorded is None:
            continue
        try:
            _deal(finished, uploads, by, name, keys)
        except DataError as error:
            finished.problems.append((f"arms.{name}.backend.recorded", _as_sent(finished, error)))
        except KeyError:
            message = "the file has expired: add it again"
            finished.problems.append((f"arms.{name}.backend.recorded", message))


def _keys_by_test_set(finished: FinishedStudy, uploads: Uploads) -> dict[str, set[str]]:
    """The ids of each test set's items; test sets that can't be read are left out, and named among
    the problems."""
    keys: dict[str, set[str]] = {}
    for name, test_set in (finished.document.get("test_sets") or {}).items():
        if not isinstance(test_set, dict) or "file" not in test_set:
            continue
        at = f"test_sets.{name}.file"
        digest = finished.files.get(Path(str(test_set["file"])).name, "")
        try:
            fields = validate(ItemFields, test_set.get("fields", {}))
            items = read_items(uploads[digest], fields.mapping, WEB)
            keys[name] = {item.key for _, item in items}
        except KeyError:
            if digest:
                finished.problems.append((at, "the file has expired: add it again"))
        except DataError as error:
            finished.problems.append((at, _as_sent(finished, error)))
        except DeclarationError:
            pass  # the check of the whole file names it
    if (suite := suite_of(finished.document)) is not None:
        for skill in suite.skills:
            items_of_skill = SUITES[skill].generate(suite.seed, suite.items)
            keys[skill_name(skill)] = {str(each["id"]) for each in items_of_skill}
    return keys


def _recorded(arm: Any) -> Any:
    backend = arm.get("backend") if isinstance(arm, dict) else None
    return backend.get("recorded") if isinstance(backend, dict) else None


def _deal(
    finished: FinishedStudy, uploads: Uploads, by: User, arm_name: str, keys: dict[str, set[str]]
) -> None:
    """Counts an arm's answers, and deals those of one file to the test sets whose items they
    answer. Raises DataError, and KeyError for a file that isn't stored any more."""
    arm = finished.document["arms"][arm_name]
    recorded = _recorded(arm)
    id_field = (arm.get("fields") or {}).get("id", "id")
    every = _test_sets(finished.document)
    wanted = arm.get("only") or list(every)
    if isinstance(recorded, dict):
        answered = {
            name: _ids(uploads[finished.files[Path(file).name]], id_field)
            for name, file in recorded.items()
            if Path(str(file)).name in finished.files
        }
        finished.coverage[arm_name] = _coverage(answered, keys, wanted)
        return
    file = Path(str(recorded)).name
    if file not in finished.files:
        return
    path = uploads[finished.files[file]]
    if len(every) < 2:
        answered = dict.fromkeys(every, _ids(path, id_field))
        finished.coverage[arm_name] = _coverage(answered, keys, wanted)
        return
    lines: dict[str, list[str]] = defaultdict(list)
    answered = {name: set() for name in keys}
    for key, line, names in _rows(path, id_field, keys):
        if len(names) != 1:
            why = (
                f"'{key}' is an item of {' and '.join(names)}: send a file for each, called "
                f"{arm_name}.{names[0]}.jsonl and so on"
                if names
                else f"'{key}' is an item of none of the test sets"
            )
            raise DataError(why, file=str(path), line=line[0], field=id_field)
        lines[names[0]].append(line[1])
        answered[names[0]].add(key)
    files = {}
    for name, rows in lines.items():
        files[name] = f"{arm_name}.{name}.jsonl"
        finished.files[files[name]] = keep_lines(rows, uploads, by)
    if files:
        arm["backend"] = {"recorded": files}
    finished.coverage[arm_name] = _coverage(answered, keys, wanted)


def _rows(
    path: Path, id_field: str, keys: Mapping[str, set[str]]
) -> Iterator[tuple[str, tuple[int, str], list[str]]]:
    """(item's id, (line, row as JSON), test sets that have such an item) of each answer."""
    for row in read_rows(path, WEB):
        key = str(row.values.get(id_field, ""))
        content = json.dumps(dict(row.values), ensure_ascii=False, default=str) + "\n"
        yield key, (row.line, content), [name for name, ids in keys.items() if key in ids]


def _ids(path: Path, id_field: str) -> set[str]:
    return {str(row.values.get(id_field, "")) for row in read_rows(path, WEB)}


def _test_sets(document: Mapping[str, Any]) -> list[str]:
    suite = suite_of(document)
    return [*(document.get("test_sets") or {}), *(test_sets_of(suite) if suite else ())]


def _coverage(
    answered: Mapping[str, set[str]], keys: Mapping[str, set[str]], wanted: list[str]
) -> Coverage:
    counted = {name: keys[name] for name in wanted if name in keys}
    met = {name: len(ids & answered.get(name, set())) for name, ids in counted.items()}
    lacking = {name: len(ids) - met[name] for name, ids in counted.items() if met[name] < len(ids)}
    return Coverage(sum(met.values()), sum(map(len, counted.values())), lacking)


def _as_sent(finished: FinishedStudy, error: DataError) -> str:
    """The error with the file under its sender's name."""
    stem = Path(error.file).name.partition(".")[0]
    names = {digest.removeprefix("sha256:"): name for name, digest in finished.files.items()}
    return str(
        DataError(
            error.message, file=names.get(stem, "the file"), line=error.line, field=error.field
        )
    )
