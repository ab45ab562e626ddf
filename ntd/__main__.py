"""The command `ntd`, also `python -m ntd`."""

import sys

from ntd.cli.app import run


def main() -> None:
    """Run the command that was typed and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
