"""The names of the outside world and their addresses: read by the cluster's DNS and by `service`.

The addresses of Wikipedia are those of its text servers, also the one that it withdrew in 2026
but that the document of the task still names. httpbin.org gets an address that is reserved for
documentation (RFC 5737), since its true ones change.
"""

from __future__ import annotations

HTTPBIN = "httpbin.org"
HTTPBIN_ADDRESSES = ("203.0.113.10",)

WIKIPEDIA = ("en.wikipedia.org", "www.wikipedia.org")
WIKIPEDIA_ADDRESSES = (
    "208.80.153.224",
    "208.80.154.224",
    "198.35.26.224",
    "198.35.26.96",
    "185.15.58.224",
    "185.15.59.224",
    "103.102.166.224",
    "195.200.68.224",
)

OUTSIDE_NAMES: dict[str, tuple[str, ...]] = {
    HTTPBIN: HTTPBIN_ADDRESSES,
    **dict.fromkeys(WIKIPEDIA, WIKIPEDIA_ADDRESSES[:1]),
}
