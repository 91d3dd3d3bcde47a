"""Finished work directories, and those alike taken together."""

import json
import os
import re
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path

from avts_mm.compat import read_config

SYNC = 'synchronisation'
# What of a config decides the result.
_DECISIVE = (
    *('load_from', 'model', 'train_dataloader', 'train_cfg', 'optim_wrapper'),
    *('val_dataloader', 'val_cfg', 'param_scheduler', 'hooks'),
)
_REPORTING = 'Report|Progress|Info|Timer|Logger|Checkpoint|Seed|Health|Param'
# But not where data lie, how they are loaded, and which labels are kept.
INCIDENTAL = (
    r'\.(?:data_root|num_workers|persistent_workers|pin_memory|share_seed)$'
)
# Options that name a repetition or a file.
_REPEATED = ('--seed', '--work-dir', '--json', '--out', '--checkpoint')
_WEIGHTS = ('.pth', '.pt', '.safetensors', '.npz', '.parquet')


def collect_runs(folders: Iterable[Path]) -> tuple[list[dict], dict]:
    """Search folders for finished runs.

    A folder with a ``result.json`` is a run. One with logs alone is named
    among the others, unless it lies below a run.

    Returns:
        tuple[list[dict], dict[Path, str]]: The runs (:func:`read_run`), and
        folders that could not be read, with the reason.

    Raises:
        FileNotFoundError: A folder does not exist.
    """
    found: dict[Path, Path] = {}
    for top in folders:
        if not top.is_dir():
            raise FileNotFoundError(
                f'{top}: no such folder; name work directories, or a folder '
                'that holds them'
            )
        finished = {path.parent for path in top.rglob('result.json')}
        # Folders of mmengine's logs are named by time.
        logged = {path.parent for path in top.rglob('????????_??????')}
        logged = {path for path in logged if not finished & {*path.parents}}
        found |= {path.resolve(): path for path in sorted(finished | logged)}
    runs, broken = [], {}
    for path in found.values():
        try:
            runs.append(read_run(path))
        except ValueError as error:
            broken[path] = str(error)
        except (AttributeError, KeyError, TypeError) as error:
            broken[path] = f'the result is incomplete: {error!r}'
    return runs, broken


def read_run(folder: Path) -> dict:
    """What is known about one work directory.

    Returns:
        dict: What decides which row of which table it belongs to: ``task``,
        ``dataset`` (as ``'esc50'``), ``model``, ``method`` (``'avts'``,
        ``'l3net'``, ``'cross-entropy'``), ``start`` (``'scratch'``,
        ``'avts'``, ``'supervised'``, ...), ``source`` (what AVTS was
        pretrained on) and ``mix`` (of negatives, over the training).
        ``name`` and ``settings`` tell it apart from others.

    Raises:
        ValueError: It is not finished, or what it holds is not what it
            should be.
    """
    path = max(folder.glob('*.py'), key=os.path.getmtime, default=None)
    config: Mapping = read_config(str(path)) if path else {}
    result = _read_json(folder)
    if 'easy' in result:
        result.setdefault('task', SYNC)
    loader = config.get('val_dataloader') or {}
    root = (loader.get('dataset') or {}).get('data_root') or ''
    data = result.get('dataset') or Path(root).name
    # 'ESC-50' and 'esc50' are the same, and so are Kinetics 400 and 600.
    dataset = re.sub(r'[^a-z0-9]|(?<=kinetics).*', '', data.lower())
    run = dict(task=result['task'], data=data, dataset=dataset)
    file = result.get('config') or (path.name if path else 'config')
    if run['task'] == SYNC:
        run |= dict(name=Path(path or file).stem, **_training(config))
    else:
        run |= _weights(result)
        start = result.get('pretraining') or 'no pretraining'
        words = run['task'].replace('_', ' '), result.get('model'), start
        run['name'] = ', '.join(str(word) for word in words if word)
    keys = ('task', 'dataset', 'model', 'method', 'start', 'source')
    run['settings'] = {key: run.get(key) for key in keys}
    if run['task'] == SYNC and config:
        run['settings'] |= _decisive(config)
    else:
        run['settings'] |= _options(result.get('command'))
        run['settings']['epochs'] = result.get('epochs')
    run |= {key: result.get(key) for key in ('seed', 'epochs', 'iterations')}
    command = result.get('command')
    unknown = f'{file}, command not recorded'
    run['command'] = f'`{command}`' if command else unknown
    run['figures'] = list(_figures(result))
    if not run['figures']:
        raise ValueError('the result holds no figure: nothing was validated')
    return run


