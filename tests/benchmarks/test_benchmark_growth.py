"""What 200,000 records cost, by the tool that measures two million."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOL = ROOT / 'benchmarks' / 'benchmark_growth.py'

pytestmark = pytest.mark.skipif(
    not Path('/proc/self/smaps_rollup').exists(), reason='reads /proc'
)


@pytest.fixture(scope='module')
def measured(tmp_path_factory):
    path = tmp_path_factory.mktemp('growth') / 'new' / 'growth.json'
    config = ROOT / 'configs' / 'avts_kinetics.py'
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', TOOL, config]
        + ['--records', '200000', '--workers', '2', '--json', path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert '196,000' in done.stdout
    return json.loads(path.read_text())


def test_records_are_not_python_objects(measured):
    many = measured['many']
    assert many['records'] == 196_000
    assert many['python_objects'] < 2000
    # 98 bytes of names, three numbers of 8 bytes, two ends, what video it is.
    assert 0 < measured['growth']['bytes_per_record'] < 400


def test_workers_share_the_records(measured):
    many = measured['many']
    assert len(many['workers_mb']) == 2
    assert many['table_mb'] > 25
    assert measured['growth']['worker_private_mb'] < 5


def test_plan(measured):
    many = measured['many']
    assert many['plan_pairs'] == 196_000
    assert many['plan_of_4_ranks_pairs'] == 49_000


def test_no_such_config(tmp_path):
    main = runpy.run_path(str(TOOL))['main']
    with pytest.raises(SystemExit, match=r'none\.py: no such config'):
        main([str(tmp_path / 'none.py')])
