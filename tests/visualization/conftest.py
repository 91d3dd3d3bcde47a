"""Logs of trainings that never were."""

import json

import pytest


@pytest.fixture
def write_run():
    def write(folder, epochs, loss=1.0, prefix='sync/', **extra):
        """A log of two losses an epoch, and a validation after each."""
        (folder / 'vis_data').mkdir(parents=True)
        lines = []
        for epoch in epochs:
            for step in (10, 20):
                step += epoch * 20
                log = dict(loss=loss, lr=0.1 ** (1 + epoch // 2))
                lines.append(dict(log, epoch=epoch + 1, iter=step, step=step))
            results = {
                f'{prefix}easy/accuracy': 0.7,
                f'{prefix}easy/auc': 0.8,
                f'{prefix}hard/auc': 0.5 + 0.01 * epoch,
                f'{prefix}within_video': 0.6,
                f'{prefix}auc': 0.1,
            }
            lines.append({**results, **extra, 'step': epoch + 1})
        text = '\n'.join(map(json.dumps, lines))
        (folder / 'vis_data' / 'scalars.json').write_text(text)

    return write
