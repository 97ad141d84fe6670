"""A step's own commands as a person can paste them into a shell of their own, for what a rollback left.

In the run's shell `kubectl` meets the run's cluster and namespace, variables are set and files are in the
working folder. Elsewhere the command has to say all that itself, or it would do something else, perhaps
on another cluster. Held by `tutorial.engine.context.Tools`; made by `tutorial.wiring`. Pure.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tutorial.steps.commands import assigned_names, without_data
from tutorial.steps.substitute import fill
from tutorial.text.credentials import MASK
from tutorial.text.masking import Masker

_PROGRAM = re.compile(r"(?<![\w./-])(kubectl|istioctl|helm)(?=[ \t])")
_END = re.compile(r"[\n;|&)`]")
_NAMES_CLUSTER = re.compile(r"(?<!\S)--(?:kube-)?(?:context|kubeconfig)\b")
_NAMES_NAMESPACE = re.compile(r"(?<!\S)(?:-n|--namespace|-A|--all-namespaces)(?![\w-])")
_HELMS_NAMES = {"--context": "--kube-context", "--server": "--kube-apiserver"}
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


@dataclass(frozen=True)
class OwnShell:
    """What the run's shell has and a person's own has not.

    Args:
        options: of kubectl, to choose the cluster (`--context kind`); empty where there is none.
        namespace: the run's, for commands that name none.
        folder: the run's working folder.
        files: the names of what lies in it.
        known: the variables that a person's shell has already.
    """

    options: str = ""
    namespace: str = ""
    folder: str = ""
    files: tuple[str, ...] = ()
    known: Mapping[str, str] = field(default_factory=dict)

    def paste(self, command: str, settings: Mapping[str, str], carried: Mapping[str, str]) -> str:
        """The command for a person's own shell: settings filled in, cluster and namespace named, and set
        before it, in a shell within the shell, the variables that earlier commands have left. Credentials
        are masked: whoever pastes it puts their own in.

        Args:
            settings: the run's.
            carried: the variables of the run's shell.
        """
        text = Masker().mask(self._naming_place(fill(command, settings).strip("\n")))
        before = [f"cd {shlex.quote(self.folder)}"] if self._needs_folder(text) else []
        before += self._assignments(text, {**carried, **settings})
        if not before:
            return text
        return f"({'; '.join(before)}\n{text}\n)" if "\n" in text else f"({'; '.join(before)}; {text})"

    def _naming_place(self, text: str) -> str:
        """The text with the cluster and the namespace named in each call of a program that speaks to it."""
        if not self.options:
            return text
        code = without_data(text)
        pieces, done = [], 0
        for program in _PROGRAM.finditer(code):
            end = _END.search(code, program.end())
            call = code[program.end() : end.start() if end else len(code)]
            pieces += [text[done : program.end()], *self._options_for(program[1], call)]
            done = program.end()
        return "".join([*pieces, text[done:]])

    def _options_for(self, program: str, call: str) -> Iterator[str]:
        if not _NAMES_CLUSTER.search(call):
            names = _HELMS_NAMES if program == "helm" else {}
            yield f" {shlex.join(names.get(word, word) for word in shlex.split(self.options))}"
        if self.namespace and not _NAMES_NAMESPACE.search(call):
            yield f" --namespace {shlex.quote(self.namespace)}"

    def _needs_folder(self, text: str) -> bool:
        """Whether the text names a file of the working folder, or may make one there."""
        if not self.folder:
            return False
        names_one = any(re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w-])", text) for name in self.files)
        return names_one or not _PROGRAM.match(text)

    def _assignments(self, text: str, variables: Mapping[str, str]) -> list[str]:
        """Sets what the text refers to and a person's shell has not."""
        names = dict.fromkeys(_VARIABLE.findall(text))
        own = assigned_names(text)
        return [
            _assignment(name, variables[name])
            for name in names
            if name in variables and name not in own and self.known.get(name) != variables[name]
        ]


def _assignment(name: str, value: str) -> str:
    line = f"{name}={shlex.quote(value)}"
    return line if Masker().mask(line) == line else f"{name}={MASK}"
