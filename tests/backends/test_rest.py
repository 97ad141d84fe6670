"""The REST client against a real TLS server: reuse, faults, certificates."""

from __future__ import annotations

import base64
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from backends.api_server import ApiServer, Fault
from backends.authority import Authority
from backends.conftest import NewClient

from tutorial.backends import pipeline
from tutorial.backends.kubeconfig import Access
from tutorial.backends.response import Response
from tutorial.backends.rest import RestClient
from tutorial.errors import ClusterAwayError, NotReadyError, UnauthorizedError
from tutorial.shell.signals import Signals


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.backends.rest.RETRY_DELAYS", (0.01, 0.02))
    monkeypatch.setattr("tutorial.backends.rest.LONGEST_RETRY_AFTER_SECONDS", 0.05)


def test_one_connection_is_kept(api: ApiServer, client: RestClient) -> None:
    for _ in range(3):
        assert client.request("GET", "/version").json()["major"] == "1"
    assert len({seen.peer for seen in api.seen}) == 1


def test_a_connection_that_the_server_closed_is_opened_again(api: ApiServer, client: RestClient) -> None:
    client.request("GET", "/version")
    api.cut_all_connections()
    body = {"metadata": {"name": "a"}}
    assert client.request("POST", "/api/v1/namespaces/default/services", body).status == 201
    assert len({seen.peer for seen in api.seen}) == 2


def test_a_server_that_closes_after_each_answer_is_no_trouble(api: ApiServer, client: RestClient) -> None:
    api.close_after_answer = True
    assert [client.request("GET", "/version").status for _ in range(3)] == [200, 200, 200]


def test_a_cut_is_tried_again_where_that_is_safe(api: ApiServer, client: RestClient) -> None:
    api.faults.extend([Fault(cut=True), Fault(cut=True)])
    assert client.request("GET", "/version").status == 200
    api.faults.append(Fault(cut=True))
    with pytest.raises(NotReadyError, match="cannot be reached"):
        client.request("POST", "/api/v1/namespaces/default/services", {"metadata": {"name": "a"}})
    assert len([seen for seen in api.seen if seen.method == "POST"]) == 1


def test_cuts_without_end_are_an_error(api: ApiServer, client: RestClient) -> None:
    api.faults.extend([Fault(cut=True)] * 9)
    with pytest.raises(NotReadyError, match="cannot be reached") as caught:
        client.request("GET", "/version")
    assert caught.value.why
    assert len(api.seen) == 3


@pytest.mark.parametrize(
    ("status", "method", "requests"), [(429, "GET", 2), (503, "GET", 2), (429, "POST", 2)]
)
def test_a_busy_server_is_asked_again(
    api: ApiServer, client: RestClient, status: int, method: str, requests: int
) -> None:
    api.faults.append(Fault(status, {"Retry-After": "1"}))
    body = {"metadata": {"name": "a"}} if method == "POST" else None
    assert client.request(method, "/api/v1/namespaces/default/services", body).status in (201, 404)
    assert len(api.seen) == 2


def test_an_unavailable_server_is_not_asked_twice_to_create(api: ApiServer, client: RestClient) -> None:
    api.faults.append(Fault(503))
    assert client.request("POST", "/x", {"metadata": {"name": "a"}}).status == 503
    assert len(api.seen) == 1


def test_busy_without_end_is_answered(api: ApiServer, client: RestClient) -> None:
    api.faults.extend([Fault(429)] * 9)
    assert client.request("GET", "/version").status == 429


def test_nobody_there_is_an_error_that_says_what_to_do(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotReadyError, match=f"127.0.0.1:{port} cannot be reached") as caught:
        new_client(server=f"https://127.0.0.1:{port}").request("GET", "/version")
    assert caught.value.why == "Connection refused"
    assert "kubectl --context test" in caught.value.do


