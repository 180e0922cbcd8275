"""A team's own functions: declared, known by their code, scored apart, checked."""

import os
import time
from pathlib import Path

import pytest

from evalhub.declare.declaration import DeclarationError, validate
from evalhub.studies.file.schemas import schema_text
from runners.metrics import Answer, AnyMetric, MetricError, metric_declaration, scorer
from runners.metrics.own import FunctionMetric, metric
from tests.runners.metrics.own import KEPT, a_home_with, written

HOSTILE = """
import os, subprocess, sys, time
from pathlib import Path
from runners.metrics.own import Answer, MetricScore, metric

@metric(title="Hostile", seconds=4)
def hostile(answer: Answer):
    match answer.text:
        case "loops": time.sleep(600)
        case "exits": os._exit(3)
        case "ends": sys.exit(2)
        case "nan": return float("nan")
        case "infinite": return 10 ** 400
        case "seven": return 7
        case "text": return "good"
        case "raises": raise KeyError("x")
        case "nothing": return None
        case "says why": return MetricScore(None, "too short")
        case "cuts": return MetricScore(None, "Cut \\ud83d, \\0")
        case "says nothing": return MetricScore(0.5, None)
        case "forks":
            os.fork()
            return 1
        case "prints":
            print("x" * 100_000, flush=True)
            return 0.25
        case "env": return float(any(name.startswith("EVALHUB_") for name in os.environ))
        case text if text.startswith("leaves "):
            run = ["sh", "-c", "setsid sleep 600 & sleep 600"]
            child = subprocess.Popen(run, start_new_session=True)
            while len(children := below(child.pid)) < 2:
                time.sleep(0.01)
            Path(text.removeprefix("leaves ")).write_text(" ".join(map(str, children)))
    return 1

def below(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children)]
"""


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_a_function_is_a_metric_with_its_options(tmp_path: Path) -> None:
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        score = scorer("words_kept")
        answers = [
            (Answer("A dog"), ["a cat"]),
            (Answer("A dog"), ["a cat", "a dog"]),
            (Answer("A dog"), []),
        ]
        assert [each.value for each in score.batch(answers)] == [0.5, 1.0, None]
        assert score.batch(answers)[2].reason == "no reference"
        assert scorer("words_kept", lower=False)(Answer("A dog"), ["a dog"]).value == 0.5
        assert scorer("words_kept", extract="is (.*)")(Answer("it is a cat"), ["a cat"]).value == 1
        with pytest.raises(MetricError, match="field 'lowr': isn't known here; did you mean lower"):
            metric_declaration("words_kept", lowr=True)
        with pytest.raises(MetricError, match=r"no metric 'word_kept'; did you mean words_kept\?"):
            metric_declaration("word_kept")


def test_a_document_names_it_like_any_other(tmp_path: Path) -> None:
    published = schema_text("study")
    with a_home_with(written(tmp_path / "house.py", KEPT)):
        named = validate(AnyMetric, {"name": "words_kept", "lower": False})
        assert named == metric_declaration("words_kept", lower=False)
        assert validate(AnyMetric, named.as_json()) == named
        with pytest.raises(DeclarationError, match="'lower': true or false is needed"):
            validate(AnyMetric, {"name": "words_kept", "lower": "no"})
        with pytest.raises(DeclarationError, match=r"not \"word_kep\"; did you mean words_kept\?"):
            validate(AnyMetric, {"name": "word_kep"})
        assert schema_text("study") == published
    with pytest.raises(DeclarationError, match=r'one of exact_match, .*, not "words_kept"'):
        validate(AnyMetric, {"name": "words_kept"})


def test_changed_code_is_another_metric_and_old_scores_stay_readable(tmp_path: Path) -> None:
    file = written(tmp_path / "house.py", KEPT)
    with a_home_with(file):
        old = metric_declaration("words_kept")
        file.write_text(KEPT.replace("else answer.text", "else answer.text.strip()"))
        with pytest.raises(MetricError, match=r"has changed since this process started"):
            scorer("words_kept")(Answer("a"), ["a"])
    with a_home_with(file):
        new = metric_declaration("words_kept")
        assert new.options != old.options
        stored = metric_declaration("words_kept", **old.options)
        assert (stored.reach, stored.rises, stored.compares) == ((0, 1), True, True)
        assert stored.options == old.options
        assert "changed code is another metric, so register the study again" in stored.why_unusable
        with pytest.raises(DeclarationError, match="'code_sha256': its code here has"):
            validate(AnyMetric, {"name": "words_kept", **old.options})
    gone = metric_declaration("words_kept", **old.options)
    assert gone.why_unusable == "words_kept: its code isn't installed here"
    with pytest.raises(MetricError, match="isn't installed here"):
        scorer("words_kept", **old.options)(Answer("a"), ["a"])


