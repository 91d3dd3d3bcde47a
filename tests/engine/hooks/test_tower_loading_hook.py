"""``load_from`` of other models' checkpoints, by a real Runner."""

import itertools
import os
from types import SimpleNamespace

import pytest
import torch
import torch.nn as nn
from mmengine.model import BaseModel
from mmengine.runner import Runner

from avts_mm.engine import TowerLoadingHook
from avts_mm.models import MC3

numbers = itertools.count()


class Classifier(BaseModel):
    """A backbone and a head, as a recognizer has them."""

    def __init__(self, width=2):
        super().__init__()
        self.backbone = MC3(base_channels=width)
        self.cls_head = nn.Linear(8 * width, 3)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        inputs = torch.stack(inputs)
        scores = self.cls_head(self.backbone(inputs).mean((2, 3, 4)))
        if mode == 'loss':
            return dict(loss=scores.square().mean())
        return list(scores)


class Clips(torch.utils.data.Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        clip = torch.full((3, 2, 16, 16), float(index))
        return dict(inputs=clip, data_samples=index)


def filled(module):
    generator = torch.Generator().manual_seed(0)
    return {
        k: torch.rand(v.shape, generator=generator) + 0.5 if v.ndim else v + 7
        for k, v in module.state_dict().items()
    }


@pytest.fixture
def make_runner(tmp_path):
    """Makes a Runner of the classifier, with the hook."""

    def make(load_from=None, hook=None, width=2, **kwargs):
        loader = dict(
            batch_size=2,
            dataset=Clips(),
            sampler=dict(type='DefaultSampler', shuffle=False),
        )
        arguments = dict(
            model=Classifier(width),
            work_dir=str(tmp_path / 'work'),
            load_from=load_from and str(load_from),
            custom_hooks=[{'type': 'TowerLoadingHook', **(hook or {})}],
            train_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            # A rate of 0 leaves what was loaded.
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
            test_dataloader=loader,
            test_cfg=dict(),
            test_evaluator=dict(type='DumpResults', out_file_path='x.pkl'),
            experiment_name=f'tower_{next(numbers)}',
            default_scope='mmaction',
            log_level='ERROR',
        )
        arguments['test_evaluator']['out_file_path'] = str(tmp_path / 'x.pkl')
        return Runner(**{**arguments, **kwargs})

    return make


def write(path, state, **more):
    torch.save(dict(state_dict=state, meta={}, **more), path)
    return path


def parameters_equal(module, state):
    return all(torch.equal(p, state[k]) for k, p in module.named_parameters())


@pytest.mark.parametrize(
    'prefix, bare',
    [
        ('video_backbone.', False),
        ('module.video_backbone.', False),
        ('', True),
        ('encoder.', True),
    ],
)
def test_training_starts_from_the_tower(make_runner, tmp_path, prefix, bare):
    tower = filled(MC3(base_channels=2))
    state = {prefix + k: v for k, v in tower.items()}
    path = tmp_path / 'avts.pth'
    if bare:
        torch.save(state, path)
    else:
        write(path, state)
    runner = make_runner(path)
    runner.train()
    assert parameters_equal(runner.model.backbone, tower)


def test_what_matched_is_said(make_runner, tmp_path, monkeypatch):
    from avts_mm.engine.hooks import tower_loading_hook

    lines = []
    monkeypatch.setattr(
        tower_loading_hook, 'print_log', lambda m, **kw: lines.append(m)
    )
    state = filled(MC3(base_channels=2))
    path = write(
        tmp_path / 'avts.pth', {f'video_backbone.{k}': state[k] for k in state}
    )
    make_runner(path).train()
    assert lines == [
        f'100 of 100 tensors of MC3 (backbone) from {path} (video_backbone.)'
    ]


def test_the_models_own_checkpoint_passes(make_runner, tmp_path):
    state = filled(Classifier())
    path = write(tmp_path / 'own.pth', state)
    runner = make_runner(path)
    runner.test()
    assert parameters_equal(runner.model, state)


def test_a_compiled_models_checkpoint_passes(make_runner, tmp_path):
    state = filled(Classifier())
    path = write(
        tmp_path / 'own.pth', {f'_orig_mod.{k}': v for k, v in state.items()}
    )
    runner = make_runner(path)
    runner.test()
    assert parameters_equal(runner.model, state)


def test_a_run_resumes(make_runner, tmp_path):
    tower = filled(MC3(base_channels=2))
    path = write(
        tmp_path / 'avts.pth', {f'video_backbone.{k}': tower[k] for k in tower}
    )
    first = make_runner(path)
    first.train()
    again = make_runner(
        tmp_path / 'work' / 'epoch_1.pth',
        resume=True,
        train_cfg=dict(by_epoch=True, max_epochs=2),
    )
    again.train()
    assert again.epoch == 2
    assert torch.equal(
        again.model.cls_head.weight, first.model.cls_head.weight
    )
    assert parameters_equal(again.model.backbone, tower)


def test_another_model_cannot_be_resumed(make_runner, tmp_path):
    tower = filled(MC3(base_channels=2))
    path = write(
        tmp_path / 'avts.pth', {f'video_backbone.{k}': tower[k] for k in tower}
    )
    with pytest.raises(ValueError, match=r'avts\.pth: cannot be resumed'):
        make_runner(path, resume=True).train()


def test_a_bare_tower_cannot_be_tested(make_runner, tmp_path):
    tower = filled(MC3(base_channels=2))
    path = write(
        tmp_path / 'avts.pth', {f'video_backbone.{k}': tower[k] for k in tower}
    )
    with pytest.raises(ValueError, match=r'avts\.pth.*cls_head.weight'):
        make_runner(path).test()


def test_averages_see_the_loaded_tower(make_runner, tmp_path):
    tower = filled(MC3(base_channels=2))
    path = write(
        tmp_path / 'avts.pth',
        {f'video_backbone.{k}': tower[k] for k in tower},
        ema_state_dict={'module.video_backbone.x': torch.ones(1)},
    )
    runner = make_runner(
        path,
        custom_hooks=[dict(type='EMAHook'), dict(type='TowerLoadingHook')],
    )
    runner.train()
    ema = next(h for h in runner.hooks if type(h).__name__ == 'EMAHook')
    assert parameters_equal(ema.ema_model.module.backbone, tower)


def test_nothing_to_load_is_an_error(make_runner, tmp_path):
    path = write(tmp_path / 'other.pth', {'conv1.weight': torch.ones(2)})
    with pytest.raises(ValueError, match=r'other\.pth: nothing'):
        make_runner(path).train()
    make_runner(path, hook=dict(required=False)).train()


def test_another_width_is_an_error(make_runner, tmp_path):
    for prefix in ('video_backbone.', 'backbone.'):
        tower = filled(MC3(base_channels=4))
        state = {prefix + k: v for k, v in tower.items()}
        path = write(tmp_path / 'wide.pth', state)
        with pytest.raises(ValueError, match=r'wide\.pth: 100 tensors'):
            make_runner(path).train()


def test_a_tower_the_model_lacks(make_runner, tmp_path):
    path = write(tmp_path / 'own.pth', filled(Classifier()))
    with pytest.raises(ValueError, match=r"no 'audio'; it has.*backbone"):
        make_runner(path, hook=dict(tower='audio')).train()


def test_safetensors_are_for_init_cfg(make_runner, tmp_path):
    with pytest.raises(ValueError, match='PretrainedTower'):
        make_runner(tmp_path / 'x.safetensors').train()


class Hostile:
    def __reduce__(self):
        return os.system, ('true',)


def test_files_that_cannot_be_read_are_named(make_runner, tmp_path):
    with pytest.raises(FileNotFoundError, match=r'none\.pth: no such'):
        make_runner(tmp_path / 'none.pth').train()
    path = write(tmp_path / 'bad.pth', {'a': Hostile()})
    with pytest.raises(ValueError, match=r'bad\.pth: refused.*system'):
        make_runner(path).train()


def test_a_wrapped_model_is_looked_into():
    state = {f'module.{k}': v for k, v in filled(Classifier()).items()}
    checkpoint = dict(state_dict=state, meta={})
    runner = SimpleNamespace(
        model=nn.DataParallel(Classifier()),
        _load_from='x.pth',
        _resume=False,
        _train_loop=None,
    )
    TowerLoadingHook().after_load_checkpoint(runner, checkpoint)
    own = Classifier().state_dict()
    assert checkpoint['state_dict'].keys() == own.keys()
