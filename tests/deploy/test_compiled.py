"""The compiled judgement says what the plain one says, to the byte."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import orjson

from newsdesk.desk.judge import Judge
from newsdesk.editorial import judgement
from newsdesk.intake.generate import generate
from support.desk import book

PROGRAM = Path(__file__).parents[2] / "deploy" / "compiled.py"


def digest() -> str:
    """What the judgement that is on the import path says of some thousand events, in one digest."""
    judge = Judge(book())
    said = hashlib.sha256()
    for event in generate(7, 3_000):
        said.update(orjson.dumps(judge.answer(event.value)))
    return said.hexdigest()


def test_the_compiled_judgement_says_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, PROGRAM, tmp_path], check=True, capture_output=True, text=True)
    tests = str(Path(__file__).parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), tests])}

    done = subprocess.run([sys.executable, __file__], env=environment, check=True, stdout=subprocess.PIPE, text=True)

    said, file = done.stdout.split()
    assert file.startswith(str(tmp_path))
    assert file.endswith(".so")
    assert judgement.__file__.endswith(".py")
    assert said == digest()


if __name__ == "__main__":
    sys.stdout.write(f"{digest()} {judgement.__file__}\n")
