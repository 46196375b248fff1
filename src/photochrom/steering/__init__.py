"""From what a user wants to colours: :mod:`photochrom.steering.paint` is the way, stage by stage.

Everything works on an :class:`photochrom.analysis.Analysis` and on values of ``edits``. Nothing here may import ``colorizer``,
read or write files, or know of the command line or the web.
"""
