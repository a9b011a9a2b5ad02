"""Assembles OpenSearch from Maven artifacts and runs nodes of it on this machine, for the tests of the engine.

A distribution takes 49 MB in the folder `searchkit-tests` of XDG_CACHE_HOME, by default `~/.cache`, for root
`/var/cache`. Maven downloads the artifacts. OpenSearch 2 runs on the `java` of the system, OpenSearch 3 on that of
JAVA_HOME: Java 21 or newer, with its locale data.

    python tests/opensearch/node.py [2|3|chinese]   runs a node until it is interrupted, and prints its address
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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
DOWNLOAD_SECONDS = 180
"""Seconds that Maven may take to get the artifacts."""
START_SECONDS = 120
"""Seconds that a node may take to start. On an idle machine it takes 6."""
HEAP = "512m"
"""Size of the heap of a node, unless the caller gives another one."""
JAVA_OPTIONS = (
    *("-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djna.nosys=true", "-Dfile.encoding=UTF-8"),
    *("-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true"),
    *("-Dlog4j2.disable.jmx=true", "-Dlog4j.shutdownHookEnabled=false"),
)
QUICK = ("-XX:TieredStopAtLevel=1",)
"""Options of Java for a node that runs for a minute only: code is compiled fast, without the slow optimisations."""


@dataclass(frozen=True)
class Release:
    """A distribution of OpenSearch."""

    version: str
    log4j: str
    """Version of Log4j."""
    profile: str = ""
    """Profile of pom.xml with further parts."""
    java: tuple[str, ...] = ("-Djava.security.manager=allow",)
    """Options of Java that this release needs."""
    needs_new_java: bool = False
    """Whether it runs on the Java of JAVA_HOME, because that of Debian is too old."""
    plugin: str = ""
    """Class of a plugin that is compiled from its source beside this file. Empty if there is no such plugin."""


RELEASES = {
    "2": Release("2.19.6", "2.25.4"),
    "3": Release("3.9.0", "2.25.5", "agent", java=(), needs_new_java=True),
    "secured": Release(
        "2.19.1", "2.21.0", "security"
    ),  # the last version whose plugin for security is a Maven artifact
    "chinese": Release("2.19.6", "2.25.4", "chinese", plugin="ChineseAnalysisPlugin"),
}
"""Releases by name. `chinese` has the analyzers of Lucene and of IK for Chinese. The plugins that register them,
analysis-smartcn and analysis-ik, are no Maven artifacts, so `ChineseAnalysisPlugin.java` registers them."""

# OpenSearch loads each module from a folder of its own. The first pattern matches the jar with the class of the module.
MODULES = {
    "transport-netty4": ("transport-netty4*", "netty-*", "opensearch-netty4*"),
    "analysis-common": ("analysis-common*",),
    "lang-painless": ("lang-painless*", "antlr4-runtime*", "asm*", "opensearch-scripting-painless-spi*"),
}
ANALYZERS = ("lucene-analysis-smartcn*", "ik-analyzer*")
"""Patterns of the jars that the compiled plugin needs. They are moved to its module."""
LOGGING = """status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %c{1.} %m%n
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def why_unavailable(release: str = "2") -> str | None:
    """Return why no node of a release can run here, or None if one can. The first call assembles the release."""
    try:
        java_of(release)
    except LookupError as error:
        return str(error)
    for program in ("mvn", *(["javac"] if RELEASES[release].plugin else [])):
        if shutil.which(program) is None:
            return f"there is no {program}"
    try:
        assemble(release)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        what = "Maven cannot get its artifacts" if error.cmd[0] == "mvn" else "its plugin cannot be compiled"
        output = (error.stdout or error.stderr or b"").decode(errors="replace").strip()
        return f"{what}: {output.splitlines()[0] if output else error}"
    return None


def java_of(release: str) -> str:
    """Return the path of the Java that a release runs on. Raises LookupError if there is none."""
    if not RELEASES[release].needs_new_java:
        found = shutil.which("java")
    else:
        home = os.environ.get("JAVA_HOME")
        found = shutil.which(f"{home}/bin/java") if home else None
    if found is None:
        raise LookupError("there is no java" + " of JAVA_HOME, 21 or newer" * RELEASES[release].needs_new_java)
    return found


