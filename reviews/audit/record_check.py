"""Is the record what was recorded? Without that no other check means anything."""

from reviews.audit.check import AuditCheck, status_of
from reviews.chain.verify import verify
from reviews.models import Campaign


def record_check(campaign: Campaign) -> AuditCheck:
    verified = verify(campaign)
    links = sum(len(passed) - 1 for passed in verified.heads.values())
    return AuditCheck(
        "record",
        "The record",
        "Every row that was said or done is followed again along its chain, and compared with the "
        "heads that were kept beside it and with the seal.",
        " ".join(verified.faults)
        or f"All {links} rows lead to the heads that were recorded, and to the seal. Who kept a "
        "head or the seal elsewhere can check that they are still the same.",
        status_of(True, not verified.faults),
        {
            "seal": campaign.seal,
            "rows": links,
            "heads": {key: passed[-1] for key, passed in verified.heads.items()},
        }
        if not verified.faults
        else {"faults": verified.faults},
    )
