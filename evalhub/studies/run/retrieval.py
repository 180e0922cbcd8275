"""Store the documents that a prompt's retriever names, by digest."""

from collections.abc import Callable
from pathlib import Path

from evalhub.accounts.models import Project
from evalhub.declare.prompt import Prompt
from evalhub.registry.documents import import_documents


def with_documents(prompt: Prompt, *, project: Project, file: Callable[[str], Path]) -> Prompt:
    """The prompt as a version holds it: its documents are stored in the database and named by
    digest.

    Raises evalhub.io.rows.DataError for what is wrong with their file.
    """
    if prompt.retriever is None:
        return prompt
    document_set = import_documents(project=project, path=file(prompt.retriever.documents))
    update = {"documents": f"sha256:{document_set.digest}"}
    return prompt.model_copy(update={"retriever": prompt.retriever.model_copy(update=update)})