def _read_json(folder: Path) -> dict:
    path = folder / 'result.json'
    if not path.is_file():
        raise ValueError('no result.json: not finished, or not evaluated')
    try:
        result = json.loads(path.read_text('utf-8'))
    except ValueError as error:
        raise ValueError(f'result.json cannot be read: {error}') from error
    if not isinstance(result, dict) or not {'easy', 'metrics'} & set(result):
        raise ValueError('result.json holds neither easy nor metrics')
    return result


def _figures(result: Mapping) -> Iterable[dict]:
    """Measures with the deviation or the interval that a single run has."""
    parts = list((result.get('parts') or {}).values())
    kinds = {part.rstrip('0123456789_') for part in result.get('parts') or {}}
    of = f'{len(parts)} {kinds.pop() if len(kinds) == 1 else "part"}s'
    intervals = result.get('intervals') or {}
    values = {
        f'{kind}/{measure}': (result.get(kind) or {}).get(measure)
        for kind in ('easy', 'hard', 'super_hard')
        for measure in ('accuracy', 'auc')
    }
    values['within_video'] = result.get('within_video')
    values |= result.get('metrics') or {}
    deviation = statistics.stdev(parts) if len(parts) > 1 else None
    spread = values.pop('accuracy_std', None) or deviation
    spreads = {'accuracy': (spread, of)}
    for name, other in (result.get('baselines') or {}).items():
        values[f'{name}/accuracy'] = other['accuracy']
        seeds = other.get('seeds')
        about = f'{len(seeds)} seeds' if seeds else of
        spreads[f'{name}/accuracy'] = other.get('accuracy_std'), about
    for measure, value in values.items():
        if isinstance(value, (int, float)):
            spread, of = spreads.get(measure, (None, ''))
            low, high = intervals.get(measure) or (None, None)
            figure = dict(measure=measure, value=value, spread=spread, of=of)
            yield dict(figure, low=low, high=high)


def _training(config: Mapping) -> dict[str, str]:
    """Method, and negatives over the training: ``easy, then hard``."""
    model = config.get('model') or {}
    head = (model.get('head') or {}).get('type')
    method = 'cross-entropy' if head == 'FusionHead' else 'avts'
    if (model.get('video_backbone') or {}).get('type') == 'L3VGG':
        method = 'l3net'
    loader = config.get('train_dataloader') or {}
    mixes = [(loader.get('sampler') or {}).get('mix') or {}]
    for hook in _hooks(config):
        if hook.get('type') == 'CurriculumHook':
            mixes = [stage['mix'] for stage in hook['stages']]
    texts = []
    for mix in mixes:
        used = {kind: share for kind, share in mix.items() if share}
        text = ' : '.join(used).replace('_', '-')
        if len(used) > 1:
            text += ' = ' + ' : '.join(f'{v:g}' for v in used.values())
        texts.append(text)
    return dict(method=method, mix=', then '.join(dict.fromkeys(texts)))


def _hooks(config: Mapping) -> list[Mapping]:
    named = (config.get('default_hooks') or {}).values()
    return list(filter(None, [*(config.get('custom_hooks') or ()), *named]))


def _weights(result: Mapping) -> dict[str, str]:
    """Where the weights come from: model, method, start and source."""
    keys = ('pretraining', 'checkpoint', 'model', 'config')
    words = ' '.join(str(result.get(key) or '') for key in keys).lower()
    start = (result.get('pretraining') or 'none').lower()
    known = {'avts': 'avts', 'l3net': 'l3net', 'supervised': 'supervised'}
    known['none'] = 'scratch'
    start = next((known[word] for word in known if word in start), start)
    # The authors' checkpoints end in _as.
    found = re.search(r'kinetics|audioset|soundnet|_as\b', words)
    source = found[0].replace('_as', 'audioset') if found else ''
    method = 'l3net' if 'l3net' in words else 'avts'
    return dict(
        model=str(result.get('model') or '').lower(),
        method=method,
        start=method if start == 'avts' else start,
        source=source if start == 'avts' else '',
    )


def _decisive(config: Mapping) -> dict:
    hooks = [
        dict(hook)
        for hook in _hooks(config)
        if not re.search(_REPORTING, str(hook.get('type')))
    ]
    chosen = {key: config.get(key) for key in _DECISIVE} | dict(hooks=hooks)
    return json.loads(json.dumps(chosen, default=str))


def _options(command: str | None) -> dict[str, str]:
    """Options of a command line without what repetitions differ in."""
    options: dict[str, str] = {}
    name = 'command'
    for word in (command or '').split():
        if word.startswith('--'):
            name, _, word = word.partition('=')
        if name not in _REPEATED and not word.endswith(_WEIGHTS):
            options[name] = f'{options.get(name, "")} {word}'.strip()
    return options
