"""The `linbench` command: finds a command's module when it is called, and turns errors into one line each."""

from __future__ import annotations

import importlib
import io
import sys
from collections.abc import Sequence
from typing import Any

import click

from linbench.cli.stdout import keep_stdout_for_results
from linbench.core.errors import LinbenchError, UsageError, unknown_name
from linbench.core.exit_code import ExitCode

COMMANDS = {
    "compare": "Train every combination of optimizers, models, devices and problems, and compare them.",
    "tune": "Give every optimizer the same number of trials, and compare what was found with the defaults.",
    "gate": "Run a suite and compare what comes out with the committed baseline.",
    "list": "Components by kind, with their parameters and who provides them.",
    "explain": "The exact answer to PROBLEM: optimum, spectrum, condition number, and the epochs that gradients need.",
    "runs": "Stored runs: list, show, diff, export, import, delete, prune.",
    "report": "RUN (the last one unless told otherwise) as one HTML page: tables, curves, what they say.",
    "plugins": "Plugins that are loaded, failed, or blocked by LINBENCH_PLUGINS.",
}
"""Every command with the first sentence of its own help, so that `linbench --help` imports none of them."""


class LinbenchCommand(click.Group):
    """A group whose commands are modules of `linbench.cli`, imported one by one as they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which a newcomer needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return the command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"linbench.cli.{cmd_name}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what each command does."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command as click does; an unknown one gets the closest known name."""
        if not ctx.resilient_parsing and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise unknown_name("command", args[0], COMMANDS)
        return super().resolve_command(ctx, args)

    def main(  # type: ignore[override]  # click types two overloads of one behaviour
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run as click does; user errors are one line on stderr, and `--debug` shows the traceback."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        if isinstance(sys.stdout, io.TextIOWrapper):  # a κ that a legacy encoding lacks is no reason to fail
            sys.stdout.reconfigure(errors="replace")
        with keep_stdout_for_results():
            code = self._exit_code(args, extra)
        sys.exit(code)

    def _exit_code(self, args: Sequence[str] | None, extra: dict[str, Any]) -> int:
        stdout = sys.stdout
        try:
            code = super().main(args, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return error.exit_code
        except click.ClickException as error:
            return _fail(error.format_message().replace("\n", " "), error.exit_code, args)
        except LinbenchError as error:
            return _fail(str(error), ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED, args)
        except (click.Abort, KeyboardInterrupt):
            return ExitCode.INTERRUPTED
        except SystemExit:
            # `linbench … | head`: nobody reads on, which is no error. click has put a quiet stdout in place by now.
            if sys.stdout is stdout:
                raise
            return ExitCode.DONE
        return code if isinstance(code, int) else ExitCode.DONE


@click.group(cls=LinbenchCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="linbench", message="%(prog)s %(version)s")
def main() -> None:
    """Compare optimizers honestly, on the training problem whose answer is known exactly.

    Start with `linbench compare`.
    """


def _fail(message: str, code: int, args: Sequence[str] | None) -> int:
    if "--debug" in (sys.argv[1:] if args is None else args):
        import traceback  # here, since only failures need it

        traceback.print_exc()
    click.echo(f"linbench: {message}", err=True)
    return code
