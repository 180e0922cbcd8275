"""The demo's own training file, checked as any other, and its report kept."""

from pathlib import Path

from evalhub.accounts.models import Project, User
from evalhub.declare.data_report import CheckOptions, DataReport
from evalhub.features.data.reference.searched_sets import test_sets_of_files
from evalhub.features.data.requests import FileCheck
from evalhub.registry.data_reports import keep_report
from evalhub.registry.models import StoredDataReport

HERE = Path(__file__).parent
TRAINING = HERE / "training.jsonl"


def training_report() -> DataReport:
    """The report of what the demo's adapter was trained on, searched for all of its test sets.

    The same in every home, whatever is installed; in about two seconds.
    """
    test_sets = test_sets_of_files(sorted((HERE / "test_sets").glob("*.jsonl")))
    options = CheckOptions(task="classification")
    return FileCheck(TRAINING, options=options, test_sets=test_sets, extras=False).report()


def keep_training_report(project: Project, *, by: User | None) -> StoredDataReport:
    """Keep it in the demo's project; once more changes nothing.

    Raises NotAllowedError: `by` doesn't evaluate in the project.
    """
    return keep_report(project=project, report=training_report(), by=by)
