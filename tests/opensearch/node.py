"""Assembles OpenSearch from Maven artifacts and runs nodes of it on this machine, for the tests of the engine.

A distribution is 49 MB in `~/.cache/searchkit-tests`, for root in `/var/cache`, or where XDG_CACHE_HOME says. Maven
knows where the artifacts are.

    python tests/opensearch/node.py         runs a node until it is interrupted, and prints its address
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
DOWNLOAD_SECONDS = 180
"""Seconds that Maven may take to get the artifacts."""
START_SECONDS = 120
"""Seconds that a node may take to start. On an idle machine it takes 6."""
JAVA_OPTIONS = (
    *("-Xms512m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData"),
    *("-Djava.security.manager=allow", "-Djna.nosys=true", "-Dfile.encoding=UTF-8"),
    *("-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true"),
    *("-Dlog4j2.disable.jmx=true", "-Dlog4j.shutdownHookEnabled=false"),
)
"""Little memory, and no time to optimise code that runs for a minute."""

# OpenSearch loads its modules from folders of their own. The first pattern of each names the jar with its class.
MODULES = {
    "transport-netty4": ("transport-netty4*", "netty-*"),
    "analysis-common": ("analysis-common*",),
    "lang-painless": ("lang-painless*", "antlr4-runtime*", "asm*", "opensearch-scripting-painless-spi*"),
}
LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def why_unavailable() -> str | None:
    """Return why no node can run here, or None. Assembles OpenSearch at the first time."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            return f"there is no {program}"
    try:
        assemble()
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        output = (error.stdout or b"").decode(errors="replace").strip()
        return f"Maven cannot get its artifacts: {output.splitlines()[0] if output else error}"
    return None


def assemble() -> Path:
    """Return the folder of OpenSearch, which is assembled at the first time.

    Raises CalledProcessError or TimeoutExpired if Maven cannot get the artifacts.
    """
    version = re.search(r"<opensearch>(.*)</opensearch>", POM.read_text(encoding="utf-8"))
    assert version is not None
    user_cache = Path("/var/cache") if os.getuid() == 0 else Path.home() / ".cache"  # readable by an ordinary user
    cache = Path(os.environ.get("XDG_CACHE_HOME") or user_cache) / "searchkit-tests"
    home = cache / f"opensearch-{version[1]}"
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        new = Path(folder) / "home"
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={new / 'lib'}", "-DincludeScope=runtime"]
        command = ["mvn", "--quiet", "--batch-mode", "--file", str(POM), *copy]
        subprocess.run(command, check=True, capture_output=True, timeout=DOWNLOAD_SECONDS)
        for name, patterns in MODULES.items():
            _move_module(new, name, patterns, version[1])
        for name in ("bin", "config", "plugins"):  # OpenSearch creates those that are missing, but not for this user
            (new / name).mkdir()
        (new / "config" / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
        with suppress(OSError):  # another process was faster
            new.rename(home)
    return home


def _move_module(home: Path, name: str, patterns: tuple[str, ...], version: str) -> None:
    """Move the jars of a module to its folder, and describe it."""
    folder = home / "modules" / name
    folder.mkdir(parents=True)
    (main,) = (home / "lib").glob(patterns[0])
    with zipfile.ZipFile(main) as jar:
        plugin = next(x for x in sorted(jar.namelist()) if re.fullmatch(r"org/opensearch/[\w/]*Plugin\.class", x))
    for pattern in patterns:
        for path in (home / "lib").glob(pattern):
            path.rename(folder / path.name)
    properties = {
        "name": name,
        "description": name,
        "version": version,
        "opensearch.version": version,
        "java.version": "11",
        "classname": plugin.removesuffix(".class").replace("/", "."),
    }
    text = "".join(f"{key}={value}\n" for key, value in properties.items())
    (folder / "plugin-descriptor.properties").write_text(text, encoding="utf-8")
    policy = "grant { permission java.security.AllPermission; };\n"
    (folder / "plugin-security.policy").write_text(policy, encoding="utf-8")


class Node:
    """A running node."""

    def __init__(self, home: Path, folder: Path) -> None:
        """Start a node with its data in a folder, and wait until it answers. Raises TimeoutError."""
        http, transport = _free_ports(2)
        self.url = f"http://127.0.0.1:{http}"
        for name in ("config", "data", "logs", "tmp"):
            (folder / name).mkdir(parents=True)
        shutil.copy(home / "config" / "log4j2.properties", folder / "config")
        settings = {
            "cluster.name": "searchkit-tests",
            "path.data": folder / "data",
            "path.logs": folder / "logs",
            "network.host": "127.0.0.1",
            "http.port": http,
            "transport.port": transport,
            "discovery.type": "single-node",
            "cluster.max_shards_per_node": 5000,
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "action.auto_create_index": "false",
            "bootstrap.system_call_filter": "false",
        }
        text = "".join(f"{key}: {value}\n" for key, value in settings.items())
        (folder / "config" / "opensearch.yml").write_text(text, encoding="utf-8")
        command = [
            *("java", *JAVA_OPTIONS, f"-Djava.io.tmpdir={folder / 'tmp'}"),
            *(f"-Dopensearch.path.home={home}", f"-Dopensearch.path.conf={folder / 'config'}"),
            *("-cp", f"{home / 'lib'}/*", "org.opensearch.bootstrap.OpenSearch"),
        ]
        user = _ordinary_user(folder)
        self._log = folder / "node.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **user)  # type: ignore[call-overload]
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError, ValueError), urllib.request.urlopen(self.url, timeout=5) as answer:  # noqa: S310
                json.load(answer)
                return
            time.sleep(0.2)
        self.stop()
        message = f"no node within {START_SECONDS} s: {self._log.read_text(errors='replace')[-2000:]}"
        raise TimeoutError(message)

    def stop(self) -> None:
        """End the node."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """End the node at once, as a failure of its machine would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def _ordinary_user(folder: Path) -> dict[str, object]:
    """Return the arguments of Popen that make a process of an ordinary user. OpenSearch refuses to run as root."""
    if os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


@contextmanager
def running_node() -> Iterator[Node]:
    """Run a node during a block."""
    home = assemble()
    with tempfile.TemporaryDirectory(prefix="searchkit-node-", ignore_cleanup_errors=True) as folder:
        node = Node(home, Path(folder))
        try:
            yield node
        finally:
            node.stop()


if __name__ == "__main__":
    with running_node() as started, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{started.url}\n")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        started.process.wait()
