"""Checks of what the server serves and of what the user may do there. Pure.

Called by `tutorial.preflight.check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tutorial.backends.discovery import Resource, Served
from tutorial.preflight.finding import Finding
from tutorial.preflight.place import Place
from tutorial.preflight.requirements import Requirements
from tutorial.preflight.survey import Look, Review, Survey
from tutorial.steps.kubectl_calls import ALL_NAMESPACES, Request

_ENDPOINTS = ("endpoints", "endpointslices")


def check_kinds(requirements: Requirements, survey: Survey, place: Place) -> Finding:
    """Every kind that the steps name is served."""
    kinds = {request.resource: steps for request, steps in requirements.requests.items()}
    missing = [kind for kind in kinds if _resource(survey.served, kind) is None]
    api = survey.facts.get("istio_api", "")
    of_istio = f"; Istio's as {api}" if api and survey.mesh is not None else ""
    if not missing:
        return Finding("kinds", "pass", f"every kind that the steps use is served{of_istio}")
    names = ", ".join(f"{kind} ({', '.join(kinds[kind])})" for kind in missing)
    if survey.served.missing:
        why = f"{names}: not served, but these groups do not answer: {', '.join(survey.served.missing)}"
        return Finding("kinds", "unknown", why, place.kubectl("get", "apiservices"))
    return Finding("kinds", "fail", f"not served: {names}", place.kubectl("api-resources"))


def check_permissions(requirements: Requirements, survey: Survey, place: Place) -> Finding:
    """Every request of the steps and the runner is allowed."""
    asked = {
        request: review
        for request, review in survey.reviews.items()
        if _resource(survey.served, request.resource) is not None and not _is_made_already(request, survey)
    }
    denied = [request for request, review in asked.items() if review.allowed is False]
    if denied:
        do = f"Ask for them. Try one with: {_can_i(denied[0], place)}"
        if any(_plural(survey.served, each) in _ENDPOINTS for each in denied):
            do += " (The roles edit and admin may not write Endpoints: CVE-2021-25740.)"
        return Finding("permissions", "fail", f"not allowed: {_listed(denied, requirements.requests)}", do)
    open_questions = [review for review in asked.values() if review.allowed is None]
    if open_questions:
        return Finding("permissions", "unknown", f"the server does not say: {_reasons(open_questions)}")
    count = len(asked)
    return Finding(
        "permissions", "pass", f"you may do all that the steps and their undoing need ({count} rights)"
    )


def _resource(served: Served, kind: str) -> Resource | None:
    return next((each for each in served.resources if each.answers_to(kind.lower())), None)


def _plural(served: Served, request: Request) -> str:
    resource = _resource(served, request.resource)
    return resource.plural if resource else request.resource


def _is_made_already(request: Request, survey: Survey) -> bool:
    """A namespace that was made beforehand is neither made nor deleted."""
    resource = _resource(survey.served, request.resource)
    if resource is None or resource.kind != "Namespace" or request.verb not in ("create", "delete"):
        return False
    if request.name:
        return survey.namespaces.get(request.name, Look()).only is not None
    return all(look.only is not None for look in survey.namespaces.values())


def _listed(denied: Iterable[Request], steps: Mapping[Request, tuple[str, ...]]) -> str:
    """The requests by what they are about: `create, delete endpoints in default (create-endpoints)`."""
    verbs: dict[str, dict[str, None]] = {}
    needed_by: dict[str, dict[str, None]] = {}
    for request in denied:
        resource = request.resource + (f"/{request.subresource}" if request.subresource else "")
        about = resource + _where(request)
        verbs.setdefault(about, {})[request.verb] = None
        needed_by.setdefault(about, {}).update(dict.fromkeys(steps.get(request, ())))
    return "; ".join(f"{', '.join(verbs[about])} {about} ({', '.join(needed_by[about])})" for about in verbs)


def _where(request: Request) -> str:
    if request.namespace == ALL_NAMESPACES:
        return " in all namespaces"
    return f" in {request.namespace}" if request.namespace else ""


def _can_i(request: Request, place: Place) -> str:
    words = ["auth", "can-i", request.verb, request.resource + (f"/{request.name}" if request.name else "")]
    words += [f"--subresource={request.subresource}"] if request.subresource else []
    if request.namespace == ALL_NAMESPACES:
        words.append("-A")
    elif request.resource == "namespace" and request.name:
        words += ["-n", request.name]
    elif request.namespace:
        words += ["-n", request.namespace]
    return place.kubectl(*words)


def _reasons(reviews: Iterable[Review]) -> str:
    return "; ".join(dict.fromkeys(review.reason or "it gave no reason" for review in reviews))
