"""Weights in and out of avts_mm, by the tools that users start."""

import json

import export_onnx as onnx_exporter
import export_weights as exporter
import import_weights as importer
import pytest
import torch
import torch.nn as nn
from mmaction.registry import MODELS
from mmengine.registry import DefaultScope

from avts_mm.models import MC3
from avts_mm.weights import load_state_dict, load_tower


def filled(module, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return {
        k: torch.rand(v.shape, generator=generator) + 0.1 if v.ndim else v + 7
        for k, v in module.state_dict().items()
    }


class Block(nn.Module):
    """The residual block of torchvision's video networks, written anew."""

    def __init__(self, inside, outside, temporal, stride):
        super().__init__()
        kernel = (3, 3, 3) if temporal else (1, 3, 3)
        padding = (1, 1, 1) if temporal else (0, 1, 1)
        stride = (stride if temporal else 1, stride, stride)
        convolution = dict(kernel_size=kernel, padding=padding, bias=False)
        norm = nn.BatchNorm3d
        first = nn.Conv3d(inside, outside, stride=stride, **convolution)
        self.conv1 = nn.Sequential(first, norm(outside), nn.ReLU())
        second = nn.Conv3d(outside, outside, **convolution)
        self.conv2 = nn.Sequential(second, norm(outside))
        self.downsample = None
        if inside != outside:
            first = nn.Conv3d(inside, outside, 1, stride, bias=False)
            self.downsample = nn.Sequential(first, norm(outside))

    def forward(self, x):
        y = x if self.downsample is None else self.downsample(x)
        return (self.conv2(self.conv1(x)) + y).relu()


class TheirNetwork(nn.Module):
    """torchvision's mc3_18 (r3d_18), with the same names and classifier."""

    def __init__(self, width=64, classes=400, temporal=(1, 0, 0, 0)):
        super().__init__()
        stem = nn.Conv3d(3, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm3d(width), nn.ReLU())
        inside = width
        for i, three_d in enumerate(temporal):
            outside = width * 2**i
            first = Block(inside, outside, three_d, 2 if i else 1)
            second = Block(outside, outside, three_d, 1)
            setattr(self, f'layer{i + 1}', nn.Sequential(first, second))
            inside = outside
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        for name in ('stem', 'layer1', 'layer2', 'layer3', 'layer4'):
            x = getattr(self, name)(x)
        return self.fc(x.mean((2, 3, 4)))


def recognizer(width=4, classes=5):
    head = dict(type='I3DHead', num_classes=classes, in_channels=8 * width)
    backbone = dict(type='MC3', base_channels=width)
    config = dict(type='Recognizer3D', backbone=backbone, cls_head=head)
    with DefaultScope.overwrite_default_scope('mmaction'):
        return MODELS.build(config).eval()


def scores(model, clip):
    with torch.no_grad():
        return model.cls_head(model.backbone(clip))


@pytest.mark.parametrize(
    'variant, temporal',
    [('mc3', (1, 0, 0, 0)), ('mc2', (0,) * 4), ('r3d', (1,) * 4)],
)
def test_import_prints_the_table_and_computes_the_same(
    tmp_path, capsys, variant, temporal
):
    torch.manual_seed(0)
    theirs = TheirNetwork(4, 7, temporal).eval()
    source, out = tmp_path / 'theirs.pth', tmp_path / 'new' / 'ours.pth'
    state = {f'module.net.{k}': v for k, v in theirs.state_dict().items()}
    torch.save(dict(model=state, epoch=3), source)
    importer.main([str(source), str(out)])
    text = capsys.readouterr().out
    row = ['layer1.0.conv1.0.weight', 'net.layer1.0.conv1.0.weight']
    assert [*row, '4', 'x', '4', 'x'] in [
        line.split()[:6] for line in text.split('\n')
    ]
    assert f'120 tensors of {source} are an {variant} with base_chan' in text
    assert '2 are left over:' in text and 'net.fc.weight  7 x 32' in text
    ours = MC3(variant, base_channels=4).eval()
    load_tower(ours, out)
    theirs.fc = nn.Identity()
    clip = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours(clip).mean((2, 3, 4)), theirs(clip))


def test_import_of_a_whole_recognizer_and_back(tmp_path):
    torch.manual_seed(0)
    theirs = TheirNetwork(4, 5).eval()
    source, ours = tmp_path / 'theirs.pth', tmp_path / 'ours.pth'
    torch.save(theirs.state_dict(), source)
    importer.main([str(source), str(ours), '--recognizer'])
    model = recognizer()
    load_tower(model, ours)
    clip = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(scores(model, clip), theirs(clip))
    back = tmp_path / 'back.pth'
    exporter.main([str(ours), str(back)])
    assert back.stat().st_size > 0
    found, state = torch.load(back), theirs.state_dict()
    assert list(found) == list(state)
    assert all(torch.equal(found[k], state[k]) for k in state)
    exporter.main([str(ours), str(back), '--no-fc'])
    assert 'fc.weight' not in torch.load(back)


