"""A folder becomes a Tutorial, or the list of all its faults."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from steps.folders import Folder

from tutorial.errors import ExitCode, StepFileError
from tutorial.steps.conditions import adapted
from tutorial.steps.loader import load_tutorial
from tutorial.steps.model import (
    AdaptedValue,
    Cleanup,
    Expectation,
    Hint,
    JsonCheck,
    Note,
    ObjectReference,
    Outside,
    Probe,
    Retry,
    Sidecar,
    StreamExpectation,
    Until,
)

EVERY_FIELD = r"""
title: Everything
explain: |
  One.
  Two.
why: Because.
command: |
  kubectl apply -f - <<EOF
  kind: Service
  EOF
  export POD=$(kubectl get pod -o name)
expect:
- stdout:
    contains: created
    not_contains: [error, warning]
    like: |
      service/x created
    elided: "..."
    matches: '^service/\S+'
    equals: ''
    json:
      items.0.kind: '^Service$'
      items: ''
  variables: {POD: '^pod/'}
- exit_code: any
  stderr: {contains: [a, b]}
  when: {istio: '>=1.21,<1.24'}
until:
  command: kubectl get service x
  timeout: 120
  interval: 0.5
  expect: {exit_code: 3}
repeatable: true
retry: {attempts: 3, interval: 2}
sample: any ${TEXT}
after: Done with ${POD} and ${ID}.
capture:
  ID: 'id: (\d+)'
  HOST: '{.headers.Host}'
creates: ['service/x@${NAMESPACE}']
deletes: [namespace/y]
cleanup:
  commands: [rm -f file]
  by_hand: Remove the file.
