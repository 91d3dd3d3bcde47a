"""Measure what start-up, plan and workers cost as the annotation grows.

python benchmarks/benchmark_growth.py configs/avts_kinetics.py \\
    --records 2000000 --json work_dirs/growth.json

The training set of the config is built on a synthetic annotation file; no
video is opened.
"""

import argparse
import gc
import multiprocessing
import re
import resource
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

from avts_mm.compat import find_config, read_config

from figures import write_json
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

BATCHES = 500  # drawn before the memory of the workers is read
ROWS = (
    ('records used', 'records', ',d'),
    ('start-up, s', 'startup_seconds', '.2f'),
    ('start-up, CPU s', 'startup_cpu_seconds', '.2f'),
    ('plan of an epoch, CPU s', 'plan_cpu_seconds', '.2f'),
    ('first batch, s', 'first_batch_seconds', '.2f'),
    ('Python objects made', 'python_objects', ',d'),
    ('memory of the records, MB', 'table_mb', '.0f'),
    ('main process, peak MB', 'main_peak_mb', '.0f'),
    ('largest worker, private MB', 'worker_private_mb', '.0f'),
)


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Cost of a large annotation file.'
    )
    parser.add_argument('config', help='path or name of the config')
    parser.add_argument(
        '--records', type=int, default=2_000_000, help='default: 2 million'
    )
    parser.add_argument(
        '--workers', type=int, default=4, help='worker processes; default: 4'
    )
    parser.add_argument(
        '--corpora', type=int, default=1, help='files to spread them over'
    )
    parser.add_argument('--json', type=Path, help='also write the figures')
    args = parser.parse_args(argv)
    try:
        args.config = find_config(args.config)
    except FileNotFoundError as error:
        sys.exit(str(error))
    if not Path('/proc/self/smaps_rollup').exists():
        sys.exit('the memory of processes is read from /proc: Linux only')
    return args


def write_annotation(path, records):
    """Write records named like those of Kinetics, a few of them unusable.

    One in a hundred is without sound and one in a hundred is half a second
    long, so that leaving records out is part of what is measured.
    """
    with open(path, 'w', encoding='utf-8') as file:
        file.write('video,audio,start,duration,label,prepared_bytes\n')
        for i in range(records):
            stem = f'class_{i % 400:03d}/{i:011d}_000000_000010'
            audio = '' if i % 100 == 1 else f'audio/{stem}.wav'
            seconds = 0.5 if i % 100 == 2 else 9 + i % 1000 / 1000
            file.write(
                f'video/{stem}.mp4,{audio},0.0,{seconds:.6f},{i % 400},'
                f'{500_000 + i % 99_991}\n'
            )


def memory(kind, pid='self'):
    """Megabytes of a process, e.g. ``'Rss'`` or ``'Private_Dirty'``."""
    text = Path(f'/proc/{pid}/smaps_rollup').read_text()
    return int(re.search(rf'^{kind}:\s*(\d+) kB', text, re.M)[1]) / 1024


def measure(config, ann_files, workers):
    """Start up, plan and draw batches on annotation files.

    Returns:
        dict: Seconds, megabytes and numbers of Python objects.
    """
    cfg = read_config(config)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    # As in training: forked workers share the records, spawned ones copy.
    set_multi_processing(**cfg.get('env_cfg', {}).get('mp_cfg', {}))
    loader_cfg = cfg.train_dataloader
    loader_cfg.dataset.update(
        ann_file=ann_files,
        data_root=[f'/corpus_{i}' for i in range(len(ann_files))],
        pipeline=[],
    )
    # Samples without pictures, which only this one takes.
    loader_cfg.collate_fn = dict(type='pseudo_collate')
    loader_cfg.update(num_workers=workers, persistent_workers=workers > 0)
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), memory('Rss')
    begin, cpu = time.perf_counter(), time.process_time()
    loader = Runner.build_dataloader(loader_cfg, seed=0)
    # mmengine's BaseDataset may be lazy; the length needs all of it.
    figures = dict(
        records=len(loader.dataset),
        startup_seconds=time.perf_counter() - begin,
        startup_cpu_seconds=time.process_time() - cpu,
    )
    gc.collect()
    figures.update(
        python_objects=sys.getallocatedblocks() - blocks,
        table_mb=memory('Rss') - resident,
    )
    sampler = loader.sampler
    if hasattr(sampler, 'plan'):
        begin = time.process_time()
        figures['plan_pairs'] = len(sampler.plan().video)
        figures['plan_cpu_seconds'] = time.process_time() - begin
    begin = time.perf_counter()
    iterator = iter(loader)
    next(iterator)
    figures['first_batch_seconds'] = time.perf_counter() - begin
    for _ in islice(iterator, BATCHES):
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    private = [
        memory('Private_Clean', p.pid) + memory('Private_Dirty', p.pid)
        for p in multiprocessing.active_children()
    ]
    figures.update(
        main_peak_mb=peak,
        workers=len(private),
        worker_private_mb=max(private, default=0.0),
    )
    return figures


def main(argv=None):
    args = parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        paths = [f'{folder}/{i}.csv' for i in range(args.corpora)]
        for path in paths:
            write_annotation(path, args.records // args.corpora)
        figures = measure(args.config, paths, args.workers)
    for text, key, form in ROWS:
        if key in figures:
            print(f'{text:34}{figures[key]:>14{form}}')
    write_json(args.json, dict(config=args.config, **figures))


if __name__ == '__main__':
    main()
