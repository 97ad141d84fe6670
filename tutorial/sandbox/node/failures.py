"""Why a container cannot be made or started, in the kubelet's and the container runtime's words."""

from __future__ import annotations

import errno
import os


class ContainerFault(Exception):
    """A container that cannot start.

    Args:
        reason: the waiting reason that kubectl shows (`ErrImagePull`, `CreateContainerConfigError`).
        message: the sentence beside it.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


def describe_exec_failure(program: str, error: OSError) -> str:
    """`exec: "x": executable file not found in $PATH`, and its kin."""
    if error.errno == errno.ENOENT and "/" not in program:
        return f'exec: "{program}": executable file not found in $PATH'
    if error.errno == errno.ENOENT:
        return f'exec: "{program}": stat {program}: no such file or directory'
    said = os.strerror(error.errno or errno.EIO).lower()
    return f'exec: "{program}": {said}'


def no_image(image: str) -> ContainerFault:
    """The fault of a container that runs what its image says."""
    return ContainerFault(
        "ErrImagePull",
        f'failed to pull image "{image}": the sandbox has no images and no registry; give the container '
        "a command that this machine has",
    )
