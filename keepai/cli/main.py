"""`python -m keepai …`: what can be asked of it."""

import argparse
import sys
from collections.abc import Sequence

from keepai.cli.say import WRONG_USE, Stop, say


def main(arguments: Sequence[str]) -> int:
    """Do what was asked. Returns the exit code; 2 for what the person can put right."""
    asked = parser().parse_args(arguments)
    try:
        return int(asked.do(asked))
    except Stop as reason:
        for sentence in reason.sentences:
            print(sentence, file=sys.stderr, flush=True)
        return WRONG_USE
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """The commands, in the language of the terminal."""
    made = argparse.ArgumentParser(prog="python -m keepai", description=say("cli.help.keepai"))
    commands = made.add_subparsers(required=True, metavar=say("cli.help.command"))

    run = commands.add_parser("run", help=say("cli.help.run"))
    run.add_argument("--dev", action="store_true", help=say("cli.help.run_dev"))
    run.add_argument("--demo", action="store_true", help=say("cli.help.run_demo"))
    run.set_defaults(do=_run)

    _command(commands, "background", _background, parent=True)
    create = _command(commands, "create-admin", _create_admin)
    create.add_argument("email", help=say("cli.help.email"))
    create.add_argument(
        "--role", choices=("admin", "operator", "viewer"), default="admin", help=say("cli.help.role")
    )
    reset = _command(commands, "reset-password", _reset_password)
    reset.add_argument("email", help=say("cli.help.email"))
    _command(commands, "doctor", _doctor)
    backup = _command(commands, "backup", _backup)
    backup.add_argument("file", nargs="?", help=say("cli.help.backup_file"))
    _command(commands, "audit-verify", _audit_verify)
    _command(commands, "migrate", _migrate)
    _command(commands, "build", _build, parent=True)
    _command(commands, "version", _version)
    for name in ("prepare", "web", "web-dev", "compute", "demo"):
        internal = commands.add_parser(name)
        internal.add_argument("--parent", type=int)
        internal.set_defaults(do=_internal, name=name)
    return made


def _command(commands, name, do, *, parent: bool = False) -> argparse.ArgumentParser:  # type: ignore[no-untyped-def]
    made: argparse.ArgumentParser = commands.add_parser(name, help=say(f"cli.help.{name.replace('-', '_')}"))
    made.set_defaults(do=do)
    if parent:
        made.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return made


# Each command imports its own module, so that none pays for the others.


def _run(asked: argparse.Namespace) -> int:
    from keepai.cli import supervise

    return supervise.run(dev=asked.dev, demo=asked.demo)


def _internal(asked: argparse.Namespace) -> int:
    if asked.name == "prepare":
        from keepai.cli import prepare

        return prepare.main()
    if asked.name == "demo":
        from keepai.cli import demo

        return demo.main(asked.parent)
    from keepai.cli import roles

    return {"web": roles.web, "web-dev": roles.web_dev, "compute": roles.compute}[asked.name](asked.parent)


def _background(asked: argparse.Namespace) -> int:
    from keepai.cli import roles

    return roles.background(asked.parent)


def _create_admin(asked: argparse.Namespace) -> int:
    from keepai.cli import people

    return people.create_admin(asked.email, asked.role)


def _reset_password(asked: argparse.Namespace) -> int:
    from keepai.cli import people

    return people.reset_password(asked.email)


def _doctor(_asked: argparse.Namespace) -> int:
    from keepai.cli import doctor

    return doctor.main()


def _backup(asked: argparse.Namespace) -> int:
    from keepai.cli import backup

    return backup.main(asked.file)


def _audit_verify(_asked: argparse.Namespace) -> int:
    from keepai.cli import audit

    return audit.verify()


def _migrate(_asked: argparse.Namespace) -> int:
    from keepai.cli import migrate, questions

    migrate.to_newest(questions.settings())
    print(say("cli.migrate.done", revision=migrate.newest()))
    return 0


def _build(asked: argparse.Namespace) -> int:
    from keepai.cli import build
    from keepai.cli.lifeline import die_with_parent

    if asked.parent:
        die_with_parent(asked.parent, with_group=True)
    return build.build()


def _version(_asked: argparse.Namespace) -> int:
    from keepai import __version__

    print(f"KeepAI {__version__}")
    return 0
