"""Warnings of the demo's own model, and of several ranks."""

import json
import textwrap
from pathlib import Path

import pytest
from mmengine import Config
from mmengine.runner import Runner

from avts_mm.engine.hooks import health_hook

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def demo(corpus, tmp_path, monkeypatch):
    """Trains the demo for 18 steps, and gives the warnings."""

    def run(**changes):
        cfg = Config.fromfile(ROOT / 'configs' / 'avts_demo.py')
        cfg.work_dir = str(tmp_path)
        cfg.experiment_name = tmp_path.name
        cfg.randomness = dict(seed=0)
        cfg.log_level = 'ERROR'
        cfg.train_dataloader.batch_size = 8
        cfg.train_dataloader.dataset.data_root = str(corpus.root)
        cfg.train_cfg.max_epochs = 6
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
        cfg.default_hooks.update(curriculum=None, progress=None, report=None)
        # Whether a machine that runs tests starves is not asked.
        monkeypatch.setattr(health_hook, 'MAX_WAITING', 1.0)
        cfg.default_hooks.health.update(interval=3, patience=2, stop=[])
        cfg.merge_from_dict(changes)
        Runner.from_cfg(cfg).train()
        (board,) = tmp_path.glob('*/vis_data/scalars.json')
        lines = map(json.loads, board.read_text().splitlines())
        return {key for line in lines for key in line if 'warning' in key}

    return run


def test_a_healthy_demo_is_left_alone(demo):
    assert demo() == set()


def test_a_learning_rate_beyond_all_measure(demo):
    """Embeddings that are NaN would have looked equal."""
    changes = {
        'optim_wrapper.optimizer.type': 'SGD',
        'optim_wrapper.optimizer.lr': 1e20,
        'param_scheduler': None,
    }
    assert 'warning/nan' in demo(**changes)


COMPONENTS = """
    import torch
    from mmaction.registry import DATASETS, MODELS
    from mmengine.dist import get_rank
    from mmengine.model import BaseModel
    from torch.utils.data import Dataset


    @DATASETS.register_module()
    class Nothing(Dataset):
        def __len__(self):
            return 40

        def __getitem__(self, index):
            return dict(inputs=torch.zeros(1))


    @MODELS.register_module()
    class OneRankIsSick(BaseModel):
        def __init__(self):
            super().__init__()
            self.backbone = torch.nn.Linear(1, 1)
            self.steps = 0

        def forward(self, inputs, data_samples=None, mode='tensor'):
            self.steps += 1
            loss = self.backbone(torch.ones(1, 1)).sum()
            if get_rank() == 1 and self.steps > 5:
                loss = loss * float('nan')
            return dict(loss=loss)
    """
CONFIG = """
    default_scope = 'mmaction'
    custom_imports = dict(imports=['avts_mm', 'sick_components'])
    model = dict(type='OneRankIsSick')
    train_dataloader = dict(
        batch_size=1, num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(type='Nothing'))
    train_cfg = dict(by_epoch=True, max_epochs=1)
    optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.05))
    custom_hooks = [dict(type='HealthHook', interval=4)]
    """


def test_all_ranks_stop_together(tmp_path, run_script):
    (tmp_path / 'sick_components.py').write_text(textwrap.dedent(COMPONENTS))
    (tmp_path / 'sick.py').write_text(textwrap.dedent(CONFIG))
    status, out = run_script(
        'dist_train.sh', 'sick.py', 2, cwd=tmp_path, modules=[tmp_path]
    )
    assert status != 0
    # Three of one rank; its gradient then made the weights of both NaN.
    assert out.count('training stopped: 5 of the last 8 losses') == 2
