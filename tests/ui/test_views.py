"""What the two views write for a run's events."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest
from rich.console import Console
from ui.samples import WRONG_HOST

from tutorial.engine import events
from tutorial.engine.by_hand import with_remark
from tutorial.expect.verdict import Mismatch, Verdict
from tutorial.ui.console import ViewConsole
from tutorial.ui.plain_view import PlainView
from tutorial.ui.sample_run import SAMPLE_RUN
from tutorial.ui.screen import Choice
from tutorial.ui.step_drawing import footer_lines
from tutorial.ui.terminal_view import TerminalView

STARTED = events.StepStarted(1, "one", 4, 14, "Before you begin", "A title", "Text.", "echo hi", "", False)


def draw(
    *shown: events.Event, width: int = 80, terminal: bool = False, colour: bool = False, keys: bool = True
) -> str:
    """What the terminal view writes."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=terminal,
        color_system="standard" if colour else None,
        markup=False,
        highlight=False,
    )
    view = TerminalView(console, keys=keys)
    for event in shown:
        view.handle(event)
    return file.getvalue()


def write(*shown: events.Event) -> str:
    """What the plain view writes."""
    file = io.StringIO()
    view = PlainView(file)
    for event in shown:
        view.handle(event)
    return file.getvalue()


def output(text: str, stream: str = "stdout", purpose: str = "command") -> events.OutputReceived:
    return events.OutputReceived(2, "one", purpose, stream, text)


def ended(outcome: str, **fields: str) -> events.StepEnded:
    return events.StepEnded(4, "one", outcome, 0.4, **fields)


def test_notes_say_what_stands_in_for_what() -> None:
    started = replace(STARTED, notes=("httpbin.org is on this machine.",))
    assert "Note: httpbin.org is on this machine.\n" in draw(started)
    assert "Note: httpbin.org is on this machine.\n" in write(started)


def test_the_first_screen_says_where_what_and_how() -> None:
    started = replace(STARTED, explain="A **bold** word and `code`.")
    run = replace(SAMPLE_RUN[0], backend_label="cluster: kind")
    assert isinstance(run, events.RunStarted)
    shown = draw(run, started)
    assert "[cluster: kind]  step 4 of 14  Before you begin" in shown
    assert "A title" in shown
    assert "A bold word and code." in shown
    assert "$ echo hi" in shown


def test_the_longest_first_screen_fits_on_24_lines() -> None:
    command = SAMPLE_RUN[1]
    assert isinstance(command, events.StepStarted)
    explain = "\n".join(["A line of an explanation that is nearly as long as the screen is wide, yes."] * 4)
    footer_line = 1
    assert draw(replace(command, explain=explain)).count("\n") + footer_line <= 24


def test_a_long_command_is_not_cut_into_lines() -> None:
    long = "kubectl exec " + "x" * 200
    assert long in draw(replace(STARTED, command=long))


def test_the_command_is_repeated_only_when_another_one_runs() -> None:
    same = events.CommandStarted(2, "one", "command", "echo hi")
    assert draw(STARTED, same).count("echo hi") == 1
    assert "echo other" in draw(STARTED, replace(same, command="echo other"))


def test_output_is_never_taken_for_markup_or_wrapped() -> None:
    line = "[bold]not bold[/] [/tmp/x] " + "word " * 40
    assert line.rstrip() in draw(output(line.rstrip() + "\n"))


def test_long_tokens_are_shortened_on_the_terminal_only() -> None:
    line = '"X-Envoy-Peer-Metadata": "' + "A" * 500 + '"\n'
    shown = draw(output(line))
    assert max(map(len, shown.splitlines())) <= 80
    assert "…" in shown
    assert line in write(output(line))


def test_pieces_of_a_line_are_joined_and_the_last_one_is_not_lost() -> None:
    command_ended = events.CommandEnded(3, "one", "command", 0, 0.1)
    for show in (draw, write):
        assert "one two\nthree\n" in show(output("one "), output("two\nthr"), output("ee"), command_ended)


def test_colours_of_a_program_are_kept_on_a_terminal_and_dropped_in_plain_lines() -> None:
    coloured = output("\x1b[31mred\x1b[0m\n")
    assert "\x1b[31mred" in draw(coloured, terminal=True, colour=True)
    assert "red\n" in write(coloured)
    assert "\x1b" not in write(coloured)


def test_output_of_waiting_commands_is_told_by_the_verdict_alone() -> None:
    for show in (draw, write):
        assert "rolled" not in show(output("rolled out\n", purpose="until"))
        assert "pods" in show(output("pods\n", purpose="diagnose"))


