"""The kubeconfig files: for their owner only, as kubectl reads them, and removed without any other."""

from __future__ import annotations

import base64
import json
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from sandbox.api.cluster_for_tests import find_kubectl

from tutorial.backends.kubeconfig import Access, load_kubeconfig
from tutorial.classroom import files
from tutorial.classroom.roster import Attendee
from tutorial.errors import AlreadyThereError, NotReadyError

SEVEN = Attendee("egress", 7)
SERVER = "https://c:6443"


def access(**cluster: Any) -> Access:
    return Access("admin", "c", "u", "default", {"server": SERVER, **cluster}, {"token": "admin's"})


def written(folder: Path, attendee: Attendee = SEVEN, **cluster: Any) -> Path:
    files.make_folder(folder)
    path = files.file_of(folder, attendee)
    files.write(path, files.kubeconfig(attendee, access(**cluster), "secret", {"istio": "1.27.1"}))
    return path


def test_a_file_is_for_its_owner_only(folder: Path) -> None:
    path = written(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [path]
    assert "admin" not in path.read_text()


def test_a_run_is_given_both_namespaces(folder: Path) -> None:
    found = load_kubeconfig([written(folder)]).access()
    assert found.settings == {"NAMESPACE": "egress-07", "PLAIN_NAMESPACE": "egress-07-plain"}
    assert found.facts == {"istio": "1.27.1"}
    assert (found.context, found.namespace, found.user) == ("egress-07", "egress-07", {"token": "secret"})


def test_kubectl_reads_it_and_keeps_the_extension(folder: Path) -> None:
    path = written(folder, **{"insecure-skip-tls-verify": True})

    def kubectl(*arguments: str) -> str:
        command = [find_kubectl(), "--kubeconfig", str(path), "config", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    kubectl("set-context", "other", "--cluster=egress-07")
    kubectl("set-cluster", "egress-07", "--tls-server-name=api")
    (context, _) = json.loads(kubectl("view", "--raw", "-o", "json"))["contexts"]
    assert context["context"]["namespace"] == "egress-07"
    assert load_kubeconfig([path]).access().settings["PLAIN_NAMESPACE"] == "egress-07-plain"


def test_the_authority_is_written_out(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("AUTHORITY")
    path = written(folder, **{"certificate-authority": str(tmp_path / "ca.crt"), "tls-server-name": "api"})
    cluster = load_kubeconfig([path]).access().cluster
    assert base64.b64decode(cluster["certificate-authority-data"]) == b"AUTHORITY"
    assert cluster["tls-server-name"] == "api"
    with pytest.raises(NotReadyError, match=r"ca\.crt cannot be read"):
        files.kubeconfig(SEVEN, access(**{"certificate-authority": "/nowhere/ca.crt"}), "t", {})


def test_the_way_there_is_handed_on_and_no_password_for_it(folder: Path) -> None:
    path = written(folder, **{"proxy-url": "http://admin:secret@proxy:3128"})
    assert load_kubeconfig([path]).access().cluster["proxy-url"] == "http://proxy:3128"
    assert "admin" not in path.read_text()


def test_only_the_class_s_own_files_are_removed(folder: Path) -> None:
    mine = [written(folder), written(folder, Attendee("egress", 8))]
    other = written(folder, Attendee("egress-2", 1))
    (folder / "egress-99.kubeconfig").write_text("contexts: []\n")
    (folder / "egress-98.kubeconfig").write_text("{")
    assert files.remove(folder, "egress", SERVER) == mine
    assert sorted(path.name for path in folder.iterdir()) == [
        "egress-2-01.kubeconfig",
        "egress-98.kubeconfig",
        "egress-99.kubeconfig",
    ]
    assert other.exists()
    assert files.remove(folder / "missing", "egress", SERVER) == []


def test_the_same_class_on_another_cluster_keeps_its_files(folder: Path) -> None:
    here, there = written(folder), written(folder, Attendee("egress", 8), server="https://other:6443")
    assert files.remove(folder, "egress", SERVER) == [here]
    assert list(folder.iterdir()) == [there]


def in_the_way(path: Path) -> None:
    """Everything that a name in the folder can stand for but the class's own file."""
    match path.stem[-1]:
        case "1":
            path.write_text("mine\n")
        case "2":
            path.write_bytes(b"\x00\xff")
        case "3":
            path.mkdir()
        case "4":
            path.symlink_to("nowhere")
        case "5":
            written(path.parent, Attendee("egress", 5), server="https://other:6443")
        case "6":
            written(path.parent, Attendee("monday", 6)).rename(path)


@pytest.mark.parametrize("number", range(1, 7))
def test_a_file_that_is_not_the_class_s_is_refused(folder: Path, number: int) -> None:
    written(folder)
    roster = [Attendee("egress", number), SEVEN]
    path = files.file_of(folder, roster[0])
    in_the_way(path)
    with pytest.raises(AlreadyThereError) as caught:
        files.refuse_foreign(folder, roster, SERVER)
    assert str(path) in caught.value.what
    assert str(files.file_of(folder, SEVEN)) not in caught.value.what
    assert "--output" in caught.value.do


def test_the_class_s_own_files_and_names_that_are_free_are_not_refused(folder: Path) -> None:
    written(folder)
    files.refuse_foreign(folder, [SEVEN, Attendee("egress", 8)], SERVER)
    files.refuse_foreign(folder / "missing", [SEVEN], SERVER)


def test_an_empty_folder_goes_too(folder: Path) -> None:
    written(folder)
    files.remove(folder, "egress", SERVER)
    assert not folder.exists()


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReadyError) as caught:
        files.make_folder(tmp_path / "file" / "in-it")
    assert "--output" in caught.value.do


def test_a_file_that_somebody_put_in_the_way_gets_no_token(tmp_path: Path) -> None:
    in_the_way = tmp_path / ".egress-01.kubeconfig.new"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.touch()
    for make in (in_the_way.touch, lambda: in_the_way.symlink_to(elsewhere)):
        make()
        if not in_the_way.is_symlink():
            in_the_way.chmod(0o666)
        files.write(tmp_path / "egress-01.kubeconfig", {"token": "secret"})
        assert stat.S_IMODE((tmp_path / "egress-01.kubeconfig").stat().st_mode) == 0o600
    assert elsewhere.read_text() == ""
