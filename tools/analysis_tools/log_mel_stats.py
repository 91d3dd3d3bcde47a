"""Measure the mean and deviation of a corpus' log-mel spectrograms.

They belong into ``model.data_preprocessor.log_mel`` of the config.
"""

import argparse

from avts_mm.compat import read_config
from avts_mm.models import LogMel

import numpy as np
import torch
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from rich.progress import track


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('config', help='config of the training')
    parser.add_argument(
        '--number', type=int, default=500, help='clips to read (default 500)'
    )
    parser.add_argument('--seed', type=int, default=0)
    return parser.parse_args()


def main() -> None:
    from mmaction.registry import DATASETS

    args = parse_args()
    try:
        cfg = read_config(args.config)
    except (FileNotFoundError, ValueError) as error:
        raise SystemExit(str(error)) from None
    init_default_scope('mmaction')
    dataset_cfg = cfg.train_dataloader.dataset
    loading = [t for t in dataset_cfg.pipeline if t.type == 'LoadAVAudio']
    dataset_cfg.pipeline = []
    dataset = DATASETS.build(dataset_cfg)
    load = Compose(loading)
    options = cfg.model.data_preprocessor.get('log_mel', {})
    log_mel = LogMel(**{**options, 'mean': 0.0, 'std': 1.0})

    rng = np.random.default_rng(args.seed)
    images = []
    for _ in track(range(args.number), description='reading sound'):
        record = dataset.get_data_info(int(rng.integers(len(dataset))))
        start, duration = record['span']
        room = max(duration - dataset.timing.clip_seconds, 0)
        results = load(
            dict(
                audio_path=record['audio_path'],
                audio_start=start + rng.uniform(0, room),
                clip_seconds=dataset.timing.clip_seconds,
            )
        )
        images.append(log_mel(torch.from_numpy(results['audio'])[None]))
    std, mean = torch.std_mean(torch.stack(images).double(), correction=0)
    print(f'log_mel=dict(mean={mean:.2f}, std={std:.2f})')


if __name__ == '__main__':
    main()