def test_the_full_network_fits_torchvisions(tmp_path):
    # Names, shapes and number of entries of mc3_18 with 400 classes.
    theirs = TheirNetwork()
    assert len(theirs.state_dict()) == 122
    assert sum(p.numel() for p in theirs.parameters()) == 11_695_440
    state = {f'video_backbone.{k}': v for k, v in MC3().state_dict().items()}
    source, out = tmp_path / 'avts.pth', tmp_path / 'mc3.pth'
    torch.save(dict(state_dict=state, meta={}), source)
    exporter.main([str(source), str(out)])
    theirs.fc = nn.Identity()
    theirs.load_state_dict(torch.load(out), strict=True)


@pytest.mark.parametrize('suffix', ['pth', 'safetensors'])
def test_export_of_an_avts_checkpoint(tmp_path, capsys, suffix):
    if suffix == 'safetensors':
        pytest.importorskip('safetensors')
    tower = filled(MC3(base_channels=4, channels_last=True))
    state = {f'module.video_backbone.{k}': v for k, v in tower.items()}
    state['module.audio_backbone.conv_1.1.conv.weight'] = torch.ones(2)
    source, out = tmp_path / 'epoch_1.pth', tmp_path / f'mc3.{suffix}'
    torch.save(dict(state_dict=state, meta={}), source)
    exporter.main([str(source), str(out)])
    text = capsys.readouterr().out
    assert '120 tensors of mc3 (from video_backbone., no fc)' in text
    assert 'begins with 4 channels, and torchvision builds 64' in text
    found = load_state_dict(out)
    assert found.keys() == tower.keys()
    assert all(torch.equal(found[k], tower[k]) for k in tower)
    assert list(tmp_path.glob('*.part')) == []
    theirs = TheirNetwork(4)
    theirs.fc = nn.Identity()
    theirs.load_state_dict(found, strict=True)


def test_a_classifier_of_another_width_is_left_out(tmp_path, capsys):
    state = {
        f'backbone.{k}': v for k, v in filled(MC3(base_channels=4)).items()
    }
    state['cls_head.fc_cls.weight'] = torch.ones(5, 64)
    state['cls_head.fc_cls.bias'] = torch.ones(5)
    source, out = tmp_path / 'x.pth', tmp_path / 'mc3.pth'
    torch.save(state, source)
    exporter.main([str(source), str(out)])
    assert 'takes [64] features, not the 32 of the tower; it is left out' in (
        capsys.readouterr().out
    )
    assert 'fc.weight' not in torch.load(out)


def test_what_cannot_be_imported_is_listed(tmp_path, capsys):
    state = filled(MC3(base_channels=4))
    state['layer2.0.conv1.0.weight'] = torch.ones(8, 4, 3, 3, 3)
    source, out = tmp_path / 'odd.pt', tmp_path / 'out.pth'
    torch.save({f'net.{k}': v for k, v in state.items()}, source)
    with pytest.raises(SystemExit, match=r'odd\.pt.*another shape'):
        importer.main([str(source), str(out)])
    assert 'net.layer2.0.conv1.0.weight  ' in capsys.readouterr().out
    assert not out.exists()


def test_bad_requests_are_named(tmp_path, capsys):
    source, out = tmp_path / 'mc3.pth', tmp_path / 'out.pth'
    torch.save(filled(MC3(base_channels=4)), source)
    for arguments, words in (
        ([str(tmp_path / 'none.pt'), str(out)], r'none\.pt: no such'),
        ([str(source), str(out), '--variant', 'mc2'], 'an mc3, not the mc2'),
        ([str(source), str(out), '--recognizer'], 'no classifier'),
        ([str(source), str(out), '--prefix', 'a'], "tower under 'a'"),
    ):
        with pytest.raises(SystemExit, match=words):
            importer.main(arguments)
    with pytest.raises(SystemExit, match=r'none\.pt: no such'):
        exporter.main([str(tmp_path / 'none.pt'), str(out)])
    assert not out.exists()
    for tool in (importer, exporter, onnx_exporter):
        more = ['y.txt'] * (tool is onnx_exporter)
        with pytest.raises(SystemExit):
            tool.main([str(source), 'x.txt', *more])
        assert '.txt' in capsys.readouterr().err


