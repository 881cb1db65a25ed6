#!/usr/bin/env python3
"""The command line of the project. Run it with the project's virtual environment (`make demo` makes one)."""

import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty.settings.development")
    try:
        from django.core.management import execute_from_command_line
    except ModuleNotFoundError as missing:
        python = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
        if missing.name == "django" and python.exists() and Path(sys.prefix) != python.parent.parent:
            os.execv(python, [str(python), *sys.argv])
        sys.exit("Django is not installed here. Run `make demo` or `make test` once: it makes .venv.")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
