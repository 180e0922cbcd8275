"""A site's ledger for a command elsewhere that judges files at the level the ledger leaves."""

from collections.abc import Sequence

from evalhub.accounts.models import Project, User
from evalhub.declare.declaration import DeclarationError, validate
from evalhub.declare.peeks import Claims, PeekRequest, SentClaim
from evalhub.io.json_values import JsonError, parse_json
from evalhub.io.ndjson import BodyTooLargeError
from evalhub.io.rows import DataError
from evalhub.ledger.peek_requests import PeekCharge, from_sent_claim, to_peek_charge
from evalhub.ledger.peeking import charge_files
from evalhub.studies.web.uploaded_files import Files, find_upload

LARGEST = 64 * 1024**2
"""Bytes of an upload that holds claims: it is read as a whole."""


def charge_from_web(
    *, project: Project, by: User, request: PeekRequest, files: Files
) -> PeekCharge:
    """The level that this home's ledger leaves for the claims, whose number is reserved; the same
    claims again get the same number.

    Raises:
        DeclarationError, DataError: what is wrong with a claim, or with the upload that holds them.
        evalhub.accounts.permissions.NotAllowedError: `by` may not evaluate in the project.
        evalhub.ledger.peeking.ContestedPeekError: decisions kept coming between.
    """
    charged = charge_files(
        [from_sent_claim(each) for each in request.claims or _claims(request, files)],
        project=project,
        by=by,
        counts=request.ledger,
        alpha=request.alpha,
        primaries=request.primaries,
        files=request.sources,
    )
    return to_peek_charge(charged, alpha=request.alpha)


def _claims(request: PeekRequest, files: Files) -> Sequence[SentClaim]:
    assert request.file is not None
    path = find_upload(files, request.file, "file")
    if path.stat().st_size > LARGEST:
        raise BodyTooLargeError(f"claims have at most {LARGEST:,} bytes", file=request.file)
    try:
        claims: Sequence[SentClaim] = validate(Claims, parse_json(path.read_text("utf-8")))
    except UnicodeDecodeError:
        raise DataError("isn't UTF-8", file=request.file) from None
    except (JsonError, DeclarationError) as error:
        raise DataError(error.message, file=request.file, field=error.field or None) from error
    return claims
