"""Measure what start-up, plan and workers cost as the annotation grows.

python benchmarks/benchmark_growth.py configs/avts_kinetics.py \\
    --records 2000000 --json work_dirs/growth.json

The training set of the config is built on a synthetic annotation file; no
video is opened. The same with a thousand records tells what does not grow.
"""

import argparse
import gc
import json
import multiprocessing
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path

import avts_mm  # noqa: F401  it registers every component

# isort: split
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing

FEW = 1000
RANKS = 4


def parse_args(argv=None):
    parser = argparse.ArgumentParser(
        description='Cost of a large annotation file.'
    )
    parser.add_argument('config', help='path of the config')
    parser.add_argument(
        '--records', type=int, default=2_000_000, help='default: 2 million'
    )
    parser.add_argument(
        '--workers', type=int, default=4, help='worker processes; default: 4'
    )
    parser.add_argument(
        '--batches',
        type=int,
        default=500,
        help='batches drawn before the memory of the workers is read; '
        'default: 500',
    )
    parser.add_argument('--json', help='file to write the figures to')
    args = parser.parse_args(argv)
    if not Path(args.config).is_file():
        sys.exit(f'{args.config}: no such config')
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


def memory(pid='self'):
    """Megabytes of a process: private, its share of all (PSS), resident."""
    figures = {}
    for line in Path(f'/proc/{pid}/smaps_rollup').read_text().splitlines():
        name, *values = line.split()
        if values[-1:] == ['kB']:
            figures[name[:-1]] = int(values[0]) / 1024
    return dict(
        private=figures['Private_Clean'] + figures['Private_Dirty'],
        pss=figures['Pss'],
        resident=figures['Rss'],
    )


def peak():
    """Greatest resident memory of this process so far, megabytes."""
    for line in Path('/proc/self/status').read_text().splitlines():
        if line.startswith('VmHWM'):
            return int(line.split()[1]) / 1024
    raise RuntimeError('/proc/self/status has no VmHWM')


def measure(config, ann_file, workers, batches):
    """Start up, plan and draw batches on an annotation file.

    Returns:
        dict: Seconds, megabytes and numbers of Python objects.
    """
    cfg = Config.fromfile(config)
    init_default_scope(cfg.get('default_scope', 'mmaction'))
    # As in training: forked workers share the records, spawned ones copy.
    set_multi_processing(**cfg.get('env_cfg', {}).get('mp_cfg', {}))
    loader_cfg = cfg.train_dataloader
    loader_cfg.dataset.update(
        ann_file=str(ann_file), data_root='', pipeline=[]
    )
    # Samples without pictures, which only this one takes.
    loader_cfg.collate_fn = dict(type='pseudo_collate')
    loader_cfg.num_workers = workers
    loader_cfg.persistent_workers = workers > 0
    gc.collect()
    blocks, resident = sys.getallocatedblocks(), memory()['resident']
    begin, cpu = time.perf_counter(), time.process_time()
    loader = Runner.build_dataloader(loader_cfg, seed=0)
    # mmengine's BaseDataset may be lazy; the length needs all of it.
    records = len(loader.dataset)
    figures = dict(
        records=records,
        startup_seconds=time.perf_counter() - begin,
        startup_cpu_seconds=time.process_time() - cpu,
    )
    gc.collect()
    figures.update(
        python_objects=sys.getallocatedblocks() - blocks,
        startup_peak_mb=peak(),
        table_mb=memory()['resident'] - resident,
    )
    if hasattr(loader.sampler, 'plan'):
        figures.update(measure_plan(loader.sampler))
    begin = time.perf_counter()
    iterator = iter(loader)
    next(iterator)
    figures['first_batch_seconds'] = time.perf_counter() - begin
    for _ in islice(iterator, batches):
        pass
    of_workers = [memory(p.pid) for p in multiprocessing.active_children()]
    figures.update(
        main_peak_mb=peak(),
        main_mb=memory(),
        workers_mb=of_workers,
    )
    del iterator, loader
    return figures


def measure_plan(sampler):
    """Draw the plan of an epoch, alone and as one of several ranks."""
    figures = {}
    alone = sampler.world_size
    for ranks in (1, RANKS):
        sampler.world_size = ranks
        cpu = time.process_time()
        plan = sampler.plan()
        name = 'plan' if ranks == 1 else f'plan_of_{ranks}_ranks'
        figures[f'{name}_cpu_seconds'] = time.process_time() - cpu
        figures[f'{name}_pairs'] = len(plan.video)
    sampler.world_size = alone
    return figures


def run(args):
    """Measure few and many records, each in a process of its own."""
    result = dict(config=args.config, cpus=os.cpu_count())
    spawn = multiprocessing.get_context('spawn')
    with tempfile.TemporaryDirectory() as folder:
        for name, records in (('few', FEW), ('many', args.records)):
            path = Path(folder) / f'{name}.csv'
            write_annotation(path, records)
            with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                result[name] = pool.submit(
                    measure, args.config, path, args.workers, args.batches
                ).result()
    few, many = result['few'], result['many']
    more = many['records'] - few['records']
    result['growth'] = dict(
        python_objects=many['python_objects'] - few['python_objects'],
        bytes_per_record=(many['table_mb'] - few['table_mb'])
        * 2**20
        / max(more, 1),
        worker_private_mb=largest(many, 'private') - largest(few, 'private'),
    )
    return result


def largest(figures, kind):
    """The greatest figure of a kind among the workers; 0 without any."""
    return max((m[kind] for m in figures['workers_mb']), default=0.0)


def rows(result):
    """Lines of the table: what, few records, many records."""
    few, many = result['few'], result['many']
    yield 'records used', few['records'], many['records'], ',d'
    names = [
        ('start-up, s', 'startup_seconds', '.2f'),
        ('start-up, CPU s', 'startup_cpu_seconds', '.2f'),
        ('plan of an epoch, CPU s', 'plan_cpu_seconds', '.2f'),
        (f'the same on each of {RANKS} ranks', None, '.2f'),
        ('first batch, s', 'first_batch_seconds', '.2f'),
        ('Python objects made', 'python_objects', ',d'),
        ('memory of the records, MB', 'table_mb', '.0f'),
        ('main process, peak MB', 'main_peak_mb', '.0f'),
    ]
    for text, key, form in names:
        key = key or f'plan_of_{RANKS}_ranks_cpu_seconds'
        if key in many:
            yield text, few[key], many[key], form
    for kind, text in (('private', 'private'), ('pss', 'with its share')):
        yield (
            f'largest worker, {text}, MB',
            largest(few, kind),
            largest(many, kind),
            '.0f',
        )


def main(argv=None):
    args = parse_args(argv)
    result = run(args)
    for text, few, many, form in rows(result):
        print(f'{text:34}{few:>12{form}}{many:>14{form}}')
    if args.json:
        path = Path(args.json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + '\n')


if __name__ == '__main__':
    main()
