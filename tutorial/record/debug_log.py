"""Writes a run's events to the log, for `--debug`. A `Sink` of the engine."""

from __future__ import annotations

import json
import logging

from tutorial.engine.events import Event, to_json

_logger = logging.getLogger("tutorial.events")


class DebugLogEvents:
    """Logs each event as its JSON."""

    def handle(self, event: Event) -> None:
        _logger.debug("%s", json.dumps(to_json(event)))
