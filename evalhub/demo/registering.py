"""The demo's recorded study in a project of somebody's own, from the site."""

from dataclasses import replace

from evalhub.accounts.models import Project, User
from evalhub.accounts.permissions import check_evaluates
from evalhub.demo.command import STUDY
from evalhub.registry.models import Study
from evalhub.studies.file.origin import OperatorFile
from evalhub.studies.file.spec import read_study
from evalhub.studies.run.register import register_study


def register_demo(*, project: Project, by: User | None) -> Study:
    """Registers what `evalhub demo` registers, and launches its runs; once more changes nothing.

    Its answers are in the package and are replayed: nothing is asked, and a worker decides it by
    itself. About 2 seconds.

    Raises NotAllowedError: `by` doesn't evaluate in the project.
    """
    check_evaluates(by, project)
    return register_study(replace(read_study(STUDY, OperatorFile()), project=project.slug))
