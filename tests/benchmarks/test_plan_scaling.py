"""Days, cores and storage worked out from figures of the benchmarks."""

import json
import re
import shutil
from pathlib import Path

import plan_scaling
import pytest

ROOT = Path(__file__).parents[2]

LOADER = dict(rates=dict(prepared=dict(per_cpu_second=dict(median=50.0))))
STEP = dict(
    device='NVIDIA H200',
    clock='wall clock',
    flops_per_step=4e11,
    pairs_per_step=2,
    variants={
        'fp32': dict(pairs_per_second=100.0),
        'bf16': dict(pairs_per_second=400.0),
    },
)


@pytest.fixture
def plan(corpus, tmp_path, capsys):
    """Run the tool; gives its JSON and what it printed."""
    folder = tmp_path / 'corpus'
    shutil.copytree(corpus.root, folder)
    (folder / 'train.csv').rename(folder / 'annotation.csv')

    def run(*arguments, step=STEP, name='avts_demo.py'):
        for kind, figures in (('loader', LOADER), ('step', step)):
            (tmp_path / f'{kind}.json').write_text(json.dumps(figures))
        out = tmp_path / 'new' / 'plan.json'
        plan_scaling.main(
            [
                str(ROOT / 'configs' / name),
                f'--loader={tmp_path}/loader.json',
                f'--step={tmp_path}/step.json',
                f'--corpus={folder}',
                f'--json={out}',
                *arguments,
            ]
        )
        return json.loads(out.read_text()), capsys.readouterr().out

    return run


def test_rows(plan, corpus):
    figures, text = plan('--videos', 'a=240000', '--gpus', '1', '4')
    one, four = figures['rows']
    assert (one['clips_per_second'], one['limit']) == (400, 'GPU')
    # avts_demo.py takes two moments of each video.
    assert one['epoch_minutes'] == pytest.approx(240_000 * 2 / 400 / 60)
    assert one['epochs_per_day'] == pytest.approx(86400 / 1200)
    assert one['cores_per_gpu'] == 8
    assert four['clips_per_second'] == pytest.approx(4 * 0.9 * 400)
    assert four['cores_per_gpu'] == pytest.approx(0.9 * 8)

    files = list(corpus.root.glob('videos/train_*'))
    size = sum(f.stat().st_size for f in files) / (len(files) // 2 * 3)
    assert one['storage_gb'] == pytest.approx(240_000 * 10 * size / 1e9)
    second = figures['bytes_per_second']
    assert second['sound'] == pytest.approx(32_000, 0.01)
    read = second['video'] * 10 + second['sound']
    assert one['reading_mb_per_second'] == pytest.approx(400 * read / 1e6)
    assert 'measured: NVIDIA H200, bf16' in text
    assert re.search(r'a +4 +GPU +1440\.0', text)


def test_too_few_cores(plan):
    figures, _ = plan('--cores-per-gpu', '2')
    row = figures['rows'][0]
    assert (row['clips_per_second'], row['limit']) == (100, 'cores')
    assert row['cores_per_gpu'] == 2


def test_a_rate_that_no_gpu_has_shown_is_named_so(plan):
    on_cpu = dict(STEP, clock='CPU time', device='some CPU')
    with pytest.raises(SystemExit, match='some CPU: measure it on a GPU'):
        plan(step=on_cpu)
    figures, text = plan('--assume-tflops', '100', step=on_cpu)
    assert figures['step']['pairs_per_second'] == pytest.approx(500)
    assert 'assumed: 100 TFLOP/s, 200 GFLOP a pair' in text


def test_mistakes(plan):
    with pytest.raises(SystemExit):
        plan('--videos', 'many')
    with pytest.raises(SystemExit, match=r'none\.json: no such file'):
        plan('--step', 'none.json')
