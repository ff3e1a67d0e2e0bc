"""The composition root: settings become plain values, and the parts are put together from them, here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from newsdesk.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from newsdesk.contracts.rules import Rules
    from newsdesk.desk.judge import Judge
    from newsdesk.desk.service import DeskPlan
    from newsdesk.editorial.retention import Retention
    from newsdesk.editorial.rulebook import Rulebook

_SHIPPED: Final = Path(__file__).parent / "rules"
_RULES_BYTES: Final = 4 * 1024 * 1024


class SetupError(Exception):
    """The parts cannot be put together as asked: what is wrong with the settings or the rules, and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}\n{remedy}")
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class RulesText:
    """A rules file as it is: *source* is where it was found, *shipped* whether it came with newsdesk."""

    source: str
    text: str
    shipped: bool


def open_settings(**given: object) -> Settings:
    """The settings of the environment, with those *given* that are not None put before them.

    Raises:
        SetupError: one of them has a wrong value; the message names it as the environment does.
    """
    from pydantic import ValidationError

    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        faults = (
            f"NEWSDESK_{'_'.join(map(str, part['loc'])).upper()}: {part['msg'].removeprefix('Value error, ')}"
            for part in error.errors()
        )
        raise SetupError("; ".join(faults), "Correct the setting in the environment or on the command line.") from None


def security(settings: Settings) -> dict[str, Any]:
    """What an aiokafka client needs to be let in, as its own keyword arguments; empty for a plain connection."""
    chosen: dict[str, Any] = {}
    if settings.security_protocol == "PLAINTEXT":
        return chosen
    chosen["security_protocol"] = settings.security_protocol
    if "SSL" in settings.security_protocol.split("_"):
        from aiokafka.helpers import create_ssl_context

        try:
            chosen["ssl_context"] = create_ssl_context(cafile=str(settings.ssl_cafile) if settings.ssl_cafile else None)
        except OSError as error:
            remedy = "Name a readable PEM file in NEWSDESK_SSL_CAFILE, or leave it out for the system's certificates."
            raise SetupError(f"{settings.ssl_cafile}: cannot be used as CA certificates: {error}", remedy) from None
    if settings.security_protocol.startswith("SASL"):
        if settings.sasl_username is None or settings.sasl_password is None:
            raise SetupError(
                f"{settings.security_protocol} needs a user and a password",
                "Set NEWSDESK_SASL_USERNAME and NEWSDESK_SASL_PASSWORD.",
            )
        chosen["sasl_mechanism"] = settings.sasl_mechanism
        chosen["sasl_plain_username"] = settings.sasl_username
        chosen["sasl_plain_password"] = settings.sasl_password.get_secret_value()
    return chosen


def shipped_rules() -> list[str]:
    """The names of the rules files that come with newsdesk."""
    return sorted(file.stem for file in _SHIPPED.glob("*.yaml"))


def find_rules(name: str) -> RulesText:
    """The rules file *name*: one that is shipped, or else a path.

    Raises:
        SetupError: there is none, or it is no text.
    """
    if name in shipped_rules():
        file, shipped = _SHIPPED / f"{name}.yaml", True
    else:
        file, shipped = Path(name), False
    remedy = f"Name a shipped file ({', '.join(shipped_rules())}) or the path of a YAML file."
    try:
        with file.open("rb") as opened:
            content = opened.read(_RULES_BYTES + 1)
        if len(content) > _RULES_BYTES:
            raise SetupError(f"rules {name}: larger than {_RULES_BYTES >> 20} MiB", remedy)
        return RulesText(f"shipped with newsdesk ({name})" if shipped else str(file), content.decode(), shipped=shipped)
    except FileNotFoundError:
        raise SetupError(f"rules {name}: there is no such file", remedy) from None
    except UnicodeDecodeError as error:
        raise SetupError(f"rules {name}: not UTF-8 (byte {error.start})", remedy) from None
    except (OSError, ValueError) as error:
        raise SetupError(f"rules {name}: cannot be read: {error}", remedy) from None


def read_rules_of(name: str, overrides: Sequence[str] = ()) -> Rules:
    """The rules *name* with KEY=VALUE *overrides*.

    Raises:
        SetupError: there is no such file.
        RulesError: it has faults, or an override has; all of them are in it.
    """
    from newsdesk.editorial.rulesfile import read_rules

    return read_rules(find_rules(name).text, name, overrides)


def rulebook(name: str, overrides: Sequence[str] = ()) -> Rulebook:
    """The rules *name* with KEY=VALUE *overrides*, ready to judge with; raises as read_rules_of."""
    from newsdesk.editorial.rulebook import open_rulebook

    return open_rulebook(read_rules_of(name, overrides))


def judge(settings: Settings, rules: str | None, overrides: Sequence[str] = ()) -> Judge:
    """A desk without a broker, under *rules* or else those of the settings; raises as read_rules_of."""
    from newsdesk.desk.judge import Judge

    return Judge(rulebook(rules or settings.rules, overrides), event_bytes=settings.event_bytes)


