"""What stops a run."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from tutorial.engine.ports import Stop
from tutorial.shell.signals import Signals


def _readable(signals: Signals) -> bool:
    return bool(select.select([signals], [], [], 0)[0])


def test_nothing_is_pending_at_first() -> None:
    with Signals() as signals:
        assert (signals.pending(), signals.interrupts, _readable(signals)) == (Stop.NONE, 0, False)


def test_an_interrupt_is_counted_and_forgotten() -> None:
    with Signals() as signals:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGINT)
        assert (signals.pending(), signals.interrupts, _readable(signals)) == (Stop.INTERRUPT, 2, True)
        signals.clear()
        assert (signals.pending(), signals.interrupts, _readable(signals)) == (Stop.NONE, 0, False)


def test_a_hangup_that_is_ignored_stays_ignored_as_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.pending() is Stop.NONE
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("number", "stop"), [(signal.SIGTERM, Stop.TERMINATE), (signal.SIGHUP, Stop.HANGUP)])
def test_a_termination_outranks_an_interrupt_and_stays(number: signal.Signals, stop: Stop) -> None:
    with Signals() as signals:
        os.kill(os.getpid(), number)
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.pending() is stop
        signals.clear()
        assert (signals.pending(), _readable(signals)) == (stop, True)


def test_a_termination_outranks_a_hangup() -> None:
    with Signals() as signals:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.pending() is Stop.TERMINATE


def test_the_handlers_before_come_back() -> None:
    watched = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE)
    before = [signal.getsignal(number) for number in watched]
    with Signals():
        assert [signal.getsignal(number) for number in watched] != before or before[3] is signal.SIG_IGN
    assert [signal.getsignal(number) for number in watched] == before


def test_a_closed_pipe_raises_instead_of_killing() -> None:
    program = (
        "import os, signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "from tutorial.shell.signals import Signals\n"
        "with Signals():\n"
        "    reading, writing = os.pipe(); os.close(reading)\n"
        "    try: os.write(writing, b'x')\n"
        "    except BrokenPipeError: print('rolled back')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "rolled back\n"
