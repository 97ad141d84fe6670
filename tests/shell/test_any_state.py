"""Any state that a command can leave comes to the next one, and stays what it is on the way."""

from __future__ import annotations

import shlex

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shell.shells import Run

PICTURE = r"""
picture() {
  \builtin alias -p
  \builtin umask
  \builtin declare -p VALUE NUMBER
  for name in "${!TABLE[@]}"; do printf 'TABLE %q %q\n' "$name" "${TABLE[$name]}"; done
  \builtin declare -f body
  \builtin shopt -p extglob nullglob failglob expand_aliases dotglob nocaseglob
  \builtin set +o
  \builtin pwd
}
"""
"""Shows all that the test changes. The order of a table's entries is nobody's."""

texts = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=30)
RESERVED_WORDS = {"{", "}", "!", "[[", "if", "then", "fi", "for", "do", "done", "case", "esac", "in", "while"}
"""An alias of one of them changes the grammar of bash itself: the state of such a shell is not saved, and
the screen says so."""

alias_names = st.text(
    st.characters(
        blacklist_characters="\0 \t\n|&;()<>'\"`\\$/=", blacklist_categories=["Cs", "Zs", "Zl", "Zp"]
    ),
    min_size=1,
    max_size=8,
).filter(lambda name: not name.isspace())
shell_options = st.dictionaries(
    st.sampled_from(
        ["allexport", "braceexpand", "hashall", "noclobber", "noglob", "nounset", "physical", "pipefail"]
    ),
    st.booleans(),
)
shopts = st.dictionaries(
    st.sampled_from(["extglob", "nullglob", "failglob", "expand_aliases", "dotglob", "nocaseglob"]),
    st.booleans(),
)
BODIES = (
    "echo plain",
    "case $1 in +(x|y)) echo yes;; *) echo no;; esac",
    "cat <<END\n$1 {a,b} ~\nEND",
    "[[ $1 == @(a|b) ]] && for f in *; do echo $f; done",
)
"""The second and the fourth can only be read with extglob on."""


def quoted(text: str) -> str:
    return shlex.quote(text)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    aliases=st.dictionaries(alias_names, texts, max_size=4),
    mask=st.integers(0, 0o777),
    value=texts,
    table=st.dictionaries(texts.filter(bool), texts, max_size=4),
    options=shell_options,
    shopts=shopts,
    body=st.sampled_from(BODIES),
)
@example(
    aliases={"#x": "1", "{a,b}": "2", "-z": "3", "q": "'", "m": "a\nb", "e": "", "*": "4", "~": "5"},
    mask=0o077,
    value="",
    table={"]": "x", "'": "y", "\n": "z"},
    options={"noglob": True, "braceexpand": False},
    shopts={"extglob": True, "failglob": True, "expand_aliases": True},
    body=BODIES[1],
)
@example(
    aliases=dict.fromkeys(
        ["builtin", "declare", "alias", "umask", "shopt", "set", "eval", "cd", "unset"], "no-such-program"
    ),
    mask=0o022,
    value="x",
    table={},
    options={"allexport": True},
    shopts={"expand_aliases": True},
    body=BODIES[0],
)
def test_any_state_survives(
    run: Run,
    *,
    aliases: dict[str, str],
    mask: int,
    value: str,
    table: dict[str, str],
    options: dict[str, bool],
    shopts: dict[str, bool],
    body: str,
) -> None:
    entries = " ".join(f"[{quoted(name)}]={quoted(text)}" for name, text in table.items())
    lines = [
        f"umask {mask:03o}",
        f"body() {{ {body}\n}}",
        f"VALUE={quoted(value)}; declare -i NUMBER={mask}; unset TABLE; declare -A TABLE=({entries})",
        PICTURE,
        *(rf"\builtin set {'-' if on else '+'}o {name}" for name, on in options.items()),
        *(rf"\builtin shopt -{'s' if on else 'u'} {name}" for name, on in shopts.items()),
        *(rf"\builtin alias -- {quoted(f'{name}={text}')}" for name, text in aliases.items()),
        "picture",
    ]
    run(r"\unalias -a; \shopt -u expand_aliases failglob; \shopt -s extglob; \set +o noglob")
    first = run("\n".join(lines))
    second = run("picture")
    assert first.state_saved
    assert second.state_saved
    assert sorted(second.stdout.splitlines()) == sorted(first.stdout.splitlines())
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    for name in aliases:
        assert f"{name}=" in second.stdout
