"""The command line of the sandbox's `istioctl`: `kube-inject` and `version`.

Started by the program that `program.write_program` makes. It says of itself what it is, and
refuses everything else that Istio's istioctl can do.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tutorial.sandbox.mesh.injection import ISTIO_VERSION

WHAT_IT_IS = (
    "This is the istioctl of egress-tutorial's sandbox, not Istio's own. It knows kube-inject and\n"
    "version. For everything else take Istio's istioctl and a cluster with Istio:\n"
    "https://istio.io/latest/docs/ops/diagnostic-tools/istioctl/"
)
_ABOUT = f"The sandbox's mesh behaves as Istio {ISTIO_VERSION}; no istiod runs.\n{WHAT_IT_IS}"
_COMMANDS = ("kube-inject", "version")
_STDIN = "-"


def main(arguments: list[str]) -> int:
    """Run the command; the exit code."""
    if arguments and not arguments[0].startswith("-") and arguments[0] not in _COMMANDS:
        return _fail(f"the sandbox has no istioctl {arguments[0]}.\n{WHAT_IT_IS}")
    given = _parser().parse_args(arguments or ["--help"])
    if given.command == "version":
        sys.stdout.write(f"client version: {ISTIO_VERSION}\n" + ("" if given.short else f"{_ABOUT}\n"))
        return 0
    return _kube_inject(given.filename, given.output)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="istioctl", description=WHAT_IT_IS, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    inject = commands.add_parser("kube-inject", help="put the sidecar into the pods of manifests")
    inject.add_argument("-f", "--filename", required=True, help="the manifests, or - for stdin")
    inject.add_argument("-o", "--output", help="where to write them, in place of stdout")
    version = commands.add_parser("version", help="say which Istio the sandbox behaves as")
    version.add_argument("-s", "--short", action="store_true", help="the version only")
    version.add_argument("--remote", nargs="?", help=argparse.SUPPRESS)
    return parser


def _kube_inject(filename: str, output: str | None) -> int:
    from tutorial.sandbox.istioctl.kube_inject import inject_manifests

    try:
        text = sys.stdin.read() if filename == _STDIN else Path(filename).read_text(encoding="utf-8")
        injected = inject_manifests(text, lambda line: sys.stderr.write(line + "\n"))
        if output is None:
            sys.stdout.write(injected)
            sys.stdout.flush()
        else:
            Path(output).write_text(injected, encoding="utf-8")
    except OSError as error:
        return _fail(f"{error.filename or output or 'stdout'}: {error.strerror}")
    except ValueError as error:
        return _fail(f"{filename} cannot be injected: {error}")
    return 0


def _fail(message: str) -> int:
    sys.stderr.write(f"Error: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
