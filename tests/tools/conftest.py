import pytest
import torch
from mmaction.registry import MODELS
from mmengine import Config
from tool_modules import TOOLS


@pytest.fixture(scope='module')
def small_steps(corpus, tmp_path_factory):
    """A small model by steps: config, and checkpoint of random weights."""
    cfg = Config.fromfile(TOOLS.parent / 'configs' / 'avts_demo_steps.py')
    cfg.merge_from_dict(
        {
            'model.video_backbone.base_channels': 2,
            'model.video_neck.in_channels': 16,
            'model.audio_backbone.channels': (2, 2, 4, 4, 4),
            'model.audio_neck.in_channels': 4,
            'val_dataloader.dataset.data_root': str(corpus.root),
        }
    )
    folder = tmp_path_factory.mktemp('small_steps')
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    cfg.dump(folder / 'config.py')
    torch.save(dict(state_dict=model.state_dict()), folder / 'model.pth')
    return str(folder / 'config.py'), str(folder / 'model.pth')
