"""Runs a node with OpenSearch's plugin for security, new certificates and users, and the roles of docs/scale.md."""

from __future__ import annotations

import re
import secrets
import ssl
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml
from node import HEAP, QUICK, Node, assemble, free_ports, java_of

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "scale.md"
USERS = {"builder": "searchkit_builder", "searcher": "searchkit_searcher"}
"""Role of each user."""


@dataclass(frozen=True)
class SecuredNode:
    """A node that asks for credentials."""

    url: str
    folder: Path
    """Folder with the certificates: `ca.pem`, and for each user `NAME.pem` and `NAME.key`."""
    passwords: dict[str, str]
    """Password of each user."""


@contextmanager
def secured_node() -> Iterator[SecuredNode]:
    """Run a secured node during a block."""
    home = assemble("secured")
    passwords = {user: secrets.token_hex(8) for user in USERS}
    with tempfile.TemporaryDirectory(prefix="searchkit-node-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        certificates = folder / "certificates"
        certificates.mkdir()
        make_certificates(certificates, ("node", *USERS))
        security = "plugins.security"
        files = {"pemcert": "node.pem", "pemkey": "node.key", "pemtrustedcas": "ca.pem"}
        settings: dict[str, object] = {"discovery.type": "single-node"}
        for layer in ("transport", "http"):
            settings |= {f"{security}.ssl.{layer}.{kind}_filepath": file for kind, file in files.items()}
        settings |= {
            f"{security}.ssl.http.enabled": "true",
            f"{security}.ssl.http.clientauth_mode": "OPTIONAL",
            f"{security}.ssl.transport.enforce_hostname_verification": "false",
            f"{security}.nodes_dn": '["CN=node"]',
            f"{security}.allow_default_init_securityindex": "true",
        }
        options = (f"-Xms{HEAP}", f"-Xmx{HEAP}", *QUICK)
        http, transport = free_ports(2)
        node = Node(folder / "n1", "secured", (http, transport), settings, options)
        config = folder / "n1" / "config"
        for path in certificates.iterdir():
            (config / path.name).write_bytes(path.read_bytes())
        write_users(home, config / "opensearch-security", passwords)
        try:
            node.start()
            url = f"https://127.0.0.1:{http}"
            node.wait(lambda: _knows_users(url, certificates / "ca.pem"))
            yield SecuredNode(url, certificates, passwords)
        finally:
            node.stop()


def _knows_users(url: str, ca: Path) -> bool:
    """Return whether a node is ready: it answers a request without a password with 401, or accepts the request.

    Until the node knows its users, it answers with another status.
    """
    try:
        urllib.request.urlopen(url, timeout=5, context=ssl.create_default_context(cafile=ca))  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False
    return True


def write_users(home: Path, folder: Path, passwords: dict[str, str]) -> None:
    """Write the plugin's default configuration, but with the users `USERS`, and the roles of the documentation.

    Clients may also use certificates instead of passwords.
    """
    (plugin,) = (home / "plugins").glob("opensearch-security*")
    folder.mkdir()
    for path in (plugin / "config").glob("*.yml"):
        (folder / path.name).write_bytes(path.read_bytes())
    config = yaml.safe_load((folder / "config.yml").read_text(encoding="utf-8"))
    config["config"]["dynamic"]["authc"]["clientcert_auth_domain"]["http_enabled"] = True
    (folder / "config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(searchkit_builder:.*?)```", DOCUMENTATION.read_text(encoding="utf-8"), re.DOTALL)
    roles = yaml.safe_load((folder / "roles.yml").read_text(encoding="utf-8")) | yaml.safe_load(block)
    (folder / "roles.yml").write_text(yaml.safe_dump(roles), encoding="utf-8")
    users: dict[str, object] = {"_meta": {"type": "internalusers", "config_version": 2}}
    users |= {user: {"hash": _hash(plugin, home, password)} for user, password in passwords.items()}
    (folder / "internal_users.yml").write_text(yaml.safe_dump(users), encoding="utf-8")
    mapping: dict[str, object] = {"_meta": {"type": "rolesmapping", "config_version": 2}}
    mapping |= {role: {"users": [user]} for user, role in USERS.items()}
    (folder / "roles_mapping.yml").write_text(yaml.safe_dump(mapping), encoding="utf-8")


def _hash(plugin: Path, home: Path, password: str) -> str:
    """Return the hash of a password, by the tool of the plugin."""
    jars = f"{plugin}/*:{home / 'lib'}/*"
    command = [java_of("secured"), "-cp", jars, "org.opensearch.security.tools.Hasher", "-p", password]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return output.strip().splitlines()[-1]


def make_certificates(folder: Path, names: tuple[str, ...]) -> None:
    """Write the certificate of an authority, `ca.pem`, and for each name `NAME.pem`, which it signed, with `NAME.key`.

    Needs openssl.
    """

    def openssl(*arguments: object) -> None:
        command = ["openssl", *map(str, arguments)]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)

    new = ("-newkey", "rsa:2048", "-nodes")
    openssl("req", "-x509", *new, "-days", 2, "-subj", "/CN=authority", "-keyout", "ca.key", "-out", "ca.pem")
    (folder / "extensions").write_text("subjectAltName=IP:127.0.0.1\n", encoding="utf-8")
    for name in names:
        openssl("req", *new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions", "-days", 2)
        openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.pem")
        (folder / f"{name}.key").chmod(0o600)
