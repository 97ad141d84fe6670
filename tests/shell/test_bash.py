"""What one command leaves to the next, and what it does not."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from shell.shells import ENVIRONMENT, NewShell, Run

from tutorial.errors import JournalError, NotReadyError, UsageError
from tutorial.shell.bash import BashShell


def test_variables_exported_or_not_are_carried(run: Run) -> None:
    run("plain='a b'; export SHOWN=c")
    result = run('echo "$plain $SHOWN"; env | grep -c "^plain="; env | grep "^SHOWN="')
    assert result.stdout == "a b c\n0\nSHOWN=c\n"


def test_arrays_references_and_attributes_are_carried(run: Run) -> None:
    run("list=(1 'two words' [5]=$'new\\nline'); key='x\")] $y'; declare -A map=([a b]=c [\"$key\"]=d)")
    run("declare -i number=1; declare -n reference=number; declare -u loud=a")
    result = run(
        'number+=1; loud+=b; echo "${#list[@]} ${list[5]} ${map[a b]} ${map["$key"]}"; echo $reference $loud'
    )
    assert result.stdout == "3 new\nline c d\n2 AB\n"


def test_an_unset_variable_stays_unset(run: Run, shell: BashShell) -> None:
    run("unset HOME PATH TERM")
    assert run("echo ${HOME-no} ${PATH-no} ${TERM-no}").stdout == "no no no\n"
    assert "HOME" not in shell.variables()


def test_the_shells_own_variables_are_as_in_a_fresh_shell(run: Run) -> None:
    assert run("echo $SHLVL ${PS4}end ${OPTIND}").stdout == "1 + end 1\n"
    assert run("echo $SHLVL; echo ${#BASH_SOURCE[@]} $0").stdout == "1\n0 bash\n"


def test_readonly_variables_give_no_error_later(run: Run) -> None:
    run("declare -r fixed=1")
    result = run("echo ${fixed-gone}")
    assert (result.stdout, result.stderr) == ("gone\n", "")


def test_functions_and_their_export_are_carried(run: Run) -> None:
    run("greet() { cat <<EOF\nhello $1\nEOF\n}; export -f greet; shopt -s extglob")
    run("strip() { echo ${1%%+(x)}; }")
    assert run("greet you; bash -c 'greet them'; strip axx").stdout == "hello you\nhello them\na\n"


def test_functions_that_hide_builtins_do_no_harm(run: Run) -> None:
    names = ("cd", "set", "declare", "printf", "trap", "eval", ".", "export", "unset", "pwd", "shopt")
    run("a=1; " + "; ".join(f"{name}() {{ echo hidden; }}" for name in names))
    result = run("echo $a; cd /")
    assert (result.stdout, result.state_saved) == ("1\nhidden\n", True)


def test_the_working_folder_is_carried_and_so_is_the_one_before(run: Run, tmp_path: Path) -> None:
    run("mkdir 'sub dir'; cd 'sub dir'")
    assert run("pwd; cd - >/dev/null; pwd").stdout == f"{tmp_path}/sub dir\n{tmp_path}\n"


def test_a_working_folder_that_is_gone_is_said(run: Run, tmp_path: Path) -> None:
    run("mkdir gone; cd gone")
    run("rmdir ../gone")
    result = run("pwd")
    said = f"The folder {tmp_path}/gone cannot be entered any more. This runs in {tmp_path}.\n"
    assert (result.stderr, result.stdout) == (said, f"{tmp_path}\n")
    assert run("pwd").stderr == ""


def test_options_are_carried_both_ways(run: Run) -> None:
    run("set -u -o pipefail; set +B; shopt -s nullglob; shopt -u sourcepath")
    result = run("set -o | grep -E 'nounset|pipefail|braceexpand'; shopt nullglob sourcepath")
    assert [line.split()[-1] for line in result.stdout.splitlines()] == ["off", "on", "on", "on", "off"]
    run("set +u; shopt -u nullglob")
    assert "nullglob       \toff" in run("shopt nullglob").stdout


def test_aliases_and_whether_they_count_are_carried(run: Run) -> None:
    run("shopt -s expand_aliases; alias greet='echo hello' gone=x")
    assert run("unalias gone; greet you").stdout == "hello you\n"
    assert run("alias -p; greet again").stdout == "alias greet='echo hello'\nhello again\n"
    run("shopt -u expand_aliases")
    assert run("greet you").exit_code == 127


def test_aliases_that_hide_builtins_do_no_harm(run: Run) -> None:
    names = ("cd", "set", "declare", "printf", "trap", "eval", ".", "export", "unset", "builtin")
    run("a=1; set -u; shopt -s expand_aliases; alias " + " ".join(f"{name}='echo hidden'" for name in names))
    result = run("echo $a; cd /")
    assert (result.stdout, result.state_saved) == ("1\nhidden /\n", True)


def test_functions_that_need_an_option_to_be_read_are_carried(run: Run) -> None:
    run("shopt -s extglob")
    run("kind() { case $1 in +(x)) echo x;; *) echo other;; esac; }")
    assert run("kind xx; kind y").stdout == "x\nother\n"


def test_the_umask_is_carried(run: Run, tmp_path: Path) -> None:
    run("umask 027")
    run("touch made")
    assert stat.S_IMODE((tmp_path / "made").stat().st_mode) == 0o640


def test_errexit_is_carried_and_ends_the_next_command(run: Run) -> None:
    run("set -e")
    result = run("false; echo not reached")
    assert (result.exit_code, result.stdout, result.state_saved) == (1, "", True)


def test_tracing_shows_the_commands_and_nothing_of_the_machinery(run: Run) -> None:
    assert run("set -x; echo a").stderr == "++ echo a\n"
    assert run("echo b").stderr == "++ echo b\n"
    run("set +x")
    assert run("echo c").stderr == ""


def test_a_carried_ifs_does_no_harm(run: Run) -> None:
    run("IFS=/")
    assert run("v=a/b; set -- $v; echo $#").stdout == "2\n"


@pytest.mark.parametrize("command", ["exec true", "trap 'echo bye' EXIT; a=2", "kill -9 $$"])
def test_a_command_that_saves_nothing_leaves_the_state_before(run: Run, command: str) -> None:
    run("a=1")
    assert not run(command).state_saved
    assert run("echo $a").stdout == "1\n"


def test_state_is_thrown_away_on_demand(run: Run) -> None:
    run("a=1")
    run("a=2; cd /", carry=False)
    assert run("echo $a").stdout == "1\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [("exit 3", 3), ("false", 1), ("no-such-program", 127), ("kill -TERM $$", 143), (")", 2)],
)
def test_exit_codes_are_bashs(run: Run, command: str, code: int) -> None:
    assert run(command).exit_code == code


def test_messages_name_bash_and_the_commands_own_line(run: Run) -> None:
    assert run("true\nno-such-program").stderr == "bash: line 2: no-such-program: command not found\n"


def test_heredocs_and_pipes_run_as_they_stand(run: Run) -> None:
    assert run("NAME=x\ncat <<EOF | tr x y\n$NAME\n$(echo x)\nEOF").stdout == "y\ny\n"


def test_standard_input_is_empty(run: Run) -> None:
    assert run("cat; read line; echo $?").stdout == "1\n"


def test_the_environment_is_the_carried_state_alone(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_OUTSIDE", "1")
    names = {line.partition("=")[0] for line in run("env").stdout.splitlines()}
    assert names == {*ENVIRONMENT, "PWD", "SHLVL", "OLDPWD", "_"}


def test_a_second_shell_on_the_folder_goes_on_where_the_first_was(
    new_shell: NewShell, tmp_path: Path
) -> None:
    quiet = {"timeout": 20.0, "on_output": lambda stream, text: None}
    new_shell().run("a='x y'; f() { echo $a; }; cd /; set -u", **quiet)
    second = new_shell({**ENVIRONMENT, "LATER": "1"})
    assert second.run("f; pwd; echo ${-//[^u]}", **quiet).stdout == "x y\n/\nu\n"
    assert "LATER" not in second.variables()


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"variables": 1}', '{"variables": "", "cwd": "/", "options": 1, "shopts": {}, "unset": []}'],
)
def test_a_damaged_state_is_an_error_with_a_way_out(
    new_shell: NewShell, tmp_path: Path, content: str
) -> None:
    new_shell()
    (tmp_path / "it's a shell" / "state").write_text(content)
    with pytest.raises(JournalError, match="cannot be read") as caught:
        new_shell()
    assert caught.value.do


def test_a_missing_bash_is_an_error_with_a_way_out(new_shell: NewShell) -> None:
    with pytest.raises(NotReadyError, match="no bash"):
        new_shell({"PATH": "/nowhere"})


def test_prefixes_come_first_in_path_once(new_shell: NewShell) -> None:
    for _ in range(2):
        shell = new_shell(path_prefix=(Path("/first"), Path("/second")))
    assert shell.variables()["PATH"] == "/first:/second:" + ENVIRONMENT["PATH"]


def test_the_files_are_the_users_alone(run: Run, tmp_path: Path) -> None:
    run("umask 000; secret=1")
    folder = tmp_path / "it's a shell"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}


def test_a_set_variable_is_exported(shell: BashShell, run: Run) -> None:
    run("declare -i NAME=3")
    shell.set_variable("NAME", "a$b `c` \\ \"d\" 'e'\n!")
    assert run('printenv NAME; [ "$NAME" = "a\\$b \\`c\\` \\\\ \\"d\\" \'e\'\n!" ] && echo same').stdout == (
        "a$b `c` \\ \"d\" 'e'\n!\nsame\n"
    )


@pytest.mark.parametrize(("name", "value"), [("1a", ""), ("a-b", ""), ("", ""), ("é", ""), ("A", "x\0y")])
def test_what_bash_cannot_hold_is_refused(shell: BashShell, name: str, value: str) -> None:
    with pytest.raises(UsageError):
        shell.set_variable(name, value)


values = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=40)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(values, min_size=1, max_size=20))
@example(["\x01\x7f\x1b", "a\nb\r\n", "$(x) `y` \\ ' \" !", "☃é", "", "\x80\xff", "'\\''", "\\n", "\u2028"])
def test_any_value_survives_the_way_through_bash(shell: BashShell, run: Run, texts: list[str]) -> None:
    """In through `set_variable`, twice through bash, out through `variables`."""
    wanted = {f"VALUE{number}": text for number, text in enumerate(texts)}
    for name, text in wanted.items():
        shell.set_variable(name, text)
    run("list=(" + " ".join(f'"${name}"' for name in wanted) + ")")
    run("; ".join(f'copy{number}="${{list[{number}]}}"' for number in range(len(texts))))
    carried = shell.variables()
    assert {name: carried[name] for name in wanted} == wanted
    assert [carried[f"copy{number}"] for number in range(len(texts))] == texts
