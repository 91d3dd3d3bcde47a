"""From plans to samples: the dataset of audio-visual pairs.

It holds no state of the training: an :class:`AVPair` says all there is to
know about a sample.
"""

import numpy as np
from mmaction.registry import DATASETS

from .av_record_dataset import AVRecordDataset
from .pairs import AVPair, PairKind, PairTiming


@DATASETS.register_module()
class AVPairDataset(AVRecordDataset):
    """Pairs of a picture clip and a sound clip from annotated videos.

    It is indexed by :class:`~avts_mm.datasets.pairs.AVPair` and therefore
    needs :class:`AVPairSampler` or :class:`AVPairTestSampler`. The pipeline
    gets a dict with ``video_path``, ``audio_path``, ``video_start``,
    ``audio_start`` and ``clip_seconds`` (seconds on the clock of either
    video), ``kind``, ``label`` (1 in sync, 0 not), ``pair``, ``video_span``,
    ``audio_span``, ``prepared_bytes`` (of the video with the picture), and
    mmaction2's ``modality`` and ``start_index``.

    A pair that turns out to be unreadable in training is replaced by another
    of the same kind, which the plan's seed decides; see
    :class:`~avts_mm.datasets.item_loading.UnreadableFiles`. In testing it is
    an error.

    Args:
        kwargs: Of :class:`AVRecordDataset`.
    """

    def __getitem__(self, pair: AVPair) -> dict:
        """Load a pair.

        Raises:
            TypeError: Indexed by a number: the wrong sampler.
            MediaError: A file cannot be read, in test mode.
            RuntimeError: Too many unreadable pairs in a row, in training.
        """
        if not isinstance(pair, AVPair):
            raise TypeError(
                'AVPairDataset is indexed by AVPair, not by '
                f'{type(pair).__name__}; use sampler=dict(type='
                "'AVPairSampler') or dict(type='AVPairTestSampler')"
            )
        if self.test_mode:
            return self.prepare_data(pair)
        return self.unreadable.load(pair, self.prepare_data, self._replacement)

    def prepare_data(self, pair: AVPair) -> dict:
        """Run the pipeline on a pair. Chance is seeded by it."""
        return self._load(pair, pair.seed)

    def plan_info(self, pair: AVPair) -> dict:
        """What the pipeline is given for a pair; opens no file."""
        picture = self.get_data_info(pair.video)
        sound = picture
        if pair.audio != pair.video:
            sound = self.get_data_info(pair.audio)
        kind = PairKind(pair.kind)
        rng = np.random.Generator(np.random.Philox(pair.seed))
        if pair.clips == 1:
            spans = picture['span'], sound['span']
            starts = self.timing.draw(kind, *spans, rng)
            return dict(
                self._clip_info(kind, picture, sound, starts), pair=pair
            )
        moments = self.timing.moments(picture['span'], pair.clips, rng)
        return dict(
            self._clip_info(kind, picture, sound, (moments, moments)),
            pair=pair,
            label=[kind.label] * pair.clips,
            video_id=int(self.video_ids[pair.video]),
            timing=self.timing,
        )

    def _replacement(self, pair: AVPair) -> AVPair:
        """The same kind of another video, picture and sound each of the same
        corpus as before; a function of the plan alone."""
        rng = np.random.Generator(np.random.Philox([pair.seed, 1]))
        need = self.timing.min_duration(pair.kind) - PairTiming.TOLERANCE
        eligible = np.flatnonzero(self.durations >= need)
        corpora = self.corpora[eligible]
        mine = eligible[corpora == self.corpora[pair.video]]
        video = audio = int(rng.choice(mine))
        if pair.kind == PairKind.EASY:
            ids = self.video_ids
            mine = eligible[corpora == self.corpora[pair.audio]]
            audio = int(rng.choice(mine[ids[mine] != ids[video]]))
        seed = int(rng.integers(np.iinfo(np.int64).max))
        return pair._replace(video=video, audio=audio, seed=seed)
