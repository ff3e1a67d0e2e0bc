"""Compile newsdesk's judgement with mypyc: the same source, about a third less CPU time an event.

    python deploy/compiled.py DIR

compiles the package in DIR, which is a site-packages folder with newsdesk installed (as in the Dockerfile), or any
other folder, into which this tree's package is copied first (PYTHONPATH=DIR newsdesk run desk). The tree itself is never
compiled: an extension beside a module would go before what is edited there. Needs a C compiler and mypy.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).parents[1]
HOT = ("editorial/*.py", "editorial/urls/*.py", "desk/headers.py", "desk/processor.py")
"""What every event goes through."""
COLD = frozenset({"__init__.py", "rulebook.py", "rulesfile.py", "unreadable.py", "errors.py", "kept.py"})
"""What is read once, and exceptions, which gain nothing; and what has a base class that mypyc does not take."""


def hot_modules(package: Path) -> list[Path]:
    """The modules to compile, below *package*."""
    return sorted(path for pattern in HOT for path in package.glob(pattern) if path.name not in COLD)


def copy_into(folder: Path) -> None:
    """Put this tree's package into *folder*, as a wheel of it would."""
    without = shutil.ignore_patterns("__pycache__", "*.so")
    shutil.rmtree(folder / "newsdesk", ignore_errors=True)
    shutil.copytree(TOP / "services" / "newsdesk", folder / "newsdesk", ignore=without)
    shutil.copytree(TOP / "deploy" / "kafka", folder / "newsdesk" / "ops" / "kafka", ignore=without)


def compile_in(folder: Path) -> int:
    """Add extensions for the hot modules of the package in *folder*, and say how many; raises SystemExit where it fails."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    with tempfile.TemporaryDirectory() as workshop:
        bench = Path(workshop)
        shutil.copytree(folder / "newsdesk", bench / "newsdesk", ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        modules = [str(path.relative_to(bench)) for path in hot_modules(bench / "newsdesk")]
        command = [sys.executable, "-m", "mypyc", "--python-version", version, *modules]
        done = subprocess.run(command, cwd=bench, capture_output=True, text=True, check=False)
        made = [
            path.relative_to(bench) for path in bench.glob("**/*.so") if path.relative_to(bench).parts[0] != "build"
        ]
        if done.returncode or len(made) != len(modules) + 1:  # one of them all, and a way into it for each
            words = done.stdout[-4000:] + done.stderr[-4000:]
            sys.exit(f"newsdesk could not be compiled; it runs as it is, slower.\n{words}")
        for extension in folder.glob("*__mypyc.*.so"):
            extension.unlink()
        for extension in made:
            shutil.copy2(bench / extension, folder / extension)
    return len(modules)


def main(folder: Path) -> None:
    """Compile the package in *folder*, or this tree's, which is copied there first."""
    if not list(folder.glob("newsdesk-*.dist-info")):
        folder.mkdir(parents=True, exist_ok=True)
        copy_into(folder)
    print(f"{compile_in(folder)} modules compiled: {folder / 'newsdesk'}")


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):  # noqa: PLR2004 - the program and its one argument
        sys.exit(__doc__)
    main(Path(sys.argv[1]).resolve())
