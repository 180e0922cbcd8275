"""Store what a prompt's retriever names: documents by their digest, a program's files by theirs."""

from collections.abc import Callable
from pathlib import Path

from evalhub.accounts.models import Project
from evalhub.declare.prompt import Prompt
from evalhub.declare.retrievers import CommandRetriever, Retriever
from evalhub.registry.documents import import_documents
from runners.retrievers.command import resolve_command


def with_documents(prompt: Prompt, *, project: Project, file: Callable[[str], Path]) -> Prompt:
    """The prompt as a version holds it: its documents are stored in the database and named by
    digest, and a program's files are digested.

    Raises:
        evalhub.io.rows.DataError: what is wrong with the documents' file.
        evalhub.declare.declaration.DeclarationError: what is wrong with the program's files.
    """
    if isinstance(prompt.retriever, CommandRetriever):
        return prompt.model_copy(update={"retriever": resolve_command(prompt.retriever, file)})
    if not isinstance(prompt.retriever, Retriever):
        return prompt
    document_set = import_documents(project=project, path=file(prompt.retriever.documents))
    update = {"documents": f"sha256:{document_set.digest}"}
    return prompt.model_copy(update={"retriever": prompt.retriever.model_copy(update=update)})
