"""Runs that differ in their seed alone, taken together."""

import shlex
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .runs import Run

# What of a config decides the result, what to mention first in front.
_DECISIVE = (
    'load_from',
    'model',
    'train_dataloader',
    'train_cfg',
    'optim_wrapper',
    'val_dataloader',
    'val_cfg',
    'custom_hooks',
    'param_scheduler',
)
_REPORTING = ('SyncReportHook', 'ProgressBarHook')
# Last parts of names that do not: where data lie, how they are loaded.
# Which labels are kept (share_seed) is part of the repetition.
_INCIDENTAL = (
    'data_root',
    'num_workers',
    'persistent_workers',
    'pin_memory',
    'share_seed',
)
# Of weights it counts whether there are any: each seed has its own.
_LOADED = ('checkpoint', 'load_from')
# Options that name a repetition or a file, with their value.
_REPEATED = ('--seed', '--work-dir', '--json', '--out', '--checkpoint')
_WEIGHTS = ('.pth', '.pt', '.safetensors', '.npz', '.parquet')


# Settings that a name may hold.
_MENTIONED = 2


class Summary(NamedTuple):
    """One measure of a group.

    Attributes:
        mean (float): Over the runs.
        spread (float, optional): Deviation of a sample, over the runs, or
            over the parts of the only one.
        of (str): What it was taken over, such as ``'3 seeds'``.
        interval (tuple[float, float], optional): Confidence interval, of a
            single run.
    """

    mean: float
    spread: float | None = None
    of: str = ''
    interval: tuple[float, float] | None = None

    def text(
        self, scale: float = 100, digits: int = 1, of: bool = True
    ) -> str:
        """As text, in percent unless said."""
        text = f'{self.mean * scale:.{digits}f}'
        if self.spread is not None:
            text += f' ± {self.spread * scale:.{digits}f}'
            text += f' ({self.of})' if of else ''
        elif self.interval:
            low, high = (f'{v * scale:.{digits}f}' for v in self.interval)
            text += f' ({low}–{high})'
        return text


@dataclass
class Group:
    """Runs that differ in their seed alone.

    Attributes:
        runs (list[Run]): At least one, by seed.
        name (str): Its config, or its task, and how it differs from others
            of the same.
    """

    runs: list[Run]
    name: str

    @property
    def facts(self) -> dict[str, Any]:
        return self.runs[0].facts

    @property
    def command(self) -> str:
        """That of the first run that has recorded it."""
        recorded = [run for run in self.runs if run.result.get('command')]
        return (recorded or self.runs[-1:])[0].command

    def summary(self, measure: str) -> Summary | None:
        """Mean and deviation of a measure; None if no run has it."""
        runs = [run for run in self.runs if measure in run.measures]
        if not runs:
            return None
        values = [run.measures[measure] for run in runs]
        if len(runs) > 1:
            seeds = {run.seed for run in runs}
            of = 'seeds' if len(seeds) == len(runs) else 'runs'
            mean = statistics.fmean(values)
            between = statistics.stdev(values)
            return Summary(mean, between, f'{len(runs)} {of}')
        (run,) = runs
        parts = list(run.parts.values())
        spread = run.measures.get(f'{measure}_std')
        baseline, _, name = measure.rpartition('/')
        if name == 'accuracy' and len(parts) > 1:
            about = (run.result.get('baselines') or {}).get(baseline, {})
            if about.get('seeds'):
                of = f'{len(about["seeds"])} seeds'
            else:
                kinds = {part.rstrip('0123456789_') for part in run.parts}
                kind = kinds.pop() if len(kinds) == 1 else 'part'
                of = f'{len(parts)} {kind}s'
            if spread is None and not baseline:
                spread = statistics.stdev(parts)
            return Summary(values[0], spread, of)
        interval = (run.result.get('intervals') or {}).get(measure)
        return Summary(
            values[0], interval=tuple(interval) if interval else None
        )

    def extent(self) -> str:
        """Epochs and seeds."""
        texts = []
        epochs = {r.result.get('epochs') for r in self.runs} - {None}
        if epochs:
            texts.append(f'{_listed(epochs)} epochs')
        iterations = {r.result.get('iterations') for r in self.runs} - {None}
        if iterations:
            texts.append(f'{_listed(iterations)} iterations')
        seeds = {run.seed for run in self.runs} - {None}
        if seeds:
            texts.append(f'seed{"s" * (len(seeds) > 1)} {_listed(seeds)}')
        if len(self.runs) > max(len(seeds), 1):
            texts.append(f'{len(self.runs)} runs')
        return ', '.join(texts)


def _listed(values) -> str:
    return ', '.join(str(value) for value in sorted(values))


