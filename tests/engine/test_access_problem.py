"""The cluster refuses or does not answer: that is named, and neither the step nor the outside is blamed.

The wordings are what kubectl 1.20 to 1.37 print.
"""

from __future__ import annotations

import pytest
from engine.fakes import Script, World, says, step

from tutorial.engine.access_problem import access_problem
from tutorial.engine.events import CommandStarted, VerdictReached
from tutorial.errors import ClusterAwayError, ExitCode, ForbiddenError, TutorialError
from tutorial.expect.verdict import Verdict
from tutorial.steps.model import Hint, Until

EXPIRED = (
    "error: You must be logged in to the server (the server has asked for the client to provide credentials)"
)
FORBIDDEN = (
    'Error from server (Forbidden): services is forbidden: User "ann lee" cannot create resource '
    '"services" in API group "" in the namespace "default"'
)
REFUSED = "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host or port?"


@pytest.mark.parametrize(
    ("stderr", "cause", "fix"),
    [
        (EXPIRED, "does not accept your credentials", "Log in again"),
        ("error: unable to upgrade connection: Unauthorized", "does not accept your credentials", "Log in"),
        (
            "Unable to connect to the server: getting credentials: exec: executable x failed",
            "credential plugin failed: executable x failed",
            "Log in again",
        ),
        (
            FORBIDDEN,
            "ann lee may not create services in the namespace default.",
            "kubectl auth can-i create services -n default",
        ),
        (
            'Error from server (Forbidden): pods "a" is forbidden: User "u" cannot create resource '
            '"pods/exec" in API group "" in the namespace "x"',
            "u may not create pods/exec in the namespace x.",
            "kubectl auth can-i create pods --subresource=exec -n x",
        ),
        (
            'error: destinationrules.networking.istio.io is forbidden: User "u" cannot list resource '
            '"destinationrules" in API group "networking.istio.io" at the cluster scope',
            "u may not list destinationrules.networking.istio.io.",
            "kubectl auth can-i list destinationrules.networking.istio.io",
        ),
        (REFUSED, "did not answer kubectl: it was refused", "kubectl get --raw /readyz"),
        (
            "Unable to connect to the server: dial tcp: lookup api.example.org: no such host",
            "did not answer kubectl: dial tcp: lookup api.example.org: no such host",
            "readyz",
        ),
        (
            'error: error validating "STDIN": error validating data: failed to download openapi: Get '
            '"https://127.0.0.1:1/openapi/v2?timeout=32s": dial tcp 127.0.0.1:1: connect: connection refused',
            "did not answer kubectl: dial tcp",
            "readyz",
        ),
        ("Error from server (ServiceUnavailable): apiserver is shutting down", "did not answer", "readyz"),
    ],
)
def test_what_kubectl_says_of_the_cluster_is_understood(stderr: str, cause: str, fix: str) -> None:
    problem = access_problem(f"Warning: something else\n{stderr}\n")
    assert problem is not None
    assert cause in problem.cause
    assert fix in problem.fix


@pytest.mark.parametrize(
    "stderr",
    [
        "",
        'Error from server (NotFound): services "x" not found',
        "curl: (7) Failed to connect to httpbin.org port 80: Connection refused",
        "command terminated with exit code 28",
        "Error from server (Forbidden): exceeded quota: q, requested: services=1",
        'Error from server (Forbidden): pods "a" is forbidden: violates PodSecurity "restricted:latest"',
    ],
)
def test_other_failures_are_not_the_cluster_s(stderr: str) -> None:
    assert access_problem(stderr) is None


def test_what_the_server_says_cannot_speak_to_the_terminal() -> None:
    problem = access_problem("Unable to connect to the server: \x1b]0;title\x07\x1b[2Jx")
    assert problem is not None
    assert "\x1b" not in problem.cause


def verdict(world: World) -> Verdict:
    (reached,) = world.recorder.of(VerdictReached)[-1:]
    assert isinstance(reached, VerdictReached)
    return reached.verdict


def purposes(world: World) -> list[str]:
    return [event.purpose for event in world.recorder.of(CommandStarted) if isinstance(event, CommandStarted)]


CONTROL = step("control", "answer CONTROL", expect=says("up"))


