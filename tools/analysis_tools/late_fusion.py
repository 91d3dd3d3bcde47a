"""Average the scores of models that were tested apart, and judge that.

Takes what `tools/test.py CONFIG CHECKPOINT --dump FILE` has written, one file
of each model, of the same test list:

python tools/analysis_tools/late_fusion.py picture.pkl sound.pkl \
    --json late.json

The files are pickles, which can run code: give it none but your own.
"""

import argparse
import json
import sys
from pathlib import Path

import avts_mm  # noqa: F401  mmaction2 needs it in order to be imported

import numpy as np
from mmaction.evaluation import (
    get_weighted_score,
    mean_class_accuracy,
    top_k_accuracy,
)
from mmengine import load


def read_scores(path: str) -> tuple[list[np.ndarray], list[tuple]]:
    """Scores of each sample, and what tells which it is: its label, and its
    file where that was packed."""
    scores, samples = [], []
    for sample in load(path):
        score = sample.get('pred_score')
        if isinstance(score, dict):
            if len(score) > 1:
                raise ValueError(
                    f'{path}: holds the scores of {", ".join(score)}; choose '
                    'one of them in the test, by --cfg-options '
                    'model.test_cfg.modality=picture'
                )
            (score,) = score.values()
        if score is None:
            raise ValueError(f'{path}: holds no pred_score of a recognizer')
        scores.append(score.numpy())
        samples.append((int(sample['gt_label']), sample.get('filename')))
    return scores, samples


def fuse(paths: list[str], weights: list[float] | None) -> dict[str, float]:
    """Accuracies of the weighted scores, named as ``AccMetric`` does."""
    weights = weights or [1.0] * len(paths)
    if len(weights) != len(paths):
        raise ValueError(f'{len(weights)} weights for {len(paths)} files')
    scores, samples = zip(*map(read_scores, paths))
    for path, other in zip(paths[1:], samples[1:]):
        if other != samples[0]:
            raise ValueError(
                f'{path}: was tested on another list than {paths[0]}'
            )
    labels = [label for label, _ in samples[0]]
    fused = get_weighted_score(list(scores), weights)
    top1, top5 = top_k_accuracy(fused, labels, (1, 5))
    mean1 = mean_class_accuracy(fused, labels)
    measures = dict(top1=top1, top5=top5, mean1=mean1)
    return {f'acc/late_{name}': float(x) for name, x in measures.items()}


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument(
        'dumps', nargs='+', help='.pkl of tools/test.py --dump'
    )
    parser.add_argument(
        '--weights', nargs='+', type=float, help='of each (default: equal)'
    )
    parser.add_argument('--json', help='.json file for the metrics')
    args = parser.parse_args(argv)
    try:
        metrics = fuse(args.dumps, args.weights)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    text = json.dumps(metrics, indent=2)
    print(text)
    if args.json:
        path = Path(args.json)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
