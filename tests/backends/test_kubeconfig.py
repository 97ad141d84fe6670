"""Kubeconfig files, merged and looked up as kubectl does: compared with the real kubectl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tutorial.backends.kubeconfig import EXTENSION, kubeconfig_paths, load_kubeconfig, user_kubeconfig
from tutorial.backends.overlay import write_overlay
from tutorial.errors import NotReadyError, UsageError

KUBECTL = Path(sys.executable).parent / "kubectl"


def config(current: str = "", **contexts: str) -> dict[str, Any]:
    """A kubeconfig; `one="c/u/n"` is a context of cluster c, user u and namespace n."""
    entries = {name: value.split("/") for name, value in contexts.items()}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "contexts": [
            {"name": name, "context": {"cluster": x, "user": y, "namespace": z}}
            for name, (x, y, z) in entries.items()
        ],
        "clusters": [
            {
                "name": each,
                "cluster": {"server": f"https://{each}", "certificate-authority": f"ca/{each}.crt"},
            }
            for each, _, _ in entries.values()
        ],
        "users": [{"name": each, "user": {"token": f"token of {each}"}} for _, each, _ in entries.values()],
    }


def write(path: Path, content: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


def kubectl_view(value: str, *arguments: str) -> dict[str, Any]:
    command = [str(KUBECTL), "config", "view", "-o", "json", "--minify", "--raw", *arguments]
    done = subprocess.run(command, env={"KUBECONFIG": value, "HOME": "/"}, capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def test_the_first_file_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "a" / "first", config("", one="c1/u1/from-first"))
    second = write(tmp_path / "b" / "second", config("two", one="other/other/other", two="c2/u2/"))
    third = write(tmp_path / "c" / "third", config("three", three="c1/u1/ns"))
    loaded = load_kubeconfig([tmp_path / "missing", first, second, third])
    assert loaded.files == (first, second, third)
    assert (loaded.access().context, loaded.access().namespace) == ("two", "default")
    for name in ("one", "two", "three"):
        ours = loaded.access(name)
        theirs = kubectl_view(f"{first}:{second}:{third}", "--context", name)
        assert theirs["clusters"][0]["name"] == ours.cluster_name
        assert theirs["clusters"][0]["cluster"]["server"] == ours.server
        assert theirs["users"] == [{"name": ours.user_name, "user": dict(ours.user)}]


def test_a_context_brings_settings_and_facts(tmp_path: Path) -> None:
    content = config("one", one="c1/u1/mine", two="c1/u1/")
    said = {
        "settings": {"NAMESPACE": "other", "PLAIN_NAMESPACE": "plain", "N": 1},
        "facts": {"istio": "1.27"},
    }
    content["contexts"][0]["context"]["extensions"] = [
        {"name": "somebody-else", "extension": {"settings": {"A": "b"}}},
        {"name": EXTENSION, "extension": said},
    ]
    loaded = load_kubeconfig([write(tmp_path / "k", content)])
    assert loaded.access().settings == {"NAMESPACE": "mine", "PLAIN_NAMESPACE": "plain"}
    assert loaded.access().facts == {"istio": "1.27"}
    assert (loaded.access("two").settings, loaded.access("two").facts) == ({}, {})


@pytest.mark.parametrize(
    "extensions",
    [1, "x", [1], {}, [{"name": EXTENSION}], [{"name": EXTENSION, "extension": {"settings": [1]}}]],
)
def test_an_extension_that_is_none_says_nothing(tmp_path: Path, extensions: object) -> None:
    content = config("one", one="c1/u1/")
    content["contexts"][0]["context"]["extensions"] = extensions
    assert load_kubeconfig([write(tmp_path / "k", content)]).access().settings == {}


def answer_of(command: str, **environment: str) -> dict[str, Any]:
    """What a pasted command prints, as JSON, with this kubectl and an environment of its own."""
    done = subprocess.run(
        ["bash", "-c", f"{command} -o json"],
        env={"PATH": f"{KUBECTL.parent}:/usr/bin:/bin", "HOME": "/nowhere", **environment},
        capture_output=True,
        check=True,
        text=True,
    )
    return dict(json.loads(done.stdout))


def test_an_advised_command_means_the_same_cluster_in_any_shell(tmp_path: Path) -> None:
    first = write(tmp_path / "first", config("one", one="c1/u1/"))
    second = write(tmp_path / "a b", config("two", two="c2/u2/", three="c1/u3/"))
    loaded = load_kubeconfig([first, second])
    for name, cluster in (("one", "c1"), ("two", "c2")):
        for elsewhere in ({}, {"KUBECONFIG": "/no/such/file"}):
            seen = answer_of(loaded.access(name).kubectl("config view --minify"), **elsewhere)
            assert seen["clusters"][0]["cluster"]["server"] == f"https://{cluster}"
    assert loaded.access("three").kubectl("version") == (
        "kubectl --context three --server https://c1 version"
    ), "no option names several files, and another cluster must not be met"


def test_advice_on_files_means_the_same_files_in_any_shell(tmp_path: Path) -> None:
    files = [
        write(tmp_path / name, content)
        for name, content in (
            ("first", config(one="c1/u1/")),
            ("a b", {**config(two="none/u2/"), "clusters": []}),
        )
    ]
    for read, contexts in ((files, ["one", "two"]), (files[1:], ["two"])):
        loaded = load_kubeconfig(read)
        with pytest.raises(UsageError) as caught:
            loaded.access("three")
        assert "config get-contexts" in caught.value.do
        with pytest.raises(NotReadyError) as broken:
            loaded.access("two")
        assert [each["name"] for each in answer_of(broken.value.do)["contexts"]] == contexts


def test_the_usual_file_needs_no_naming(tmp_path: Path) -> None:
    path = write(tmp_path / ".kube" / "config", config("one", one="c1/u1/"))
    for environment, named in (({}, False), ({"KUBECONFIG": str(path)}, True)):
        access = user_kubeconfig({"HOME": str(tmp_path), **environment}).access()
        assert ("--kubeconfig" in access.kubectl("version")) == named


def test_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    path = write(tmp_path / "k" / "config", config("one", one="c1/u1/ns"))
    assert load_kubeconfig([path]).access().cluster["certificate-authority"] == str(tmp_path / "k/ca/c1.crt")


def test_where_kubectl_would_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert kubeconfig_paths({"HOME": "/h"}) == (Path("/h/.kube/config"),)
    assert kubeconfig_paths({"HOME": "/h", "KUBECONFIG": "/a::b:/a"}) == (Path("/a"), tmp_path / "b")
    assert kubeconfig_paths({}) == ()
    (tmp_path / "own").write_text("")
    assert kubeconfig_paths({"KUBECONFIG": "/a"}, "own") == (tmp_path / "own",)
    with pytest.raises(UsageError, match="There is no kubeconfig"):
        kubeconfig_paths({}, "missing")


def test_an_unknown_context_names_the_known_ones(tmp_path: Path) -> None:
    loaded = load_kubeconfig([write(tmp_path / "k", config("", b="c1/u1/", a="c1/u1/"))])
    with pytest.raises(UsageError, match="There is no context c") as caught:
        loaded.access("c")
    assert caught.value.why == "The contexts are: a, b."
    with pytest.raises(UsageError, match="names no current context"):
        loaded.access()
    with pytest.raises(UsageError, match="names no current context"):
        load_kubeconfig([]).access()


@pytest.mark.parametrize("section", ["clusters", "users"])
def test_a_dangling_context_is_an_error(tmp_path: Path, section: str) -> None:
    content = {**config("one", one="c1/u1/"), section: None}
    with pytest.raises(NotReadyError, match="The context one cannot be used"):
        load_kubeconfig([write(tmp_path / "k", content)]).access()


@pytest.mark.parametrize(
    "text",
    ["a: [", "- a", "contexts: [1]", "clusters: [{name: a, cluster: 1}]", "users: 1", "\x00", "[" * 5000],
)
def test_what_is_no_kubeconfig_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(NotReadyError, match="cannot be read"):
        load_kubeconfig([tmp_path / "k"])


@pytest.mark.parametrize("text", ["", "contexts:\nclusters: []\n"])
def test_an_empty_kubeconfig_is_one(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    assert load_kubeconfig([tmp_path / "k"]).contexts == {}


def test_kubectl_takes_the_overlays_proxy(tmp_path: Path) -> None:
    content = config("one", one="c1/u1/")
    content["clusters"][0]["cluster"]["proxy-url"] = "http://me:secret@proxy:3128"
    loaded = load_kubeconfig([write(tmp_path / "user", content)])
    value = write_overlay(tmp_path, loaded.access("one"), "ours", loaded.files)
    assert kubectl_view(value)["clusters"][0]["cluster"]["proxy-url"] == "http://me:secret@proxy:3128"
    assert (tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600


def test_kubectl_takes_the_overlays_namespace_and_the_users_credentials(tmp_path: Path) -> None:
    own = write(tmp_path / "user", config("other", one="c1/u1/theirs", other="c2/u2/"))
    before = own.read_bytes()
    loaded = load_kubeconfig([own])
    (tmp_path / "run").mkdir()
    value = write_overlay(tmp_path / "run", loaded.access("one"), "ours", loaded.files)
    seen = kubectl_view(value)
    assert seen["current-context"] == "one"
    assert seen["contexts"][0]["context"] == {"cluster": "c1", "user": "u1", "namespace": "ours"}
    assert seen["users"] == [{"name": "u1", "user": {"token": "token of u1"}}]
    own.write_text(own.read_text().replace("https://c1", "https://another"))
    assert kubectl_view(value)["clusters"][0]["cluster"]["server"] == "https://c1", "as it was shown"
    own.write_bytes(before)
    overlay = tmp_path / "run" / "kubeconfig"
    assert "token" not in overlay.read_text()
    assert overlay.stat().st_mode & 0o777 == 0o600
    changes = (["use-context", "other"], ["set-context", "--current", "--namespace=x"])
    for change in changes:
        subprocess.run([KUBECTL, "config", *change], env={**os.environ, "KUBECONFIG": value}, check=True)
    subprocess.run([KUBECTL, "config", *changes[0]], env={**os.environ, "KUBECONFIG": value}, check=True)
    assert load_kubeconfig([overlay]).current_context == "other"
    assert yaml.safe_load(own.read_text())["current-context"] == yaml.safe_load(before)["current-context"]


def test_a_path_that_cannot_be_looked_up_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300)
    with pytest.raises(NotReadyError, match="cannot be read") as caught:
        load_kubeconfig([path])
    assert caught.value.why == "File name too long"
    with pytest.raises(UsageError, match="There is no kubeconfig"):
        kubeconfig_paths({}, str(path))


def test_a_server_that_is_no_address_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config"
    content = config("one", one="c/u/n")
    content["clusters"][0]["cluster"]["server"] = "https://["
    path.write_text(json.dumps(content))
    with pytest.raises(NotReadyError, match="cannot be used") as caught:
        load_kubeconfig([path]).access()
    assert "is no address" in caught.value.why


def test_what_contains_itself_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("clusters: [{name: c, cluster: &c {server: https://x, here: *c}}]")
    with pytest.raises(NotReadyError, match="cannot be read"):
        load_kubeconfig([path])
