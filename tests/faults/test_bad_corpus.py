"""A corpus of 1,000 files of which 100 are of no use, trained on and prepared.

What a training skips is worked out from its plan and the truth about the
files, without reading any, and compared with what it counted.
"""

import csv
import json
import os
from collections import Counter
from pathlib import Path

import mix_recorder  # noqa: F401  registers the hook
import pytest
from bad_corpus import FAULTS, make_bad_corpus
from mmengine import Config
from mmengine.runner import Runner

from avts_mm.datasets import AVPairDataset, AVPairSampler
from avts_mm.media import PrepareOptions
from avts_mm.media.annotation import read_records
from avts_mm.preparation import find_sources, prepare_corpus

ROOT = Path(__file__).resolve().parents[2]
MIX = dict(easy=1, hard=1)
BATCH = 20
LIMIT = 5.0  # s; a clip takes 10 ms

pytestmark = pytest.mark.skipif(
    not hasattr(os, 'mkfifo'), reason='needs named pipes'
)


@pytest.fixture(scope='module')
def bad(tmp_path_factory):
    return make_bad_corpus(tmp_path_factory.mktemp('bad'))


@pytest.fixture
def endless(bad):
    os.truncate(bad.endless, 2**40)
    yield bad.endless
    os.truncate(bad.endless, 1000)


@pytest.fixture
def config(bad, tmp_path):
    cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
    cfg.work_dir = str(tmp_path / 'run')
    cfg.experiment_name = tmp_path.name
    cfg.randomness = dict(seed=5)
    cfg.custom_imports = dict(imports=['avts_mm', 'mix_recorder'])
    cfg.model.video_backbone.base_channels = 2
    cfg.model.audio_backbone.channels = (2, 2, 4, 4, 4)
    cfg.model.video_neck.in_channels = 16
    cfg.model.audio_neck.in_channels = 4
    loader = cfg.train_dataloader
    loader.batch_size = BATCH
    loader.sampler.update(clips_per_video=1, round_to=4)
    cfg.model.head.all_pairs = False
    loader.dataset.update(data_root=str(bad.root), ann_file='train.csv')
    frames, sound = loader.dataset.pipeline[:2]
    frames.update(num_frames=3)
    sound.update(keep_silent=False)
    loader.dataset.pipeline[2].scale = (16, 16)
    cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.train_cfg = dict(by_epoch=True, max_epochs=1)
    cfg.default_hooks.unreadable.max_share = 0.3
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', interval=1)
    cfg.default_hooks.curriculum.stages = [dict(begin=0, mix=MIX)]
    cfg.default_hooks.progress = cfg.default_hooks.report = None
    cfg.custom_hooks = [dict(type='MixRecorder')]
    return cfg


def expected(bad) -> Counter:
    """What the first epoch meets: (path, reason) by times."""
    data = AVPairDataset(
        str(bad.train_file), [bad.check, pack], data_root=str(bad.root)
    )
    sampler = AVPairSampler(data, mix=MIX, seed=5, round_to=4)
    counts = Counter()
    for pair in sampler:
        skipped = data[pair]['data_samples'].metainfo['skipped']
        counts.update((path, reason) for path, reason, _ in skipped)
    return counts


def pack(results):
    from mmaction.structures import ActionDataSample

    return dict(data_samples=ActionDataSample())


