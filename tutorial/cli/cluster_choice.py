"""The options that name a cluster, and which one they mean. Used by `tutorial.cli.commands`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import click

from tutorial.errors import NoContextError, UsageError
from tutorial.ui.environment import Environment

CONTEXT_VARIABLE = "EGRESS_TUTORIAL_CONTEXT"
"""Names the context of every command that takes one, for good."""


def cluster_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--context` (as `cluster`), `--kubeconfig` and `--sandbox`. Where the context that is not there is the
    user's variable's, the error says so."""
    command = _telling_of_the_variable(command)
    for option in (
        click.option("--sandbox", is_flag=True, help=f"A sandbox, whatever {CONTEXT_VARIABLE} says."),
        click.option("--kubeconfig", metavar="FILE", help="Another kubeconfig than your own."),
        click.option(
            "--context", "cluster", metavar="NAME", help="A context of your kubeconfig, not a sandbox."
        ),
    ):
        command = option(command)
    return command


def _telling_of_the_variable(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(*arguments: Any, **given: Any) -> Any:
        try:
            return command(*arguments, **given)
        except NoContextError as error:
            if given["cluster"] or given["kubeconfig"]:
                raise
            raise UsageError(
                error.what,
                why=f"The environment's variable {CONTEXT_VARIABLE} names it. {error.why}",
                do=f"Name one with --context NAME, or: unset {CONTEXT_VARIABLE}",
            ) from None

    return run


def named_context(given: Mapping[str, Any], environment: Environment) -> str | None:
    """The context that the command line names, or the user's variable; None for a sandbox.

    Raises:
        UsageError: a sandbox and a cluster are asked for.
    """
    if given["sandbox"] and (given["cluster"] or given["kubeconfig"]):
        raise UsageError("--sandbox and a cluster exclude each other.", do="Leave one of them out.")
    named: str | None = given["cluster"]
    if named or given["kubeconfig"] or given["sandbox"]:
        return named
    return environment.variables.get(CONTEXT_VARIABLE) or None
