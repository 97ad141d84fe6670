"""Checks of Deployments and ReplicaSets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tutorial.sandbox.ports import Object
from tutorial.sandbox.schemas.errors import FieldError, forbidden, invalid_value, required, unsupported
from tutorial.sandbox.schemas.label_selector import matches
from tutorial.sandbox.schemas.semantics import names, pod

_OPERATORS = ("In", "NotIn", "Exists", "DoesNotExist")
_STRATEGIES = ("Recreate", "RollingUpdate")
_BAD_OPERATOR = "not a valid label selector operator"


def validate_deployment(deployment: Object) -> Iterator[FieldError]:
    """The faults of a Deployment."""
    spec = deployment.get("spec", {})
    yield from names.not_negative("spec.replicas", spec.get("replicas"))
    yield from _selector(spec, "deployment")
    yield from _template(spec)
    yield from _strategy(spec.get("strategy", {}))
    yield from names.not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from names.not_negative("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline = spec.get("progressDeadlineSeconds")
    yield from names.not_negative("spec.progressDeadlineSeconds", deadline)
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        yield invalid_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")


def validate_replica_set(replica_set: Object) -> Iterator[FieldError]:
    """The faults of a ReplicaSet."""
    spec = replica_set.get("spec", {})
    yield from names.not_negative("spec.replicas", spec.get("replicas"))
    yield from names.not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from _selector(spec, "replicaset")
    yield from _template(spec)


def validate_update(old: Object, new: Object) -> Iterator[FieldError]:
    """The selector stays."""
    selector = new.get("spec", {}).get("selector")
    if selector != old.get("spec", {}).get("selector"):
        yield invalid_value("spec.selector", selector, names.IMMUTABLE)


def _selector(spec: dict[str, Any], kind: str) -> Iterator[FieldError]:
    selector = spec.get("selector")
    if selector is None:
        yield required("spec.selector")
        return
    yield from names.labels("spec.selector.matchLabels", selector.get("matchLabels", {}))
    for index, expression in enumerate(selector.get("matchExpressions", ())):
        yield from _expression(f"spec.selector.matchExpressions[{index}]", expression)
    if not selector.get("matchLabels") and not selector.get("matchExpressions"):
        yield invalid_value("spec.selector", selector, f"empty selector is invalid for {kind}")


def _expression(field: str, expression: dict[str, Any]) -> Iterator[FieldError]:
    operator = expression.get("operator", "")
    if operator in ("In", "NotIn") and not expression.get("values"):
        detail = "must be specified when `operator` is 'In' or 'NotIn'"
        yield required(f"{field}.values", detail)
    elif operator in ("Exists", "DoesNotExist") and expression.get("values"):
        detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield forbidden(f"{field}.values", detail)
    elif operator not in _OPERATORS:
        yield invalid_value(f"{field}.operator", operator, _BAD_OPERATOR)
    yield from names.named(f"{field}.key", expression.get("key", ""), names.qualified_name)


def _template(spec: dict[str, Any]) -> Iterator[FieldError]:
    template = spec.get("template")
    if template is None:
        yield required("spec.template")
        return
    labels = template.get("metadata", {}).get("labels", {})
    if not matches(spec.get("selector") or {}, labels):
        detail = "`selector` does not match template `labels`"
        yield invalid_value("spec.template.metadata.labels", labels, detail)
    yield from names.labels("spec.template.labels", labels)
    content = template.get("spec", {})
    yield from pod.validate_spec("spec.template.spec", content)
    if content.get("restartPolicy", "Always") in ("OnFailure", "Never"):
        yield unsupported("spec.template.spec.restartPolicy", content["restartPolicy"], ("Always",))
    if "activeDeadlineSeconds" in content:
        detail = "activeDeadlineSeconds in ReplicaSet is not Supported"
        yield forbidden("spec.template.spec.activeDeadlineSeconds", detail)


def _strategy(strategy: dict[str, Any]) -> Iterator[FieldError]:
    field = "spec.strategy"
    kind = strategy.get("type", "")
    rolling = strategy.get("rollingUpdate")
    if kind not in _STRATEGIES:
        yield unsupported(f"{field}.type", kind, _STRATEGIES)
    elif kind == "Recreate" and rolling is not None:
        detail = "may not be specified when strategy `type` is 'Recreate'"
        yield forbidden(f"{field}.rollingUpdate", detail)
    elif kind == "RollingUpdate":
        yield from _rolling_update(f"{field}.rollingUpdate", rolling or {})


def _rolling_update(field: str, rolling: dict[str, Any]) -> Iterator[FieldError]:
    for name in ("maxUnavailable", "maxSurge"):
        value = rolling.get(name)
        if isinstance(value, int):
            yield from names.not_negative(f"{field}.{name}", value)
        elif isinstance(value, str) and not _is_percent(value):
            detail = (
                "a valid percent string must be a numeric string followed by an ending '%' "
                "(e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            )
            yield invalid_value(f"{field}.{name}", value, detail)
    share = rolling.get("maxUnavailable")
    if isinstance(share, str) and _is_percent(share) and int(share[:-1]) > 100:
        yield invalid_value(f"{field}.maxUnavailable", share, "must not be greater than 100%")
    if rolling.get("maxUnavailable") in (0, "0%") and rolling.get("maxSurge") in (0, "0%"):
        yield invalid_value(
            f"{field}.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0"
        )


def _is_percent(text: str) -> bool:
    return text.endswith("%") and text[:-1].isdecimal()
