"""What a run is told of the user's other runs: which of them made an object, and which of them is alive
and about to make the same ones.

Called by `tutorial.app`, `tutorial.wiring` and `tutorial.cli`.
"""

from __future__ import annotations

from pathlib import Path

from tutorial.engine.context import OtherRun
from tutorial.engine.history import owned_objects
from tutorial.engine.plan import Plan
from tutorial.errors import NotReadyError
from tutorial.journal.run_list import RunListing, RunState, list_runs
from tutorial.journal.run_meta import RunMeta
from tutorial.text.times import clock

_MOST_NAMED = 3


def described(listing: RunListing) -> OtherRun:
    """The run for a person."""
    run_id = listing.meta.id
    if listing.state is RunState.RUNNING:
        return OtherRun(run_id, alive_since(listing.process, listing.since), _end_it(listing))
    how = "kept" if listing.state is RunState.KEPT else "cut off"
    standing = f"{how} (begun {clock(listing.meta.created)})"
    return OtherRun(run_id, standing, f"Put everything back: egress-tutorial rollback {run_id}")


def alive_since(process: int | None, since: float) -> str:
    """`alive since 14:32 (process 18212)`; what is not known is left out."""
    began = f" since {clock(since)}" if since else ""
    return f"alive{began}" + (f" (process {process})" if process else "")


def run_that_made(home: Path, uid: str, but: str) -> OtherRun | None:
    """The run that is not over and made the object with this uid, the run `but` excepted."""
    for listing in list_runs(home):
        open_still = listing.meta.id != but and listing.state is not RunState.CLOSED
        if open_still and uid in owned_objects(listing.records):
            return described(listing)
    return None


def claims_of(plan: Plan, server: str) -> tuple[str, ...]:
    """What the run is going to make, so that another one can see that it must not: each object with
    the server that it is made on."""
    creates = [reference for planned in plan.steps for reference in plan.creates(planned.step)]
    return tuple(f"{reference} on {server}" for reference in dict.fromkeys(creates))


def refuse_rival(home: Path, meta: RunMeta) -> None:
    """Look for a run that is alive and makes the same objects. The claims of `meta` must be on disk
    already: of two runs that begin at once, one at least sees the other.

    Raises:
        NotReadyError: there is one; says which, since when, and the ways out.
    """
    for listing in list_runs(home):
        common = [claim for claim in meta.claims if claim in listing.meta.claims]
        if listing.meta.id != meta.id and listing.state is RunState.RUNNING and common:
            rival = described(listing)
            names = [claim.partition(" on ")[0] for claim in common]
            more = len(names) - _MOST_NAMED
            listed = ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
            raise NotReadyError(
                f"Your run {rival.id} makes the same objects, and is {rival.standing}: {listed}.",
                why="Two runs cannot make one object. Nothing was touched.",
                do=f"{rival.way_out}. Or give this run namespaces of its own: --set NAMESPACE=NAME",
            )


def _end_it(listing: RunListing) -> str:
    command = f", or: kill {listing.process}" if listing.process else ""
    return f"End it, and it puts everything back: in its terminal{command}"
