"""Several processes that train one network together, as ``torchrun`` starts them, on one machine or on many.

A step's pictures are shared out among them, so that the run is that of one process with the whole batch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
from torch import distributed

from photochrom.errors import PhotochromError, TrainingError

__all__ = ["Processes", "gather", "in_turn", "joined", "use_threads"]

T = TypeVar("T")

#: How long processes wait for one that decodes the pictures; one that dies ends the wait at once.
PATIENCE = timedelta(hours=24)


def use_threads(count: int) -> None:
    """Train with this many threads of the processor in each process."""
    torch.set_num_threads(count)


@dataclass(frozen=True)
class Processes:
    """This process among all: its number and how many there are, and the same among those of this machine."""

    rank: int = 0
    count: int = 1
    local_rank: int = 0
    local_count: int = 1


@contextmanager
def joined() -> Iterator[Processes]:
    """Join the processes that torchrun started with this one; alone where it did not."""
    if not distributed.is_available() or not distributed.is_torchelastic_launched():
        yield Processes()
        return
    me = Processes(*(int(os.environ[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")))
    distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo", timeout=PATIENCE)
    try:
        yield me
    finally:
        distributed.destroy_process_group()


def gather(value: T) -> list[T]:
    """The ``value`` of every process, by rank, when all of them have got here; it must be picklable."""
    if not distributed.is_initialized():
        return [value]
    values: list[T] = [value] * distributed.get_world_size()
    distributed.all_gather_object(values, value)
    return values


def in_turn(make: Callable[[], T], me: Processes) -> T:
    """``make()`` in the first process, then in the first of each other machine, then in all the others.

    What the first one leaves in a folder the others find there, on a disk that machines share as on disks of their own.
    Where it fails in one process with an error of ours, it fails in all: raises that error there, TrainingError elsewhere.
    """
    mine = 0 if me.rank == 0 else 1 if me.local_rank == 0 else 2
    made: list[T] = []
    for turn in range(3):
        failure: PhotochromError | None = None
        if turn == mine:
            try:
                made.append(make())
            except PhotochromError as error:
                failure = error
        messages = [message for message in gather(str(failure) if failure else "") if message]
        if failure:
            raise failure
        if messages:
            raise TrainingError(f"another process of this run failed: {messages[0]}")
    return made[0]