def test_a_wait_is_shown_in_place() -> None:
    shown = draw(events.Waiting(2, "one", 3, 12.2, 60), ended("passed"), terminal=True)
    assert "waiting: try 3, 12 of 60 s, any key stops" in shown
    unattended = draw(events.Waiting(2, "one", 3, 12.2, 60), terminal=True, keys=False)
    assert "waiting: try 3, 12 of 60 s, Ctrl-C stops" in unattended
    assert "\r\x1b[2K" in shown
    assert "Waiting: try 3, 12 of 60 s.\n" in write(events.Waiting(2, "one", 3, 12.2, 60))


def test_a_pass_is_told_by_glyph_word_and_proof() -> None:
    passed = events.VerdictReached(3, "one", Verdict(proof="exit code 0"))
    assert "✓ passed in 0.0 s   exit code 0" in draw(passed)
    assert "Passed in 0.0 s: exit code 0\n" in write(passed)


@pytest.mark.parametrize("width", [80, 160])
def test_a_failure_marks_the_differing_part(width: int) -> None:
    verdict = Verdict((WRONG_HOST,), cause="Another host.", fix="Edit it.")
    shown = draw(events.VerdictReached(3, "one", verdict), width=width)
    assert "✗ failed" in shown
    assert 'stdout, line 2: expected "httpbin.org", found "httpbin.com"' in shown
    lines = shown.splitlines()
    actual = next(line for line in lines if "httpbin.com 80" in line)
    marks = lines[lines.index(actual) + 1]
    column = actual.rindex("com")
    assert marks[column : column + 3] == "^^^"
    assert "likely cause: Another host." in shown
    assert "what to do: Edit it." in shown
    if width == 160:
        assert "httpbin.org 80/TCP" in actual


def test_a_failure_in_plain_lines_is_words() -> None:
    told = write(events.VerdictReached(3, "one", Verdict((WRONG_HOST,))))
    assert "Failed: stdout, line 2, column 32: expected" in told
    assert "Expected: my-httpbin ExternalName <none> httpbin.org 80/TCP\n" in told
    assert "Actual: my-httpbin ExternalName <none> httpbin.com 80/TCP\n" in told


def test_an_interrupted_command_is_not_called_wrong() -> None:
    stopped = events.CommandEnded(3, "one", "command", 130, 2, "interrupt")
    verdict = events.VerdictReached(3, "one", Verdict((Mismatch("exit code", "exit_code", "0", "130", "x"),)))
    for show in (draw, write):
        told = show(STARTED, stopped, verdict, ended("interrupted"))
        assert "ailed" not in told
        assert "stopped" in told


def test_a_timeout_is_said() -> None:
    timed_out = events.CommandEnded(3, "one", "command", 143, 60, "timeout")
    for show in (draw, write):
        assert "took longer than 1 min 0 s" in show(timed_out)


def test_a_step_that_is_skipped_unseen_is_named() -> None:
    skipped = replace(ended("skipped", reason="It needs another."), step="observe")
    for show in (draw, write):
        told = show(SAMPLE_RUN[0], skipped)
        assert "Observe your service" in told
        assert "It needs another." in told


def test_looking_back_shows_the_output_again() -> None:
    attempt = (events.CommandStarted(2, "one", "command", "echo hi"), output("hi there\n"))
    passed = events.VerdictReached(3, "one", Verdict(proof="said hi"))
    for show in (draw, write):
        assert show(STARTED, *attempt, passed, ended("passed"), STARTED).count("hi there") == 2
        assert show(STARTED, *attempt, passed, ended("undone"), STARTED).count("hi there") == 1


def test_a_rollback_with_nothing_to_undo_is_one_line() -> None:
    gone = events.ObjectUndone(2, "one", "service/x", "gone")
    quiet = (events.RollbackStarted(1, 2, 0), gone, events.RollbackEnded(3, True))
    assert draw(*quiet) == "✓ everything is back as it was\n"


def test_a_rollback_says_what_it_does_before_the_cluster_has_answered() -> None:
    for show in (draw, write):
        assert "Putting everything back: 1 object" in show(events.RollbackStarted(1, 2, 1))


def test_a_remark_stands_on_a_line_of_its_own_before_its_command() -> None:
    command = with_remark("kubectl delete namespace x", "deletes y, too")
    shown = (events.RollbackStarted(1, 1, 1), events.RollbackEnded(3, False, (command, "kubectl get z")))
    for show, lead in ((draw, "  "), (write, "")):
        lines = f"{lead}# deletes y, too\n{lead}kubectl delete namespace x\n{lead}kubectl get z\n"
        assert lines in show(*shown)


def test_each_of_several_rollbacks_names_its_run() -> None:
    shown: list[events.Event] = []
    for run in ("20261124-1", "20261124-2"):
        shown += events.RollbackStarted(1, 1, 1, run), events.RollbackEnded(3, True, run_id=run)
    for show in (draw, write):
        told = show(*shown)
        for run in ("20261124-1", "20261124-2"):
            assert f"Putting everything of run {run} back: 1 object" in told
            assert f"un {run}: everything is back as it was" in told


