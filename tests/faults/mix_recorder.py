"""A hook that notes what the batches of a training are made of."""

import json
from collections import Counter
from pathlib import Path

from mmaction.registry import HOOKS
from mmengine.dist import get_rank
from mmengine.hooks import Hook


@HOOKS.register_module(force=True)
class MixRecorder(Hook):
    """Writes ``mix_rank<rank>.json``: of each batch the number of pairs of
    each kind, and how many of its clips are nothing but zeros."""

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.mixes = []

    def after_train_iter(
        self, runner, batch_idx, data_batch=None, outputs=None
    ) -> None:
        kinds = Counter(sample.kind for sample in data_batch['data_samples'])
        clips = data_batch['inputs'].values()
        zeros = sum(not clip.any() for part in clips for clip in part)
        self.mixes.append(dict(kinds=kinds, zeros=zeros))
        path = Path(runner.work_dir, f'mix_rank{get_rank()}.json')
        path.write_text(json.dumps(self.mixes))
