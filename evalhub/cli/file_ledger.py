"""The ledger for judging files in `compare` and `decide`: a site's, or this home's."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from evalhub.frames.command.server import There, TokenFile

if TYPE_CHECKING:
    from evalhub.ledger.file_claims import FileLedger

ProjectThere = Annotated[
    str | None,
    typer.Option(
        "--project",
        metavar="P",
        help="At a site: the project whose test sets hold the items; else the token's.",
    ),
]


@dataclass(frozen=True, slots=True)
class LedgerAt:
    """Where the ledger is: at the site `server`, or in this home."""

    server: There = None
    token_file: TokenFile = None
    project: ProjectThere = None

    def check(self) -> None:
        """Raises typer.BadParameter for an empty EVALHUB_SERVER, and for options that only go with
        a site."""
        from evalhub.frames.command.server import check_server

        check_server(self.server)
        alone = (("--token-file", self.token_file), ("--project", self.project))
        for option, value in alone:
            if value is not None and not self.server:
                raise typer.BadParameter("goes with --server URL", param_hint=option)

    def ledger(self) -> "FileLedger | None":
        """The ledger; None if there is neither a site nor a home.

        Raises:
            evalhub.client.server.ServerError: an address or a token that can't be used.
            As the connection, and as evalhub.frames.command.setup.set_up_database.
        """
        from evalhub.frames.command.setup import home_ledger

        if not self.server:
            return home_ledger()
        from evalhub.frames.command import printing
        from evalhub.frames.command.server import connect
        from evalhub.ledger.site_ledger import SiteLedger

        console = printing.terminal(errors=True)
        connection = connect(self.server, self.token_file, self.project or "", console)
        if self.project is None:
            [own] = connection.get("/api/v1/projects").body["results"]
            connection.project = own["slug"]
        return SiteLedger(connection)