def group_runs(runs: Sequence[Run]) -> list[Group]:
    """Put runs together that differ in their seed alone.

    Synchronisation runs are compared by their configs, others by what their
    results say of them and by their command lines.
    """
    found: dict[frozenset, list[Run]] = {}
    names: dict[frozenset, str] = {}
    for run in runs:
        name, setting = _identity(run)
        key = frozenset(setting.items())
        found.setdefault(key, []).append(run)
        names[key] = min(names.get(key, name), name)
    groups = []
    for key, members in found.items():
        alike = [other for other in found if names[other] == names[key]]
        mentioned = _to_mention(key, {o: found[o] for o in alike})
        name = names[key] + _mention(dict(key), mentioned)
        members.sort(key=lambda run: (run.seed is None, run.seed or 0))
        groups.append(Group(members, name))
    return sorted(groups, key=lambda group: group.name)


def _identity(run: Run) -> tuple[str, dict[str, str]]:
    """A name, and settings that tell runs of that name apart."""
    if run.logged or run.facts['task'] == 'synchronisation':
        name = Path(run.config_name or run.result.get('config') or '?').stem
        if run.config:
            data = {'dataset': run.facts['dataset']}
            return name, {**_flat_config(run.config), **data}
        command = _timeless(run.result.get('command'))
        return name, {'name': name, 'command': command}
    result = run.result
    start = run.result.get('pretraining') or 'no pretraining'
    words = [run.facts['task'].replace('_', ' '), result.get('model'), start]
    settings = {
        key: str(value)
        for key, value in _flatten(result.get('settings') or {})
    }
    for place, word in enumerate(_timeless(result.get('command')).split()):
        settings[f'word {place}'] = word
    for key in ('dataset', 'method', 'source'):
        settings[key] = run.facts[key]
    settings['epochs'] = str(result.get('epochs'))
    name = ', '.join(str(word) for word in words if word)
    return name, {'name': name, **settings}


def _timeless(command: str | None) -> str:
    """A command line without what repetitions differ in."""
    try:
        words = shlex.split(command or '')
    except ValueError:
        words = (command or '').split()
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word in _REPEATED:
            skip = True
        elif not word.startswith(
            tuple(f'{option}=' for option in _REPEATED)
        ) and not word.endswith(_WEIGHTS):
            kept.append(word)
    return ' '.join(kept)


def _flat_config(config: Mapping) -> dict[str, str]:
    decisive = {key: config[key] for key in _DECISIVE if config.get(key)}
    decisive['custom_hooks'] = [
        hook
        for hook in config.get('custom_hooks') or ()
        if hook.get('type') not in _REPORTING
    ]
    return {
        key: 'given' if key.endswith(_LOADED) and value else str(value)
        for key, value in _flatten(decisive)
        if key.rpartition('.')[2] not in _INCIDENTAL
    }


def _flatten(value: Any, prefix: str = '') -> list[tuple[str, Any]]:
    if isinstance(value, Mapping):
        entries = list(value.items())
    elif isinstance(value, (list, tuple)) and any(
        isinstance(entry, (Mapping, list, tuple)) for entry in value
    ):
        entries = list(enumerate(value))
    else:
        return [(prefix, value)]
    flat = []
    for key, entry in entries:
        flat += _flatten(entry, f'{prefix}.{key}' if prefix else str(key))
    return flat


def _to_mention(key: frozenset, alike: Mapping[frozenset, list]) -> list[str]:
    """The settings that tell a group from others of the same name.

    What most runs have in common needs no mention, unless that is all there
    is to tell, or all others differ in how much they are trained on.
    """
    usual = max(alike, key=lambda other: len(alike[other]))
    varying = _varying([dict(other) for other in alike])
    if len(varying) <= _MENTIONED:
        return varying
    if key != usual:
        return _varying([dict(key), dict(usual)])
    others = [dict(other) for other in alike if other != usual]
    return [
        name
        for name in varying
        if name.startswith(('train_dataloader', 'train_cfg'))
        and all(dict(key).get(name) != other.get(name) for other in others)
    ]


def _varying(settings: Sequence[Mapping]) -> list[str]:
    """Keys that differ, but for those of hooks.

    Their mixes of negatives have a column of their own.
    """
    keys = {key for setting in settings for key in setting}

    def rank(key: str) -> tuple[int, str]:
        section = key.partition('.')[0]
        known = section in _DECISIVE
        return (_DECISIVE.index(section) if known else -1, key)

    return [
        key
        for key in sorted(keys, key=rank)
        if len({setting.get(key) for setting in settings}) > 1
        and not key.startswith('custom_hooks')
    ]


def _mention(settings: Mapping, keys: Sequence[str]) -> str:
    """Some settings in brackets, shortened."""
    texts = []
    for key in keys:
        value = settings.get(key, 'none')
        if not key.startswith('word '):
            texts.append(f'{".".join(key.split(".")[-2:])}={value}')
        elif value != 'none':
            texts.append(value)
    if not texts:
        return ''
    more = len(texts) - _MENTIONED
    ending = f', {more} more' if more > 0 else ''
    return f' ({", ".join(texts[:_MENTIONED])}{ending})'
