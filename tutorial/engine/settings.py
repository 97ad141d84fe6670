"""The values of a tutorial's variables in one run: what was set, what the facts ask for, the defaults.

Called by `tutorial.app` and the doctor once the backend's facts are known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tutorial.engine.plan import run_settings
from tutorial.steps.conditions import holds
from tutorial.steps.model import AdaptedValue, Tutorial

AddressOf = Callable[[str], str | None]
"""The IPv4 address that a host's name has now, or None when it cannot be told."""


def adapted_settings(
    tutorial: Tutorial, given: Mapping[str, str], facts: Mapping[str, str], address_of: AddressOf
) -> dict[str, str]:
    """The tutorial's variables: a value that was given stands; else the first adapted value whose
    `when` holds and can be told; else the default. A `when` sees the variables before its own.

    Raises:
        UsageError: `given` names a variable that the tutorial does not have, or a value that none
            of its steps is for.
    """
    settings = run_settings(tutorial, given)
    for name, values in tutorial.adapted_values.items():
        if name not in given:
            known = {**settings, **facts}
            candidates = (_value(each, address_of) for each in values if holds(each.when, known))
            settings[name] = next(filter(None, candidates), settings[name])
    return settings


def _value(adapted: AdaptedValue, address_of: AddressOf) -> str | None:
    return address_of(adapted.address_of) if adapted.address_of else adapted.value
