"""Pictures of what a model makes of the clips of a data set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from scipy.spatial.distance import cdist

from .heat_map import draw_heat_maps, sound_distances
from .retrieval import draw_retrieval
from .similarity import draw_similarity

REFINE = 2  # of maps
QUERIES = 5  # rows of a retrieval sheet


@dataclass
class EmbeddedClip:
    """A clip with its own sound, and what a model makes of both.

    Attributes:
        video_input (torch.Tensor): What the network sees, but not normalised,
            ``(C, T, H, W)``.
        wave (np.ndarray): ``(S,)``.
        log_mel (np.ndarray): ``(bands, M)``.
        video (np.ndarray): Embeddings ``(D, T)``; one step of models that
            embed whole clips.
        audio (np.ndarray): Embeddings ``(D, T)``, likewise.
        name (str): The film.
        start (float): Where the clip begins, seconds.
        seconds (float): How long it is.
    """

    video_input: torch.Tensor
    wave: np.ndarray
    log_mel: np.ndarray
    video: np.ndarray
    audio: np.ndarray
    name: str
    start: float
    seconds: float

    @property
    def frames(self) -> np.ndarray:
        """``(T, H, W, 3)`` uint8."""
        return self.video_input.numpy().transpose(1, 2, 3, 0)

    @property
    def title(self) -> str:
        """Its name and when it begins."""
        return f'{self.name} from {self.start:.2f} s'


@torch.no_grad()
def embed_clips(model, samples: Iterable[dict]) -> list[EmbeddedClip]:
    """Embed clips in sync.

    Args:
        model (AVTS): In evaluation mode.
        samples (Iterable[dict]): As `AVPairDataset` gives them.
    """
    device = next(model.parameters()).device
    clips = []
    for sample in samples:
        inputs = {k: x[None].to(device) for k, x in sample['inputs'].items()}
        pictures = model.data_preprocessor.stack_clips(
            inputs['video'], [sample['data_samples']]
        )
        inputs['video'] = pictures
        inputs = model.data_preprocessor(dict(inputs=inputs))['inputs']
        video, audio = (
            x[0].float().reshape(x.shape[1], -1).cpu().numpy()
            for x in model(inputs)
        )
        log_mel = inputs['audio'][0, 0].float().cpu().numpy()
        meta = sample['data_samples']
        hop = model.data_preprocessor.log_mel.hop_seconds
        clips.append(
            EmbeddedClip(
                pictures[0].cpu(),
                sample['inputs']['audio'].numpy(),
                log_mel,
                video,
                audio,
                Path(meta.get('video_path', '')).stem,
                float(meta.get('video_start', 0.0)),
                hop * (log_mel.shape[1] - 1),
            )
        )
    return clips


def liveliest(clips: Sequence[EmbeddedClip]) -> EmbeddedClip:
    """The clip whose loudness varies most; of some clips always the same."""
    return max(clips, key=lambda clip: float(clip.log_mel.mean(0).std()))


def distances_of(video: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """Distances ``(N, M)`` of embeddings ``(N, D)`` and ``(M, D)``."""
    return cdist(video, audio) / np.sqrt(video.shape[1])


def clip_distances(clips: Sequence[EmbeddedClip]) -> np.ndarray:
    """Distance of each clip's picture to each clip's sound, ``(N, N)``.

    Of models with an embedding for each step, the mean over the steps.
    """
    steps = min(min(c.video.shape[1], c.audio.shape[1]) for c in clips)
    video, audio = (
        np.stack([getattr(clip, name)[:, :steps] for clip in clips], axis=2)
        for name in ('video', 'audio')
    )
    each = [distances_of(video[:, i].T, audio[:, i].T) for i in range(steps)]
    return np.mean(each, axis=0)


def draw_clip_similarity(clips: Sequence[EmbeddedClip]) -> Figure:
    """Every moment of the picture against every moment of the sound.

    Of the liveliest clip; of models that embed whole clips, every clip's
    picture against every clip's sound.
    """
    clip = liveliest(clips)
    steps = clip.video.shape[1]
    if steps == 1:
        numbers = np.arange(1, len(clips) + 1)
        return draw_similarity(
            clip_distances(clips),
            numbers,
            numbers,
            'Pictures and sounds of clips',
            unit='number of the clip',
        )
    rows, columns = (
        clip.start + (np.arange(n) + 0.5) * clip.seconds / steps
        for n in (steps, clip.audio.shape[1])
    )
    distances = distances_of(clip.video.T, clip.audio.T)
    return draw_similarity(
        distances,
        rows,
        columns,
        clip.title,
        frames=clip.frames,
        log_mel=clip.log_mel,
    )


@torch.no_grad()
def draw_clip_heat_map(model, clips: Sequence[EmbeddedClip]) -> Figure:
    """Where in the picture of the liveliest clip its sound comes from.

    Of models that embed whole clips, a column for each of the first clips,
    set against the sounds of all.
    """
    by_clip = clips[0].video.shape[1] == 1
    shown = clips[:8] if by_clip else [liveliest(clips)]
    others = np.concatenate(
        [clip.audio for clip in (clips if by_clip else shown)], axis=1
    )
    device = next(model.parameters()).device
    maps = []
    for clip in shown:
        inputs = dict(video=clip.video_input[None].to(device))
        inputs = model.data_preprocessor(dict(inputs=inputs))['inputs']
        places = model.embed_places(inputs['video'], REFINE)[0]
        places = places.float().cpu().numpy()
        steps = min(places.shape[1], clip.audio.shape[1])
        sounds = clip.audio[:, :steps]
        maps.append(sound_distances(places[:, :steps], sounds, others))
    seconds = shown[0].seconds
    if by_clip:
        frames = np.stack(
            [clip.frames[len(clip.frames) // 2] for clip in shown]
        )
        step, title = seconds, 'Clips, one after the other'
    else:
        frames, title = shown[0].frames[: len(maps[0])], shown[0].title
        step = seconds / len(shown[0].frames)
    return draw_heat_maps(
        frames,
        np.concatenate(maps),
        (np.arange(len(frames)) + 0.5) * step,
        np.concatenate([clip.wave for clip in shown]),
        seconds * len(shown),
        title=title,
    )


def draw_clip_retrieval(
    clips: Sequence[EmbeddedClip], by: str = 'picture'
) -> Figure:
    """The clips nearest to some of them, see :func:`draw_retrieval`."""
    queries = np.linspace(0, len(clips) - 1, min(QUERIES, len(clips)))
    return draw_retrieval(
        clips, clip_distances(clips), queries.astype(int).tolist(), by
    )