def check(bad, work_dir: Path, ranks: int) -> None:
    """The counts and the batches of a run."""
    found, mixes = Counter(), []
    for rank in range(ranks):
        path = work_dir / f'unreadable_rank{rank}.csv'
        with open(path, newline='', encoding='utf-8') as file:
            for row in csv.DictReader(file):
                found[row['path'], row['reason']] += 1
        mixes += json.loads((work_dir / f'mix_rank{rank}.json').read_text())
    assert found == expected(bad)
    reasons = Counter()
    for (_, reason), times in found.items():
        reasons[reason] += times
    known = {f.picture or f.sound for f in FAULTS.values()} - {'timeout'}
    assert set(reasons) == known
    (log,) = work_dir.glob('*/*.log')
    *_, line = (
        x for x in log.read_text().splitlines() if 'whole training' in x
    )
    for reason, times in reasons.items():
        assert f'{times} {reason}' in line
    files = len({path for path, _ in found})
    assert f'training: {files}, met {found.total()} times' in line
    # Half positives, the rest one half each; and nothing is zeros.
    exact = {'0': BATCH // 2, '1': BATCH // 4, '2': BATCH // 4}
    assert len(mixes) == 1000 // BATCH
    assert all(mix['kinds'] == exact for mix in mixes)
    assert not any(mix['zeros'] for mix in mixes)


@pytest.mark.timeout(600)
@pytest.mark.parametrize('workers', [0, 2])
def test_training(bad, config, workers):
    config.train_dataloader.num_workers = workers
    config.train_dataloader.persistent_workers = workers > 0
    Runner.from_cfg(config).train()
    check(bad, Path(config.work_dir), 1)


@pytest.fixture
def launch(run_script, config, tmp_path):
    """Trains in two processes; gives the exit status and the output."""

    def run():
        config.train_dataloader.num_workers = 0
        config.train_dataloader.persistent_workers = False
        path = tmp_path / 'config.py'
        config.dump(path)
        modules = [ROOT / 'tests' / 'faults']
        return run_script('dist_train.sh', path, 2, modules=modules)

    return run


@pytest.mark.timeout(600)
def test_training_in_two_processes(bad, config, launch):
    status, output = launch()
    assert status == 0, output[-3000:]
    check(bad, Path(config.work_dir), 2)


@pytest.mark.timeout(600)
def test_too_many_stop_both_processes(bad, config, launch):
    """Both say why, at the same iteration, and end."""
    limits = dict(max_share=0.05, min_samples=160, interval=1)
    config.default_hooks.unreadable.update(limits)
    status, output = launch()
    assert status != 0
    assert output.count('RuntimeError: ') >= 2
    work_dir = Path(config.work_dir)
    iterations = [
        len(json.loads((work_dir / f'mix_rank{rank}.json').read_text()))
        for rank in range(2)
    ]
    assert iterations == [4, 4]
    assert 'of the last 160 samples had to be replaced' in output


def test_one_process_that_gives_up_ends_both(bad, config, launch):
    config.train_dataloader.dataset.max_failures_in_a_row = 2
    status, output = launch()
    assert status != 0
    assert '2 items in a row could not be read' in output
    assert not list(Path(config.work_dir).glob('*.pth'))


def test_a_file_that_hangs_ends_the_training(bad, config, endless, launch):
    loader = config.train_dataloader
    loader.dataset.update(ann_file='all.csv', time_limit=2.0)
    status, output = launch()
    assert status != 0
    assert 'has not ended after 2 s' in output
    assert str(endless) in output


@pytest.mark.timeout(600)
@pytest.mark.usefixtures('endless')
def test_preparation(bad, tmp_path):
    names = [record['video'] for record in read_records(str(bad.ann_file))]
    listed = tmp_path / 'list.txt'
    listed.write_text(''.join(f'{bad.root / name}\n' for name in names))
    # Encoding of the sound takes most of the time.
    options = PrepareOptions(
        short_side=16, fps=5, sample_rate=8000, preset='ultrafast'
    )
    corpus = prepare_corpus(
        find_sources(list_file=str(listed)),
        str(tmp_path / 'out'),
        options,
        num_workers=2,
        time_limit=LIMIT,
    )
    assert len(corpus.records) == 900
    assert all('good' in record['source'] for record in corpus.records)
    found = {os.path.basename(s.path): why for s, why, _ in corpus.left_out}
    assert found == {n: f.prepared for n, f in bad.faults.items()}
    with open(tmp_path / 'out' / 'skipped.csv', newline='') as file:
        assert len(list(csv.DictReader(file))) == 100
