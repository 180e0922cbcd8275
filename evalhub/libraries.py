"""Environment variables that keep libraries from reporting or fetching anything.

It counts for libraries that are imported afterwards, so each way into the product begins with it.
"""

import os

NO_REPORTS = {
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "VLLM_NO_USAGE_STATS": "1",
    # a plug-in of pydantic's would see every value
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
}
"""Whatever else is set: nobody's library tells anybody what is evaluated here."""
QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1"}
"""Unless told otherwise: the lines that say how far a study is are ours."""
NO_HUB = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_EVALUATE_OFFLINE": "1",
}
"""With EVALHUB_OFFLINE=1: what is on this machine is read, and nothing is looked for elsewhere."""


def keep_to_themselves() -> None:
    """Sets these variables for this process and its children."""
    os.environ.update(NO_REPORTS)
    os.environ.update({name: value for name, value in QUIET.items() if name not in os.environ})
    if os.environ.get("EVALHUB_OFFLINE") == "1":
        os.environ.update(NO_HUB)
