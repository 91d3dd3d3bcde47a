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


# File -> tests that should notice, and what is put in place of what.
_BUGS = {
    'avts_mm/models/losses/contrastive_loss.py': (
        ['tests/models/losses', 'tests/models/heads'],
        [
            ('together = distance.square()', 'together = distance'),
            (
                'F.relu(self.margin - distance).square()',
                'F.relu(self.margin - distance.square())',
            ),
            ('self.margin - distance)', 'distance - self.margin)'),
            ('(1 - target) * apart', 'target * apart'),
            (
                'squared.mean(-1) if scale_by_dim',
                'squared.sum(-1) if scale_by_dim',
            ),
            ('apart = squared != 0', 'apart = squared > 0'),
            (
                'torch.where(apart, squared, torch.ones_like(squared)).sqrt()',
                'squared.sqrt()',
            ),
        ],
    ),
    'avts_mm/models/heads/contrastive_head.py': (
        ['tests/models/heads'],
        [
            (
                "(('positive', 1), ('negative', 0))",
                "(('positive', 0), ('negative', 1))",
            ),
            ('(high - low) / mean', '(high - low)'),
            (
                'audio = F.normalize(audio, dim=-1)',
                'audio = F.normalize(audio, dim=0)',
            ),
        ],
    ),
    'avts_mm/models/heads/step_contrastive_head.py': (
        ['tests/models/heads'],
        [
            (
                'audio[:, begin + shift : end + shift]',
                'audio[:, begin - shift : end - shift]',
            ),
            (
                'self.max_shift + 1 - self.min_shift',
                'self.max_shift - self.min_shift',
            ),
            ('torch.zeros_like(apart)', 'torch.ones_like(apart)'),
        ],
    ),
    'avts_mm/models/data_preprocessors/log_mel.py': (
        ['tests/models/data_preprocessors'],
        [
            (
                '(power + self.log_offset).log()',
                '(power + self.log_offset).log10()',
            ),
            ('(log_mel - self.mean) / self.std', '(log_mel - self.mean)'),
            (
                'hop_length=round(hop_seconds * sample_rate)',
                'hop_length=round(window_seconds * sample_rate)',
            ),
            ('win_length=window,', 'win_length=n_fft,'),
        ],
    ),
    'avts_mm/datasets/pairs.py': (
        ['tests/datasets/test_pairs.py'],
        [
            ('self is PairKind.POSITIVE)', 'self is not PairKind.POSITIVE)'),
            (
                'return start + first, start + first',
                'return start + first, start + second',
            ),
            (
                'return start + first, start + second',
                'return start + first, audio_span[0] + first',
            ),
            (
                'return start + first, audio_span[0] + other',
                'return start + first, start + other',
            ),
            (
                '(early, late) if rng.random() < 0.5 else (late, early)',
                '(early, late)',
            ),
            (
                'moment + (shift if block % 2 == 0 else -shift)',
                'moment + shift',
            ),
            ('rng.uniform(0, room - apart, 2)', 'rng.uniform(0, room / 2, 2)'),
            (
                'return 2 * self.clip_seconds + self.hard_gap',
                'return 2 * self.clip_seconds',
            ),
            ('shares[kind] / total for kind', 'shares[kind] for kind'),
        ],
    ),
    'avts_mm/datasets/pair_plan.py': (
        [
            'tests/datasets/test_pair_plan.py',
            'tests/datasets/test_pair_sampler.py',
        ],
        [
            (
                'behind = targets * (place + 1) - given * period',
                'behind = targets - given',
            ),
            (
                'counts = {PairKind.POSITIVE: negatives}',
                'counts = {PairKind.POSITIVE: 1}',
            ),
            (
                'video_ids[partners] == video_ids[videos])',
                'partners == videos)',
            ),
        ],
    ),
    'avts_mm/datasets/pair_sampler.py': (
        ['tests/datasets/test_pair_sampler.py'],
        [
            (
                'SeedSequence([self.seed, self.epoch])',
                'SeedSequence([self.seed])',
            ),
            (
                'SeedSequence([self.seed, self.epoch]))',
                'SeedSequence([self.epoch]))',
            ),
            (
                'places[self.rank :: self.world_size]',
                'places[:: self.world_size]',
            ),
            ('kind == PairKind.EASY', 'kind != PairKind.POSITIVE'),
            ('rng.permuted(video, axis=1)', 'rng.permuted(video, axis=0)'),
            ('if self.shuffle:', 'if not self.shuffle:'),
        ],
    ),
    'avts_mm/datasets/av_pair_dataset.py': (
        [
            'tests/datasets/test_av_pair_dataset.py',
            'tests/datasets/test_unreadable.py',
        ],
        [
            (
                'np.random.Generator(np.random.Philox(pair.seed))',
                'np.random.default_rng()',
            ),
            (
                "audio_path=sound['audio_path']",
                "audio_path=picture['audio_path']",
            ),
            ('audio_start=audio_start,', 'audio_start=video_start,'),
        ],
    ),
    'avts_mm/models/data_preprocessors/lazy_pictures.py': (
        ['tests/models/data_preprocessors/test_lazy_pictures.py'],
        [
            ('align_corners=False', 'align_corners=True'),
            (".flip(_FLIPPED[lazy['flip']])", ''),
            ('1.402 * v', '1.402 * u'),
            ('top : top + rows', ': rows'),
        ],
    ),
    'avts_mm/media/planar.py': (
        ['tests/media/test_planar.py'],
        [
            ('row * step + column', 'column'),
            ("frame.format.name == 'yuv420p'", 'True'),
            ('int(frame.color_range) != _FULL_RANGE', 'True'),
        ],
    ),
    'avts_mm/datasets/batch_memory.py': (
        ['tests/datasets/test_batch_memory.py'],
        [
            ('block.content[0] = True', 'pass'),
            ('        content[0] = False', '        pass'),
            ('if os.getpid() == receiver:', 'if True:'),
        ],
    ),
    'avts_mm/engine/loops/workers.py': (
        ['tests/engine/loops/test_workers.py'],
        [('if child._parent_pid == os.getpid()', 'if True')],
    ),
    'avts_mm/datasets/seeding.py': (
        ['tests/datasets/test_seeding.py'],
        [
            ('np.random.set_state(numpy_state)', 'pass'),
            (
                'np.random.seed(np.random.SeedSequence(seed).generate_state(4))',
                'pass',
            ),
            ("getattr(idx, 'seed', None)", 'None'),
        ],
    ),
    'avts_mm/compat/imports.py': (
        ['tests/compat/test_imports.py'],
        [
            ("_forget_registered('mmaction.models.multimodal')", 'pass'),
            ('str(kind.__module__).startswith(package)', 'True'),
        ],
    ),
    'avts_mm/media/picture_time.py': (
        ['tests/media/test_exactness.py'],
        [
            ('return time + shift', 'return time'),
            (' - _reorder_depth(stream)', ' + _reorder_depth(stream)'),
        ],
    ),
    'avts_mm/evaluation/functional/intervals.py': (
        ['tests/evaluation/functional/test_intervals.py'],
        [
            ('(1 + confidence) / 2', 'confidence'),
            ('variance += 2 * both', 'variance += both'),
        ],
    ),
    'avts_mm/media/probe.py': (
        ['tests/media/test_prepared_bytes.py'],
        [
            ('0 < prepared_bytes == status.st_size', '0 < prepared_bytes'),
            ('if prepared:', 'if False:'),
        ],
    ),
    'avts_mm/media/wave_audio.py': (
        ['tests/media/test_audio.py'],
        [
            ('np.float32(1 / 32768)', 'np.float32(1 / 16384)'),
            ('else mono.mean(1)', 'else mono[:, 0]'),
            ('self._file.setpos(begin)', 'self._file.setpos(begin + 400)'),
        ],
    ),
    'avts_mm/media/audio_reader.py': (
        ['tests/media/test_audio.py'],
        [
            ('sound[lead * up : lead * up + count]', 'sound[:count]'),
            ('end > high + edge', 'end > high + 10 * edge'),
        ],
    ),
    'avts_mm/media/pyav_audio.py': (
        ['tests/media/test_audio.py'],
        [
            (
                'expected = place + frame.samples',
                'expected = place',
            ),
            ('place = (time - self._zero) * rate', 'place = time * rate'),
        ],
    ),
    'avts_mm/engine/hooks/curriculum_hook.py': (
        ['tests/engine/hooks/test_curriculum_hook.py'],
        [
            ("stage['begin'] <= epoch", "stage['begin'] < epoch"),
            ("begun[-1]['mix']", "begun[0]['mix']"),
            (
                'mix_at(self.stages, runner.epoch)',
                'mix_at(self.stages, runner.epoch + 1)',
            ),
        ],
    ),
    'avts_mm/engine/loops/randomness.py': (
        ['tests/engine/loops/test_randomness.py'],
        [
            (
                'SeedSequence([seed, rank, iteration])',
                'SeedSequence([seed, rank])',
            ),
            (
                'islice(self.sampler, self.first, None)',
                'islice(self.sampler, 0, None)',
            ),
            ('enumerate(indices, self.first)', 'enumerate(indices)'),
            ('place * world_size + rank', 'place'),
            ('iter_from(self.first)', 'iter_from(0)'),
        ],
    ),
    'avts_mm/engine/loops/resumable_loops.py': (
        ['tests/engine/loops/test_resumable_loops.py'],
        [
            ("if place.get('epoch') != self._epoch:", 'if not place:'),
            (
                'samples=done * self._step_samples',
                'samples=(done - 1) * self._step_samples',
            ),
            ('runner.message_hub.get_info(VALIDATED) == now', 'False'),
        ],
    ),
    'avts_mm/engine/whole_files.py': (
        ['tests/engine/test_whole_files.py'],
        [
            ('elif not zipfile.is_zipfile(path):', 'elif False:'),
            ('st_mtime_ns, reverse=True', 'st_mtime_ns'),
        ],
    ),
    'avts_mm/engine/schedulers/train_loss_plateau_lr.py': (
        [
            'tests/engine/schedulers',
            'tests/engine/hooks/test_train_loss_plateau_hook.py',
        ],
        [
            ('patience=patience,', 'patience=patience - 1,'),
            ("    'best',\n", ''),
            ("        'num_bad_epochs',\n", ''),
        ],
    ),
    'avts_mm/engine/hooks/train_loss_plateau_hook.py': (
        ['tests/engine/hooks/test_train_loss_plateau_hook.py'],
        [
            ('self.mean.begin(runner)', 'pass'),
            ("priority = 'BELOW_NORMAL'", "priority = 'LOWEST'"),
        ],
    ),
    'avts_mm/engine/hooks/health_hook.py': (
        ['tests/engine/hooks/test_health_hook.py'],
        [
            ('~torch.stack(losses).isfinite()', 'torch.stack(losses).isnan()'),
            ('if p.requires_grad]', ']'),
            ('share > self.max_waiting', 'share < self.max_waiting'),
            ('if kind not in self._told:', 'if True:'),
        ],
    ),
    'avts_mm/evaluation/functional/sync.py': (
        [
            'tests/evaluation/functional/test_sync.py',
            'tests/evaluation/metrics/test_sync_metric.py',
        ],
        [
            (
                "np.searchsorted(ordered, negatives, 'left')",
                "np.searchsorted(ordered, negatives, 'right')",
            ),
            ('missed = 1 - accepted', 'missed = accepted'),
            ('(values[:-1] + values[1:]) / 2', 'values[:-1]'),
        ],
    ),
    'avts_mm/evaluation/metrics/sync_metric.py': (
        ['tests/evaluation/metrics/test_sync_metric.py'],
        [
            ("if name == 'hard' else", "if name != 'hard' else"),
            (
                'judged = {case[0]: Judged(*case)',
                'judged = {case: Judged(*case)',
            ),
            (
                'positives = same if same.clips else positives',
                'positives = positives',
            ),
        ],
    ),
    'avts_mm/weights/reading.py': (
        ['tests/weights/test_reading.py'],
        [
            (
                'map_location=map_location, weights_only=True)',
                'map_location=map_location, weights_only=False)',
            ),
            ('m.compress_type != zipfile.ZIP_STORED', 'False'),
        ],
    ),
}
MUTANTS = [
    Mutant(path, old, new, tuple(tests))
    for path, (tests, changes) in _BUGS.items()
    for old, new in changes
]
