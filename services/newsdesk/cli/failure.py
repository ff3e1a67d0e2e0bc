"""How a command ends: the exit codes, and errors told in a line with their remedy."""

from __future__ import annotations

import errno
from enum import IntEnum
from typing import Final

_UNWRITABLE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class ExitCode(IntEnum):
    """What the exit codes mean."""

    DONE = 0
    UNREADABLE = 1
    """Input or a broker cannot be read, or what was read is not as it must be."""
    USAGE = 2
    """The command line or the rules are wrong."""
    REFUSED = 3
    """The command did its work, but some items were refused or are not right."""
    INTERRUPTED = 130


class Failure(Exception):  # noqa: N818 - it ends a command, not a function
    """A command cannot do its work: its exit code, what is wrong, and what to do about it."""

    def __init__(self, code: ExitCode, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.code = code
        self.problem = problem
        self.remedy = remedy


def failure_of(error: Exception) -> Failure | None:
    """What *error* means for the person at the terminal; None where it is a defect of ours."""
    from aiokafka.errors import KafkaError

    from newsdesk.bootstrap import SetupError
    from newsdesk.editorial.rulesfile import RulesError
    from newsdesk.engine.errors import EngineError
    from newsdesk.intake.convert import ConvertError
    from newsdesk.intake.items import InputError
    from newsdesk.intake.submit import SubmitError
    from newsdesk.lookup.topics import TopicError
    from newsdesk.ops.admin import AdminError
    from newsdesk.ops.brokers import BrokerError

    failure: Failure | None
    match error:
        case Failure():
            failure = error
        case InputError():
            failure = Failure(ExitCode.UNREADABLE, str(error))
        case ConvertError():
            failure = Failure(ExitCode.USAGE, str(error))
        case RulesError():
            remedy = "`newsdesk rules show newsdesk` is a rules file to compare with."
            failure = Failure(ExitCode.USAGE, str(error), remedy)
        case SetupError():
            failure = Failure(ExitCode.USAGE, error.problem, error.remedy)
        case AdminError() | BrokerError() | EngineError() | TopicError() | SubmitError():
            failure = Failure(ExitCode.UNREADABLE, error.problem, error.remedy)
        case KafkaError():
            said = str(error) or type(error).__name__
            remedy = "Check the address and that the broker runs; `newsdesk broker` starts a local one."
            failure = Failure(ExitCode.UNREADABLE, f"the broker cannot be used: {said}", remedy)
        case OSError() if error.filename is None and error.errno in _UNWRITABLE:
            remedy = "Make room where it is written to."
            failure = Failure(ExitCode.UNREADABLE, f"the output cannot be written: {error.strerror}", remedy)
        case OSError() if error.filename is not None:
            remedy = "Check the path and its permissions."
            failure = Failure(ExitCode.UNREADABLE, f"{error.filename}: {error.strerror}", remedy)
        case _:
            failure = None
    return failure
