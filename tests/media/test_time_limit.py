"""Reading that hangs is given up, and what comes after is not affected."""

import contextlib
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from torch.utils.data import DataLoader

from avts_mm.media import (
    MediaError,
    check_limit,
    map_in_helper,
    read_within,
)
from avts_mm.media import time_limit as module


@pytest.fixture
def hang():
    """A function that waits until the test is over."""
    over = threading.Event()
    yield over.wait
    over.set()
    for helper in module._hanging:
        helper.join()
    module._hanging.clear()
    module._hung.clear()


def reason(*args):
    with pytest.raises(MediaError) as caught:
        read_within(*args)
    return caught.value.reason


def test_answers_and_errors_come_through():
    def divide(a, b):
        return a / b, threading.current_thread()

    quotient, thread = read_within(60, 'a', divide, 6, 3)
    assert quotient == 2
    assert thread is not threading.current_thread() and thread.daemon
    assert read_within(60, 'b', divide, 1, 1)[1] is thread  # one for all
    with pytest.raises(ZeroDivisionError):
        read_within(60, 'a', divide, 1, 0)
    assert read_within(None, 'a', divide, 1, 1)[1] is not thread


def test_a_hanging_file_is_given_up_once(hang):
    begin = time.monotonic()
    assert reason(0.2, 'bad.mp4', hang) == 'timeout'
    assert 0.2 <= time.monotonic() - begin < 5
    # It is not tried again, and others are read as before.
    begin = time.monotonic()
    assert reason(60, 'bad.mp4', hang) == 'timeout'
    assert time.monotonic() - begin < 5
    assert read_within(60, 'good.mp4', sum, [1, 2]) == 3


def test_items_are_read_in_one_thread(hang):
    tried = []

    def sample(path):
        tried.append(path)
        thread = read_within(60, f'{path}.wav', threading.current_thread)
        with contextlib.suppress(MediaError):
            read_within(0.2, path, hang if path == 'bad' else lambda: None)
            assert threading.current_thread() is thread
        return path, thread

    paths = ['a', 'b', 'bad', 'c', 'd']
    items, threads = zip(*map_in_helper(sample, paths))
    assert list(items) == paths
    # That of the file that hangs is tried once more, and no other.
    assert tried == ['a', 'b', 'bad', 'bad', 'c', 'd']
    assert threads[0] is threads[1] is not threads[2]
    assert threads[2] is threads[3] is threads[4]
    assert threading.current_thread() not in threads
    nested = map_in_helper(lambda path: map_in_helper(sample, [path]), 'ab')
    assert [[item] for item in zip('ab', [threads[2]] * 2)] == nested
    assert reason(60, 'bad', hang) == 'timeout'


def test_errors_of_items_come_through(hang):
    def sample(path):
        read_within(0.2, path, hang if path == 'bad.mp4' else lambda: None)
        return 1 / (path != 'zero.mp4')

    with pytest.raises(MediaError, match=r'bad\.mp4: .* after 0\.2 s'):
        map_in_helper(sample, ['a.mp4', 'bad.mp4', 'b.mp4'])
    with pytest.raises(ZeroDivisionError):
        map_in_helper(sample, ['a.mp4', 'zero.mp4'])
    assert map_in_helper(sample, []) == []


def test_work_that_reads_nothing_may_take_its_time():
    assert map_in_helper(time.sleep, [3 * module._LOOK]) == [None]


def test_who_comes_back_too_late_does_nothing_more():
    later, back = [], threading.Event()

    def sample(path):
        read_within(0.05, path, back.wait)
        later.append('drawn')

    with pytest.raises(MediaError, match=r'late\.mp4'):
        map_in_helper(sample, ['late.mp4', 'b.mp4'])
    (helper,) = module._hanging
    back.set()
    helper.join(10)
    assert not helper.is_alive() and not later
    module._hanging.clear()
    module._hung.clear()


def test_too_many(hang):
    for number in range(module.MAX_HANGING - 1):
        assert reason(0.01, f'{number}.mp4', hang) == 'timeout'
    with pytest.raises(RuntimeError, match=r'8 decoders hang .*last\.mp4'):
        read_within(0.01, 'last.mp4', hang)


def test_slow_ones_do_not_add_up():
    for number in range(module.MAX_HANGING + 2):
        assert reason(0.01, f's{number}.mp4', time.sleep, 0.25) == 'timeout'
        time.sleep(0.25)
    module._hung.clear()


class Items:
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return read_within(60, str(index), np.square, index)


def test_in_forked_workers():
    assert read_within(60, 'a', sum, [1]) == 1  # the parent has a helper
    assert list(DataLoader(Items(), num_workers=2, batch_size=None)) == [
        index**2 for index in range(6)
    ]


ENDING = """
import sys, time
from torch.utils.data import DataLoader
from avts_mm.media import MediaError, read_within

class Items:
    def __len__(self):
        return 4

    def __getitem__(self, index):
        try:
            return read_within(0.2, str(index), time.sleep, 600 * (index == 1))
        except MediaError as error:
            return error.reason

if __name__ == '__main__':
    loader = DataLoader(
        Items(), num_workers=int(sys.argv[1]), batch_size=None)
    print(list(loader))
"""


@pytest.mark.timeout(500)
@pytest.mark.parametrize('workers', [0, 2])
def test_the_process_ends(workers):
    done = subprocess.run(
        [sys.executable, '-c', ENDING, str(workers)],
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[None, 'timeout', None, None]"


@pytest.mark.parametrize('limit', [0, -1, float('nan'), float('inf')])
def test_limits_without_sense(limit):
    with pytest.raises(ValueError, match='time_limit'):
        check_limit(limit)
