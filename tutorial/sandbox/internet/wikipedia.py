"""The page that stands in for Wikipedia: a WSGI application with one text of this project's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

_HOST = "en.wikipedia.org"
_HTML = ("Content-Type", "text/html; charset=UTF-8")
_EMPTY = (_HTML, ("Content-Length", "0"))
_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<title>Wikipedia, the free encyclopedia</title>
</head>
<body>
<h1>A stand-in for Wikipedia</h1>
<p>You are in the sandbox of egress-tutorial. This page is not Wikipedia: it has only the title of
its main page, so that the steps of the task find what they look for. Nothing was sent to the
internet.</p>
</body>
</html>
"""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer every GET and HEAD with the page. As at Wikipedia, `/` leads to the main page and plain
    HTTP to HTTPS."""
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        start_response("405 Method Not Allowed", [("Allow", "GET, HEAD"), *_EMPTY])
        return []
    path = environ.get("PATH_INFO", "/")
    secure = environ["wsgi.url_scheme"] == "https"
    if path == "/" or not secure:
        host = environ.get("HTTP_HOST") or _HOST
        wanted = "/wiki/Main_Page" if path == "/" else quote(path, safe="/:@!$&'()*+,;=~")
        start_response("301 Moved Permanently", [("Location", f"https://{host}{wanted}"), *_EMPTY])
        return []
    start_response("200 OK", [_HTML, ("Content-Length", str(len(_PAGE)))])
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [_PAGE]
