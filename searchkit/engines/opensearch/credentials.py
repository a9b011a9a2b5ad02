"""Credentials for a cluster: from environment variables, or from a file that only its owner can read.

They are never written to a file, and no message contains them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from searchkit.errors import UsageError

PREFIX = "SEARCHKIT_OPENSEARCH_"
"""Beginning of the names of all variables."""
NAMES = ("USER", "PASSWORD", "API_KEY", "CA", "CERTIFICATE", "KEY")
"""Ends of the names of variables with credentials. The last three are paths of PEM files: the certificates of
authorities to trust, and the certificate of the client with its key."""
CREDENTIALS_FILE = f"{PREFIX}CREDENTIALS"
"""Variable with the path of a file of credentials. Each line of the file is a variable as `NAME=VALUE`, as in files
for `docker run --env-file` or systemd. A value in the environment takes precedence, unless it is empty."""

_MAX_BYTES = 65_536
"""Maximum size of the file of credentials in bytes."""


def client_arguments() -> dict[str, Any]:
    """Return the arguments of the client for the credentials of the user. Raises UsageError, which names no secret."""
    given = _read_variables()
    arguments: dict[str, Any] = {}
    if given.get("USER") or given.get("PASSWORD"):
        arguments["http_auth"] = (given.get("USER", ""), given.get("PASSWORD", ""))
    if given.get("API_KEY"):
        arguments["headers"] = {"Authorization": f"ApiKey {given['API_KEY']}"}
    if given.get("KEY") and not given.get("CERTIFICATE"):
        raise UsageError(f"{PREFIX}KEY needs {PREFIX}CERTIFICATE")
    for name, argument in (("CA", "ca_certs"), ("CERTIFICATE", "client_cert"), ("KEY", "client_key")):
        if value := given.get(name):
            if not Path(value).is_file():
                raise UsageError(f"{PREFIX}{name}: there is no file {value}")
            arguments[argument] = value
    if "client_key" in arguments:
        _check_privacy(Path(arguments["client_key"]).stat(), f"{PREFIX}KEY: {arguments['client_key']}")
    return arguments


def _read_variables() -> Mapping[str, str]:
    """Return the values of the variables by the ends of their names."""
    path = os.environ.get(CREDENTIALS_FILE)
    found = _read_file(Path(path)) if path else {}
    return {**found, **{name: os.environ[PREFIX + name] for name in NAMES if os.environ.get(PREFIX + name)}}


def _read_file(path: Path) -> dict[str, str]:
    """Return the variables of a file of credentials."""
    where = f"{CREDENTIALS_FILE}: {path}"
    try:
        with path.open("rb") as file:
            _check_privacy(os.fstat(file.fileno()), where)  # of the open file, which cannot be replaced after the check
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise UsageError(f"{where}: larger than {_MAX_BYTES} bytes")
        text = content.decode()
    except OSError as error:
        raise UsageError(f"{where}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{where}: not a text in UTF-8") from None
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        name, mark, value = line.strip().partition("=")
        if not name or name.startswith("#"):
            continue
        if not mark or name.removeprefix(PREFIX) not in NAMES or not name.startswith(PREFIX):
            raise UsageError(f"{where}, line {number}: not {PREFIX}{{{','.join(NAMES)}}}=VALUE")
        found[name.removeprefix(PREFIX)] = value
    return found


def _check_privacy(status: os.stat_result, where: str) -> None:
    """Raise UsageError if a file is not regular, or others than its owner may read, write or execute it.

    On Windows, only the kind of the file is checked, because the mode says nothing about others.
    """
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{where}: not a regular file")
    if os.name == "posix" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise UsageError(f"{where}: others can read it (mode {stat.S_IMODE(status.st_mode):o}); run: chmod 600 on it")
