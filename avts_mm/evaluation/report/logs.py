"""Results of finished trainings that have left no ``result.json``."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

# Folders that mmengine's Runner makes for its logs.
TIMESTAMP = re.compile(r'\d{8}_\d{6}')
_SYNC = re.compile(r'(?:^|/)(easy|hard|super_hard)/(accuracy|auc)$')


def log_folders(path: Path) -> list[Path]:
    """Folders of logs in a work directory, by time."""
    return sorted(
        entry
        for entry in path.iterdir()
        if TIMESTAMP.fullmatch(entry.name) and entry.is_dir()
    )


def read_logged_result(folder: Path, config: Mapping) -> dict:
    """The last validation, in the form of a ``result.json``.

    Raises:
        ValueError: The training has not reached its end, or what it
            validated is not known here.
    """
    loop = config.get('train_cfg') or {}
    end = loop.get('max_epochs') or loop.get('max_iters')
    if not end:
        raise ValueError('no result.json, and no training')
    counted = 'epochs' if loop.get('max_epochs') else 'iterations'
    step, values = _last_validation(folder, counted)
    if step is None:
        raise ValueError(f'not finished: no validation logged (of {end})')
    if step < end:
        raise ValueError(f'not finished: last validation at {step} of {end}')
    about = {
        'seed': (config.get('randomness') or {}).get('seed'),
        'epochs': None,
        counted: end,
    }
    if 'acc/top1' in values:
        return {**_recognition(config, values), **about}
    found: dict = {}
    for name, value in values.items():
        if match := _SYNC.search(name):
            found.setdefault(match[1], {})[match[2]] = value
        elif name.endswith('/within_video') and 'super' not in name:
            found['within_video'] = value
    if 'easy' not in found and 'hard' not in found:
        raise ValueError(
            'no result.json, and neither accuracy nor synchronisation in '
            'its logs'
        )
    return {'task': 'synchronisation', **found, **about}


def _recognition(config: Mapping, values: Mapping) -> dict:
    backbone = (config.get('model') or {}).get('backbone') or {}
    init = backbone.get('init_cfg')
    checkpoint = config.get('load_from')
    if not checkpoint and isinstance(init, Mapping):
        checkpoint = init.get('checkpoint')
    return {
        'task': 'action_recognition',
        'dataset': config.get('dataset_name'),
        'model': (
            backbone.get('variant') or backbone.get('type') or ''
        ).upper(),
        'pretraining': config.get('pretraining'),
        'checkpoint': checkpoint,
        'metrics': {'accuracy': values['acc/top1']},
    }


def _last_validation(folder: Path, counted: str) -> tuple[int | None, dict]:
    """Its epoch or iteration, and its values."""
    for logs in reversed(log_folders(folder)):
        path = logs / 'vis_data' / 'scalars.json'
        if not path.is_file():
            continue
        values, passed = None, 0
        for line in path.read_text(encoding='utf-8').splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # cut off when the run was killed
                continue
            if 'loss' in entry:
                passed = entry.get('iter', passed)
            elif 'step' in entry and not _is_warning(entry):
                values = entry
                # Without epochs, mmengine says 0.
                step = entry['step'] if counted == 'epochs' else passed
        if values is not None:
            return int(step), values
    return None, {}


def _is_warning(entry: Mapping) -> bool:
    """Whether HealthHook has written it, at any moment."""
    return any(key.startswith('warning/') for key in entry)
