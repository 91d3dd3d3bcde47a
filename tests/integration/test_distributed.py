"""Two processes without a GPU, through the scripts under tools/.

A toy model makes the arithmetic checkable: two ranks with a batch of four
must end with the weights of one process with a batch of eight.
"""

import json
import pickle
import runpy
import textwrap
from pathlib import Path

import pytest
import torch

import avts_mm  # noqa: F401

ROOT = Path(__file__).parents[2]

COMPONENTS = """
    import torch
    from mmaction.registry import DATASETS, METRICS, MODELS
    from mmengine.evaluator import BaseMetric
    from mmengine.model import BaseModel
    from mmengine.structures import BaseDataElement
    from torch.utils.data import Dataset


    @DATASETS.register_module(force=True)
    class ToyDataset(Dataset):
        metainfo = dict()

        def __len__(self):
            return 18

        def __getitem__(self, index):
            x = torch.tensor([index / 16.0, 1.0])
            sample = BaseDataElement(metainfo=dict(index=index))
            return dict(inputs=x, data_samples=sample)


    @MODELS.register_module(force=True)
    class ToyModel(BaseModel):
        def __init__(self):
            super().__init__()
            self.fc = torch.nn.Linear(2, 1)
            torch.nn.init.constant_(self.fc.weight, 0.5)
            torch.nn.init.zeros_(self.fc.bias)

        def forward(self, inputs, data_samples=None, mode='tensor'):
            y = self.fc(torch.stack(list(inputs)))
            if mode == 'loss':
                return dict(loss=(y - 2).square().mean())
            for sample, value in zip(data_samples, y):
                sample.pred = value
            return data_samples


    @METRICS.register_module(force=True)
    class ToyMetric(BaseMetric):
        default_prefix = 'toy'

        def process(self, data_batch, data_samples):
            self.results += [
                (s['index'], s['pred'].item()) for s in data_samples]

        def compute_metrics(self, results):
            assert len({i for i, _ in results}) == len(results)
            values = [v for _, v in results]
            return dict(count=len(values), mean=sum(values) / len(values))
    """

CONFIG = """
    default_scope = 'mmaction'
    custom_imports = dict(imports=['avts_mm', 'toy_components'])
    model = dict(type='ToyModel')
    loader = dict(
        batch_size=4,
        num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='ToyDataset'))
    train_dataloader = dict(loader, drop_last=True)
    val_dataloader = loader
    test_dataloader = loader
    val_evaluator = dict(type='ToyMetric')
    test_evaluator = dict(type='ToyMetric')
    train_cfg = dict(by_epoch=True, max_epochs=1)
    val_cfg = dict()
    test_cfg = dict()
    optim_wrapper = dict(
        optimizer=dict(type='SGD', lr=0.05, momentum=0.9))
    default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=1))
    """


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('distributed')
    components = textwrap.dedent(COMPONENTS)
    (folder / 'toy_components.py').write_text(components)
    (folder / 'toy.py').write_text(textwrap.dedent(CONFIG))
    return folder


@pytest.fixture
def launch(folder, run_script):
    """Runs a script to its end; gives the output."""

    def run(*arguments):
        status, output = run_script(*arguments, cwd=folder, modules=[folder])
        assert status == 0, output
        return output

    return run


def _tool(name, folder, monkeypatch, *arguments):
    """Run a tool in this process, alone."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.chdir(folder)
    main = runpy.run_path(str(ROOT / 'tools' / name))['main']
    main([str(a) for a in arguments])


def test_train_resume_and_test(folder, launch, monkeypatch):
    config = folder / 'toy.py'
    work_dir = folder / 'two'

    out = launch('dist_train.sh', config, 2, '--work-dir', work_dir)
    assert 'GPU number: 2' in out
    first = work_dir / 'epoch_1.pth'
    state = torch.load(first, weights_only=True)
    history = state['message_hub']['log_scalars']['train/loss']
    assert state['meta']['iter'] == 2
    assert len(history.data[0]) == 2

    out = launch(
        'dist_train.sh',
        config,
        2,
        '--work-dir',
        work_dir,
        '--resume',
        '--cfg-options',
        'train_cfg.max_epochs=3',
    )
    assert 'resumed epoch: 1' in out
    last = work_dir / 'epoch_3.pth'
    state = torch.load(last, weights_only=True)
    history = state['message_hub']['log_scalars']['train/loss']
    assert state['meta']['iter'] == 6
    assert len(history.data[0]) == 6

    _tool(
        'train.py',
        folder,
        monkeypatch,
        config,
        '--no-validate',
        '--work-dir',
        folder / 'one',
        '--cfg-options',
        'train_cfg.max_epochs=3',
        'train_dataloader.batch_size=8',
    )
    alone = torch.load(folder / 'one' / 'epoch_3.pth', weights_only=True)
    for name, weight in alone['state_dict'].items():
        torch.testing.assert_close(state['state_dict'][name], weight)

    launch(
        'dist_test.sh',
        config,
        last,
        2,
        '--json',
        folder / 'two.json',
        '--dump',
        folder / 'two.pkl',
    )
    _tool(
        'test.py',
        folder,
        monkeypatch,
        config,
        last,
        '--json',
        folder / 'one.json',
    )
    metrics = json.loads((folder / 'two.json').read_text())
    expected = json.loads((folder / 'one.json').read_text())
    assert metrics['toy/count'] == expected['toy/count'] == 18
    assert metrics['toy/mean'] == pytest.approx(expected['toy/mean'])
    with open(folder / 'two.pkl', 'rb') as file:
        dumped = pickle.load(file)
    assert [d['index'] for d in dumped] == list(range(18))
