"""Shell scripts under tools/: the command that they start."""

import os
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'


@pytest.fixture
def start(tmp_path):
    """Run a script with an interpreter and an srun that print their words."""
    for name in ('python', 'srun'):
        fake = tmp_path / name
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
        fake.chmod(0o755)

    def run(script, *arguments, **variables):
        env = dict(
            {k: v for k, v in os.environ.items() if k not in _VARIABLES},
            PATH=f'{tmp_path}:{os.environ["PATH"]}',
            **variables,
        )
        result = subprocess.run(
            ['bash', str(TOOLS / script), *arguments],
            env=env,
            capture_output=True,
            text=True,
        )
        return result.returncode, result.stdout.splitlines(), result.stderr

    return run


_VARIABLES = {'PYTHON', 'PORT', 'NNODES', 'NODE_RANK', 'MASTER_ADDR'}


def test_dist_train(start):
    code, words, _ = start(
        'dist_train.sh',
        'a.py',
        '2',
        '--cfg-options',
        'key="[(a, b)]"',
    )
    assert code == 0
    assert words[1:3] == ['-m', 'torch.distributed.run']
    assert {
        '--nnodes=1',
        '--node_rank=0',
        '--master_addr=127.0.0.1',
        '--master_port=29500',
        '--nproc_per_node=2',
    } <= set(words)
    assert words[-6:] == [
        str(TOOLS / 'train.py'),
        'a.py',
        '--launcher',
        'pytorch',
        '--cfg-options',
        'key="[(a, b)]"',
    ]


def test_dist_train_on_two_machines(start):
    _, words, _ = start(
        'dist_train.sh',
        'a.py',
        '8',
        NNODES='2',
        NODE_RANK='1',
        MASTER_ADDR='10.0.0.1',
        PORT='29600',
    )
    assert {
        '--nnodes=2',
        '--node_rank=1',
        '--master_addr=10.0.0.1',
        '--master_port=29600',
        '--nproc_per_node=8',
    } <= set(words)


def test_dist_test(start):
    code, words, _ = start(
        'dist_test.sh', 'a.py', 'c.pth', '3', '--json', 'm.json'
    )
    assert code == 0
    assert '--nproc_per_node=3' in words
    assert words[-7:] == [
        str(TOOLS / 'test.py'),
        'a.py',
        'c.pth',
        '--launcher',
        'pytorch',
        '--json',
        'm.json',
    ]


def test_slurm_train(start):
    code, words, _ = start(
        'slurm_train.sh',
        'gpu',
        'avts',
        'a.py',
        '--amp',
        GPUS='16',
        SRUN_ARGS='--exclusive --time=10',
    )
    assert code == 0
    assert Path(words[0]).name == 'srun'
    assert {
        '--partition=gpu',
        '--job-name=avts',
        '--gres=gpu:8',
        '--ntasks=16',
        '--ntasks-per-node=8',
        '--cpus-per-task=5',
        '--exclusive',
        '--time=10',
    } <= set(words)
    assert words[-7:] == [
        'python',
        '-u',
        str(TOOLS / 'train.py'),
        'a.py',
        '--launcher',
        'slurm',
        '--amp',
    ]


def test_slurm_train_without_gpus(start):
    _, words, _ = start(
        'slurm_train.sh', 'cpu', 'avts', 'a.py', GPUS='2', GPUS_PER_NODE='0'
    )
    assert '--ntasks=2' in words
    assert not any(word.startswith('--gres') for word in words)


@pytest.mark.parametrize(
    'script, arguments',
    [
        ('dist_train.sh', ['a.py']),
        ('dist_test.sh', ['a.py', 'c.pth']),
        ('slurm_train.sh', ['gpu', 'avts']),
    ],
)
def test_missing_arguments(start, script, arguments):
    code, words, error = start(script, *arguments)
    assert code == 2
    assert not words
    assert error.startswith('usage: bash tools/')
