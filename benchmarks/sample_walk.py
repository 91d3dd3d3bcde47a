"""The way of one training sample: which of our files it passes.

    python benchmarks/sample_walk.py configs/avts_demo.py --json walk.json

Takes one sample through the config's data set, transforms, collation,
preprocessor, model and loss, and prints the functions of ``avts_mm`` in the
order in which they are entered, indented by depth; ``<-`` marks a return into
another file. The data must be there: a prepared corpus, or the embedded one
(``make demo``).
"""

import argparse
import json
import sys
from pathlib import Path
from types import FrameType

import avts_mm
from avts_mm.compat import read_config

import numpy as np
import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

PACKAGE = Path(avts_mm.__file__).parent


class Walk:
    """Notes which functions of the package are entered while it is active.

    Attributes:
        calls (list[dict]): ``event`` (``'call'``, or ``'return'`` into
            another file), ``file``, ``function`` and ``depth`` of each.
    """

    def __init__(self) -> None:
        self.calls: list[dict] = []
        self._stack: list[tuple[FrameType, dict]] = []

    @property
    def files(self) -> list[str]:
        """Those passed, in the order in which they are first entered."""
        return list(dict.fromkeys(call['file'] for call in self.calls))

    def __enter__(self) -> 'Walk':
        sys.setprofile(self._note)
        return self

    def __exit__(self, *exc) -> None:
        sys.setprofile(None)

    def _note(self, frame: FrameType, event: str, _) -> None:
        stack, code = self._stack, frame.f_code
        if event == 'call':
            path = Path(code.co_filename)
            if PACKAGE not in path.parents or code.co_name == '<module>':
                return
            place = dict(
                event='call',
                file=path.relative_to(PACKAGE.parent).as_posix(),
                function=code.co_qualname,
                depth=len(stack),
            )
            stack.append((frame, place))
            self.calls.append(place)
        elif event == 'return' and stack and stack[-1][0] is frame:
            _, left = stack.pop()
            if stack and stack[-1][1]['file'] != left['file']:
                back = stack[-1][1]
                self.calls.append(back | dict(event='return'))


def walk_sample(config: Config) -> Walk:
    """Take a sample of the training data from its index to the loss."""
    init_default_scope(config.get('default_scope', 'mmaction'))
    loader = dict(config.train_dataloader, num_workers=0)
    loader.update(persistent_workers=False, pin_memory=False)
    loader.pop('prefetch_factor', None)
    loader = Runner.build_dataloader(loader, seed=0)
    dataset, plan = loader.dataset, list(loader.sampler)
    model = Runner.build_model(None, config.model).train()
    with Walk() as walk:
        sample = dataset[plan[0]]
    # Batch normalisation needs a second sample, which is not watched.
    other = dataset[plan[1 % len(plan)]]
    with walk:
        batch = loader.collate_fn([sample, other])
        inputs = model.data_preprocessor(batch, training=True)
        losses = model(**inputs, mode='loss')
        model.parse_losses(losses)
    return walk


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('config', help='an experiment, with its data there')
    parser.add_argument('--json', type=Path, help='write the walk there')
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    args = parser.parse_args()
    config = read_config(args.config, args.cfg_options)
    np.random.seed(0)
    torch.manual_seed(0)
    walk = walk_sample(config)
    for call in walk.calls:
        mark = '<- ' if call['event'] == 'return' else ''
        where = f'{mark}{call["file"]}: {call["function"]}'
        print('  ' * call['depth'] + where)
    turns = sum(call['event'] == 'return' for call in walk.calls)
    print(
        f'\n{len(walk.files)} files, {len(walk.calls) - turns} calls, '
        f'{turns} returns into another file:'
    )
    for number, name in enumerate(walk.files, 1):
        print(f'{number:3} {name}')
    if args.json:
        args.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(dict(files=walk.files, calls=walk.calls), indent=1)
        args.json.write_text(text, encoding='utf-8')


if __name__ == '__main__':
    main()
