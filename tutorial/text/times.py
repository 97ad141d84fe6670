"""Times of day for people. Used where a run says since when something is so."""

from __future__ import annotations

import time


def clock(seconds: float) -> str:
    """A time of this machine's: `14:32`, and with its day unless that is today.

    Args:
        seconds: since the epoch.
    """
    then, today = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M" if then[:3] == today[:3] else "%Y-%m-%d %H:%M", then)
