"""Shell scripts under tools/: the command that they start."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from tool_modules import TOOLS

_VARIABLES = {'PYTHON', 'PORT', 'NNODES', 'NODE_RANK', 'MASTER_ADDR'}


@pytest.fixture
def start(tmp_path):
    """Run a script with an interpreter and an srun that print their words."""
    for name in ('python', 'srun'):
        fake = tmp_path / name
        fake.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
        fake.chmod(0o755)

    def run(script, *arguments, **variables):
        env = {k: v for k, v in os.environ.items() if k not in _VARIABLES}
        env.update(variables, PATH=f'{tmp_path}:{os.environ["PATH"]}')
        command = ['bash', str(TOOLS / script), *arguments]
        done = subprocess.run(command, env=env, capture_output=True, text=True)
        return done.returncode, done.stdout.splitlines(), done.stderr

    return run


@pytest.mark.parametrize(
    'script, arguments, variables, wanted',
    [
        (
            'dist_train.sh',
            ['a.py', '2', '--cfg-options', 'key="[(a, b)]"'],
            {},
            '--nnodes=1 --node_rank=0 --master_addr=127.0.0.1 '
            '--master_port=29500 --nproc_per_node=2',
        ),
        (
            'dist_train.sh',
            ['a.py', '8'],
            dict(
                NNODES='2', NODE_RANK='1', MASTER_ADDR='10.0.0.1', PORT='29600'
            ),
            '--nnodes=2 --node_rank=1 --master_addr=10.0.0.1 '
            '--master_port=29600 --nproc_per_node=8',
        ),
        (
            'dist_test.sh',
            ['a.py', 'c.pth', '3', '--json', 'm.json'],
            {},
            '--nproc_per_node=3',
        ),
    ],
)
def test_dist(start, script, arguments, variables, wanted):
    code, words, _ = start(script, *arguments, **variables)
    assert code == 0
    assert words[1:3] == ['-m', 'torch.distributed.run']
    assert set(wanted.split()) <= set(words)
    tool = str(TOOLS / script.replace('dist_', '').replace('.sh', '.py'))
    number = 2 if 'test' in script else 1  # what comes before the GPUs
    launcher = ['--launcher', 'pytorch']
    place = words.index(tool)
    assert words[place + 1 :] == [
        *arguments[:number],
        *launcher,
        *arguments[number + 1 :],
    ]


def test_slurm_train(start):
    arguments = ('slurm_train.sh', 'gpu', 'avts', 'a.py', '--amp')
    options = dict(GPUS='16', SRUN_ARGS='--exclusive --time=10')
    code, words, _ = start(*arguments, **options)
    assert code == 0
    assert Path(words[0]).name == 'srun'
    wanted = '--partition=gpu --job-name=avts --gres=gpu:8 --ntasks=16 '
    wanted += '--ntasks-per-node=8 --cpus-per-task=5 --exclusive --time=10'
    assert set(wanted.split()) <= set(words)
    train = str(TOOLS / 'train.py')
    launcher = ['--launcher', 'slurm', '--amp']
    assert words[-7:] == ['python', '-u', train, 'a.py', *launcher]
    _, words, _ = start(*arguments, GPUS='2', GPUS_PER_NODE='0')
    assert '--ntasks=2' in words
    assert not any(word.startswith('--gres') for word in words)


@pytest.mark.parametrize(
    'script, arguments',
    [
        ('dist_train.sh', ['a.py']),
        ('dist_test.sh', ['a.py', 'c.pth']),
        ('slurm_train.sh', ['gpu', 'avts']),
        ('data/slurm_prepare.sh', ['cpu', 'prep']),
    ],
)
def test_missing_arguments(start, script, arguments):
    code, words, error = start(script, *arguments)
    assert code == 2
    assert not words
    assert error.startswith('usage: bash tools/')


def test_a_taken_port_is_replaced(start):
    with socket.create_server(('127.0.0.1', 0)) as server:
        taken = str(server.getsockname()[1])
        for arguments in (['train.sh', 'a.py'], ['test.sh', 'a.py', 'c.pth']):
            script, *rest = arguments
            run = [f'dist_{script}', *rest, '2']
            code, words, said = start(*run, PORT=taken)
            assert code == 0 and f'port {taken} is taken' in said
            assert f'--master_port={taken}' not in words
            # Other machines would not know of another one.
            several = dict(NNODES='2', PORT=taken)
            assert f'--master_port={taken}' in start(*run, **several)[1]


def test_slurm_prepare(start, tmp_path):
    """An sbatch that does at once what it is told."""
    fake = tmp_path / 'sbatch'
    fake.write_text(
        '#!/bin/sh\n'
        'for last; do echo "$last" >&2; done\n'
        'sh -c "$last" >&2\n'
        'echo "77;cluster"\n'
    )
    fake.chmod(0o755)
    arguments = ['in put', '--out', 'out', '--short-side', '32']
    options = dict(JOBS='2', SBATCH_ARGS='--time=10 --exclusive')
    code, said, words = start(
        'data/slurm_prepare.sh', 'cpu', 'prep', *arguments, **options
    )
    assert code == 0
    assert said == ['jobs 77, then 77, which merges']
    words = words.splitlines()
    for once in ('--array=1-2', '--requeue', '--dependency=afterany:77'):
        assert words.count(once) == 1
    common = '--partition=cpu --job-name=prep --time=10 --exclusive'
    assert all(words.count(word) == 2 for word in common.split())
    tool = str(TOOLS / 'data' / 'prepare_av.py')
    runs = [i for i, word in enumerate(words) if word == tool]
    ends = '--shard slurm --num-workers 4', '--merge'
    for begin, end in zip(runs, ends, strict=True):
        assert words[begin + 1 :][:5] == arguments
        rest = words[begin + 6 :][: len(end.split())]
        assert rest == end.split()