AVTS = """
model = dict(
    type='AVTS',
    data_preprocessor=dict(
        type='AVDataPreprocessor', log_mel=dict(n_fft=512, n_mels=16)
    ),
    video_backbone=dict(type='MC3', base_channels=2, channels_last=True),
    audio_backbone=dict(type='AudioVGG', channels=(2, 2, 4, 4, 4)),
    video_neck=dict(type='ProjectionNeck', in_channels=16, out_channels=4),
    audio_neck=dict(
        type='ProjectionNeck', in_channels=4, out_channels=4, time_bins=3,
        time_dim=3, norm_cfg=dict(type='BN1d', affine=False),
    ),
    head=dict(type='AVContrastiveHead', loss=dict(type='ContrastiveLoss')),
)
test_dataloader = dict(
    dataset=dict(
        clip_seconds=0.5,
        pipeline=[
            dict(type='LoadAVFrames', num_frames=4),
            dict(type='Resize', scale=(48, 32), keep_ratio=False),
        ],
    )
)
"""


@pytest.fixture
def avts(tmp_path):
    """Config and checkpoint of a small AVTS."""
    from mmengine import Config

    config, checkpoint = tmp_path / 'avts.py', tmp_path / 'avts.pth'
    config.write_text(AVTS)
    with DefaultScope.overwrite_default_scope('mmaction'):
        model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=filled(model), meta={}), checkpoint)
    return str(config), str(checkpoint)


@pytest.fixture
def packages():
    for name in ('onnx', 'onnxscript', 'onnxruntime'):
        pytest.importorskip(name)


@pytest.mark.parametrize(
    'arguments, inputs, output',
    [
        ([], ['batch', 3, 'time', 'height', 'width'], 'features'),
        (
            ['--tower', 'audio', '--embedding'],
            ['batch', 1, 16, 51],
            'embedding',
        ),
    ],
)
def test_onnx_gives_the_same_outputs(
    avts, packages, tmp_path, capsys, arguments, inputs, output
):
    import onnx
    import onnxruntime

    out = tmp_path / 'onnx' / 'tower.onnx'
    onnx_exporter.main([*avts, str(out), *arguments])
    assert 'largest difference to PyTorch' in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(out))
    assert session.get_inputs()[0].shape == inputs
    assert session.get_outputs()[0].name == output
    about = {p.key: p.value for p in onnx.load(str(out)).metadata_props}
    assert about['output'] == output
    if output == 'features':
        mean = [123.675, 116.28, 103.53]
        assert json.loads(about['mean']) == pytest.approx(mean)
        # Another time and batch than were traced.
        clip = torch.randn(1, 3, 9, 40, 64)
        tower = MC3(base_channels=2).eval()
        load_tower(tower, avts[1])
        (got,) = session.run(None, {'video': clip.numpy()})
        with torch.no_grad():
            wanted = tower(clip)
        got, scale = torch.from_numpy(got), wanted.abs().max()
        torch.testing.assert_close(got / scale, wanted / scale)
    else:
        settings = json.loads(about['log_mel'])
        assert (settings['n_mels'], settings['hop_seconds']) == (16, 0.01)
    assert [p.name for p in out.parent.iterdir()] == ['tower.onnx']


@pytest.mark.parametrize('difference', [1e-3, float('nan')])
def test_onnx_outputs_that_differ_are_not_kept(
    avts, packages, tmp_path, monkeypatch, difference
):
    def export(tower, kind, shape, path):
        path.write_bytes(b'graph')
        return {}

    monkeypatch.setattr(onnx_exporter, 'export', export)
    monkeypatch.setattr(onnx_exporter, 'write_metadata', lambda *args: None)
    monkeypatch.setattr(
        onnx_exporter, 'compare', lambda *args: (difference, 2.0, 0)
    )
    out = tmp_path / 'tower.onnx'
    with pytest.raises(SystemExit, match=r"not written.*from PyTorch's"):
        onnx_exporter.main([*avts, str(out)])
    assert not list(tmp_path.glob('*.onnx'))


def test_onnx_of_what_is_not_there(avts, packages, tmp_path):
    config, checkpoint = avts
    out = str(tmp_path / 'x.onnx')
    mine = tmp_path / 'recognizer.py'
    backbone = "dict(type='MC3', base_channels=4)"
    mine.write_text(f"model = dict(type='Recognizer3D', backbone={backbone})")
    other = tmp_path / 'other.pth'
    torch.save({'fc.weight': torch.ones(2)}, other)
    for arguments, words in (
        (['none.py', checkpoint], r'none\.py: no such config'),
        ([str(mine), checkpoint], 'another shape'),
        ([str(mine), checkpoint, '--embedding'], 'no neck'),
        ([str(mine), checkpoint, '--tower', 'audio'], 'no audio tower'),
        ([config, str(other)], r'other\.pth: nothing'),
        ([config, str(other), '--embedding'], r'other\.pth: nothing'),
        ([config, checkpoint, '--shape', '1', '2'], 'has 5 numbers'),
    ):
        with pytest.raises(SystemExit, match=words):
            onnx_exporter.main([*arguments[:2], out, *arguments[2:]])
