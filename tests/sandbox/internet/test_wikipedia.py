from __future__ import annotations

from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from tutorial.sandbox.internet.wikipedia import application


def ask(path: str, method: str = "GET", scheme: str = "https") -> tuple[str, dict[str, str], bytes]:
    environ: dict[str, Any] = {"wsgi.url_scheme": scheme, "PATH_INFO": path, "REQUEST_METHOD": method}
    environ |= {"HTTP_HOST": "en.wikipedia.org", "QUERY_STRING": "", "SCRIPT_NAME": ""}
    setup_testing_defaults(environ)
    started: list[Any] = []
    body = validator(application)(
        environ, lambda status, headers, _info=None: started.extend([status, headers])
    )
    content = b"".join(body)
    body.close()
    return started[0], dict(started[1]), content


def test_the_page_has_the_title_that_the_task_looks_for_and_says_what_it_is() -> None:
    status, headers, body = ask("/wiki/Main_Page")
    assert status == "200 OK"
    assert b"<title>Wikipedia, the free encyclopedia</title>" in body
    assert b"not Wikipedia" in body
    assert headers["Content-Length"] == str(len(body))


def test_head_has_no_body() -> None:
    status, headers, body = ask("/wiki/Main_Page", "HEAD")
    assert (status, body) == ("200 OK", b"")
    assert int(headers["Content-Length"]) > 0


def test_the_root_and_plain_http_lead_to_the_page() -> None:
    assert ask("/")[1]["Location"] == "https://en.wikipedia.org/wiki/Main_Page"
    assert ask("/wiki/A b", scheme="http")[1]["Location"] == "https://en.wikipedia.org/wiki/A%20b"


def test_other_methods_are_refused() -> None:
    status, headers, _ = ask("/wiki/Main_Page", "POST")
    assert (status, headers["Allow"]) == ("405 Method Not Allowed", "GET, HEAD")


def test_a_redirect_cannot_carry_a_header() -> None:
    location = ask("/wiki/a\r\nSet-Cookie: x", scheme="http")[1]["Location"]
    assert location == "https://en.wikipedia.org/wiki/a%0D%0ASet-Cookie:%20x"
