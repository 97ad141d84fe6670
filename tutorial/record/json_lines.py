"""Writes a run's events as JSON, one a line: `-o jsonl`. A `Sink` of the engine.

Events are masked and free of escape sequences before they come here.
"""

from __future__ import annotations

import json
from typing import TextIO

from tutorial.engine.events import Event, to_json


class JsonLines:
    """Writes to a stream and flushes each line, so that a reader follows the run live.

    `handle` raises OSError when the reader has gone.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def handle(self, event: Event) -> None:
        """Write one event. The JSON is ASCII, so that the stream's encoding does not matter."""
        self._stream.write(json.dumps(to_json(event)) + "\n")
        self._stream.flush()