def test_a_silent_server_is_given_up(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tutorial.backends.rest.READ_SECONDS", 0.2)
    monkeypatch.setattr("tutorial.backends.rest.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for scheme in ("http", "https"):
            client = new_client(server=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")
            with pytest.raises(NotReadyError, match="cannot be reached"):
                client.request("GET", "/version")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_silence_that_lasts_is_told_once_for_each_request(
    new_client: NewClient, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """The server takes connections and says nothing, as one does that was stopped."""
    monkeypatch.setattr("tutorial.backends.silence.SILENT_SECONDS", 0.1)
    monkeypatch.setattr("tutorial.backends.rest.READ_SECONDS", 0.2)
    monkeypatch.setattr("tutorial.backends.rest.CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = new_client(server=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")
        told: list[str] = []
        client.when_silent(lambda: told.append("silent"))
        for count in (1, 2):
            with pytest.raises(ClusterAwayError, match="cannot be reached"):
                client.request("GET", "/version")
            assert len(told) == count


def test_an_answer_that_comes_is_no_silence(api: ApiServer, client: RestClient) -> None:
    told: list[str] = []
    client.when_silent(lambda: told.append("silent"))
    assert client.request("GET", "/version").status == 200
    assert told == []


def test_the_time_that_was_waited_is_told(new_client: NewClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handshake has less time than an answer, and a name of two addresses twice as much."""
    now = [0.0]
    monkeypatch.setattr("tutorial.backends.rest._now", lambda: now[0])

    def silent(*_: object, **__: object) -> None:
        now[0] += 7.2
        raise TimeoutError

    monkeypatch.setattr("tutorial.backends.rest.open_connection", silent)
    with pytest.raises(ClusterAwayError) as caught:
        new_client().request("GET", "/version")
    assert caught.value.why == "It did not answer within 7 s."


def test_an_answer_is_waited_for_once(access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a Ctrl-C may end the waiting, too, which is a wait of its own."""
    monkeypatch.setattr("tutorial.backends.rest.READ_SECONDS", 0.2)
    monkeypatch.setattr("tutorial.backends.silence._AT_ONCE_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent, Signals() as signals:
        address = {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        client = RestClient(replace(access, cluster=address), {}, stopper=signals)
        reads = "http.client.HTTPConnection.getresponse"
        monkeypatch.setattr(reads, lambda _: pytest.fail("it is waited for a second time"))
        with pytest.raises(ClusterAwayError, match="cannot be reached"):
            client.request("GET", "/version")


def test_a_control_c_ends_the_waiting_for_an_answer(access: Access) -> None:
    """A real one: the server is silent, and would be for as long as the client has patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent, Signals() as signals:
        address = {"server": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        client = RestClient(replace(access, cluster=address), {}, stopper=signals)
        timer = threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,))
        timer.start()
        with pytest.raises(ClusterAwayError) as caught:
            client.request("GET", "/version")
        timer.join()
        assert "Ctrl-C ended the waiting" in caught.value.why


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_came_before_does_not_keep_an_answer_from_being_read(
    api: ApiServer, access: Access, stop: signal.Signals
) -> None:
    """What an interrupted command has made is looked up after it."""
    with Signals() as signals:
        signal.raise_signal(stop)
        client = RestClient(access, {}, stopper=signals)
        assert client.request("GET", "/version").status == 200
        client.close()


def test_a_half_closed_answer_is_an_error(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_half, args=(server, 3))
        thread.start()
        client = new_client(server=f"http://127.0.0.1:{server.getsockname()[1]}")
        with pytest.raises(NotReadyError, match="cannot be reached"):
            client.request("GET", "/version")
        thread.join()


def test_garbage_is_an_error(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_answer_half, args=(server, 3, b"SSH-2.0-x\r\n"))
        thread.start()
        with pytest.raises(NotReadyError, match="cannot be reached"):
            new_client(server=f"http://127.0.0.1:{server.getsockname()[1]}").request("GET", "/")
        thread.join()


def test_another_authority_is_refused(new_client: NewClient, api: ApiServer) -> None:
    other = base64.b64encode(Authority().certificate).decode()
    client = new_client(certificate_authority_data=other)
    with pytest.raises(NotReadyError, match="is not the one") as caught:
        client.request("GET", "/version")
    assert "certificate" in caught.value.why
    assert api.seen == []


def test_the_check_can_be_skipped_and_another_name_expected(new_client: NewClient) -> None:
    skipping = new_client(certificate_authority_data="", insecure_skip_tls_verify=True)
    assert skipping.request("GET", "/version").status == 200
    assert new_client(tls_server_name="api.test").request("GET", "/version").status == 200
    with pytest.raises(NotReadyError, match="is not the one"):
        new_client(tls_server_name="other.test").request("GET", "/version")


def test_what_kubectl_refuses_of_an_authority_is_refused(
    new_client: NewClient, api: ApiServer, authority: Authority, tmp_path: Path
) -> None:
    """Else the first step would fail, or certificates be trusted that nobody had in mind."""
    good = base64.b64encode(authority.certificate).decode()
    (tmp_path / "ca.crt").write_bytes(authority.certificate)
    (tmp_path / "bad.crt").write_text("nothing")
    file = str(tmp_path / "ca.crt")
    cases = [
        ({"certificate_authority_data": good, "insecure_skip_tls_verify": True}, "insecure-skip-tls-verify"),
        (
            {
                "certificate_authority_data": "",
                "certificate_authority": file,
                "insecure_skip_tls_verify": True,
            },
            "insecure-skip-tls-verify",
        ),
        ({"certificate_authority_data": good, "certificate_authority": file}, "and only one can be meant"),
        ({"certificate_authority_data": "***"}, "its certificate-authority-data is no base64"),
        ({"certificate_authority_data": f"-{good}"}, "its certificate-authority-data is no base64"),
        ({"certificate_authority_data": "eA=="}, "its certificate-authority-data holds no certificate"),
        (
            {"certificate_authority_data": "", "certificate_authority": str(tmp_path / "bad.crt")},
            "bad.crt holds no certificate",
        ),
        (
            {"certificate_authority_data": "", "certificate_authority": "/no\0/such.crt"},
            "such.crt cannot be read (embedded null byte)",
        ),
        ({"tls_server_name": "a..b"}, "a..b can be no host's name"),
        (
            {"certificate_authority_data": "", "certificate_authority": "/no/such.crt"},
            "/no/such.crt cannot be read (No such file or directory)",
        ),
    ]
    for cluster, why in cases:
        with pytest.raises(NotReadyError, match="The context test cannot be used") as caught:
            new_client(**cluster).request("GET", "/version")
        assert why in caught.value.why
    assert api.seen == []
    lines = "\n".join(good[start : start + 64] for start in range(0, len(good), 64))
    assert new_client(certificate_authority_data=f"{lines}\n").request("GET", "/version").status == 200


@pytest.mark.parametrize("form", ["data", "file"])
def test_a_client_certificate_is_shown(
    new_client: NewClient, api: ApiServer, authority: Authority, tmp_path: Path, form: str
) -> None:
    pair = authority.issue("me")
    if form == "data":
        user = {
            "client-certificate-data": base64.b64encode(pair.certificate).decode(),
            "client-key-data": base64.b64encode(pair.key).decode(),
        }
    else:
        (tmp_path / "me.crt").write_bytes(pair.certificate)
        (tmp_path / "me.key").write_bytes(pair.key)
        user = {"client-certificate": str(tmp_path / "me.crt"), "client-key": str(tmp_path / "me.key")}
    new_client(user).request("GET", "/version")
    assert api.seen[0].certificate["subject"] == ((("commonName", "me"),),)


def test_a_bad_client_certificate_is_an_error(new_client: NewClient) -> None:
    user = {"client-certificate-data": base64.b64encode(b"no").decode(), "client-key-data": ""}
    with pytest.raises(NotReadyError, match="cannot be used"):
        new_client(user).request("GET", "/version")


@pytest.mark.parametrize(
    "server", ["ftp://x", "127.0.0.1:1", "https://", "https://x:port", "https://a..b", f"http://{'a' * 70}"]
)
def test_a_bad_address_is_an_error(new_client: NewClient, server: str) -> None:
    with pytest.raises(NotReadyError, match="cannot be used"):
        new_client(server=server).request("GET", "/version")


def test_the_path_of_the_server_comes_first(new_client: NewClient, api: ApiServer) -> None:
    new_client(server=f"{api.url}/clusters/one/").request("GET", "/version")
    assert api.seen[0].path == "/clusters/one/version"


def test_an_unknown_user_is_an_error(api: ApiServer, client: RestClient) -> None:
    api.token = "secret"
    with pytest.raises(UnauthorizedError, match="does not accept the credentials of the user test-user"):
        client.request("GET", "/version")


def test_requests_without_a_user_are_not_said_to_be_somebody_s(api: ApiServer, access: Access) -> None:
    api.token = "secret"
    client = RestClient(replace(access, user_name=""), {})
    with pytest.raises(UnauthorizedError) as caught:
        client.request("GET", "/version")
    client.close()
    assert caught.value.what == f"The API server {api.url} does not let anybody in without credentials."
    assert caught.value.why.startswith("The context test names no user")


def test_the_kubeconfig_is_read_again_when_its_user_is_refused(api: ApiServer, access: Access) -> None:
    """Logging in again writes a new token there."""
    tokens = iter(["old", "old", "new"])
    read_again = lambda: replace(access, user={"token": next(tokens)})  # noqa: E731
    client = RestClient(read_again(), {}, read_again=read_again)
    api.token = "new"
    with pytest.raises(UnauthorizedError):
        client.request("GET", "/version")
    assert client.request("GET", "/version").status == 200
    client.close()


def test_a_kubeconfig_that_cannot_be_read_now_is_no_other_error(api: ApiServer, access: Access) -> None:
    def being_written() -> Access:
        raise NotReadyError("The kubeconfig cannot be read.")

    client = RestClient(access, {}, read_again=being_written)
    api.token = "new"
    with pytest.raises(UnauthorizedError):
        client.request("GET", "/version")
    client.close()


def test_a_connection_that_was_idle_for_long_is_opened_again(
    api: ApiServer, client: RestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop slept, or a firewall forgot it: nothing tells, and a request on it would wait in vain."""
    now = [1000.0]
    monkeypatch.setattr("tutorial.backends.rest._time_awake_and_asleep", lambda: now[0])
    for seconds in (0.0, 59.0, 61.0):
        now[0] += seconds
        client.request("GET", "/version")
    first, second, third = (seen.peer for seen in api.seen)
    assert first == second != third


def _answer_half(server: socket.socket, times: int, answer: bytes = b"") -> None:
    """Promise more than is sent, then close."""
    for _ in range(times):
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(answer or b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


SERVICES = "/api/v1/namespaces/default/services"
PATHS = [f"{SERVICES}/{name}" for name in "abc"]


@pytest.fixture
def services(api: ApiServer) -> None:
    for path in PATHS:
        api.put(path, "Service")


def names(answers: list[Response]) -> list[str]:
    return [answer.json().get("metadata", {}).get("name", str(answer.status)) for answer in answers]


@pytest.mark.usefixtures("services")
def test_many_are_asked_for_together(api: ApiServer, client: RestClient) -> None:
    assert names(client.get_all([*PATHS, f"{SERVICES}/x"])) == ["a", "b", "c", "404"]
    assert client.request("GET", "/version").status == 200
    assert [seen.path for seen in api.seen] == [*PATHS, f"{SERVICES}/x", "/version"]
    assert len({seen.peer for seen in api.seen}) == 1


@pytest.mark.usefixtures("services")
@pytest.mark.parametrize("fault", [Fault(cut=True), Fault(429), Fault(503)])
@pytest.mark.parametrize("position", range(3))
def test_what_does_not_come_of_them_is_asked_for_again(
    api: ApiServer, client: RestClient, fault: Fault, position: int
) -> None:
    api.faults.extend([*[None] * position, fault])
    assert names(client.get_all(PATHS)) == ["a", "b", "c"]
    assert names(client.get_all(PATHS)) == ["a", "b", "c"]


@pytest.mark.usefixtures("services")
def test_a_server_that_closes_after_each_answer_is_asked_one_by_one(
    api: ApiServer, client: RestClient
) -> None:
    api.close_after_answer = True
    assert names(client.get_all(PATHS)) == ["a", "b", "c"]


def test_something_on_the_way_that_swallows_the_second_request_costs_one_wait(
    api: ApiServer, client: RestClient, services: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tutorial.backends.rest.TOGETHER_SECONDS", 0.1)
    api.faults.extend([None, Fault(silent=True)])
    told: list[str] = []
    client.when_silent(lambda: told.append("silent"))
    assert names(client.get_all(PATHS)) == ["a", "b", "c"]
    assert told == ["silent"]
    together = "tutorial.backends.rest.get_all"
    monkeypatch.setattr(together, lambda *_: pytest.fail("requests were sent together again"))
    assert names(client.get_all(PATHS)) == ["a", "b", "c"]


def test_nobody_there_is_told_when_many_are_asked_for(new_client: NewClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ClusterAwayError, match="cannot be reached"):
        new_client(server=f"https://127.0.0.1:{port}").get_all(PATHS)


def test_a_refused_user_is_told_when_many_are_asked_for(api: ApiServer, client: RestClient) -> None:
    api.token = "secret"
    with pytest.raises(UnauthorizedError):
        client.get_all(PATHS)


def test_a_server_that_does_not_read_ahead_is_never_sent_more_than_it_can_hold() -> None:
    paths = [f"/{number}/{'x' * 1000}" for number in range(10_000)]
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname(), timeout=10)
        theirs, _ = server.accept()
    with ours, theirs, ThreadPoolExecutor() as pool:
        answering = pool.submit(_answer_one_by_one, theirs, len(paths))
        answers: list[Response] = []
        pipeline.get_all(ours, "server", paths, (), answers.append)
        assert [answer.body[:4] for answer in answers] == [b"%04d" % number for number in range(len(paths))]
        answering.result()


def _answer_one_by_one(stream: socket.socket, count: int) -> None:
    """Read a request only when the one before is answered, each with more than is asked."""
    stream.settimeout(10)
    with stream.makefile("rb") as requests:
        for number in range(count):
            while requests.readline() != b"\r\n":
                pass
            body = b"%04d" % number + bytes(5000)
            stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def test_a_user_of_any_alphabet(api: ApiServer, new_client: NewClient) -> None:
    client = new_client({"as": "J\u00fcrgen \u0416"})
    client.request("GET", "/version")
    client.get_all(["/version", "/version"])
    sent = {seen.headers["impersonate-user"].encode("latin-1").decode() for seen in api.seen}
    assert (sent, len(api.seen)) == ({"J\u00fcrgen \u0416"}, 3)
