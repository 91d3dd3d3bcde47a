"""Overlapping clips of labelled recordings: ESC-50, ESC-10, DCASE2014."""

import functools
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from mmaction.registry import DATASETS
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.logging import print_log

from avts_mm.media import MediaError, locate, open_audio, probe
from avts_mm.media.storage import is_file

from .recordings import Recording, read_recordings
from .transforms import PackAVInputs


@DATASETS.register_module()
class AudioClipDataset(BaseDataset):
    """Sub-clips of recordings, as long as the network's clips.

    Item ``i`` is one sub-clip. The pipeline gets ``audio`` (``(round(
    clip_seconds * sample_rate),)`` float32), ``sample_rate``, ``audio_path``,
    ``audio_start`` (s), ``clip_seconds``, ``label`` (the class), ``fold`` and
    ``recording`` (its number).

    Nothing is padded with zeros. A recording shorter than a clip is repeated
    until it fills one. Sub-clips whose peak is below ``silence_db`` are left
    out, because ESC recordings are filled up to 5 s with digital silence, and
    how much of it there is tells the class; of a recording that is silent
    throughout, one sub-clip stays. What was done is counted in the log and in
    :attr:`counts`.

    Args:
        ann_file (str): CSV file with the columns ``audio, label, fold``; see
            :mod:`avts_mm.datasets.recordings`.
        pipeline (list, optional): Transforms. Defaults to packing alone.
        clip_seconds (float): Defaults to 1.0.
        hop_seconds (float, optional): From one sub-clip to the next. Defaults
            to half a clip.
        sample_rate (int): Hz. Defaults to 16000.
        silence_db (float, optional): dB of full scale; None keeps silence.
            Defaults to -80.
        data_root (str): What relative paths, that of ``ann_file`` as well,
            are relative to. Defaults to ''.
        metainfo (dict, optional): Added to the dataset's ``classes``.
        lazy_init (bool): Read the annotation at first use.
            Defaults to False.
        backend_args (dict, optional): As of :class:`AVRecordDataset`.

    Attributes:
        recordings (list[Recording]): The lines of the annotation.
        clips (np.ndarray): int64 ``(N, 2)``: of each sub-clip the number of
            its recording and its first sample.

    Raises:
        FileNotFoundError: There is no such annotation file.
        ValueError: The annotation is malformed, or a setting impossible.
        MediaError: A recording cannot be read.
    """

    _fully_initialized: bool
    ann_file: str

    def __init__(
        self,
        ann_file: str,
        pipeline: Sequence[dict | Callable] | None = None,
        clip_seconds: float = 1.0,
        hop_seconds: float | None = None,
        sample_rate: int = 16000,
        silence_db: float | None = -80.0,
        data_root: str = '',
        metainfo: Mapping | None = None,
        lazy_init: bool = False,
        backend_args: Mapping | None = None,
    ) -> None:
        if hop_seconds is None:
            hop_seconds = clip_seconds / 2
        self.clip_samples = round(clip_seconds * sample_rate)
        self.hop_samples = round(hop_seconds * sample_rate)
        if self.clip_samples < 1 or self.hop_samples < 1:
            raise ValueError(
                'clip_seconds and hop_seconds must be positive, got '
                f'{clip_seconds} and {hop_seconds}'
            )
        self.clip_seconds = clip_seconds
        self.hop_seconds = hop_seconds
        self.sample_rate = sample_rate
        self.silence_db = silence_db
        self.backend_args = backend_args
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root or '',
            data_prefix={},
            serialize_data=False,
            pipeline=[PackAVInputs()] if pipeline is None else list(pipeline),
            test_mode=True,
            lazy_init=lazy_init,
        )

    def _join_prefix(self) -> None:
        """As mmengine's, for any storage."""
        self.ann_file = self._locate(self.ann_file)

    def _locate(self, name: str) -> str:
        return locate(self.data_root, name, self.backend_args)

    def read_annotation(self) -> list[Recording]:
        """The recordings of the annotation; opens no sound.

        Their paths are joined with ``data_root``.

        Raises:
            FileNotFoundError: There is no annotation, or recordings are
                missing.
            ValueError: It is malformed.
        """
        recordings = [
            r._replace(audio=self._locate(r.audio))
            for r in read_recordings(self.ann_file)
        ]
        missing = [r.audio for r in recordings if not is_file(r.audio)]
        if missing:
            raise FileNotFoundError(
                f'{self.ann_file}: {len(missing)} of {len(recordings)} '
                f'recordings are missing, the first is {missing[0]}; correct '
                'data_root, or write the list anew'
            )
        return recordings

    def full_init(self) -> None:
        """Read the annotation and listen where there is sound."""
        if self._fully_initialized:
            return
        self.recordings = self.read_annotation()
        names = {r.label: r.category or str(r.label) for r in self.recordings}
        classes = tuple(
            names.get(label, str(label)) for label in range(max(names) + 1)
        )
        self._metainfo.setdefault('classes', classes)
        self.counts: Counter[str] = Counter()
        self.clips = np.concatenate(
            [self._cut(number) for number in range(len(self.recordings))]
        )
        self._fully_initialized = True
        print_log(
            f'{self.ann_file}: {len(self.recordings)} recordings, '
            f'{len(self.clips)} clips of {self.clip_seconds:g} s every '
            f'{self.hop_seconds:g} s; left out: '
            f'{self.counts["silent_clips"]} silent ones; repeated to the '
            f'length of a clip: {self.counts["repeated_recordings"]} '
            'recordings',
            logger='current',
        )

    def _cut(self, number: int) -> np.ndarray:
        """The clips of a recording: ``(n, 2)``, its number and samples."""
        sound = _load(self.recordings[number].audio, self.sample_rate)
        clip = self.clip_samples
        self.counts['repeated_recordings'] += len(sound) < clip
        starts = clip_starts(len(sound), clip, self.hop_samples)
        if self.silence_db is not None:
            peaks = np.array(
                [np.abs(sound[s : s + clip]).max() for s in starts]
            )
            heard = peaks >= 10 ** (self.silence_db / 20)
            heard[peaks.argmax()] = True
            self.counts['silent_clips'] += int((~heard).sum())
            starts = starts[heard]
        return np.stack([np.full(len(starts), number), starts], axis=1)

    @force_full_init
    def __len__(self) -> int:
        return len(self.clips)

    @force_full_init
    def __getitem__(self, idx: int) -> dict:
        """Load a clip; MediaError if its file cannot be read."""
        idx = range(len(self.clips))[idx]
        number, start = self.clips[idx].tolist()
        recording = self.recordings[number]
        sound = _load(recording.audio, self.sample_rate)
        audio = sound[start : start + self.clip_samples]
        results = dict(
            # Of a shorter recording: again and again from its beginning.
            audio=np.resize(audio, self.clip_samples),
            audio_path=recording.audio,
            audio_start=start / self.sample_rate,
            clip_seconds=self.clip_seconds,
            sample_rate=self.sample_rate,
            label=recording.label,
            fold=recording.fold,
            recording=number,
            sample_idx=idx,
        )
        return self.pipeline(results)


def clip_starts(length: int, clip: int, hop: int) -> np.ndarray:
    """First samples of the overlapping clips of a recording, int64 ``(N,)``.

    Every ``hop``, as long as a clip fits in; and once more at the very end
    if otherwise more than a tenth of a clip would remain unheard. Only 0
    where the recording is shorter than a clip.
    """
    last = max(length - clip, 0)
    starts = np.arange(0, last + 1, hop)
    if last - starts[-1] > clip / 10:
        starts = np.append(starts, last)
    return starts


# The last few are kept, since their clips are asked for one by one.
@functools.lru_cache(maxsize=4)
def _load(path: str, sample_rate: int) -> np.ndarray:
    """All of the sound of a file, float32 ``(S,)``, mono; read-only."""
    info = probe(path, scan=True)
    start = 0.0
    if info.video_codec is not None:
        # On the clock of the pictures, sound may begin before or after.
        start = info.audio_start - info.video_start
    count = int(info.audio_duration * sample_rate)
    if count < 1:
        raise MediaError(
            f'{path}: holds no sound; leave it out', path, 'too_short'
        )
    with open_audio(path) as reader:
        sound = reader.read(start, count / sample_rate, sample_rate)
    sound.flags.writeable = False
    return sound
