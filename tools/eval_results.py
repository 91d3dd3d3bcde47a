"""What the evaluation tools share: options, tables and files of results."""

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from mmengine.config import DictAction
from rich import box
from rich.table import Table


def add_result_arguments(parser, folder: str = '') -> None:
    """Options of the result; ``folder`` is where it goes by itself."""
    default = f' (default {folder})' if folder else ''
    parser.add_argument(
        '--work-dir', type=Path, help=f'folder for result.json{default}'
    )
    parser.add_argument('--json', type=Path, help='the result here, too')
    parser.add_argument(
        '--pretraining',
        help='how the weights came about, for the result (default avts)',
    )


def add_model_arguments(parser, pool=argparse.SUPPRESS) -> None:
    """Options of a network whose features are taken."""
    parser.add_argument(
        '--pool',
        type=_pool,
        default=pool,
        help='over the axes after the channels: mean (the default), max, none '
        '(flatten), or the grid of maxima to keep, such as 4 or 2x3',
    )
    parser.add_argument(
        '--device',
        default='cuda' if torch.cuda.is_available() else 'cpu',
        help='such as cuda:1 (default: a GPU if there is one)',
    )
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        help='settings of the config to override, as key=value',
    )


def _pool(text: str) -> str | int | tuple[int, ...] | None:
    """``'none'`` to None, ``'4'`` and ``'2x3'`` to numbers."""
    if text in ('mean', 'max'):
        return text
    if text == 'none':
        return None
    try:
        sizes = tuple(int(size) for size in text.split('x'))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f'mean, max, none or a grid such as 3x4, not {text}'
        ) from None
    return sizes[0] if len(sizes) == 1 else sizes


def percent(value: float | None, *interval: float, scale: float = 100) -> str:
    """A share in percent, and its interval in brackets."""
    text = '-' if value is None else f'{scale * value:.1f}'
    if interval:
        text += ' ({}–{})'.format(*(f'{scale * v:.1f}' for v in interval))
    return text


def table_of(
    title: str, caption: str, columns: Sequence[str], rows: Iterable
) -> Table:
    """Rows of texts, the first of which is a name."""
    table = Table(
        title=title,
        title_justify='left',
        caption=caption,
        caption_justify='left',
        box=box.SIMPLE_HEAD,
    )
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify='right', no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def write_result(result: dict, folder: Path | None, copy: Path | None) -> None:
    """Write ``result.json`` and its copy."""
    for path in filter(None, (folder and folder / 'result.json', copy)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=2) + '\n', encoding='utf-8')
        print(f'result: {path}')
