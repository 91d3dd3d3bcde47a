"""What 200,000 records cost, by the tool that measures two million."""

import json
import subprocess
import sys
from pathlib import Path

import benchmark_growth
import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(
    not Path('/proc/self/smaps_rollup').exists(), reason='reads /proc'
)


@pytest.fixture(scope='module')
def measured(tmp_path_factory):
    path = tmp_path_factory.mktemp('growth') / 'new' / 'growth.json'
    tool = ROOT / 'benchmarks' / 'benchmark_growth.py'
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', tool]
        + [ROOT / 'configs' / 'avts_kinetics.py', '--json', path]
        + ['--records', '200000', '--workers', '2'],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert '196,000' in done.stdout
    return json.loads(path.read_text())


def test_records_are_not_python_objects(measured):
    assert measured['records'] == measured['plan_pairs'] == 196_000
    # What is imported only now is some 5,000.
    assert measured['python_objects'] < 20_000
    # 98 bytes of names, three numbers of 8 bytes, two ends, what video it is.
    assert 25 < measured['table_mb'] < 196_000 * 400 / 2**20


def test_workers_share_the_records(measured):
    assert measured['workers'] == 2
    assert 0 < measured['worker_private_mb'] < 20


def test_no_such_config(tmp_path):
    with pytest.raises(SystemExit, match=r'none\.py: no such config'):
        benchmark_growth.main([str(tmp_path / 'none.py')])
