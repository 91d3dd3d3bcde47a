"""Bugs that the tests must notice: a text of the source, and a wrong one.

Each is a mistake that somebody could make and that would train, sample or
judge wrongly without an error. ``tests/mutation/check.py`` puts them in one
at a time; a text must stand exactly once in its file.
"""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A bug: in which file, what it replaces, and who should notice."""

    path: str
    old: str
    new: str
    tests: tuple[str, ...]


_MODELS = 'tests/models'
_DATASETS = 'tests/datasets'
_HOOKS = 'tests/engine/hooks'
_LOOPS = 'tests/engine/loops'
_METRIC = 'tests/evaluation/metrics/test_sync_metric.py'

# File in avts_mm -> tests that should notice, and what is put in place of
# what.
_BUGS = {
    'models/losses/contrastive_loss.py': (
        [f'{_MODELS}/losses', f'{_MODELS}/heads'],
        {
            'together = distance.square()': 'together = distance',
            'margin - distance).square()': 'margin - distance.square())',
            'self.margin - distance)': 'distance - self.margin)',
            '(1 - target) * apart': 'target * apart',
            'squared.mean(-1) if scale': 'squared.sum(-1) if scale',
            'apart = squared != 0': 'apart = squared > 0',
            'torch.where(apart, squared, torch.ones_like(squared))': 'squared',
        },
    ),
    'models/heads/contrastive_head.py': (
        [f'{_MODELS}/heads'],
        {
            "(('positive', 1), ('nega": "(('positive', 0), ('nega",
            '(high - low) / distance.mean().clamp(min=1e-12)': 'high - low',
            'video, audio, self.scale_by_dim': 'video, audio, False',
            '* scale, audio * scale': ', audio',
            'share / kinds[kind].sum()': 'share',
            'share / total': 'share',
            'own + other - 2': 'own + other - 1',
        },
    ),
    'models/heads/step_contrastive_head.py': (
        [f'{_MODELS}/heads'],
        {
            'begin + shift : end + shift': 'begin - shift : end - shift',
            'max_shift + 1 - self.min': 'max_shift - self.min',
            'distances[:, self.max_shift]': 'distances[:, 0]',
        },
    ),
    'models/data_preprocessors/log_mel.py': (
        [f'{_MODELS}/data_preprocessors'],
        {
            '(power + 1e-6).log()': '(power + 1e-6).log10()',
            '(log_mel - self.mean) / self.std': '(log_mel - self.mean)',
            'hop_length=round(hop_s': 'hop_length=round(window_s',
            'win_length=window,': 'win_length=n_fft,',
        },
    ),
    'models/data_preprocessors/av_data_preprocessor.py': (
        [f'{_MODELS}/data_preprocessors'],
        {
            'align_corners=False': 'align_corners=True',
            ".flip(_FLIPPED[lazy['flip']])": '',
        },
    ),
    'datasets/pairs.py': (
        [f'{_DATASETS}/test_pairs.py'],
        {
            'self is PairKind.POSITIVE)': 'self is not PairKind.POSITIVE)',
            'start + first, start + first': 'start + first, start + second',
            'start + first, start + second': 'start + first, start + first',
            'first, audio_span[0] + other': 'first, start + other',
            'if rng.random() < 0.5 else (late, early)': '',
            'shift if block % 2 == 0 else -shift': 'shift',
            'rng.uniform(0, room - apart, 2)': 'rng.uniform(0, room / 2, 2)',
            '* self.clip_seconds + self.hard_gap': '* self.clip_seconds',
        },
    ),
    'datasets/mix.py': (
        [f'{_DATASETS}/test_mix.py', f'{_DATASETS}/test_pair_samplers.py'],
        {
            'shares[kind] / total for kind': 'shares[kind] for kind',
            '* (place + 1) - given * period': '- given',
            'PairKind.POSITIVE: negatives}': 'PairKind.POSITIVE: 1}',
        },
    ),
    'datasets/pair_samplers.py': (
        [f'{_DATASETS}/test_pair_samplers.py'],
        {
            'Sequence([self.seed, self.epoch])': 'Sequence([self.seed])',
            '.SeedSequence([self.seed, ': '.SeedSequence([',
            'places[self.rank :: self': 'places[:: self',
            'permuted(video, axis=1)': 'permuted(video, axis=0)',
            'self.corpus_weights) * total': 'self.corpus_weights**0) * total',
        },
    ),
    'datasets/pair_plan.py': (
        [f'{_DATASETS}/test_pair_samplers.py'],
        {
            'kind == PairKind.EASY': 'kind != PairKind.POSITIVE',
            '[ids[audio[easy]] == ids[video[easy]]]': '[audio[easy] < 0]',
            'self.corpora if easy_same_corpus else one': 'one',
        },
    ),
    'datasets/av_pair_dataset.py': (
        [f'{_DATASETS}/test_av_pair_dataset.py'],
        {
            'Generator(np.random.Philox(pair.seed))': 'default_rng()',
            'corpora == self.corpora[pair.audio]': 'corpora > -1',
        },
    ),
    'datasets/av_record_dataset.py': (
        [f'{_DATASETS}/test_av_pair_dataset.py'],
        {
            "=sound['audio_path']": "=picture['audio_path']",
            'audio_start=starts[1]': 'audio_start=starts[0]',
            'hash((root, record.video))': 'hash(record.video)',
        },
    ),
    'datasets/collate.py': (
        [f'{_DATASETS}/test_collate.py'],
        {
            'block.content[0] = True': 'pass',
            '        content[0] = False': '        pass',
            'if os.getpid() == receiver:': 'if True:',
        },
    ),
    'datasets/item_loading.py': (
        [f'{_DATASETS}/test_item_loading.py'],
        {
            'np.random.set_state(numpy_state)': 'pass',
            'np.random.seed(np': 'len(np',
        },
    ),
    'media/presentation.py': (
        ['tests/media/test_exactness.py'],
        {
            'ticks_to_seconds(ticks, stream) - late': (
                'ticks_to_seconds(ticks, stream)'
            ),
            'stream, container) - self._zero': 'stream, container)',
        },
    ),
    'media/probe.py': (
        ['tests/media/test_prepared_bytes.py'],
        {
            '0 < prepared_bytes == status.size': '0 < prepared_bytes',
            'if prepared:': 'if False:',
        },
    ),
    'media/remote.py': (
        ['tests/media/test_storage.py'],
        {
            "re.sub(r'//[^/@]*@', '//', ": '(',
            "self.plain.split('?')[0]": 'self.plain',
            'if status == 416 and args:': 'if False:',
            'if wait is None or final:': 'if True:',
            'if room >= len(data):': 'if True:',
        },
    ),
    'media/audio_reader.py': (
        ['tests/media/test_audio.py'],
        {
            'np.float32(1 / 32768)': 'np.float32(1 / 16384)',
            'else mono.mean(1)': 'else mono[:, 0]',
            'seek(self._begin + begin': 'seek(self._begin + 400 + begin',
            'sound[lead * up : lead * up + count]': 'sound[:count]',
            'end > high + edge': 'end > high + 10 * edge',
        },
    ),
    'media/audio.py': (
        ['tests/media/test_audio.py'],
        {
            'expected += frame.samples': 'expected += 0',
            'exact = (begin - self._zero) * rate': 'exact = begin * rate',
        },
    ),
    'compat/imports.py': (
        ['tests/compat/test_imports.py'],
        {
            'del modules[name]': 'pass',
            "str(kind.__module__).startswith('mmaction.models.multimod')": (
                'True'
            ),
        },
    ),
    'engine/hooks/curriculum_hook.py': (
        [f'{_HOOKS}/test_curriculum_hook.py'],
        {
            "stage['begin'] <= epoch": "stage['begin'] < epoch",
            "begun[-1]['mix']": "begun[0]['mix']",
            'mix_at(self.stages, runner.epoch)': (
                'mix_at(self.stages, runner.epoch + 1)'
            ),
        },
    ),
    'engine/hooks/health_hook.py': (
        [f'{_HOOKS}/test_health_hook.py'],
        {
            '(~losses.isfinite())': 'losses.isnan()',
            'if p.requires_grad]': ']',
            'if kind not in self._told:': 'if True:',
        },
    ),
    'engine/loops/randomness.py': (
        [f'{_LOOPS}/test_randomness.py'],
        {
            'SeedSequence([seed, rank, iteration])': (
                'SeedSequence([seed, rank])'
            ),
            'islice(self.sampler, self.first': 'islice(self.sampler, 0',
            'enumerate(indices, self.first)': 'enumerate(indices)',
            'place * world_size + rank': 'place',
            'iter_from(self.first)': 'iter_from(0)',
            'if isinstance(index, SeededIndex):': 'if False:',
        },
    ),
    'engine/loops/resumable_loops.py': (
        [f'{_LOOPS}/test_resumable_loops.py'],
        {
            "if place.get('epoch') != self._epoch:": 'if not place:',
            'samples=done * self': 'samples=(done - 1) * self',
            'runner.message_hub.get_info(VALIDATED) == now': 'False',
        },
    ),
    'engine/loops/stop_signals.py': (
        [f'{_LOOPS}/test_stop_signals.py'],
        {'if child._parent_pid == os.getpid()': 'if True'},
    ),
    'engine/train_loss_plateau.py': (
        ['tests/engine/test_train_loss_plateau.py'],
        {
            'patience=patience,': 'patience=patience - 1,',
            " if k != 'end'": '',
            "priority = 'BELOW_NORMAL'": "priority = 'LOWEST'",
        },
    ),
    'engine/whole_files.py': (
        ['tests/engine/test_whole_files.py'],
        {
            'if zipfile.is_zipfile(path):': 'if path.is_file():',
            'st_mtime_ns, reverse=True': 'st_mtime_ns',
        },
    ),
    'evaluation/functional/intervals.py': (
        ['tests/evaluation/functional/test_intervals.py'],
        {
            'inv_cdf(0.975)': 'inv_cdf(0.95)',
            'variance += 2 * both': 'variance += both',
        },
    ),
    'evaluation/functional/sync.py': (
        ['tests/evaluation/functional/test_sync.py', _METRIC],
        {
            "ordered, negatives, 'left')": "ordered, negatives, 'right')",
            'missed = 1 - accepted': 'missed = accepted',
            '(values[:-1] + values[1:]) / 2': 'values[:-1]',
        },
    ),
    'evaluation/metrics/sync_metric.py': (
        [_METRIC],
        {
            "if name == 'hard' else": "if name != 'hard' else",
            '{case[0]: Judged(*case)': '{case: Judged(*case)',
            'positives.where(same) if same.any() else positives': 'positives',
        },
    ),
    'weights/reading.py': (
        ['tests/weights/test_reading.py'],
        {
            'weights_only=True)': 'weights_only=False)',
            'm.compress_type != zipfile.ZIP_STORED': 'False',
        },
    ),
}
MUTANTS = [
    Mutant(f'avts_mm/{path}', old, new, tuple(tests))
    for path, (tests, changes) in _BUGS.items()
    for old, new in changes.items()
]
