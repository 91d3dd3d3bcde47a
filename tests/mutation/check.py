"""Put bugs into a copy of the source and see whether the tests notice.

python tests/mutation/check.py
python tests/mutation/check.py --only pairs --json work_dirs/mutants.json

The bugs are those of mutants.py. Each goes alone into a copy, and the tests
that should notice are run until the first failure. Before that the same tests
must pass on the copy as it is. Takes some minutes.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from mutants import MUTANTS

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ('avts_mm', 'benchmarks', 'configs', 'demo', 'tests', 'tools')
# Imported once, here; each run is a fork that imports avts_mm anew.
HEAVY = ('torch', 'mmengine.runner', 'sklearn.metrics', 'av', 'cv2', 'decord')
PASSED, FAILED, INTERRUPTED = 0, 1, 2


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='See whether the tests notice bugs.'
    )
    parser.add_argument('--only', default='', help='files with this in it')
    parser.add_argument('--json', type=Path, help='also write the results')
    parser.add_argument(
        '--limit', type=float, default=300, help='seconds (default 300)'
    )
    return parser.parse_args(argv)


def run_tests(folder, tests, log):
    """Run tests in this process; it ends with pytest's exit status."""
    import pytest

    os.chdir(folder)
    os.environ['PYTHONPATH'] = str(folder)
    sys.path.insert(0, str(folder))
    with open(log, 'w') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        code = pytest.main(['-x', '-q', '-p', 'no:cacheprovider', *tests])
        import avts_mm

        if Path(avts_mm.__file__).parents[1] != Path(folder):
            code = 99
    os._exit(int(code))


def outcome(folder, tests, limit):
    """pytest's exit status, or None after the limit; and its output."""
    log = Path(folder) / 'out.txt'
    fork = multiprocessing.get_context('fork')
    run = fork.Process(target=run_tests, args=(folder, tests, log))
    run.start()
    run.join(limit)
    code = run.exitcode
    if code is None:
        run.kill()
        run.join()
    return code, log.read_text(errors='replace')


def check(mutants, limit, folder):
    """Run all; yields (mutant, whether it was noticed, seconds)."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / 'pyproject.toml', folder)
    everything = sorted({test for m in mutants for test in m.tests})
    code, out = outcome(folder, everything, 10 * limit)
    if code != PASSED:
        sys.exit(f'{out[-3000:]}\nthe tests fail without any bug')
    for mutant in mutants:
        begin = time.monotonic()
        path = folder / mutant.path
        source = path.read_text(encoding='utf-8')
        if source.count(mutant.old) != 1:
            sys.exit(f'{mutant.path}: has moved on from {mutant.old!r}')
        path.write_text(
            source.replace(mutant.old, mutant.new), encoding='utf-8'
        )
        code, out = outcome(folder, mutant.tests, limit)
        path.write_text(source, encoding='utf-8')
        if code not in (PASSED, FAILED, INTERRUPTED, None):
            sys.exit(f'{out[-3000:]}\n{mutant}: the tests cannot be run')
        yield mutant, code != PASSED, time.monotonic() - begin


def main(argv=None):
    args = parse_args(argv)
    mutants = [m for m in MUTANTS if args.only in m.path]
    # A source written twice in a second would be taken from the cache.
    sys.dont_write_bytecode = True
    os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
    for name in HEAVY:
        __import__(name)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for mutant, noticed, seconds in check(
            mutants, args.limit, Path(folder).resolve()
        ):
            results.append(dict(mutant._asdict(), noticed=noticed))
            mark = 'noticed ' if noticed else 'SURVIVED'
            print(
                f'{mark} {seconds:5.0f} s  {mutant.path}: {mutant.old!r} -> '
                f'{mutant.new!r}',
                flush=True,
            )
    noticed = sum(result['noticed'] for result in results)
    print(f'{noticed} of {len(results)} noticed')
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        args.json.write_text(json.dumps(results, indent=1) + '\n')
    return 0 if noticed >= 0.9 * len(results) else 1


if __name__ == '__main__':
    sys.exit(main())
