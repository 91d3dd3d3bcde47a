"""What a run, with all its resumptions, has logged."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# As LogProcessor writes them, with or without hierarchy and prefix.
_RESULT = re.compile(
    r'(?:^|/)((?:easy|hard|super_hard)/(?:accuracy|auc|eer)|within_video)$'
)


@dataclass
class History:
    """Logged values of a training over its epochs.

    Attributes:
        losses (list[tuple[float, float]]): Epochs passed, training loss since
            the last log.
        rates (list[tuple[float, float]]): Epochs passed, learning rate.
        towers (dict[str, list[tuple[float, float]]]): Epochs passed and the
            ``tower_offset`` and ``tower_spread`` that the heads log.
        results (dict[str, list[tuple[float, float]]]): For each result of a
            validation, such as ``'hard/auc'``, epochs passed and its value.
    """

    losses: list[tuple[float, float]]
    rates: list[tuple[float, float]]
    towers: dict[str, list[tuple[float, float]]]
    results: dict[str, list[tuple[float, float]]]

    def epoch_means(self) -> list[tuple[float, float]]:
        """Epochs passed and the mean training loss of the last of them."""
        epochs: dict[int, list[float]] = {}
        for passed, loss in self.losses:
            # A log at exactly 3.0 is the last of the third epoch.
            epochs.setdefault(int(passed - 1e-9) + 1, []).append(loss)
        return [
            (float(epoch), sum(losses) / len(losses))
            for epoch, losses in epochs.items()
        ]


def read_history(source: str | os.PathLike) -> History:
    """Read the logs of a training.

    A run that was resumed has written several; where they overlap, what was
    done again counts.

    Args:
        source (str): Work directory, or one ``scalars.json``.

    Raises:
        FileNotFoundError: Nothing has been logged there.
    """
    source = Path(source)
    # Folders are named by time.
    files = sorted(source.glob('*/vis_data/scalars.json'))
    train: dict[int, dict] = {}
    results: dict[float, dict[str, float]] = {}
    for file in [source] if source.is_file() else files:
        begun = False
        for log in _read(file):
            if 'loss' in log and log.get('epoch') and log.get('iter'):
                step, epoch = int(log['iter']), log['epoch']
                if not begun:
                    train = {s: v for s, v in train.items() if s < step}
                    results = {e: v for e, v in results.items() if e < epoch}
                    begun = True
                train[step] = log
                continue
            found = {
                match[1]: float(value)
                for key, value in log.items()
                if (match := _RESULT.search(key)) and value is not None
            }
            if found and 'step' in log:
                results.setdefault(float(log['step']), {}).update(found)
    if not train and not results:
        raise FileNotFoundError(
            f'no training has been logged in {source}; the visualizer needs '
            "vis_backends=[dict(type='LocalVisBackend')]"
        )
    per_epoch = max((i / log['epoch'] for i, log in train.items()), default=1)
    logs = [(i / per_epoch, log) for i, log in sorted(train.items())]
    history = History(
        [(passed, log['loss']) for passed, log in logs],
        [(passed, log['lr']) for passed, log in logs if 'lr' in log],
        {
            name: [(passed, log[name]) for passed, log in logs if name in log]
            for name in ('tower_offset', 'tower_spread')
            if any(name in log for _, log in logs)
        },
        {},
    )
    for epoch, found in sorted(results.items()):
        for name, value in found.items():
            history.results.setdefault(name, []).append((epoch, value))
    return history


def _read(file: Path) -> Iterator[dict]:
    """The lines of a log, without the prefix of training."""
    for line in file.read_text(encoding='utf-8').splitlines():
        try:
            log = json.loads(line)
        except json.JSONDecodeError:  # cut off when the run was killed
            continue
        if isinstance(log, Mapping):
            yield {key.removeprefix('train/'): v for key, v in log.items()}
