"""Thousands of broken values of `--set`: each gives a plan and what it needs, or an error for the reader.

How many, and how to repeat a run: see `mutations`.
"""

from __future__ import annotations

import re

import click
from mutations import Mutations, how_many

from tutorial.cli.arguments import read_settings
from tutorial.engine.plan import Plan, make_plan
from tutorial.engine.settings import adapted_settings
from tutorial.errors import UsageError
from tutorial.preflight.check import requirements_of_all
from tutorial.steps.catalog import find_tutorial
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import Step
from tutorial.steps.substitute import fill
from tutorial.text.escapes import safe_text

SETTINGS = (
    b"NAMESPACE=my-namespace", b"PLAIN_NAMESPACE=plain", b"SAMPLE=curl", b"INJECTION=manual",
    b"ENDPOINTS=slice", b"HTTPBIN_HOST=mirror.example",
    b"IMAGE=registry.example/curl:8", b"WIKIPEDIA_1=192.0.2.1",
)  # fmt: skip
FACTS = {"backend": "cluster", "istio": "1.27.1", "istio_api": "v1", "mesh": "sidecar", "kubernetes": "1.34"}


def check(plan: Plan, step: Step) -> None:
    """Everything of a step that a value goes into can be shown, or searched with."""
    for text in (step.title, step.explain, step.command, step.sample, *plan.notes(step)):
        assert safe_text(plan.fill(text)) == plan.fill(text)
    for expectation in step.expect:
        for stream in expectation.streams.values():
            for pattern in stream.matches:
                re.compile(fill(pattern, plan.variables, escape=re.escape))


def test_a_mutated_setting_gives_a_plan_or_an_error() -> None:
    tutorial = load_tutorial(find_tutorial("all"))
    context, option = click.Context(click.Command("run")), click.Option(["--set"])
    mutations = Mutations([*SETTINGS, *(name.partition(b"=")[0] + b"=" for name in SETTINGS)])
    count, planned = how_many(200), 0
    for _, mutated in mutations.some(count):
        name = mutations.random.choice(SETTINGS).partition(b"=")[0]
        hostile = name + b"=" + mutations.value().encode()
        text = mutated if mutations.random.random() < 0.7 else hostile
        try:
            given = read_settings(context, option, (text.decode("utf-8", "surrogateescape"),))
            values = adapted_settings(tutorial, given, FACTS, {}.get)
            plan = make_plan(tutorial, settings=values, facts=FACTS, asides=True)
            requirements_of_all([plan])
            for each in plan.steps:
                check(plan, each.step)
            planned += 1
        except UsageError as error:
            assert error.do
        except Exception as error:
            error.add_note(f"{mutations!r}\n{text!r}")
            raise
    assert count / 100 < planned < count
