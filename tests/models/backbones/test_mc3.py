"""The video tower against an independent picture of torchvision's layout."""

import pytest
import torch
import torch.nn.functional as F

from avts_mm.models import MC3


def expected_shapes(variant, width=64):
    """Keys and shapes of torchvision's networks, written out anew."""
    three_d = {
        'mc2': [False] * 4,
        'mc3': [True, False, False, False],
        'r3d': [True] * 4,
    }[variant]
    shapes = {}

    def norm(prefix, channels):
        for name in ('weight', 'bias', 'running_mean', 'running_var'):
            shapes[f'{prefix}.{name}'] = (channels,)
        shapes[f'{prefix}.num_batches_tracked'] = ()

    shapes['stem.0.weight'] = (width, 3, 3, 7, 7)
    norm('stem.1', width)
    inside = width
    for stage in range(4):
        outside = width * 2**stage
        depth = 3 if three_d[stage] else 1
        for block in range(2):
            prefix = f'layer{stage + 1}.{block}'
            for conv, channels in (('conv1', inside), ('conv2', outside)):
                shapes[f'{prefix}.{conv}.0.weight'] = (
                    outside,
                    channels,
                    depth,
                    3,
                    3,
                )
                norm(f'{prefix}.{conv}.1', outside)
            if inside != outside:
                shapes[f'{prefix}.downsample.0.weight'] = (
                    outside,
                    inside,
                    1,
                    1,
                    1,
                )
                norm(f'{prefix}.downsample.1', outside)
            inside = outside
    return shapes


@pytest.mark.parametrize('variant', ['mc2', 'mc3', 'r3d'])
def test_keys_and_shapes_are_torchvisions(variant):
    model = MC3(variant=variant)
    shapes = {k: tuple(v.shape) for k, v in model.state_dict().items()}
    assert shapes == expected_shapes(variant)


@pytest.mark.parametrize(
    'variant, millions', [('mc3', 11_695_440), ('r3d', 33_371_472)]
)
def test_parameter_count_with_a_400_class_classifier(variant, millions):
    # Published for torchvision's mc3_18 and r3d_18.
    count = sum(p.numel() for p in MC3(variant=variant).parameters())
    assert count + 512 * 400 + 400 == millions


def reference_forward(state, x, three_d=(True, False, False, False)):
    """The network written functionally, in evaluation mode."""

    def norm(x, prefix):
        return F.batch_norm(
            x,
            state[f'{prefix}.running_mean'],
            state[f'{prefix}.running_var'],
            state[f'{prefix}.weight'],
            state[f'{prefix}.bias'],
        )

    def conv(x, prefix, stride, pad):
        x = F.conv3d(x, state[f'{prefix}.0.weight'], None, stride, pad)
        return norm(x, f'{prefix}.1')

    x = F.conv3d(x, state['stem.0.weight'], None, (1, 2, 2), (1, 3, 3))
    x = norm(x, 'stem.1').relu()
    for stage in range(4):
        pad = (int(three_d[stage]), 1, 1)
        for block in range(2):
            prefix = f'layer{stage + 1}.{block}'
            step = 2 if stage and not block else 1
            stride = (step if three_d[stage] else 1, step, step)
            y = conv(x, f'{prefix}.conv1', stride, pad).relu()
            y = conv(y, f'{prefix}.conv2', 1, pad)
            if f'{prefix}.downsample.0.weight' in state:
                x = conv(x, f'{prefix}.downsample', stride, 0)
            x = (x + y).relu()
    return x


@pytest.mark.parametrize(
    'variant, three_d',
    [('mc3', (True, False, False, False)), ('r3d', (True,) * 4)],
)
def test_output_equals_a_functional_reference(variant, three_d):
    torch.manual_seed(0)
    model = MC3(variant=variant, base_channels=8)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 1.5)
    model.eval()
    x = torch.randn(2, 3, 8, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            model(x), reference_forward(model.state_dict(), x, three_d)
        )


def test_official_weights_load_from_a_file(tmp_path):
    state = {
        k: torch.full(s, 0.5) if s else torch.tensor(7)
        for k, s in expected_shapes('mc3', 8).items()
    }
    state['fc.weight'], state['fc.bias'] = torch.ones(400, 64), torch.ones(400)
    file = tmp_path / 'mc3_18.pth'
    torch.save(state, file)
    model = MC3(
        base_channels=8,
        init_cfg=dict(type='Pretrained', checkpoint=str(file)),
    )
    model.init_weights()
    assert model.layer4[1].conv2[0].weight.unique().tolist() == [0.5]
    assert int(model.stem[1].num_batches_tracked) == 7
    del state['stem.0.weight']
    torch.save(state, file)
    model = MC3(base_channels=8, init_cfg=model.init_cfg)
    with pytest.raises(ValueError, match=r'mc3_18\.pth: 1 .*stem'):
        model.init_weights()


