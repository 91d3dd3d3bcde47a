"""From plans to samples: the dataset of audio-visual pairs.

It holds no state of the training: an :class:`AVPair` says all there is to
know about a sample.
"""

from collections import defaultdict

import numpy as np
from mmaction.registry import DATASETS

from avts_mm.media import map_in_helper

from .av_record_dataset import AVRecordDataset
from .pairs import AVPair, PairKind, PairTiming
from .seeding import chance_kept, seed_chance
from .shared_clips import SharedClips

# A pair, or those of a clip with several sounds.
Index = AVPair | tuple[AVPair, ...]
# What there are several of when a clip has several sounds.
OF_A_SOUND = (
    'audio_path',
    'audio_start',
    'audio_span',
    'kind',
    'label',
    'pair',
)


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

    Indexed by a tuple of pairs of one video, it loads a clip with several
    sounds. The first pair decides the picture; what belongs to a sound
    (``audio_path``, ``audio_start``, ``audio_span``, ``kind``, ``label``,
    ``pair``) is then a list.

    Records without sound, or shorter than a clip, are left out and counted
    in the log. A pair that turns out to be unreadable in training is replaced
    by another of the same kind, which the plan's seed decides; see
    :class:`~avts_mm.datasets.unreadable.UnreadableFiles`. In testing it is an
    error.

    Args:
        kwargs: Of :class:`AVRecordDataset`.
    """

    def __getitem__(self, pair: Index) -> dict:
        """Load a pair, or a clip with several sounds.

        Raises:
            TypeError: Indexed by a number: the wrong sampler.
            MediaError: A file cannot be read, in test mode.
            RuntimeError: Too many unreadable pairs in a row, in training.
        """
        return self.__getitems__([pair])[0]

    def __getitems__(self, pairs: list[Index]) -> list[dict]:
        """Load a batch, opening each video once for all its clips there.

        The data loader calls it, and gets what it would get from
        :meth:`__getitem__` for each of the pairs.
        """
        plans = [self.plan_info(pair) for pair in pairs]
        of_video = defaultdict(list)
        for plan in plans:
            of_video[plan['video_path']].append(plan)
        for same in of_video.values():
            if len(same) > 1:
                clips = SharedClips([plan['video_start'] for plan in same])
                for plan in same:
                    plan['shared_clips'] = clips
        # Chance is put back here, not by a thread that may have been given up.
        with chance_kept():
            return map_in_helper(self._load, list(zip(pairs, plans)))

    def _load(self, planned: tuple[Index, dict]) -> dict:
        first, plan = planned

        def load(pair: Index) -> dict:
            return self.prepare_data(pair, plan if pair is first else None)

        if self.test_mode:
            return load(first)
        return self.unreadable.load(first, load, self._replacement)

    def prepare_data(self, pair: Index, plan: dict | None = None) -> dict:
        """Run the pipeline on a pair. Chance is seeded by it.

        Args:
            pair (AVPair | tuple[AVPair, ...]): The pair.
            plan (dict, optional): Its :meth:`plan_info`, if known.
        """
        results = self.plan_info(pair) if plan is None else plan
        first = pair if isinstance(pair, AVPair) else pair[0]
        seed_chance(first.seed)
        return self.pipeline(results)

    def plan_info(self, pair: Index) -> dict:
        """What the pipeline is given for a pair; opens no file.

        Raises:
            TypeError: Indexed by a number: the wrong sampler.
        """
        if isinstance(pair, AVPair):
            return self._pair_info(pair)
        listed = pair if isinstance(pair, tuple) else ()
        pairs = [p for p in listed if isinstance(p, AVPair)]
        if not pairs or len(pairs) < len(listed):
            raise TypeError(
                'AVPairDataset is indexed by AVPair, not by '
                f'{type(pair).__name__}; use sampler=dict(type='
                "'AVPairSampler') or dict(type='AVPairTestSampler')"
            )
        first = self._pair_info(pairs[0])
        infos = [first]
        for other in pairs[1:]:
            infos.append(self._pair_info(other, first['video_start']))
        return first | {k: [info[k] for info in infos] for k in OF_A_SOUND}

    def _pair_info(self, pair: AVPair, moment: float | None = None) -> dict:
        picture = self.get_data_info(pair.video)
        sound = self.get_data_info(pair.audio)
        kind = PairKind(pair.kind)
        rng = np.random.Generator(np.random.Philox(pair.seed))
        video_start, audio_start = self.timing.draw(
            kind, picture['span'], sound['span'], rng, moment
        )
        return dict(
            video_path=picture['video_path'],
            audio_path=sound['audio_path'],
            prepared_bytes=picture['prepared_bytes'],
            video_start=video_start,
            audio_start=audio_start,
            clip_seconds=self.timing.clip_seconds,
            kind=int(kind),
            label=kind.label,
            pair=pair,
            video_span=picture['span'],
            audio_span=sound['span'],
            modality='RGB',
            start_index=0,
        )

    def _replacement(self, pair: Index) -> Index:
        """The same kinds of another video, a function of the plan alone."""
        pairs = (pair,) if isinstance(pair, AVPair) else pair
        rng = np.random.Generator(np.random.Philox([pairs[0].seed, 1]))
        need = max(self.timing.min_duration(p.kind) for p in pairs)
        eligible = np.flatnonzero(
            self.durations >= need - PairTiming.TOLERANCE
        )
        video = int(rng.choice(eligible))
        ids = self.video_ids
        replaced = []
        for kind in (p.kind for p in pairs):
            audio = video
            if kind == PairKind.EASY:
                others = eligible[ids[eligible] != ids[video]]
                audio = int(rng.choice(others))
            seed = int(rng.integers(np.iinfo(np.int64).max))
            replaced.append(AVPair(video, audio, kind, seed))
        return replaced[0] if isinstance(pair, AVPair) else tuple(replaced)