def test_an_incomplete_rollback_lists_the_commands() -> None:
    blocked = events.ObjectUndone(2, "one", "service/x", "blocked", "finalizer y")
    left = events.RollbackEnded(3, False, ("kubectl delete service x",))
    for show in (draw, write):
        told = show(events.RollbackStarted(1, 1, 1), blocked, left)
        assert "blocked service/x (finalizer y)" in told
        assert "kubectl delete service x" in told
        assert "egress-tutorial rollback" in told


def test_the_end_counts_and_says_how_to_come_back() -> None:
    kept = events.RunEnded(9, "kept", 17, 0, 2, 125)
    for show in (draw, write):
        told = show(SAMPLE_RUN[0], kept)
        assert "17 passed, 2 skipped in 2 min 5 s" in told
        assert "egress-tutorial resume 20261124-1" in told
        assert "rollback 20261124-1" in show(SAMPLE_RUN[0], replace(kept, outcome="passed", kept=True))
        assert "resume" not in show(SAMPLE_RUN[0], replace(kept, outcome="passed"))


def test_the_summary_lists_each_step_with_its_time() -> None:
    shown = draw(*SAMPLE_RUN)
    assert "✓ passed          0.4 s   1  Create the service" in shown
    assert "✗ failed          0.2 s   2  Observe your service" in shown


def test_plain_lines_have_no_escape_sequence_and_no_control_character() -> None:
    told = write(*SAMPLE_RUN)
    assert all(character.isprintable() or character == "\n" for character in told)


def test_a_terminal_without_unicode_gets_ascii() -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, "ascii", errors="strict"), width=80, markup=False)
    view = TerminalView(console)
    for event in (ended("skipped"), events.VerdictReached(3, "one", Verdict(proof="held"))):
        view.handle(event)
    assert b"+ passed" in raw.getvalue()


def test_a_reader_that_has_gone_is_an_os_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with io.TextIOWrapper(os.fdopen(writing, "wb", buffering=0), "utf-8", write_through=True) as file:
        with pytest.raises(OSError, match="gone"):
            TerminalView(ViewConsole(file=file)).handle(STARTED)
        with pytest.raises(OSError, match="pipe"):
            PlainView(file).handle(STARTED)


@pytest.mark.parametrize("terminal", [True, False])
def test_what_prompts_show_speaks_to_no_terminal(terminal: bool) -> None:
    evil = "a\x1b]0;title\x07\x1b[2Jb\u202e"
    file = io.StringIO()
    view = TerminalView(Console(file=file, width=80, color_system=None)) if terminal else PlainView(file)
    view.say(evil, heading=evil)
    view.show_output(evil, heading=evil)
    assert "\x1b" not in file.getvalue()
    assert file.getvalue().count("ab\\u202e") == 4


def footer(choices: list[Choice], width: int) -> list[str]:
    lines = [line.plain for line in footer_lines(choices, width)]
    assert all(len(line) <= width for line in lines)
    return lines


def test_the_footer_drops_what_does_not_fit_but_never_help() -> None:
    choices = [Choice("Enter", "run", ""), *(Choice(key, "word" * 3, "") for key in "bcdefgh")]
    choices += [Choice("?", "keys", ""), Choice("q", "quit", "")]
    assert footer(choices, 79)[0].endswith("d wordwordword   ? keys   q quit")
    assert footer(choices, 40) == ["Enter run   ? keys   q quit"]
    assert footer(choices, 19) == ["Enter run   ? keys"]
    assert footer(choices, 15) == ["? keys   q quit"]
    assert footer(choices, 5) == ["? key"]


def test_every_answer_to_a_question_is_shown() -> None:
    choices = [Choice("Enter", "roll back", ""), Choice("k", "keep", ""), Choice("Esc", "stay", "")]
    assert footer(choices, 79) == ["Enter roll back   k keep   Esc stay"]
    assert footer(choices, 19) == ["Enter roll back", "k keep   Esc stay"]


def test_a_line_that_is_taken_off_again_is_no_longer_than_the_terminals() -> None:
    waiting = events.Waiting(2, "one", 3, 12.0, 60.0)
    for width in (5, 20, 40):
        assert len(draw(waiting, width=width, terminal=True).splitlines()[-1]) < width


@pytest.mark.parametrize("width", [1, 5, 20, 40])
def test_a_narrow_terminal_is_no_error_and_loses_no_title(width: int) -> None:
    shown = draw(*SAMPLE_RUN, width=width)
    titles = [event.title for event in SAMPLE_RUN if isinstance(event, events.StepStarted)]
    assert titles
    together = "".join(shown.split())
    assert all("".join(title.split()) in together for title in titles)