def test_whatever_a_function_does_the_others_are_scored(tmp_path: Path) -> None:
    reasons = {
        "loops": "the metric took more than 4 s on this answer",
        "exits": "the metric ended its own process on this answer, with 3",
        "ends": "the metric raised SystemExit: 2",
        "nan": "the metric gave nan, which is no finite number",
        "infinite": "the metric raised OverflowError: int too large to convert to float",
        "seven": "the metric gave 7, outside its range from 0 to 1",
        "text": "the metric gave 'good', where a number is needed",
        "raises": "the metric raised KeyError: 'x'",
        "nothing": "the metric gave no value",
        "says why": "too short",
    }
    left = tmp_path / "pids"
    fine = {"forks": 1.0, "prints": 0.25, "env": 0.0, f"leaves {left}": 1.0}
    texts = [text for bad in reasons for text in (bad, "good")] + list(fine)
    with a_home_with(written(tmp_path / "hostile.py", HOSTILE)):
        scores = scorer("hostile").batch([(Answer(text), []) for text in texts])
    by_text = dict(zip(texts, scores, strict=True))
    assert {text: by_text[text].reason for text in reasons} == reasons
    assert all(by_text[text].value is None for text in reasons)
    assert all(
        score.value == 1 for text, score in zip(texts, scores, strict=True) if text == "good"
    )
    assert {text: by_text[text].value for text in fine} == fine
    end = time.monotonic() + 5
    pids = [int(pid) for pid in left.read_text().split()]
    assert len(pids) >= 2
    while any(map(is_alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    assert not any(map(is_alive, pids))


def test_a_reason_is_a_text_that_can_be_stored(tmp_path: Path) -> None:
    with a_home_with(written(tmp_path / "hostile.py", HOSTILE)):
        scores = scorer("hostile").batch([(Answer("cuts"), []), (Answer("says nothing"), [])])
    mark = "\N{REPLACEMENT CHARACTER}"
    assert [(score.value, score.reason) for score in scores] == [
        (None, f"Cut {mark}, {mark}"),
        (0.5, ""),
    ]


def test_after_three_that_end_it_the_rest_is_not_tried(tmp_path: Path) -> None:
    with a_home_with(written(tmp_path / "hostile.py", HOSTILE)):
        scores = scorer("hostile").batch([(Answer(text), []) for text in ["exits"] * 3 + ["good"]])
    assert [score.value for score in scores] == [None] * 4
    assert scores[3].reason.startswith("not tried: 3 answers before it")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def f(: pass", r"house\.py can't be loaded: SyntaxError"),
        ("raise SystemExit(1)", r"house\.py can't be loaded: SystemExit: 1"),
        ("x = 1", r"house\.py has no metric: a function with the decorator"),
        (KEPT.replace("words_kept", "bleu"), "'bleu' has the name of one of Evalhub's"),
        (KEPT.replace("lower: bool", "lower"), "its option 'lower' needs a type"),
        (KEPT.replace("lower", "scale"), "an option can't be called 'scale'"),
        (KEPT.replace("lower", "unit"), "an option can't be called 'unit'"),
        (KEPT.replace("lower", "right"), "an option can't be called 'right'"),
        (KEPT.replace("lower", "source"), "an option can't be called 'source'"),
        (KEPT.replace("lower: bool", "lower: bool | None"), "'lower' may be None, so that None is"),
        (KEPT.replace("Words kept", ""), "words_kept: its title: String should have at least 1"),
        (KEPT.replace("Words kept", "x" * 101), "words_kept: its title: String should have at"),
        (KEPT.replace("answer: Answer", "text: str"), "its first parameter is `answer`"),
        (KEPT.replace('kept"', 'kept", bounds=(1, 0)'), "bounds are the least value and the most"),
    ],
)
def test_a_file_that_can_t_be_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with (
        a_home_with(written(tmp_path / "house.py", text)),
        pytest.raises(MetricError, match=message),
    ):
        metric_declaration("words_kept")


def test_of_two_of_one_name_both_places_are_named(tmp_path: Path) -> None:
    files = [written(tmp_path / name, KEPT) for name in ("house.py", "other.py")]
    with a_home_with(*files), pytest.raises(MetricError, match=r"house\.py and .*other\.py have"):
        metric_declaration("words_kept")
    with a_home_with(tmp_path / "no.py"), pytest.raises(MetricError, match="No such file"):
        metric_declaration("words_kept")


def test_evalhub_s_own_are_made_by_the_same_decorator() -> None:
    @metric(title="Shout", bounds=None)
    def shout(answer: Answer, signs: int = 1) -> int:
        return answer.text.count("!") * signs

    assert shout(signs=2).score(Answer("No!"), None).value == 2
    assert isinstance(scorer("length").metric, FunctionMetric)