def assemble(release: str = "2") -> Path:
    """Return the folder of a release. If it does not exist, assemble the release in it.

    Raises CalledProcessError or TimeoutExpired if Maven cannot get the artifacts, and CalledProcessError if the plugin
    cannot be compiled.
    """
    version, profile, plugin = RELEASES[release].version, RELEASES[release].profile, RELEASES[release].plugin
    user_cache = Path("/var/cache") if os.getuid() == 0 else Path.home() / ".cache"  # root starts nodes as another user
    cache = Path(os.environ.get("XDG_CACHE_HOME") or user_cache) / "searchkit-tests"
    home = cache / "-".join(["opensearch", version, *([plugin] if plugin else [])])
    if home.is_dir():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        new = Path(folder) / "home"
        copy = ["dependency:copy-dependencies", f"-DoutputDirectory={new / 'lib'}", "-DincludeScope=runtime"]
        chosen = [
            f"-Dopensearch={version}",
            f"-Dlog4j={RELEASES[release].log4j}",
            *([f"-P{profile}"] if profile else []),
        ]
        command = ["mvn", "--quiet", "--batch-mode", "--file", str(POM), *chosen, *copy]
        subprocess.run(command, check=True, capture_output=True, timeout=DOWNLOAD_SECONDS)
        for name, patterns in MODULES.items():
            _move_module(new, name, patterns, version)
        if plugin:
            _compile(plugin, new / "lib")
            _move_module(new, plugin, (f"{plugin}*", *ANALYZERS), version)
        for name in ("bin", "config", "plugins"):  # OpenSearch would create them, but its user must not write here
            (new / name).mkdir()
        for archive in (new / "lib").glob("*.zip"):
            with zipfile.ZipFile(archive) as packed:
                packed.extractall(new / "plugins" / archive.stem)
            archive.unlink()
        (new / "config" / "log4j2.properties").write_text(LOGGING, encoding="utf-8")
        with suppress(OSError):  # another process was faster
            new.rename(home)
    return home


def _compile(plugin: str, library: Path) -> None:
    """Compile the class of a plugin, and put it in a jar beside the jars that it needs."""
    source = Path(__file__).with_name(f"{plugin}.java")
    with tempfile.TemporaryDirectory() as folder:
        jars = os.pathsep.join(map(str, library.glob("*.jar")))
        compiler = shutil.which("javac") or "javac"
        subprocess.run([compiler, "-d", folder, "-cp", jars, str(source)], check=True, capture_output=True)
        shutil.make_archive(str(library / plugin), "zip", folder)
    (library / f"{plugin}.zip").rename(library / f"{plugin}.jar")


