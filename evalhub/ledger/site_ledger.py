"""Judge files by a site's ledger: it receives the claims, and replies with their levels.

What is sent are fingerprints and scores, metrics with their options, and the files' names; no text
and no answer. Whether the evidence is valid doesn't hang on the level: so it is judged here before
the site is asked, and invalid evidence takes no number.
"""

import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from evalhub.client.connection import Connection
from evalhub.client.uploads import push_files
from evalhub.decision.caveats import with_caveats
from evalhub.decision.document import DecisionRecord
from evalhub.decision.sections.ledger import ledger_caveats
from evalhub.declare.declaration import validate
from evalhub.declare.policy import LedgerScope, Primaries
from evalhub.declare.verdicts import Verdict
from evalhub.io.rows import DataError
from evalhub.ledger.file_claims import FileClaim, JudgeAt
from evalhub.ledger.peek_requests import PeekCharge, from_peek_charge, to_sent_claim

AS_UPLOAD = 2 * 1024**2
"""Bytes of claims beyond which they are sent as a file, as a site takes a large body."""


@dataclass(frozen=True, slots=True)
class SiteLedger:
    """The ledger of the site that a connection reaches, as
    evalhub.ledger.file_claims.FileLedger."""

    connection: Connection

    @property
    def is_a_servers(self) -> bool:
        return True

    def read(
        self,
        claims: Sequence[FileClaim],
        judge: JudgeAt,
        *,
        counts: LedgerScope,
        alpha: float,
        primaries: Primaries,
        files: Sequence[str],
    ) -> DecisionRecord:
        """The record, judged at the level of the number that it takes at the site, or has there.

        Raises:
            DataError: a claim that no site takes.
            evalhub.client.connection.RefusedError, AwayError: as the connection.
        """
        record = judge(None, False)
        if counts == "off" or record.verdict is Verdict.INVALID:
            return record
        rule = {"ledger": counts, "alpha": alpha, "primaries": primaries}
        answer = self._ask(claims, {**rule, "sources": list(dict.fromkeys(files))})
        charged = from_peek_charge(validate(PeekCharge, answer))
        if charged is None:
            return record
        record = judge(charged.paid, charged.registered)
        return with_caveats(record, list(ledger_caveats(record)))

    def _ask(self, claims: Sequence[FileClaim], rule: dict[str, Any]) -> Any:
        try:
            sent = [to_sent_claim(each).as_json() for each in claims]
        except ValidationError as error:
            flaw = error.errors(include_url=False, include_input=False)[0]
            at = ".".join(str(part) for part in flaw["loc"])
            message = f"can't be sent to a site: {flaw['msg']}"
            raise DataError(message, file=", ".join(rule["sources"]), field=at) from None
        body = json.dumps(sent).encode()
        content: dict[str, Any] = {"claims": sent}
        if len(body) > AS_UPLOAD:
            content = {"file": self._upload(body)}
        # The same claims are the same number, and free: a key of its own only keeps the answer.
        key = hashlib.sha256(body + secrets.token_bytes(16)).hexdigest()
        return self.connection.post("/peeks", rule | content, key=key).body

    def _upload(self, body: bytes) -> str:
        name = f"sha256:{hashlib.sha256(body).hexdigest()}"
        with TemporaryDirectory() as folder:
            path = Path(folder, "claims.json")
            path.write_bytes(body)
            push_files(self.connection, {name: path})
        return name
