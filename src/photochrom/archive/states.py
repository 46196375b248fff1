"""What a row of the manifest can be."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["FINISHED", "State"]


class State(IntEnum):
    """The state of a picture. The numbers stand in manifests and never change."""

    WAITING = 0  #: to be coloured
    RUNNING = 1  #: claimed by a driver
    DONE = 2  #: coloured; the output is in its place and its digest in the row
    FAILED = 3  #: could not be coloured; the row has the reason
    ASIDE = 4  #: killed two workers, and is not tried again unless asked for
    SKIPPED = 5  #: already in colour, and left out (--only-grey)
    COPIED = 6  #: already in colour, and copied as it is (--only-grey --copy-color)
    HELD = 7  #: waits for the picture of which it is another scan (--group-duplicates)
    LOOK = 8  #: waits for its perceptual hash (--group-duplicates)
    OWN = 9  #: a result of Photochrom already, and left alone (unless --own-results)

    @property
    def label(self) -> str:
        """The word that people and JSON get."""
        return {State.ASIDE: "set aside", State.OWN: "coloured before"}.get(self, self.name.lower())


#: Nothing more happens to these without being asked for.
FINISHED = (State.DONE, State.FAILED, State.ASIDE, State.SKIPPED, State.COPIED, State.OWN)
