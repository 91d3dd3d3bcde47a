"""Finished work directories, and what is known about each."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from .config_dump import read_config
from .logs import TIMESTAMP, log_folders, read_logged_result

_SYNC_MEASURES = ('accuracy', 'auc')


class Broken(NamedTuple):
    """A work directory that cannot be reported, and why."""

    folder: Path
    reason: str


@dataclass
class Run:
    """A finished run.

    Attributes:
        folder (Path): Its work directory.
        result (dict): What is in ``result.json``, or what the logs say.
        config (dict): The config that mmengine has left there; empty if
            there is none.
        config_name (str): Name of that config.
        logged (bool): Whether the result is of the logs.
    """

    folder: Path
    result: dict
    config: dict = field(default_factory=dict)
    config_name: str = ''
    logged: bool = False

    @cached_property
    def measures(self) -> dict[str, float]:
        """Measures by name, such as ``easy/auc`` or ``accuracy``."""
        if self.facts['task'] != 'synchronisation':
            found = dict(self.result['metrics'])
            for name, other in (self.result.get('baselines') or {}).items():
                found[f'{name}/accuracy'] = other.get('accuracy')
                found[f'{name}/accuracy_std'] = other.get('accuracy_std')
            return _numbers(found)
        found = {
            f'{kind}/{measure}': self.result[kind].get(measure)
            for kind in ('easy', 'hard', 'super_hard')
            for measure in _SYNC_MEASURES
            if isinstance(self.result.get(kind), Mapping)
        }
        found['within_video'] = self.result.get('within_video')
        return _numbers(found)

    @cached_property
    def parts(self) -> dict[str, float]:
        """Accuracy by split or fold."""
        return _numbers(self.result.get('parts') or {})

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What decides which row of which table it belongs to.

        ``task``, ``dataset`` (as ``'esc50'``), ``data`` (as it was written),
        ``model``, ``method``
        (``'avts'``, ``'l3net'``, ``'cross-entropy'``), ``start``
        (``'scratch'``, ``'avts'``, ``'supervised'``, ...), ``source`` (what
        AVTS was pretrained on) and ``mix`` (of negatives, over the training).
        """
        if 'task' not in self.result and 'easy' in self.result:
            task = 'synchronisation'  # written before there were others
        else:
            task = self.result['task']
        data = self.result.get('dataset') or _data_root(self.config)
        facts = dict(task=task, data=data, dataset=_dataset(data))
        if task == 'synchronisation':
            facts['method'] = _method(self.config)
            facts['mix'] = _mix(self.config)
            return facts
        words = ' '.join(
            str(self.result.get(key) or '')
            for key in ('pretraining', 'checkpoint', 'model', 'config')
        ).lower()
        facts['model'] = str(self.result.get('model') or '').lower()
        facts['start'] = _start(self.result.get('pretraining'))
        facts['method'] = 'l3net' if 'l3net' in words else 'avts'
        facts['source'] = _source(words) if facts['start'] == 'avts' else ''
        if facts['method'] == 'l3net' and facts['start'] == 'avts':
            facts['start'] = 'l3net'
        return facts

    @property
    def seed(self) -> int | None:
        return self.result.get('seed')

    @property
    def command(self) -> str:
        """The command line in backticks, or what is known of it."""
        if self.result.get('command'):
            return f'`{self.result["command"]}`'
        name = self.result.get('config') or self.config_name
        return f'{name}, command not recorded' if name else 'not recorded'


def collect_runs(
    folders: Sequence[str | os.PathLike],
) -> tuple[list[Run], list[Broken]]:
    """Search folders for finished runs.

    A folder with a ``result.json`` is a run, and so is one with logs that
    reach the end of a training. What lies below the former belongs to it.

    Args:
        folders (Sequence[str]): Work directories, or folders of them.

    Returns:
        tuple[list[Run], list[Broken]]: In the order of their paths.

    Raises:
        FileNotFoundError: A folder does not exist.
    """
    runs, broken, seen = [], [], set()
    for top in map(Path, folders):
        if not top.is_dir():
            raise FileNotFoundError(
                f'{top}: no such folder; name work directories, or a folder '
                'that holds them'
            )
        for folder, inside, files in os.walk(top):
            inside[:] = sorted(
                name for name in inside if not TIMESTAMP.fullmatch(name)
            )
            path = Path(folder)
            place = path.resolve()
            if place in seen:
                inside.clear()
                continue
            if 'result.json' not in files and not log_folders(path):
                continue
            seen.add(place)
            try:
                runs.append(read_run(path))
            except ValueError as error:
                broken.append(Broken(path, str(error)))
            if 'result.json' in files:
                # Parts, such as splits; but a folder may hold whole runs.
                below = _with_results(path)
                inside[:] = [name for name in inside if name in below]
    return runs, broken


