"""``python -m photochrom``: the same as the ``photochrom`` command."""

from photochrom.cli.main import main

if __name__ == "__main__":
    main()
