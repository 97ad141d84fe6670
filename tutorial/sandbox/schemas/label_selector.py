"""Label selectors as objects carry them: `matchLabels` and `matchExpressions`.

Called by the checks of workloads and by the controllers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether labels fulfil all of a selector; an empty selector matches everything."""
    if not selector.get("matchLabels", {}).items() <= labels.items():
        return False
    return all(_fulfils(expression, labels) for expression in selector.get("matchExpressions", ()))


def _fulfils(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    key, values = expression.get("key", ""), expression.get("values", ())
    match expression.get("operator"):
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return True