def transactions_probe(settings: Settings) -> Callable[[], Awaitable[tuple[bool, str]]]:
    """Asks the broker whether it has transactions: (supported, what it said)."""

    async def probe() -> tuple[bool, str]:
        from newsdesk.engine.probe import lacking_transactions
        from newsdesk.engine.reading import open_client

        async with open_client(settings.bootstrap_servers, "newsdesk.doctor", security(settings)) as client:
            lack = await lacking_transactions(client)
        return (True, "the broker supports transactions") if lack is None else (False, lack)

    return probe


def run_desk(settings: Settings, workers: int = 1) -> int:
    """Run the desk with so many *workers* until it is told to stop; the exit code.

    0: stopped in good order; 1: failed, or refused to start. What is wrong, and what to do, is in the log.

    Raises:
        SetupError, RulesError: As read_rules_of and security.
    """
    from newsdesk.ops.logs import configure_logs

    configure_logs(settings.log_level)
    if workers == 1:
        return min(1, _run_one(settings, prefer=0, follow_stdin=False))
    import asyncio

    from newsdesk.desk.workers import Child, Supervisor

    rulebook(settings.rules)  # wrong rules are told once, not by every worker
    security(settings)
    children = [Child(index, _worker_command(index), _worker_environment(settings, index)) for index in range(workers)]
    return asyncio.run(Supervisor(children, longest_wait=settings.backoff_max_ms / 1000).run())


def run_worker(index: int) -> int:
    """Run worker *index* of several, in a process of its own, with the settings of its environment; the exit code."""
    from newsdesk.ops.logs import configure_logs

    settings = open_settings()
    configure_logs(settings.log_level, worker=index)
    return _run_one(settings, prefer=index, follow_stdin=True)


def _run_one(settings: Settings, *, prefer: int, follow_stdin: bool) -> int:
    """One worker in this process: 0 stopped in good order, 1 failed, REFUSED where starting again would change nothing."""
    import asyncio
    import logging

    import uvloop

    from newsdesk.desk.service import RefusedError, serve
    from newsdesk.desk.state_folder import StateFolderError, claimed
    from newsdesk.desk.workers import REFUSED
    from newsdesk.ops.web import WebError

    try:
        with (
            claimed(settings.state_dir, prefer) as folder,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            return runner.run(serve(_desk_plan(settings, folder, follow_stdin=follow_stdin)))
    except (RefusedError, StateFolderError, WebError) as error:
        logging.getLogger(__name__).error("%s", error)  # noqa: TRY400 - its text says what to do, a trace does not
        return REFUSED


def _desk_plan(settings: Settings, folder: Path, *, follow_stdin: bool) -> DeskPlan:
    from newsdesk.contracts import topics
    from newsdesk.desk.service import DeskPlan
    from newsdesk.engine.config import EngineConfig

    outputs = (topics.REPARTITIONED, topics.ENRICHED, topics.PUBLISHED, topics.DECISIONS, topics.DEAD_LETTERS)
    engine = EngineConfig(
        bootstrap_servers=settings.bootstrap_servers,
        group=settings.group,
        client_id=settings.group,
        guarantee=settings.guarantee,
        security=security(settings),
        message_bytes={topic.name: topic.max_message_bytes for topic in outputs},
        batch_records=settings.batch_records,
        commit_interval_ms=settings.commit_interval_ms,
        transaction_timeout_ms=settings.transaction_timeout_ms,
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_ms=min(2_000, settings.session_timeout_ms // 3),
        backoff_max_ms=settings.backoff_max_ms,
        missing_topic_grace_ms=settings.missing_topic_grace_ms,
        silence_ms=settings.silence_ms,
        state_dir=folder,
        changelog_delete_retention_ms=topics.ENRICHED.delete_retention_ms,
    )
    return DeskPlan(
        engine=engine,
        book=rulebook(settings.rules),
        state_dir=folder,
        event_bytes=settings.event_bytes,
        retention=retention_of(settings),
        web_host=settings.web_host,
        web_port=settings.web_port,
        follow_stdin=follow_stdin,
    )


def retention_of(settings: Settings) -> Retention:
    """How long the desk knows an article."""
    from newsdesk.editorial.retention import DAY_MS, Retention

    days = settings.state_retention
    return Retention(days * DAY_MS if days else None, settings.state_expire_published)


def _worker_command(index: int) -> tuple[str, ...]:
    import sys

    return (sys.executable, "-c", f"from newsdesk.bootstrap import run_worker; raise SystemExit(run_worker({index}))")


def _worker_environment(settings: Settings, index: int) -> dict[str, str]:
    """This process's environment with all *settings* in it; worker n listens on web_port + n, or on a free port."""
    import os

    from pydantic import SecretStr

    chosen = dict(settings)
    if settings.web_port:
        chosen["web_port"] = settings.web_port + index
    environment = dict(os.environ)
    for name, value in chosen.items():
        if value is not None:
            plain = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            environment[f"NEWSDESK_{name.upper()}"] = plain
    return environment