@pytest.mark.parametrize("complaint", [EXPIRED, REFUSED])
def test_the_outside_is_not_asked_and_not_blamed_when_the_cluster_is_the_cause(complaint: str) -> None:
    world = World((CONTROL, step("ask", f"complain {complaint}", control="control", needs=("control",))))
    world.shell.answers["CONTROL"] = ["up", ""]
    assert world.run(Script(), auto=True).exit_code is ExitCode.NOT_READY
    assert "control" not in purposes(world)
    assert verdict(world).cause.startswith(
        ("The API server did not answer", "The API server does not accept")
    )


def test_a_control_that_the_cluster_refuses_says_nothing_of_the_outside() -> None:
    control = step("control", "answer CONTROL", expect=says("up"))
    world = World((control, step("ask", "fail", control="control", needs=("control",))))
    world.shell.answers["CONTROL"] = ["up"]
    answer = world.shell._do

    def refuse(word: str, rest: str) -> tuple[int, str]:
        return answer("complain", EXPIRED) if purposes(world)[-1] == "control" else answer(word, rest)

    world.shell._do = refuse  # type: ignore[method-assign]
    world.run(Script(), auto=True)
    assert "does not accept your credentials" in verdict(world).cause


def test_a_hint_outranks_a_missing_right_but_no_expired_credentials() -> None:
    hints = (Hint("forbidden|logged in", "The role edit may not.", "Ask."),)
    for complaint, cause in ((FORBIDDEN, "The role edit may not."), (EXPIRED, "The API server does not")):
        world = World((step("make", f"complain {complaint}", hints=hints),))
        world.run(Script(), auto=True)
        assert verdict(world).cause.startswith(cause)


def test_nobody_waits_for_expired_credentials() -> None:
    until = Until(f"complain {EXPIRED}", says("x"), 60, 1)
    world = World((step("make", "say x", until=until),))
    began = world.clock.now
    world.run(Script(), auto=True)
    assert world.clock.now - began < 1
    assert "does not accept your credentials" in verdict(world).cause


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (
            ForbiddenError("The API server refused to look at it.", why="no right", do="Ask."),
            ExitCode.NOT_READY,
        ),
        (ClusterAwayError("It cannot be reached.", why="refused", do="Try."), ExitCode.NOT_READY),
    ],
)
def test_what_the_runner_s_own_look_meets_is_the_cause(error: TutorialError, code: ExitCode) -> None:
    make = step("make", "make service/web@default\nfail", creates=["service/web@default"], control="control")
    world = World((CONTROL, make))
    world.shell.answers["CONTROL"] = ["up", ""]
    lookup = world.cluster.lookup

    def refuse_once(where: object) -> object:
        if world.shell.ran[-1:] == ["make service/web@default\nfail"]:
            world.cluster.lookup = lookup  # type: ignore[method-assign]
            raise error
        return lookup(where)  # type: ignore[arg-type]

    world.cluster.lookup = refuse_once  # type: ignore[method-assign, assignment]
    assert world.run(Script(), auto=True).exit_code is code
    assert (verdict(world).cause, verdict(world).fix) == (f"{error.what} {error.why}", error.do)


def test_a_finalizer_that_holds_the_step_s_own_deletion_is_named() -> None:
    make = step("make", "make service/web@default", creates=["service/web@default"])
    delete = step("delete", "delete service/web@default\nhang", deletes=["service/web@default"])
    world = World((make, delete))

    class Holding(Script):
        def decide(self, pause: object) -> object:
            for where, state in world.cluster.objects.items():
                if where.name == "web" and not state.finalizers:
                    world.cluster.objects[where] = type(state)(**{**vars(state), "finalizers": ("x/hold",)})
            return super().decide(pause)  # type: ignore[arg-type]

    assert world.run(Holding(), auto=True).exit_code is ExitCode.ROLLBACK_INCOMPLETE
    assert "held by the finalizer x/hold of service/web@default" in verdict(world).cause
    assert "kubectl patch service web -n default --type=merge" in verdict(world).fix


def test_what_to_type_names_the_cluster() -> None:
    problem = access_problem(REFUSED, "--context kind")
    assert problem is not None
    assert "kubectl --context kind get --raw /readyz" in problem.fix
