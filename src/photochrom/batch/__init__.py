"""Many pictures: from what the user names to one job per file, and through the jobs without stopping at a bad one.

The room knows files and jobs, not what is done with a picture: it must not import ``cli``, ``archive`` or ``web``.
"""

from photochrom.batch.job import Job, Outcome, make_room
from photochrom.batch.plan import plan
from photochrom.batch.run_jobs import Settle, run
from photochrom.batch.walk import Found, walk

__all__ = ["Found", "Job", "Outcome", "Settle", "make_room", "plan", "run", "walk"]
