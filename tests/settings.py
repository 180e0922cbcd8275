"""The site's settings with a home of their own, thrown away at the end."""

import atexit
import os
import shutil
import tempfile
from copy import deepcopy

# Before the site's settings are read.
os.environ["EVALHUB_HOME"] = tempfile.mkdtemp(prefix="evalhub-tests-")
atexit.register(shutil.rmtree, os.environ["EVALHUB_HOME"], ignore_errors=True)

from evalhub.settings import *  # noqa: E402, F403
from evalhub.settings import DATABASES as OF_THE_SITE  # noqa: E402
from evalhub.settings import HOME  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

DATABASES = deepcopy(OF_THE_SITE)
# A file, as in use: threads of the worker and of the live server open connections of their own. But
# no commit waits for the disk: what a test wrote needn't outlive a power cut.
if "sqlite3" in DATABASES["default"]["ENGINE"]:
    DATABASES["default"]["TEST"] = {"NAME": HOME / "tests.sqlite3"}
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"

# Each test's client would read every static file anew: 20 ms, thousands of times.
WHITENOISE_AUTOREFRESH = True
