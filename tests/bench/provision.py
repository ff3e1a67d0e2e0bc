"""What the peers need, fetched once into the checkout's .cache/: a virtual environment of their own, and Maven's jars."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from newsdesk.ops.brokers.artefacts import java

if TYPE_CHECKING:
    from collections.abc import Callable

PEERS: Final = Path(__file__).parent / "peers"
ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".cache" / "bench"
COMPILER: Final = ROOT / "deploy" / "compiled.py"
__all__ = ["CACHE", "ProvisionError", "compiled_desk", "java", "kafka_streams", "python"]


class ProvisionError(RuntimeError):
    """Something that the peers need could not be fetched: what, and why."""


def python(progress: Callable[[str], None]) -> Path:
    """The interpreter of the peers' environment."""
    wanted = PEERS / "requirements.txt"
    folder = CACHE / f"python-{_digest(wanted)}"
    interpreter = folder / "bin" / "python"
    if not interpreter.exists():
        progress(f"making the Python peers' environment in {folder}, once (Quix Streams, Faust) ...")
        scratch = folder.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(folder)])
        try:
            _run(
                [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(wanted)]
            )
        except ProvisionError:
            shutil.rmtree(folder)
            raise
    return interpreter


def kafka_streams(progress: Callable[[str], None]) -> Path:
    """The folder of the Kafka Streams peer's jars, built by Maven."""
    project = PEERS / "kstreams"
    sources = sorted(
        path for path in project.rglob("*") if path.suffix in {".java", ".xml"} and "target" not in path.parts
    )
    folder = CACHE / f"kstreams-{_digest(*sources)}"
    if not folder.exists():
        progress(f"building the Kafka Streams peer with Maven in {folder}, once ...")
        scratch = folder.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        maven = shutil.which("mvn")
        if maven is None:
            raise ProvisionError(
                "Kafka Streams needs Maven, and there is no `mvn` on the PATH: install it, or leave kstreams out of --only"
            )
        _run([maven, "-q", "-B", "-ntp", "-f", str(project / "pom.xml"), f"-Dout={scratch}", "package"])
        scratch.rename(folder)
    return folder / "libs"


def compiled_desk(progress: Callable[[str], None]) -> Path:
    """A folder with this tree's newsdesk, its judgement compiled by deploy/compiled.py."""
    sources = sorted((ROOT / "services" / "newsdesk").rglob("*.py"))
    folder = CACHE / f"desk-{_digest(*sources, COMPILER)}"
    if not folder.exists():
        progress(f"compiling the judgement into {folder}, once for each version ...")
        scratch = folder.with_suffix(".part")
        shutil.rmtree(scratch, ignore_errors=True)
        _run([sys.executable, str(COMPILER), str(scratch)])
        scratch.rename(folder)
    return folder


def _digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:8]


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise ProvisionError(f"{command[0]} failed:\n{said}")
