"""Plays stacks on a network of namespaces, records it, lets medwarden read the recording, and compares with what is true."""

import argparse
import concurrent.futures
import importlib
import os
import pathlib
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

# What the rig itself is made of: namespaces and links, offloads off, the recorder.
OWN_PACKAGES = ["iproute2", "ethtool", "wireshark-common", "python3-venv"]


def stacks(names):
    """The modules of the stacks named, or all, in the order of their names."""
    every = sorted(path.stem for path in (HERE / "stacks").glob("[!_]*.py"))
    unknown = [name for name in names if name not in every]
    if unknown:
        sys.exit(f"no such stack: {', '.join(unknown)} (there are {', '.join(every)})")
    return {name: importlib.import_module(f"stacks.{name}") for name in every if not names or name in names}


def listed(chosen, attribute):
    return sorted({item for module in chosen.values() for item in getattr(module, attribute, [])})


def main():
    parser = argparse.ArgumentParser(prog="tests/e2e/realstacks/run", description=__doc__)
    parser.add_argument("stack", nargs="*", help="stacks to play (default: all)")
    parser.add_argument("--keep", metavar="FOLDER", help="leave recording, truth, report and logs in FOLDER")
    parser.add_argument("--list", action="store_true", help="list the stacks and what they are made of")
    parser.add_argument("--packages", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--modules", action="store_true", help=argparse.SUPPRESS)
    if sys.argv[1:2] == ["--role"]:  # inside a host, in the Python environment
        stack, role, *arguments = sys.argv[2:]
        return importlib.import_module(f"stacks.{stack}").ROLES[role](*arguments)
    known = parser.parse_args()
    chosen = stacks(known.stack)
    if known.packages:
        print("\n".join(sorted({*OWN_PACKAGES, *listed(chosen, "APT")})))
    elif known.modules:
        print("\n".join(listed(chosen, "PYPI")))
    elif known.list:
        for name, module in chosen.items():
            print(f"{name:12} {(module.__doc__ or '').splitlines()[0]}\n{'':12} {' '.join([*module.APT, *module.PYPI])}")
    elif known.keep:
        folder = pathlib.Path(known.keep).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            parser.error(f"{folder} is not empty")
        return play(chosen, folder)
    else:
        with tempfile.TemporaryDirectory(prefix="realstacks-", ignore_cleanup_errors=True) as folder:
            return play(chosen, pathlib.Path(folder))
    return 0


def play(chosen, folder):
    """Plays, records, reads, compares; answers the exit code."""
    import check
    from network import Missing, Network

    folder.chmod(0o755)
    began = time.monotonic()
    network = Network(folder)
    failed, missing = {}, {}

    def one(name, module):
        ward = network.ward(name)
        try:
            module.play(ward)
        except Missing as reason:
            missing[name] = str(reason)
        except Exception as error:  # whatever goes wrong in one stack, the others go on
            failed[name] = f"{error}\n{traceback.format_exc(limit=-3)}"

    with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda item: one(*item), chosen.items()))
    network.stop()
    played = time.monotonic() - began
    wards = {name: ward for name, ward in network.wards.items() if name not in missing}
    network.write_truth(folder / "truth.jsonl")
    outcome = check.check(os.environ["MEDWARDEN"], folder, network, wards, failed)
    for name, reason in missing.items():
        print(f"missing  {name}: {reason}")
    print(f"played in {played:.0f} s, {time.monotonic() - began:.0f} s in all")
    bad = outcome.failed_stacks()
    print(f"real stacks: {len(wards) - len(bad)} passed, {len(bad)} failed, {len(missing)} skipped")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
