"""Runs every measurement, or those named: python -m benchmarks [name …]."""

import importlib
import pkgutil
import sys

import benchmarks


def main(names: list[str]) -> None:
    found = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__))
    unknown = sorted(set(names) - set(found))
    if unknown:
        sys.exit(f"No such measurement: {', '.join(unknown)}. There are: {', '.join(found)}")
    for name in names or found:
        if name == "__main__":
            continue
        run = getattr(importlib.import_module(f"benchmarks.{name}"), "main", None)
        if run is not None:
            print(f"== {name}", flush=True)
            run()


if __name__ == "__main__":
    main(sys.argv[1:])
