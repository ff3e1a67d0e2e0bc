"""Apache Kafka's jars, fetched once by Maven into the user's cache folder."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsdesk.ops.brokers.process import BrokerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OLDEST_JAVA: Final = 17
_FETCH_SECONDS: Final = 900.0
_OR_EMBEDDED: Final = "or use the embedded broker: `newsdesk broker --kind embedded`."


def recipe() -> Path:
    """The folder of pom.xml and log4j2.properties: inside an installed package, or deploy/kafka of a checkout.

    Raises:
        BrokerError: It is in neither place.
    """
    ops = Path(__file__).resolve().parents[1]
    for folder in (ops / "kafka", *(parent / "deploy" / "kafka" for parent in ops.parents)):
        if (folder / "pom.xml").is_file():
            return folder
    raise BrokerError("the list of Kafka's artefacts (deploy/kafka/pom.xml) is missing", "Install newsdesk again.")


def java() -> str:
    """The path of a Java that can run Kafka 4.

    Raises:
        BrokerError: There is none, or an older one than Java 17.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home, "bin"))) if home else None
    found = found or shutil.which("java")
    if found is None:
        raise BrokerError(
            "Kafka needs Java, and there is no `java` on the PATH",
            f"Install Java {OLDEST_JAVA} or later, {_OR_EMBEDDED}",
        )
    answer = subprocess.run([found, "-version"], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - found on the PATH
    version = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    if version is None or int(version[1]) < OLDEST_JAVA:
        had = f"Java {version[1]}" if version else "of a version it does not tell"
        raise BrokerError(
            f"Kafka needs Java {OLDEST_JAVA} or later, and {found} is {had}",
            f"Install a later one and set JAVA_HOME, {_OR_EMBEDDED}",
        )
    return found


def available() -> str | None:
    """Why a real Kafka cannot run here, with the remedy; None where it can (though it may have to be fetched first)."""
    try:
        java()
        if not _folder(recipe() / "pom.xml").is_dir():
            _maven()
    except BrokerError as error:
        return str(error)
    return None


def libraries(progress: Callable[[str], None] = lambda _line: None) -> Path:
    """The folder of Kafka's jars, fetched if it is not there; *progress* is told when that takes a while.

    Processes that ask at the same time fetch once; a fetch that breaks off leaves nothing behind that looks whole.

    Raises:
        BrokerError: Maven is missing, or could not fetch them.
    """
    pom = recipe() / "pom.xml"
    folder = _folder(pom)
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(folder.name + ".lock")):
        if not folder.is_dir():
            progress(f"Fetching Apache Kafka {_version(pom)} with Maven, once, into {folder} (about 60 MB) ...")
            _fetch(pom, folder)
            progress(f"Fetched {len(list(folder.glob('*.jar')))} jars.")
    return folder


def _fetch(pom: Path, folder: Path) -> None:
    scratch = folder.with_name(folder.name + ".part")
    shutil.rmtree(scratch, ignore_errors=True)  # of a fetch that was killed
    scratch.mkdir()
    try:
        jars = scratch / "libs"
        copy = scratch / "pom.xml"  # Maven may write beside its pom, and a package folder may be read-only
        shutil.copyfile(pom, copy)
        command = [_maven(), "-B", "-q", "-ntp", "-f", str(copy), "dependency:copy-dependencies"]
        command.append(f"-DoutputDirectory={jars}")
        try:
            done = subprocess.run(  # noqa: S603 - our own command line
                command, cwd=scratch, capture_output=True, text=True, check=False, timeout=_FETCH_SECONDS
            )
        except subprocess.TimeoutExpired:
            raise BrokerError(
                f"Maven did not fetch Kafka's jars within {_FETCH_SECONDS:g} s",
                f"Check the network and try again, {_OR_EMBEDDED}",
            ) from None
        if done.returncode or not any(jars.glob("kafka_*.jar")):
            said = "\n".join((done.stdout + done.stderr).strip().splitlines()[:10])
            raise BrokerError(
                f"Maven could not fetch Kafka's jars (exit code {done.returncode}):\n{said}",
                f"Check the network and ~/.m2/settings.xml and try again, {_OR_EMBEDDED}",
            )
        jars.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _maven() -> str:
    found = shutil.which("mvn")
    if found is None:
        raise BrokerError(
            "Kafka's jars are not fetched yet, and there is no `mvn` on the PATH", f"Install Maven, {_OR_EMBEDDED}"
        )
    return found


def _folder(pom: Path) -> Path:
    """Where the jars of *pom* belong; another pom has another folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:8]
    return cache / "newsdesk" / f"kafka-{_version(pom)}-{digest}"


def _version(pom: Path) -> str:
    found = re.search(r"<kafka\.version>([^<]+)<", pom.read_text(encoding="utf-8"))
    return found[1].strip() if found else "unknown"


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock of *path*, waiting for whoever has it; it is free again when its holder ends, however."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