when: {mesh: sidecar}
aside: true
hints:
- {pattern: 'x+', cause: Because., fix: Do this.}
- {pattern: y, cause: Why not.}
on_fail: [kubectl get events]
notes:
- Say hello.
- {text: In the sandbox., when: {backend: sandbox}}
minutes: 1.5
timeout: 30
"""


def test_every_field(folder: Folder) -> None:
    folder.write("10-everything.yaml", EVERY_FIELD)
    [step] = load_tutorial(folder.path).steps
    assert step.id == "everything"
    assert step.section == "mine"
    assert step.explain == "One.\nTwo.\n"
    assert step.command.startswith("kubectl apply -f - <<EOF\nkind: Service\nEOF\n")
    first, second = step.expect
    assert first.streams["stdout"] == StreamExpectation(
        contains=("created",),
        not_contains=("error", "warning"),
        like="service/x created\n",
        elided="...",
        matches=(r"^service/\S+",),
        equals="",
        json=(JsonCheck("items.0.kind", "^Service$"), JsonCheck("items", None)),
    )
    assert first.exit_code == 0
    assert first.variables == {"POD": "^pod/"}
    assert second.exit_code is None
    assert second.when == {"istio": ">=1.21,<1.24"}
    assert step.until == Until("kubectl get service x", (Expectation(exit_code=3),), 120.0, 0.5)
    assert step.retry == Retry(3, 2.0)
    assert step.capture == {"ID": r"id: (\d+)", "HOST": "{.headers.Host}"}
    assert step.creates == (ObjectReference("service", "x", "${NAMESPACE}"),)
    assert step.deletes == (ObjectReference("namespace", "y"),)
    assert step.cleanup == Cleanup(("rm -f file",), "Remove the file.")
    assert step.hints == (Hint("x+", "Because.", "Do this."), Hint("y", "Why not."))
    assert step.notes == (Note("Say hello."), Note("In the sandbox.", {"backend": "sandbox"}))
    assert (step.aside, step.repeatable, step.minutes, step.timeout) == (True, True, 1.5, 30.0)
    assert step.when == {"mesh": "sidecar"}
    assert step.on_fail == ("kubectl get events",)


def test_a_text_may_be_said_in_more_than_one_way(folder: Folder) -> None:
    folder.write(
        "10-only.yaml",
        """\
        title: One
        command: 'true'
        after:
        - text: No sidecar.
          when: {mesh: ambient}
        - {text: Old., when: {istio: '<1.22'}}
        - text: A sidecar.
        """,
    )
    [step] = load_tutorial(folder.path).steps
    assert step.after == "A sidecar."
    assert adapted(step, {"mesh": "ambient", "istio": "1.20"}).after == "No sidecar."
    assert adapted(step, {"mesh": "sidecar", "istio": "1.20"}).after == "Old."
    assert adapted(step, {"mesh": "sidecar", "istio": "1.31"}) is step


@pytest.mark.parametrize(
    ("after", "fault"),
    [
        ("[]", '3:8: "after" is an empty list'),
        ("[a]", "3:9: an item of after must be a mapping, not a text"),
        ("[{text: a}, {text: b}]", '3:9: this item of "after" always holds'),
        ("[{text: a, when: {mesh: b}}]", '3:25: the last item of "after" has a `when`'),
        ("[{text: a, when: {mesh: b}}, {when: {}}]", '3:37: an item of after needs "text"'),
        ("[{text: a, when: {mash: b}}, {text: b}]", '3:26: there is no fact or variable "mash"'),
        (f"[{{text: {'x ' * 60}, when: {{mesh: b}}}}, {{text: b}}]", '3:16: a line of "after" has 119'),
        ("[{text: '${NO}', when: {mesh: b}}, {text: b}]", "3:17: nothing sets the variable NO"),
    ],
)
def test_faults_of_a_text_in_more_than_one_way(folder: Folder, after: str, fault: str) -> None:
    assert folder.step_faults(f"title: One\ncommand: 'true'\nafter: {after}\n")[0].startswith(fault)


def test_a_variable_may_have_a_value_for_some_facts(folder: Folder) -> None:
    folder.write("10-only.yaml", "title: One\ncommand: 'true'\n")
    folder.write(
        "tutorial.yaml",
        """\
        title: Mine
        variables:
          PLAIN: a
          API:
          - {value: v1beta1, when: {istio: '<1.22'}}
          - value: v1
          ADDRESS:
          - {address_of: example.org, when: {backend: cluster}}
          - value: 192.0.2.1
        """,
    )
    tutorial = load_tutorial(folder.path)
    assert tutorial.variables == {"PLAIN": "a", "API": "v1", "ADDRESS": "192.0.2.1"}
    assert tutorial.adapted_values == {
        "API": (AdaptedValue({"istio": "<1.22"}, value="v1beta1"),),
        "ADDRESS": (AdaptedValue({"backend": "cluster"}, address_of="example.org"),),
    }


@pytest.mark.parametrize(
    ("variable", "fault"),
    [
        ("{value: a}", "2:16: A must be a list, not a mapping"),
        ("[{when: {mesh: b}}, {value: a}]", '2:17: this item of "A" needs either "value" or "address_of"'),
        ("[{value: a, address_of: b, when: {mesh: b}}, {value: a}]", "2:25: this item of"),
        ("[{address_of: b}]", '2:17: an item of A needs "value"'),
        ("[{value: a, when: {mash: b}}, {value: a}]", '2:35: there is no fact or variable "mash"'),
    ],
)
def test_faults_of_a_variable_with_conditions(folder: Folder, variable: str, fault: str) -> None:
    folder.write("10-only.yaml", "title: One\ncommand: 'true'\n")
    folder.write("tutorial.yaml", f"title: Mine\nvariables: {{A: {variable}}}\n")
    assert folder.faults()[0].removeprefix("tutorial.yaml:").startswith(fault)


def test_what_a_tutorial_needs_besides_its_cluster(folder: Folder) -> None:
    parent = folder.path.parent
    (parent / "before").mkdir()
    (parent / "before" / "tutorial.yaml").write_text(
        "title: Before\nvariables: {MODE: a}\nsidecars:\n"
        "- {namespace: '${NAMESPACE}', sidecar: manual, when: {MODE: a}}\n"
    )
    folder.write(
        "tutorial.yaml",
        """\
        title: Mine
        variables: {NAMESPACE: default}
        include: [before, .]
        outside:
        - {name: One, command: 'curl -f http://${NAMESPACE}', host: one.example}
        sidecars:
        - {namespace: plain, sidecar: none}
        """,
    )
    folder.write("10-only.yaml", "title: One\ncommand: 'true'\nprobe: {behind: run --, when: {mesh: b}}\n")
    tutorial = load_tutorial(folder.path)
    assert tutorial.outside == (Outside("One", "curl -f http://${NAMESPACE}", "one.example"),)
    assert tutorial.sidecars == (
        Sidecar("${NAMESPACE}", "manual", {"MODE": "a"}),
        Sidecar("plain", "none"),
    )
    assert tutorial.steps[0].probe == Probe("run --", {"mesh": "b"})


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("outside: [{name: a}]", '3:11: an item of outside needs "command"'),
        ('outside: [{name: a, command: "b\\nc"}]', "3:30: the command has more than one line"),
        ("outside: [{name: '${NO}', command: b}]", "3:19: nothing sets the variable NO"),
        (
            "sidecars: [{namespace: a, sidecar: b}]",
            '3:36: "sidecar" is "b"; write automatic or manual or none',
        ),
        ("sidecars: [{namespace: a, sidecar: none, when: {c: d}}]", '3:49: there is no fact or variable "c"'),
    ],
)
def test_faults_of_what_a_tutorial_needs(folder: Folder, line: str, fault: str) -> None:
    folder.write("10-only.yaml", "title: One\ncommand: 'true'\n")
    folder.write("tutorial.yaml", f"title: Mine\nvariables: {{A: b}}\n{line}\n")
    assert folder.faults()[0].removeprefix("tutorial.yaml:").startswith(fault)


def test_sections_steps_variables_and_files_are_merged_in_order(folder: Folder) -> None:
    parent = folder.path.parent
    (parent / "samples").mkdir()
    for name, variables in (("before", "{A: '1.20'}"), ("after", "{B: on}")):
        (parent / name).mkdir()
        (parent / name / "tutorial.yaml").write_text(
            f"title: The {name}\nsection_only: true\nvariables: {variables}\nfiles: ../samples\n"
        )
        (parent / name / f"5-{name}.yaml").write_text(f"title: {name}\ncommand: 'true'\n")
    folder.write("tutorial.yaml", "title: Mine\nsummary: All.\ninclude: [before, ., after]\nrequires: none\n")
    folder.write("10-second.yaml", "title: b\ncommand: 'true'\nneeds: [first]\n")
    folder.write("9-first.yaml", "title: a\ncommand: 'true'\nneeds: [before]\n")
    tutorial = load_tutorial(folder.path)
    assert [step.id for step in tutorial.steps] == ["before", "first", "second", "after"]
    assert [step.section for step in tutorial.steps] == ["before", "mine", "mine", "after"]
    assert list(tutorial.sections.items()) == [
        ("before", "The before"),
        ("mine", "Mine"),
        ("after", "The after"),
    ]
    assert tutorial.variables == {"A": "1.20", "B": "on"}
    assert tutorial.files == (parent / "samples").resolve()
    assert (tutorial.name, tutorial.title, tutorial.summary, tutorial.requires) == (
        "mine",
        "Mine",
        "All.",
        "none",
    )


def test_all_faults_of_all_files_at_once(folder: Folder) -> None:
    folder.write("10-one.yaml", "title: One\ncommandd: ls\ntimeout: soon\n")
    folder.write("20-two.yaml", "title: {a: b}\ncommand: ls\n")
    folder.write("30-three.yaml", "title: 'x\n")
    folder.write("notes.yaml", "")
    with pytest.raises(StepFileError) as caught:
        load_tutorial(folder.path)
    assert caught.value.exit_code is ExitCode.BAD_STEP_FILE
    assert f"egress-tutorial lint {folder.path}" in caught.value.do
    assert sorted(folder.faults()) == [
        '10-one.yaml:1:1: a step needs "command"; write `command: ...`',
        '10-one.yaml:2:1: a step has no key "commandd"; did you mean "command"?',
        '10-one.yaml:3:10: "timeout" is "soon"; write a number of seconds, such as 60',
        "20-two.yaml:1:8: title must be a text, not a mapping; write `title: ...` in one line, or a block"
        " after |",
        "30-three.yaml:2:1: YAML syntax: found unexpected end of stream (while scanning a quoted scalar);"
        " close the quote",
        "notes.yaml:1:1: is not a step file's name; name it such as 10-create-service.yaml: a number, a dash,"
        " small letters, digits and dashes",
    ]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("title: ''", '1:8: "title" is empty; write a text, or leave the key out'),
        ("quiz: x", '1:1: a step has no key "quiz"; the keys are title, explain'),
        ("timeout: 60s", '1:10: "timeout" is "60s"; write a number of seconds, such as 60'),
        ("timeout: 0", '1:10: "timeout" is "0"; write a number of seconds'),
        ("timeout: .inf", '1:10: "timeout" is ".inf"; write a number of seconds'),
        ('timeout: "a\\nb"', '1:10: "timeout" is "a\\nb"; write a number'),
        ("minutes: -1", '1:10: "minutes" is "-1"; write a number of minutes'),
        ("aside: yes", '1:8: "aside" is "yes"; write true or false'),
        (
            "on_fail: a",
            "1:10: on_fail must be a list, not a text; write `on_fail:` and one `- ...` line for each",
        ),
        ("on_fail: []", '1:10: "on_fail" is an empty list; write an item, or leave the key out'),
        ("on_fail: [{a: b}]", "1:11: an item of on_fail must be a text, not a mapping; put it in quotes"),
        (
            "expect: ok",
            "1:9: expect must be a mapping, not a text; write `expect:` and the keys exit_code, stdout",
        ),
        ("expect: []", '1:9: "expect" is an empty list'),
        ("expect: {}", '1:9: "expect" is empty; write exit_code, stdout'),
        ("expect: {stdout: {}}", '1:18: "stdout" is empty; write one of contains'),
        (
            "expect: {stdout: ok}",
            "1:18: stdout must be a mapping, not a text; write `stdout:` and the keys contains",
        ),
        ("expect: {stdout: {contain: x}}", '1:19: "stdout" has no key "contain"; did you mean "contains"?'),
        ("expect: {exit_code: 256}", '1:21: "exit_code" is "256"; write a whole number from 0 to 255'),
        ("expect: {exit_code: none}", '1:21: "exit_code" is "none"; write a whole number from 0 to 255'),
        (
            "expect: {stdout: {matches: 'a(b'}}",
            "1:30: is not a regular expression: missing ), unterminated sub",
        ),
        ("expect: {stdout: {matches: 'a${NAMESPACE}*(('}}", "1:44: is not a regular expression: missing )"),
        (
            "expect: {stdout: {json: {a: '['}}}",
            "1:30: is not a regular expression: unterminated character set",
        ),
        ("expect: {variables: {a-b: x}}", '1:22: "a-b" is not a variable\'s name; write such as SOURCE_POD'),
        ("capture: {X: ''}", '1:14: "X" is empty; write `NAME:'),
        ("creates: [svc/x]", '1:11: "svc" is not the full, singular kind in lower case; write service/x'),
        ("when: {istio: '>= new'}", '1:15: ">= new" is not a bound such as >=1.21; write a range such as'),
        ("notes: [[a]]", "1:9: a note must be a text; write `- text` or `- text: ...`"),
        ("hints: [{pattern: x}]", '1:9: a hint needs "cause"; write `cause: ...`'),
        ("until: {timeout: 5}", '1:8: "until" needs "command"; write `command: ...`'),
        ("retry: {interval: 5}\nrepeatable: true", '1:8: "retry" needs "attempts"; write `attempts: ...`'),
        (
            "retry: {attempts: 1}\nrepeatable: true",
            '1:19: "attempts" is "1"; write a whole number from 2 to 100',
        ),
        ("cleanup:\n  {}", '2:3: "cleanup" is empty; write commands: or by_hand: below it, or leave it out'),
        ("cleanup: {commands: []}", '1:21: "commands" is an empty list'),
    ],
)
def test_a_wrong_field(folder: Folder, line: str, fault: str) -> None:
    rest = "command: 'true'\n" if line.startswith("title") else "title: Step\ncommand: 'true'\n"
    [found] = folder.step_faults(f"{line}\n{rest}")
    assert found.startswith(fault)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("title: T\ninclude: [other]\n", '2:11: there is no folder "other" beside this one; write'),
        ("title: T\ninclude: [../x]\n", '2:11: "../x" cannot be included; write the name of a folder'),
        ("title: T\ninclude: [., .]\n", '2:14: "." is included twice; keep one of them'),
        (f"title: T\ninclude: [{'x' * 300}]\n", '2:11: there is no folder "xxx'),
        (f"title: T\nfiles: {'x' * 300}\n", '2:8: "xxx'),
        ("title: T\nrequires: docker\n", '2:11: "requires" is "docker"; write cluster or none'),
        ("title: T\nfiles: nowhere\n", '2:8: "nowhere" is not a folder; write a folder\'s path, relative'),
        ("title: T\nvariables: {PATH: x}\n", '2:19: "PATH" belongs to the shell; choose another name'),
        (
            "title: T\nsection_only: true\n",
            "1:1: this folder is only for inclusion in others; run a tutorial",
        ),
        ("summary: S\n", '1:1: tutorial.yaml needs "title"; write `title: ...`'),
    ],
)
def test_a_wrong_tutorial_yaml(folder: Folder, text: str, fault: str) -> None:
    folder.write("tutorial.yaml", text)
    folder.write("10-step.yaml", "title: Step\ncommand: 'true'\n")
    [found] = folder.faults()
    assert found.startswith(f"tutorial.yaml:{fault}")


def test_sections_that_contradict_each_other(folder: Folder) -> None:
    other = folder.path.parent / "other"
    other.mkdir()
    (other / "files").mkdir()
    (other / "tutorial.yaml").write_text("title: O\nvariables: {NAMESPACE: other}\nfiles: files\n")
    folder.write("files/x", "")
    folder.write(
        "tutorial.yaml", "title: T\ninclude: [., other]\nvariables: {NAMESPACE: mine}\nfiles: files\n"
    )
    folder.write("10-step.yaml", "title: Step\ncommand: 'true'\n")
    (other / "10-step.yaml").write_text("title: Step\ncommand: 'true'\n")
    variables, files, step = folder.faults()
    assert 'the variable "NAMESPACE" has another default ("mine") in another section' in variables
    assert "another section's files are in" in files
    assert 'there is another step "step" in this tutorial' in step


def test_two_files_with_one_number(folder: Folder) -> None:
    folder.write("10-a.yaml", "title: Step\ncommand: 'true'\n")
    folder.write("10-b.yaml", "title: Step\ncommand: 'true'\n")
    [fault] = folder.faults()
    assert fault.startswith("10-b.yaml:1:1: has the same number as 10-a.yaml")


def test_no_steps(folder: Folder) -> None:
    [fault] = folder.faults()
    assert "the tutorial has no steps" in fault


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(StepFileError, match="is not a file"):
        load_tutorial(tmp_path / "nowhere")


def test_loading_twenty_steps_is_quick(folder: Folder) -> None:
    for number in range(20):
        folder.write(f"{number}-step{number}.yaml", EVERY_FIELD)
    started = time.process_time()
    load_tutorial(folder.path)
    assert time.process_time() - started < 1
