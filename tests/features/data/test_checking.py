"""One report of a file: what was sampled, in which order, by which content."""

import hashlib
import random

import pytest

from evalhub.declare.data_report import CheckOptions, DataReport
from evalhub.features.data.checking import check_file
from evalhub.features.data.checks.check import CheckResult, CheckSettings, DataCheck
from evalhub.features.data.checks.table import CHECKS
from evalhub.features.data.rows.sample import RowSample
from evalhub.features.data.rows.training_rows import TrainingRow
from evalhub.io.rows import DataError
from tests.features.data.training_files import chat, write_jsonl

SETTINGS = CheckSettings(options=CheckOptions(sample=100))
SUBJECTS = ["lamp", "kettle", "watch", "blender", "backpack", "heater", "keyboard", "phone"]


def various(count: int, seed: int = 0) -> list[dict[str, object]]:
    """Chats in which no two rows are near-copies: ten words of two thousand each."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abdegiklmnoprstu", k=6)) for _ in range(2_000)]

    def text() -> str:
        return " ".join(rng.choices(words, k=10))

    return [chat(text(), text()) for _ in range(count)]


def sampled_lines(count: int, size: int, seed: int = 0, characters: int = 10**9) -> list[int]:
    sample = RowSample(size, seed=seed, characters=characters)
    for line in range(1, count + 1):
        sample.add(TrainingRow(line, "text", "", "", "x"))
    return [row.line for row in sample.rows()]


def test_a_good_file_has_no_finding_and_is_known_by_its_bytes(tmp_path):
    path = write_jsonl(tmp_path / "train.jsonl", various(60))
    report = check_file(path, SETTINGS)
    assert report.findings == ()
    assert (report.file, report.layout, report.rows) == ("train.jsonl", "chat", 60)
    assert report.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert report.sampled is None


def test_the_same_file_and_seed_give_the_same_report_which_is_a_document(tmp_path):
    path = write_jsonl(tmp_path / "train.jsonl", various(400))
    report = check_file(path, SETTINGS)
    assert check_file(path, SETTINGS) == report
    assert DataReport.model_validate_json(report.model_dump_json(by_alias=True)) == report


def test_the_heavy_checks_see_exactly_the_sample_in_the_file_s_order(tmp_path):
    seen: list[tuple[int, int | None]] = []

    def see(rows, settings):
        seen.extend((row.line, settings.rows) for row in rows)
        return CheckResult()

    path = write_jsonl(tmp_path / "train.jsonl", various(250))
    report = check_file(path, SETTINGS, [DataCheck(name="see", topic="format", on_sample=see)])
    lines = [line for line, _ in seen]
    assert len(lines) == report.sampled == 100
    assert lines == sorted(set(lines))
    assert {rows for _, rows in seen} == {250}
    (measure,) = report.measures
    assert (measure.name, measure.value) == ("sampled_rows", 100)


def test_each_row_is_as_likely_in_the_sample():
    """Of 40 rows 10 are drawn 400 times: each 100 times on average, with a deviation of √75."""
    counts = [0] * 41
    for seed in range(400):
        for line in sampled_lines(40, 10, seed):
            counts[line] += 1
    assert sum(counts) == 4_000
    assert all(abs(count - 100) < 5 * 75**0.5 for count in counts[1:])


def test_long_rows_make_a_smaller_sample_that_is_part_of_the_larger_one():
    larger, smaller = sampled_lines(400, 100), sampled_lines(400, 100, characters=20_000)
    assert 30 < len(smaller) < 50
    assert set(smaller) < set(larger)


def test_a_smaller_sample_for_long_rows_is_said_in_the_report(tmp_path):
    path = write_jsonl(tmp_path / "train.jsonl", various(250))
    report = check_file(path, SETTINGS, CHECKS, characters=30_000)
    (measure,) = [each for each in report.measures if each.name == "sampled_rows"]
    assert measure.value == report.sampled
    assert measure.value < 100
    assert "fewer than wanted: rows are long, and 30,000 characters are held" in measure.note


def test_findings_come_by_weight_and_then_by_rows(tmp_path):
    rows = [*various(100), *[chat("", f"answer {n}") for n in range(3)], "{", chat("Q", "")]
    rows += [chat("one question", "one answer")] * 5
    report = check_file(write_jsonl(tmp_path / "train.jsonl", rows), SETTINGS)
    weights = [finding.weight for finding in report.findings]
    assert weights == sorted(weights, key=["serious", "important", "minor"].index)
    important = [finding.rows for finding in report.of_weight("important")]
    assert important == sorted(important, reverse=True)


def test_progress_names_the_rows_and_then_each_heavy_check(tmp_path):
    calls: list[tuple[str, int]] = []
    path = write_jsonl(tmp_path / "train.jsonl", various(2_000))
    check_file(path, SETTINGS, progress=lambda stage, done: calls.append((stage, done)))
    assert calls[:2] == [("rows", 1_000), ("rows", 2_000)]
    heavy = [check.name for check in CHECKS if check.on_sample]
    assert calls[2:] == [(name, 100) for name in heavy]


def test_a_file_that_changes_meanwhile_is_refused(tmp_path):
    path = write_jsonl(tmp_path / "train.jsonl", various(1_500))

    def append(stage: str, done: int) -> None:
        if stage == "rows":
            path.write_bytes(path.read_bytes() + b"\n")

    with pytest.raises(DataError, match="changed while it was read"):
        check_file(path, SETTINGS, progress=append)


def test_the_layout_is_that_of_the_first_rows_and_mixed_ones_are_listed(tmp_path):
    rows = [{"text": "T"}, *various(80), *[{"text": f"other {n}"} for n in range(200)]]
    report = check_file(write_jsonl(tmp_path / "train.jsonl", rows), SETTINGS)
    assert report.layout == "chat"
    (finding,) = [each for each in report.findings if "laid out unlike" in each.title]
    assert (finding.weight, finding.rows) == ("serious", 201)
    (table,) = [each for each in report.tables if each.title == "Layouts"]
    assert table.rows == (("text", 201, 71.53), ("chat", 80, 28.47))


def test_checks_have_one_name_each_and_one_way_to_be_made():
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all((check.on_all_rows is None) != (check.on_sample is None) for check in CHECKS)


@pytest.mark.parametrize("name", ["train.txt", "train.parquet", "train.json", "train.jsonl.gz"])
def test_a_file_of_something_else_is_a_data_error(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x89PNG not a table")
    with pytest.raises(DataError, match=name):
        check_file(tmp_path / name, SETTINGS)
    with pytest.raises(DataError, match="no such file"):
        check_file(tmp_path / f"no-{name}", SETTINGS)
