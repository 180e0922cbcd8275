"""Which code decided: one digest over the sources that a verdict follows from."""

from pathlib import Path

from evalhub.decision.code import code_digest, sources_digest


def test_the_digest_moves_with_any_source_and_with_no_line_end(tmp_path: Path) -> None:
    (tmp_path / "rule.py").write_bytes(b"ALPHA = 0.025\n")
    (tmp_path / "notes.md").write_bytes(b"not code")
    found = sources_digest([("pkg", tmp_path)])
    (tmp_path / "notes.md").unlink()
    (tmp_path / "rule.py").write_bytes(b"ALPHA = 0.025\r\n")
    assert sources_digest([("pkg", tmp_path)]) == found
    (tmp_path / "rule.py").write_bytes(b"ALPHA = 0.05\n")
    assert sources_digest([("pkg", tmp_path)]) != found


def test_sources_of_packages_inside_count_too(tmp_path: Path) -> None:
    (tmp_path / "sections").mkdir()
    source = tmp_path / "sections" / "jumps.py"
    source.write_bytes(b"order = 10\n")
    digest = sources_digest([("pkg", tmp_path)])
    source.write_bytes(b"order = 20\n")
    changed = sources_digest([("pkg", tmp_path)])
    source.rename(tmp_path / "jumps.py")
    assert len({digest, changed, sources_digest([("pkg", tmp_path)])}) == 3


def test_the_code_that_runs_has_one() -> None:
    assert len(code_digest()) == 64
    assert code_digest() == code_digest()
