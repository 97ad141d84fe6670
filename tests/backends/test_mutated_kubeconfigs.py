"""Thousands of broken kubeconfig files: each gives a connection, or an error for the reader.

How many, and how to repeat a run: see `mutations`.
"""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from backends.api_server import ApiServer
from backends.authority import Authority
from mutations import Mutations, how_many

from tutorial.backends import rest
from tutorial.backends.kubeconfig import Access, load_kubeconfig
from tutorial.backends.overlay import write_overlay
from tutorial.backends.rest import RestClient
from tutorial.errors import TutorialError

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context:
    cluster: here
    user: me
    namespace: team
    extensions:
    - name: egress-tutorial
      extension:
        settings:
          PLAIN_NAMESPACE: plain
        facts:
          istio: 1.27.1
- name: two
  context: {{cluster: here, user: {user}}}
clusters:
- name: here
  cluster:
    server: {server}
    certificate-authority-data: {authority}
users:
- name: me
  user:
    token: abc
    as: jane
    as-groups: [a, b]
- name: file
  user:
    tokenFile: token
    client-certificate: certificate
    client-key: key
- name: data
  user:
    client-certificate-data: {authority}
    client-key-data: aGk=
- name: plugin
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./plugin
      provideClusterInfo: true
      args: [a]
      env:
      - name: A
        value: b
- name: name
  user:
    username: u
    password: p
"""
VALUES_OF_ITS_OWN = (
    *(
        '"\\0"',
        '"a\\nb"',
        "\u20ac",
        "[1]",
        "{a: b}",
        "5",
        "2026-01-01",
        "!!binary gA==",
        "!!set {a}",
        "&a {b: *a}",
    ),
    *(
        "https://[",
        "https://127.0.0.1:x",
        "https://127.0.0.1:99999",
        "http://",
        "ftp://a",
        "x" * 5000,
        "null",
        "'",
    ),
)


def use(access: Access, folder: Path) -> None:
    """What a run does with a context before its first step; only this machine is asked."""
    write_overlay(folder, access, access.namespace, [])
    client = RestClient(access, {"PATH": "/usr/bin:/bin"})
    try:
        client.identity()
        if urlsplit(access.server).hostname == "127.0.0.1":
            client.request("GET", "/version")
            client.get_all(["/version", "/version"])
    finally:
        client.close()


def test_a_mutated_kubeconfig_is_used_or_refused(
    api: ApiServer, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rest, "RETRY_DELAYS", ())
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "plugin").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "plugin").chmod(0o700)
    data = base64.b64encode(authority.certificate).decode()
    texts = [
        KUBECONFIG.format(server=api.url, authority=data, user=user).encode()
        for user in ("me", "me", "name", "file", "data", "plugin")
    ]
    mutations = Mutations(texts, values=VALUES_OF_ITS_OWN)
    path = tmp_path / "config"
    count, used = how_many(100), 0
    for _, text in mutations.some(count):
        path.write_bytes(text)
        for name in ("one", "two", None):
            try:
                use(load_kubeconfig([path]).access(name), tmp_path)
                used += 1
            except TutorialError as error:
                assert error.do
            except Exception as error:
                error.add_note(f"{mutations!r}\n{text!r}")
                raise
    assert count / 100 < used < 3 * count
