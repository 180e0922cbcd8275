"""What an installed package brings by entry points: metrics, backends, importers, by its digest."""

from collections.abc import Callable
from importlib import invalidate_caches
from pathlib import Path

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.keys import Reach
from evalhub.declare.outside import OutsideError, check_from_web
from evalhub.declare.prompt import Prompt
from evalhub.declare.sampling import Sampling
from evalhub.importers.kinds import log_kinds, read_arms
from evalhub.plug_ins import PlugInError
from runners.backends.asking import BackendError, BackendRequest
from runners.backends.own import Client, OwnBackend
from runners.metrics import Answer, MetricError, metric_declaration, scorer
from runners.metrics.own_table import own_metrics
from tests.cast import OPERATOR
from tests.runners.metrics.own import KEPT

BACKEND = """
from runners.backends.asking import Reply

class House:
    def __init__(self, shout):
        self.shout = shout

    @classmethod
    def of(cls, options, prompt, sampling):
        return cls(options.get("shout", False))

    def answer(self, questions):
        text = "YES" if self.shout else "yes"
        yield [(question, Reply(text=text)) for question in questions]
"""
IMPORTER = """
from evalhub.importers.kinds import KINDS, LogKind

KIND = LogKind("the house's log", KINDS["json"].read, names_tasks=False)
"""
type Install = Callable[[str, str, str], Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package of one module, with one entry point; its name is each test's own."""

    def installed(group: str, point: str, code: str) -> Path:
        module = point.partition("=")[2].partition(":")[0].strip()
        package = tmp_path / module
        package.mkdir()
        (package / "__init__.py").write_text(code)
        info = tmp_path / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{point}\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        invalidate_caches()
        own_metrics.cache_clear()
        log_kinds.cache_clear()
        return package

    return installed


@pytest.fixture(autouse=True)
def _forgotten() -> object:
    yield
    own_metrics.cache_clear()
    log_kinds.cache_clear()


def test_a_package_s_metric_is_known_by_all_its_files(install: Install) -> None:
    package = install("evalhub.metrics", "words_kept = house_a:words_kept", KEPT)
    assert scorer("words_kept")(Answer("a dog"), ["a cat"]).value == 0.5
    before = metric_declaration("words_kept").options["code_sha256"]
    (package / "helper.py").write_text("x = 1\n")
    own_metrics.cache_clear()
    assert metric_declaration("words_kept").options["code_sha256"] != before


@pytest.mark.parametrize(
    ("point", "code", "message"),
    [
        ("words_kept = house_b:words", KEPT, "'words_kept' of house_b 1.0 .* can't be loaded"),
        ("kept = house_c:words_kept", KEPT, "names the metric 'words_kept'"),
        ("words_kept = house_d:x", "x = 1", "is no function with the decorator"),
        ("words_kept = house_e:x", "raise SystemExit(3)", "can't be loaded: SystemExit: 3"),
    ],
)
def test_a_package_that_can_t_be_is_one_sentence(
    install: Install, point: str, code: str, message: str
) -> None:
    install("evalhub.metrics", point, code)
    with pytest.raises(MetricError, match=message):
        metric_declaration("words_kept")


def test_a_package_s_backend_answers_an_operator_s_own_study(install: Install) -> None:
    package = install("evalhub.backends", "house = house_f:House", BACKEND)
    declared = validate(OwnBackend, {"type": "own", "name": "house", "options": {"shout": True}})
    with pytest.raises(OutsideError, match="is code, which no document from outside may give"):
        check_from_web(declared, uploaded=(), aliases=())
    backend = declared.resolve(Path)
    assert backend.code_sha256 is not None
    client = Client.of(backend, Prompt(), Sampling(), OPERATOR)
    question = BackendRequest(1, 0, "Well?", "")
    assert [reply.text for batch in client.answer([question]) for _, reply in batch] == ["YES"]
    with pytest.raises(BackendError, match="operator's own study alone"):
        Client.of(backend, Prompt(), Sampling(), Reach())
    (package / "helper.py").write_text("x = 1\n")
    with pytest.raises(BackendError, match="changed code is another version"):
        Client.of(backend, Prompt(), Sampling(), OPERATOR)
    assert declared.resolve(Path).identity() != backend.identity()
    with pytest.raises(DeclarationError, match="'code_sha256': its code here has"):
        backend.resolve(Path)


def test_a_backend_that_nobody_installed_is_refused() -> None:
    declared = validate(OwnBackend, {"type": "own", "name": "nobodys"})
    with pytest.raises(DeclarationError, match="brings a backend 'nobodys'"):
        declared.resolve(Path)


def test_a_package_s_importer_reads_its_logs(install: Install, tmp_path: Path) -> None:
    install("evalhub.importers", "house-log = house_g:KIND", IMPORTER)
    log = tmp_path / "log.jsonl"
    log.write_text('{"id": "1", "input": "a", "output": "b", "reference": "b"}\n')
    [arm] = read_arms("house-log", log)
    assert arm.tasks


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("json = house_h:KIND", "has the name of a part of Evalhub's own"),
        ("other = house_i:KINDS", "is no evalhub.importers.kinds.LogKind"),
    ],
)
def test_an_importer_that_can_t_be_is_one_sentence(
    install: Install, point: str, message: str
) -> None:
    install("evalhub.importers", point, IMPORTER)
    with pytest.raises(PlugInError, match=message):
        log_kinds()
