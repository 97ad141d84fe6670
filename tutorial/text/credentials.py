"""Credentials that one line alone gives away: tokens, headers, passwords in URLs and options.

Used by `tutorial.text.masking`. Every pattern has a bounded number of repeats, so that a hostile
line costs little. When in doubt, it masks.
"""

from __future__ import annotations

import re

MASK = "***"

SECRET_KEY = (
    r"(?:client-key-data|client-certificate-data|certificate-authority-data"
    r"|(?:(?:id|access|refresh|bearer)[-_])?token|password|passwd|client[-_]secret)"
)
"""Keys of a kubeconfig, and of JSON answers, whose value is a credential."""

_VALUE = r"""(?:"(?:[^"\\]|\\.)*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s,;"'}])+"""

SECRET_NAME = r"(?:token|password|passwd|secret|api[-_]?key|access[-_]key|private[-_]key)"
"""How the name of a variable ends whose value is a credential."""

_USER = r"(?:\s-u|--user)[ =]{1,8}"

_PATTERNS = (
    (r"\beyJ[\w-]{8,8192}\.[\w-]{8,8192}(?:\.[\w-]*)?", MASK),
    (
        r"""(?i)(\bauthorization["']?\s{0,8}[:=]\s{0,8}["']?"""
        r"""(?:(?:bearer|basic|digest|negotiate|token)\s{1,8})?)[^"'\s][^"']*""",
        rf"\1{MASK}",
    ),
    (r"(?i)\b(bearer\s{1,8})[\w.~+/=-]{16,}", rf"\1{MASK}"),
    (r"(://[^\s/:@]{0,256}:)[^\s/@]{1,256}@", rf"\1{MASK}@"),
    (rf"(?i)(--(?:token|password|client-secret)[= ]){_VALUE}", rf"\1{MASK}"),
    (
        rf"\b([A-Z0-9_]{{0,64}}(?:TOKEN|PASSWORD|PASSWD|SECRET|API_?KEY)[A-Z0-9_]{{0,64}}=)(?!\$){_VALUE}",
        rf"\1{MASK}",
    ),
    (rf"(?i)\b([\w.-]{{0,64}}{SECRET_NAME}=)(?!\$){_VALUE}", rf"\1{MASK}"),
    (rf"""({_USER}["'][^\s:"']{{1,256}}:)[^"']+""", rf"\1{MASK}"),
    (rf"""({_USER}[^\s:"']{{1,256}}:)[^\s"']+""", rf"\1{MASK}"),
    (r"(?i)\b((?:set-)?cookie:\s{1,8})[^\s\"'][^\"']*", rf"\1{MASK}"),
    (r"""(?i)(\bx-(?:api-key|auth-token|access-token)["']?\s{0,8}:\s{0,8}["']?)[^"'\s]+""", rf"\1{MASK}"),
    (r'(\\{0,16}"auth\\{0,16}"\s{0,8}:\s{0,8}\\{0,16}")[A-Za-z0-9+/=]{8,}', rf"\1{MASK}"),
    (
        rf'(?i)(\\{{0,16}}"name\\{{0,16}}"\s{{0,8}}:\s{{0,8}}\\{{0,16}}"[^"\\]{{0,128}}{SECRET_NAME}\\{{0,16}}"\s{{0,8}},\s{{0,8}}'
        r'\\{0,16}"value\\{0,16}"\s{0,8}:\s{0,8}\\{0,16}")[^"\\]+',
        rf"\1{MASK}",
    ),
    (rf'(?i)(\\{{0,16}}"{SECRET_KEY}\\{{0,16}}"\s{{0,8}}:\s{{0,8}}\\{{0,16}}")[^"\\]+', rf"\1{MASK}"),
    (rf"(?i)([{{,]\s{{0,8}}{SECRET_KEY}\s{{0,8}}:\s{{1,8}}){_VALUE}", rf"\1{MASK}"),
)
_CREDENTIALS = tuple((re.compile(pattern), replacement) for pattern, replacement in _PATTERNS)

_JSON_SECRET = re.compile(r'\\{0,16}"kind\\{0,16}"\s{0,8}:\s{0,8}\\{0,16}"Secret(?:List)?\\{0,16}"')
_JSON_DATA_KEY = re.compile(r'\\{0,16}"(?:data|stringData)\\{0,16}"\s{0,8}:\s{0,8}\{')
_JSON_DATA = re.compile(rf'{_JSON_DATA_KEY.pattern}(?:[^{{}}"\\]|\\.|"(?:[^"\\]|\\.)*+")*+\}}')
_JSON_VALUE = re.compile(r'(:\s{0,8}")(?:[^"\\]|\\.)*+(")')
_ESCAPED_VALUE = re.compile(r'(:\s{0,8}(\\+"))(?:[^"\\]|\\[^"])*(\2)')


def mask_credentials(line: str) -> str:
    """`line` with every credential it gives away replaced by `***`."""
    for pattern, replacement in _CREDENTIALS:
        line = pattern.sub(replacement, line)
    if is_secret(line):
        line = _JSON_DATA.sub(_mask_data, line)
    return line


def is_secret(line: str) -> bool:
    """Whether the line holds a Secret as JSON."""
    return _JSON_SECRET.search(line) is not None


def before_data(line: str) -> str:
    """A line that holds a Secret as JSON, up to the first data in it."""
    data = _JSON_DATA_KEY.search(line)
    return line[: data.end()] if data else line


def _mask_data(data: re.Match[str]) -> str:
    """The data of a Secret, as JSON or as JSON within a text."""
    text = data.group()
    if text.startswith("\\"):
        return _ESCAPED_VALUE.sub(rf"\1{MASK}\3", text)
    return _JSON_VALUE.sub(rf"\1{MASK}\2", text)
