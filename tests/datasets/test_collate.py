"""Batches that the workers stack, in shared memory that they use again."""

import os
import queue
import re
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import TRANSFORMS
from mmaction.structures import ActionDataSample
from mmengine.dataset import pseudo_collate
from torch.utils.data import DataLoader, Dataset

from avts_mm.datasets import (
    AVPairDataset,
    AVPairSampler,
    collate,
    stack_inputs,
)
from avts_mm.models import AVDataPreprocessor

WORKERS = 2
PIPELINE = [
    dict(type='LoadAVFrames', num_frames=5, backend='pyav'),
    dict(type='LoadAVAudio'),
    dict(type='Resize', scale=(24, 20), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackAVInputs'),
]


class Numbers(Dataset):
    """Pictures, sound and label of sample ``i`` hold ``i``."""

    def __init__(self, ragged: bool = False) -> None:
        self.ragged = ragged

    def __len__(self) -> int:
        return 240

    def __getitem__(self, index: int) -> dict:
        height = 32 + index % 7 if self.ragged else 32
        video = np.full((4, height, 32, 3), index, np.uint8)
        sample = ActionDataSample(metainfo=dict(pair=(index, 'easy')))
        sample.set_gt_label([index])
        inputs = dict(
            video=torch.from_numpy(np.moveaxis(video, -1, 0)),
            audio=torch.full((2000,), index / 2),
        )
        return dict(inputs=inputs, data_samples=sample)


def load(ragged=False, workers=WORKERS, **kwargs):
    kwargs.setdefault('batch_size', 4)
    if workers:
        kwargs.setdefault('multiprocessing_context', 'fork')
    return DataLoader(
        Numbers(ragged),
        num_workers=workers,
        collate_fn=stack_inputs,
        timeout=60 if workers else 0,
        **kwargs,
    )


def described(batch):
    return [(s.metainfo, s.gt_label.tolist()) for s in batch['data_samples']]


def tensors(batch):
    """All of them, with the numbers that they hold."""
    labels = [sample.gt_label for sample in batch['data_samples']]
    for name, factor in (('video', 1), ('audio', 2)):
        for label, tensor in zip(labels, batch['inputs'][name]):
            yield label, tensor * factor


def is_whole(batch) -> bool:
    return all((tensor == label).all() for label, tensor in tensors(batch))


def place(batch) -> int:
    return batch['inputs']['video'].data_ptr()


def mapped() -> int:
    """Bytes of torch's shared memory in this process."""
    total = 0
    for line in Path('/proc/self/maps').read_text().splitlines():
        if '/torch_' in line:
            start, end = re.split('[- ]', line)[:2]
            total += int(end, 16) - int(start, 16)
    return total


@pytest.fixture(params=['file_descriptor', 'file_system'])
def _strategy(request):
    before = torch.multiprocessing.get_sharing_strategy()
    torch.multiprocessing.set_sharing_strategy(request.param)
    yield
    torch.multiprocessing.set_sharing_strategy(before)


@pytest.mark.usefixtures('_strategy')
@pytest.mark.parametrize('ragged', [False, True])
def test_batches_are_those_without_workers(ragged):
    for plain, batch in zip(
        load(ragged, workers=0), load(ragged), strict=True
    ):
        assert described(batch) == described(plain)
        assert batch['inputs'].keys() == plain['inputs'].keys()
        assert isinstance(batch['inputs']['video'], list) == ragged
        for name, value in batch['inputs'].items():
            theirs = plain['inputs'][name]
            assert len(value) == len(theirs)
            for ours, other in zip(value, theirs):
                assert torch.equal(ours, other)
                assert ours.stride() == other.stride()
                assert ours.is_contiguous() == other.is_contiguous()
                assert not ours.requires_grad


@pytest.mark.parametrize('persistent', [False, True])
def test_memory_is_used_again(persistent):
    loader = load(persistent_workers=persistent)
    sizes = []
    for _ in range(6):
        places = set()
        for batch in loader:
            assert is_whole(batch)
            places.add(place(batch))
        # Each worker has sent two in advance, and we hold one or two.
        assert len(places) <= 5 * WORKERS
        sizes.append(mapped())
    one = sum(value.nbytes for value in batch['inputs'].values())
    assert sizes[-1] - sizes[0] <= 5 * WORKERS * 1.25 * one


@pytest.mark.parametrize(
    'keep',
    [
        lambda batch: batch['inputs']['video'],
        lambda batch: batch['inputs']['video'][1:3, :, ::2],
        lambda batch: batch['inputs']['video'].numpy()[2:].T,
        lambda batch: batch['inputs']['audio'].view(torch.int32),
        lambda batch: np.from_dlpack(batch['inputs']['audio']),
    ],
)
def test_what_is_kept_of_a_batch_stays(keep):
    batches = iter(load())
    next(batches)
    kept = keep(next(batches))
    before = torch.as_tensor(kept).clone()
    assert sum(is_whole(batch) for batch in batches) == 58
    assert torch.equal(torch.as_tensor(kept), before)


def test_kept_batches_are_given_back_when_they_are_freed():
    loader = load(persistent_workers=True)
    batches = list(loader)
    assert all(map(is_whole, batches))
    places = set(map(place, batches))
    assert len(places) == len(batches) == 60
    del batches
    assert {place(batch) for batch in loader} <= places


def test_a_kept_label_keeps_no_pictures():
    places, labels = set(), []
    for batch in load():
        places.add(place(batch))
        labels += [sample.gt_label for sample in batch['data_samples']]
    assert len(places) <= 5 * WORKERS
    assert torch.cat(labels).tolist() == list(range(240))


def test_a_forked_process_gives_nothing_back():
    batches = iter(load())
    held = [next(batches)]
    child = os.fork()
    if not child:
        held.clear()
        os._exit(0)
    os.waitpid(child, 0)
    assert sum(map(is_whole, batches)) == 59
    assert is_whole(held[0])


def test_threads_may_receive_and_free():
    # As the thread does that pins memory.
    taken = queue.Queue()

    def receive():
        for batch in load():
            taken.put(batch)
        taken.put(None)

    threading.Thread(target=receive).start()
    whole = [is_whole(batch) for batch in iter(taken.get, None)]
    assert len(whole) == 60 and all(whole)


def test_batches_of_any_size():
    numbers = iter(range(240))
    sizes = [1, 9, 2, 30, 3, 3, 40, 1, 60, 5, 5, 5, 20, 30]
    plan = [[next(numbers) for _ in range(size)] for size in sizes]
    for batch, size in zip(load(batch_size=1, batch_sampler=plan), sizes):
        assert len(batch['data_samples']) == size
        assert is_whole(batch)


@pytest.fixture
def samples(corpus):
    pipeline = [TRANSFORMS.build(t) for t in PIPELINE]
    data = AVPairDataset(corpus.train, pipeline, data_root=str(corpus.root))
    return [data[pair] for pair, _ in zip(AVPairSampler(data, 0), range(4))]


def test_the_batch_is_that_of_the_host(samples):
    batch, plain = stack_inputs(samples), pseudo_collate(samples)
    assert batch['inputs']['video'].shape == (4, 3, 5, 20, 24)
    assert batch['inputs']['audio'].shape == (4, 16000)
    for name, value in batch['inputs'].items():
        assert torch.equal(value, torch.stack(plain['inputs'][name]))
    assert batch['data_samples'] == plain['data_samples']
    # To the model it makes no difference, to the last bit.
    prepared = AVDataPreprocessor()
    ours, hosts = prepared(batch)['inputs'], prepared(plain)['inputs']
    for name, value in hosts.items():
        assert torch.equal(ours[name], value)
        assert ours[name].stride() == value.stride()


def test_pictures_are_not_rearranged_in_the_worker(samples):
    video = samples[0]['inputs']['video']
    assert video.stride()[0] == 1
    assert stack_inputs(samples)['inputs']['video'].stride()[1] == 1
    # Whatever the order in memory, the values are the same.
    for sample in samples:
        inputs = sample['inputs']
        inputs['video'] = inputs['video'].contiguous()
    batch = stack_inputs(samples)['inputs']['video']
    np.testing.assert_array_equal(batch[0], video)


def test_sound_that_some_lack():
    samples = [Numbers()[i] for i in range(4)]
    for number in (0, 2):
        del samples[number]['inputs']['audio']
    batch = stack_inputs(samples)
    assert batch['inputs']['video'].shape[0] == 4
    assert batch['inputs']['audio'][:, 0].tolist() == [0.5, 1.5]
    batch = stack_inputs([samples[0], samples[2]])
    assert list(batch['inputs']) == ['video']


def test_too_little_shared_memory_is_a_sentence(monkeypatch):
    def full(size):
        raise RuntimeError('No space left on device')

    monkeypatch.setattr(torch.UntypedStorage, '_new_shared', full)
    with pytest.raises(RuntimeError, match=r'/dev/shm has no 3\.0 MiB.*--shm'):
        collate._Block(3 * 2**20)