def _move_module(home: Path, name: str, patterns: tuple[str, ...], version: str) -> None:
    """Move the jars of a module to its folder, and write its descriptor and policy."""
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
    """A node, which can be started several times with the same data."""

    def __init__(
        self, folder: Path, release: str, ports: tuple[int, int], settings: Mapping[str, object], java: Sequence[str]
    ) -> None:
        """Prepare a node with its data in a folder.

        `ports` are its port for HTTP and its port for other nodes. `settings` are added to the settings below, or
        replace them. `java` are further options of Java.
        """
        home = assemble(release)
        http, transport = ports
        self.url = f"http://127.0.0.1:{http}"
        self.name = folder.name
        for name in ("config", "data", "logs", "tmp"):
            (folder / name).mkdir(parents=True)
        shutil.copy(home / "config" / "log4j2.properties", folder / "config")
        described = {
            "cluster.name": "searchkit-tests",
            "node.name": self.name,
            "path.data": folder / "data",
            "path.logs": folder / "logs",
            "network.host": "127.0.0.1",
            "http.port": http,
            "transport.port": transport,
            "cluster.max_shards_per_node": 5000,
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            "action.auto_create_index": "false",
            "bootstrap.system_call_filter": "false",
            **settings,
        }
        text = "".join(f"{key}: {value}\n" for key, value in described.items())
        (folder / "config" / "opensearch.yml").write_text(text, encoding="utf-8")
        self._command = [
            *(java_of(release), *JAVA_OPTIONS, *RELEASES[release].java, *java, f"-Djava.io.tmpdir={folder / 'tmp'}"),
            *(f"-Dopensearch.path.home={home}", f"-Dopensearch.path.conf={folder / 'config'}"),
            *("-cp", f"{home / 'lib'}/*", "org.opensearch.bootstrap.OpenSearch"),
        ]
        self._folder = folder
        self._log = folder / "node.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process of the node."""
        user = _ordinary_user(self._folder)
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log, cwd=self._folder, **user)  # type: ignore[call-overload]

    def wait(self, is_ready: Callable[[], bool] | None = None) -> None:
        """Wait until the node answers or, if `is_ready` is given, until that returns true.

        Ends the node and raises TimeoutError if this takes longer than `START_SECONDS` or the process has ended.
        """
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process is not None and self.process.poll() is None:
            if (is_ready or self._answers)():
                return
            time.sleep(0.2)
        self.stop()
        message = f"no node within {START_SECONDS} s: {self._log.read_text(errors='replace')[-6000:]}"
        raise TimeoutError(message)

    def _answers(self) -> bool:
        with suppress(OSError, ValueError), urllib.request.urlopen(self.url, timeout=5) as answer:  # noqa: S310
            json.load(answer)
            return True
        return False

    def send(self, number: signal.Signals) -> None:
        """Send a signal: SIGKILL ends the node as a failure of its machine would, SIGSTOP cuts it off."""
        assert self.process is not None
        self.process.send_signal(number)
        if number == signal.SIGKILL:
            self.process.wait()

    def stop(self) -> None:
        """End the node if it was started."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _ordinary_user(folder: Path) -> dict[str, object]:
    """Return the arguments of Popen that make a process of an ordinary user. OpenSearch refuses to run as root.

    If this process is root, the user is `nobody`, who gets the folder and its files. Otherwise there are no arguments.
    """
    if os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    for path in (folder, *folder.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def free_ports(count: int) -> list[int]:
    """Return `count` ports that no process listens on."""
    sockets = [socket.socket() for _ in range(count)]
    for item in sockets:
        item.bind(("127.0.0.1", 0))
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


@contextmanager
def running_node(release: str = "2", java: Sequence[str] = QUICK) -> Iterator[Node]:
    """Run a node during a block."""
    with running_nodes(1, release, java) as nodes:
        yield nodes[0]


@contextmanager
def running_nodes(
    count: int, release: str = "2", java: Sequence[str] = QUICK, heap: str = HEAP
) -> Iterator[list[Node]]:
    """Run a cluster of `count` nodes during a block. `java`: further options of Java."""
    ports = free_ports(2 * count)
    names = [f"n{number}" for number in range(1, count + 1)]
    settings: dict[str, object] = {"discovery.type": "single-node"}
    if count > 1:
        seeds = [f"127.0.0.1:{port}" for port in ports[count:]]
        settings = {
            "discovery.seed_hosts": json.dumps(seeds),
            "cluster.initial_cluster_manager_nodes": json.dumps(names),
        }
    with tempfile.TemporaryDirectory(prefix="searchkit-node-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the nodes may run as another user
        options = (f"-Xms{heap}", f"-Xmx{heap}", *java)
        nodes = [
            Node(Path(folder) / name, release, pair, settings, options)
            for name, pair in zip(names, zip(ports[:count], ports[count:], strict=True), strict=True)
        ]
        try:
            for node in nodes:
                node.start()
            for node in nodes:
                node.wait()
            yield nodes
        finally:
            for node in nodes:
                if node.process is not None:
                    node.process.send_signal(signal.SIGCONT)
                node.stop()


if __name__ == "__main__":
    with running_node(*sys.argv[1:2]) as started, suppress(KeyboardInterrupt):
        sys.stdout.write(f"{started.url}\n")
        sys.stdout.flush()
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        assert started.process is not None
        started.process.wait()
