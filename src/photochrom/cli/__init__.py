"""The command line: one file per verb. Modules are imported when their verb runs, so that ``--help`` is quick."""