def test_time_is_kept_and_space_divided_by_sixteen():
    model = MC3(base_channels=4, out_indices=(0, 3))
    first, last = model(torch.randn(1, 3, 5, 32, 48))
    assert first.shape == (1, 4, 5, 16, 24)
    assert last.shape == (1, 32, 5, 2, 3)


def test_frozen_stages_have_no_gradient_and_fixed_statistics():
    model = MC3(base_channels=4, frozen_stages=2)
    model.train()
    before = model.layer2[0].conv1[1].running_mean.clone()
    model(torch.randn(2, 3, 4, 32, 32)).sum().backward()
    assert model.stem[0].weight.grad is None
    assert model.layer2[0].conv1[0].weight.grad is None
    assert model.layer3[0].conv1[0].weight.grad is not None
    assert torch.equal(model.layer2[0].conv1[1].running_mean, before)
    assert not torch.equal(
        model.layer3[0].conv1[1].running_mean,
        torch.zeros_like(model.layer3[0].conv1[1].running_mean),
    )


def test_norm_eval_fixes_all_statistics_but_not_weights():
    model = MC3(base_channels=4, norm_eval=True)
    model.train()
    model(torch.randn(2, 3, 4, 32, 32)).sum().backward()
    assert not model.layer4[0].conv1[1].running_mean.any()
    assert model.stem[0].weight.grad is not None


def test_checkpointing_gives_the_same_gradients():
    torch.manual_seed(0)
    plain = MC3(base_channels=4)
    saving = MC3(base_channels=4, with_cp=True)
    saving.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 4, 32, 32)
    grads = []
    for model in (plain, saving):
        model.train()
        model(x).square().mean().backward()
        grads.append(model.layer1[0].conv1[0].weight.grad)
    torch.testing.assert_close(grads[0], grads[1])


def test_channels_last_changes_the_layout_not_the_output():
    torch.manual_seed(0)
    plain = MC3(base_channels=4).eval()
    last = MC3(base_channels=4, channels_last=True).eval()
    last.load_state_dict(plain.state_dict())
    weight = last.layer1[0].conv1[0].weight
    assert weight.is_contiguous(memory_format=torch.channels_last_3d)
    x = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(plain(x), last(x))


def gradients(model, x, **autocast):
    model.zero_grad()
    with torch.autocast('cpu', torch.bfloat16, **autocast):
        out = model(x)
    # A direction for each feature: their squares hardly depend on weights.
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(out.shape, generator=generator)
    (out.float() * direction).mean().backward()
    return out.detach(), [p.grad for p in model.parameters()]


def test_channels_last_changes_no_gradient():
    torch.manual_seed(0)
    plain = MC3(base_channels=4)
    last = MC3(base_channels=4, channels_last=True)
    last.load_state_dict(plain.state_dict())
    x = torch.randn(2, 3, 4, 32, 32)
    expected = gradients(plain, x, enabled=False)
    found = gradients(last, x, enabled=False)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
    # Statistics and the layout of what goes on, too.
    torch.testing.assert_close(
        dict(last.named_buffers()), dict(plain.named_buffers())
    )
    assert found[0].is_contiguous(memory_format=torch.channels_last_3d)


def test_bfloat16_is_close_to_single_precision():
    torch.manual_seed(0)
    model = MC3(base_channels=8, channels_last=True)
    x = torch.randn(4, 3, 4, 32, 32)
    expected = gradients(model, x, enabled=False)
    found = gradients(model, x)
    assert found[0].dtype == torch.bfloat16
    error = (found[0] - expected[0]).norm() / expected[0].norm()
    assert error < 0.03
    flat = [torch.cat([g.flatten() for g in x[1]]) for x in (expected, found)]
    assert F.cosine_similarity(*flat, dim=0) > 0.9
    assert all(g.dtype == torch.float32 for g in found[1])


@pytest.mark.parametrize(
    'kwargs, words',
    [
        (dict(variant='mc4'), 'variant'),
        (dict(out_indices=(4,)), 'out_indices'),
        (dict(frozen_stages=5), 'frozen_stages'),
    ],
)
def test_bad_arguments_are_named(kwargs, words):
    with pytest.raises(ValueError, match=words):
        MC3(**kwargs)
