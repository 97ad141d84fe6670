"""Which backend a run uses: a cluster that was named, a sandbox that is up, one of its own, or none.

Called by `tutorial.app`, `wiring`, `left_runs` and `forgetting`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from tutorial.backends.advice import context_options, usual_kubeconfig
from tutorial.backends.backend import Backend, OpenBackend
from tutorial.backends.none import NoCluster
from tutorial.engine.ports import Stopper
from tutorial.errors import NotReadyError
from tutorial.journal.paths import make_in_state_home, sandboxes_folder


def open_backend(
    *,
    requires: str,
    folder: Path,
    home: Path,
    environment: Mapping[str, str],
    namespace: str = "default",
    context: str | None = None,
    kubeconfig: str | None = None,
    parameters: Mapping[str, str] | None = None,
    ask_facts: bool = True,
    stopper: Stopper | None = None,
) -> AbstractContextManager[OpenBackend]:
    """Open the backend, and close it at the end (an own sandbox ends then, unless it was kept).

    Args:
        requires: the tutorial's `requires`: `cluster` or `none`.
        folder: the run's folder; the private kubeconfig is written there.
        home: the state folder (`state_home`); sandboxes live in it.
        environment: the user's; KUBECONFIG, HOME and PATH are looked up in it.
        namespace: the run's namespace, for commands that name none.
        context: `--context`. With neither this nor `kubeconfig` it is a sandbox.
        kubeconfig: `--kubeconfig`.
        parameters: `Backend.parameters` of an earlier time, to open the same one again; they
            outrank `context` and `kubeconfig`. A sandbox that is gone is started anew.
        ask_facts: false where no fact is needed: then a cluster may be away.
        stopper: tells of a Ctrl-C, which ends the waiting for an answer of the cluster.

    Raises (on entering):
        UsageError: no such context or kubeconfig.
        OtherClusterError: the context leads to another cluster than at the earlier time.
        NotReadyError: the cluster cannot be reached, or no sandbox can start here.
        JournalError: the run's folder cannot be written.
    """
    known = dict(parameters or {})
    if requires == "none" or known.get("backend") == "none":
        return _no_cluster()
    if known:
        context, kubeconfig = known.get("context"), None
        environment = {**environment, "KUBECONFIG": known.get("kubeconfig", "")}
    if context is not None or kubeconfig is not None:
        from tutorial.backends.named_cluster import open_named_cluster

        return open_named_cluster(
            folder=folder,
            home=home,
            environment=environment,
            namespace=namespace,
            context=context,
            kubeconfig=kubeconfig,
            known=known,
            ask_facts=ask_facts,
            stopper=stopper,
        )

    from tutorial.backends.sandbox import open_sandbox

    return open_sandbox(
        folder=folder,
        root=make_in_state_home(sandboxes_folder(home)),
        environment=environment,
        namespace=namespace,
        name=known.get("sandbox"),
        stopper=stopper,
    )


def context_settings(
    environment: Mapping[str, str], context: str | None, kubeconfig: str | None
) -> Mapping[str, str]:
    """The variables that come with a named context (see `Access.settings`); none for a sandbox.

    Raises:
        UsageError, NotReadyError: no such context or kubeconfig, or it cannot be read.
    """
    if context is None and kubeconfig is None:
        return {}
    from tutorial.backends.kubeconfig import user_kubeconfig

    return user_kubeconfig(environment, kubeconfig).access(context).settings


def context_not_used(environment: Mapping[str, str], home: Path) -> str:
    """The current context of the user's kubeconfig, which a run in a sandbox leaves alone; empty when
    there is none, or it is a sandbox's own."""
    from tutorial.backends.kubeconfig import user_kubeconfig

    try:
        config = user_kubeconfig(environment)
    except NotReadyError:
        return ""
    of_sandbox = any(file.is_relative_to(sandboxes_folder(home)) for file in config.files)
    return "" if of_sandbox else config.current_context


def is_gone(parameters: Mapping[str, str], home: Path) -> bool:
    """Whether the backend of an earlier time is a sandbox that is down, however it was named: what was
    made in it is gone. Another of its name may be up, which the server tells where a kubeconfig named it."""
    if "sandbox" not in parameters:
        return False
    from tutorial.backends.same_cluster import SERVER
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(sandboxes_folder(home), parameters["sandbox"])
    return sandbox is None or parameters.get(SERVER, sandbox.server) != sandbox.server


def kubectl_options(parameters: Mapping[str, str], environment: Mapping[str, str], home: Path) -> str:
    """The options by which a person's own kubectl reaches the backend of `Backend.parameters`, whatever
    is current in their shell: `--context kind`. Empty where there is none. Parameters of older runs do not
    say which of several files holds the context."""
    if parameters.get("backend") == "cluster":
        files = parameters["kubeconfig"].split(os.pathsep)
        file = parameters.get("file", files[0] if len(files) == 1 else "")
        return context_options(
            parameters["context"],
            Path(file) if file else None,
            usual_kubeconfig(environment),
            parameters.get("server", ""),
        )
    if parameters.get("backend") != "sandbox":
        return ""
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(sandboxes_folder(home), parameters["sandbox"])
    return shlex.join(["--kubeconfig", str(sandbox.kubeconfig)]) if sandbox is not None else ""


def remove_dead_sandboxes(home: Path) -> None:
    """Remove what killed sandboxes left in the state folder, where it can be written."""
    from tutorial.sandbox import lifecycle

    with suppress(NotReadyError):
        lifecycle.remove_dead(sandboxes_folder(home))


def end_own_sandbox(parameters: Mapping[str, str], run_id: str, home: Path) -> None:
    """Take down the sandbox that was started for this run and kept; another's is left alone.

    Raises:
        UsageError: somebody uses it.
    """
    if parameters.get("sandbox") != run_id:
        return
    from tutorial.sandbox import lifecycle

    sandbox = lifecycle.attach(sandboxes_folder(home), run_id)
    if sandbox is not None:
        sandbox.down()


@contextmanager
def _no_cluster() -> Iterator[OpenBackend]:
    backend = Backend(
        kind="none", label="no cluster", facts={"backend": "none"}, parameters={"backend": "none"}
    )
    yield OpenBackend(backend, NoCluster())