def _with_results(path: Path) -> set[str]:
    """Names of folders in it that hold a ``result.json`` somewhere."""
    return {
        found.relative_to(path).parts[0]
        for found in path.glob('*/**/result.json')
    }


def read_run(folder: Path) -> Run:
    """Read one work directory.

    Raises:
        ValueError: It is not finished, or what it holds is not what it
            should be.
    """
    configs = sorted(
        folder.glob('*.py'), key=lambda p: (p.stat().st_mtime, p.name)
    )
    config, name = {}, ''
    if configs:
        name = configs[-1].name
        config = read_config(configs[-1])
    path = folder / 'result.json'
    if path.is_file():
        run = Run(folder, _read_json(path), config, name)
    else:
        result = read_logged_result(folder, config)
        run = Run(folder, result, config, name, logged=True)
    try:
        run.facts, run.measures, run.parts  # noqa: B018
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f'the result is incomplete: {error!r}') from error
    if not run.measures:
        raise ValueError('the result holds no figure: nothing was validated')
    return run


def _read_json(path: Path) -> dict:
    try:
        result = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ValueError(f'{path.name} cannot be read: {error}') from error
    if not isinstance(result, dict) or not (
        isinstance(result.get('easy'), dict)
        or isinstance(result.get('metrics'), dict)
    ):
        raise ValueError(f'{path.name} holds neither easy nor metrics')
    return result


def _numbers(values: Mapping) -> dict[str, float]:
    return {
        name: float(value)
        for name, value in values.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }


def _dataset(name: str | None) -> str:
    """``'ESC-50'`` and ``'esc50'`` are the same, and so are Kinetics'."""
    name = re.sub(r'[^a-z0-9]', '', (name or '').lower())
    return 'kinetics' if name.startswith('kinetics') else name


def _data_root(config: Mapping) -> str:
    loader = config.get('val_dataloader') or config.get('train_dataloader')
    root = ((loader or {}).get('dataset') or {}).get('data_root') or ''
    return Path(root).name


def _method(config: Mapping) -> str:
    model = config.get('model') or {}
    if (model.get('video_backbone') or {}).get('type') == 'L3VGG':
        return 'l3net'
    head = (model.get('head') or {}).get('type')
    return 'cross-entropy' if head == 'FusionHead' else 'avts'


def _mix(config: Mapping) -> str:
    """Negatives over the training, such as ``easy, then hard``."""
    for hook in config.get('custom_hooks') or ():
        if hook.get('type') == 'CurriculumHook':
            mixes = [stage['mix'] for stage in hook['stages']]
            break
    else:
        loader = config.get('train_dataloader') or {}
        mixes = [(loader.get('sampler') or {}).get('mix') or {}]
    texts: list[str] = []
    for mix in mixes:
        used = {kind: share for kind, share in mix.items() if share}
        text = ' : '.join(used).replace('_', '-')
        if len(used) > 1:
            text += ' = ' + ' : '.join(f'{v:g}' for v in used.values())
        if not texts or texts[-1] != text:
            texts.append(text)
    return ', then '.join(texts)


def _start(pretraining: str | None) -> str:
    word = (pretraining or '').lower()
    for start in ('avts', 'l3net', 'supervised'):
        if start in word:
            return start
    return 'scratch' if word in ('', 'none', 'scratch') else word


def _source(words: str) -> str:
    for source in ('kinetics', 'audioset', 'soundnet'):
        if source in words:
            return source
    # The authors' checkpoints end so.
    return 'audioset' if re.search(r'_as\b', words) else ''
