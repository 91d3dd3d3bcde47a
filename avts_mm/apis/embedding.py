"""Embeddings of a whole film, at every step of time, in little memory."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import torch
from mmengine import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from scipy.ndimage import maximum_filter1d
from torch.nn import functional as F

from avts_mm.media.film import Film
from avts_mm.models import AVTS, StepContrastiveHead

MOTION = 0.25  # grey levels from one picture to the next: less is a still
LOUDNESS = 1e-3  # of full scale, -60 dB: less is silence
REACH = 5  # steps around one that lend it their motion and their sound
PICTURES = 25  # transformed at once


@dataclass
class EmbeddedPiece:
    """Successive steps of a film.

    Attributes:
        video (np.ndarray): ``(T, D)``; NaN where nothing moves.
        audio (np.ndarray): ``(T, D)``; NaN where nothing is heard.
        motion (np.ndarray): ``(T,)``, mean change of a picture since the one
            before, grey levels.
        loudness (np.ndarray): ``(T,)``, effective value of the sound of each
            step, of full scale; NaN beyond the track.
    """

    video: np.ndarray
    audio: np.ndarray
    motion: np.ndarray
    loudness: np.ndarray


def windows(
    pictures: Iterator[np.ndarray],
    prepare: Callable[[list[np.ndarray]], Iterable],
    chunk: int,
    before: int,
    after: int,
    beyond: int = 0,
    end: float = math.inf,
) -> Iterator[tuple[list, int, int, int]]:
    """Go along pictures, part by part, with some of what is around each.

    Args:
        pictures (Iterator[np.ndarray]): Of all steps of a film.
        prepare (Callable): Makes of some of them what is to be held.
        chunk (int): Steps of a part.
        before (int): Pictures held before it.
        after (int): Pictures held after it.
        beyond (int): Last steps that are in no part. Defaults to 0.
        end (float): Step to end before. Defaults to all.

    Yields:
        tuple: What is held, and the steps of the first held, of the part's
        first, and after its last.
    """
    first = at = 0
    raw = islice(pictures, None if end == math.inf else int(end) + after)
    batches = iter(lambda: list(islice(raw, PICTURES)), [])
    items = chain.from_iterable(map(prepare, batches))
    held: list = []
    while first < end:
        held += islice(items, first + chunk + after - at - len(held))
        last = int(min(first + chunk, at + len(held) - beyond, end))
        if last <= first:
            return
        yield held, at, first, last
        drop = max(last - before - at, 0)
        first, at, held = last, at + drop, held[drop:]


class FilmEmbedder:
    """Runs both towers along a film.

    A model with `StepContrastiveHead` embeds every step in one pass over long
    pieces. Any other embeds the clip that begins at each step, sound once for
    each step and pictures at every ``stride``-th.

    Args:
        model (AVTS): In evaluation mode.
        config (Config): What it was trained with. The length of clips and
            what is done to pictures are taken from its test pipeline.
        stride (int): Steps from one clip of pictures to the next.
            Defaults to 1.

    Attributes:
        step (float): Seconds from one embedding to the next.
        faces (bool): The model looks at mouths (``faces = True`` in its
            config).
        chunk, batch_size (int): Steps, and clips, embedded at once.

    Raises:
        ValueError: The config has no test pipeline for pairs.
    """

    chunk = 200
    batch_size = 16

    def __init__(self, model: AVTS, config: Config, stride: int = 1) -> None:
        self.model = model
        self.device = next(model.parameters()).device
        try:
            dataset = config.test_dataloader.dataset
            steps = {step['type']: step for step in dataset.pipeline}
            self.length = steps['LoadAVFrames'].get('num_frames', 25)
            self.rate = steps['LoadAVAudio'].get('sample_rate', 16000)
            seconds = dataset.get('clip_seconds', 1.0)
        except (AttributeError, KeyError, TypeError):
            raise ValueError(
                'the config has no test_dataloader with LoadAVFrames and '
                'LoadAVAudio in its pipeline; give the config that the model '
                'was pretrained with'
            ) from None
        self.step = seconds / self.length
        self.faces = bool(config.get('faces'))
        # Mouths are cut as the training's region was.
        done = ('Load', 'Pack', *(('RegionCrop', 'Resize') * self.faces))
        self.by_steps = isinstance(model.head, StepContrastiveHead)
        self.stride = 1 if self.by_steps else stride
        # What convolutions see beyond the ends of a piece.
        self.before = 2 * REACH if self.by_steps else 0
        self.after = 2 * REACH if self.by_steps else self.length - 1
        init_default_scope(config.get('default_scope', 'mmaction'))
        self.transforms = Compose(
            [
                step
                for step in dataset.pipeline
                if not step['type'].startswith(done)
            ]
        )
        kind = self.device.type
        self.autocast = torch.autocast(
            kind,
            torch.bfloat16 if kind == 'cpu' else torch.float16,
            bool((config.get('test_cfg') or {}).get('fp16')),
        )

    def pieces(self, film: Film) -> Iterator[EmbeddedPiece]:
        """Embed a film piece by piece.

        Raises:
            MediaError: The film is damaged.
        """
        for held, at, first, last in windows(
            film.pictures(self.step),
            self.transform,
            self.chunk,
            self.before + 1,  # motion is a change from the picture before
            self.after,
            0 if self.by_steps else self.after,  # where no clip begins
        ):
            with self.autocast:
                piece = self._embed(film, np.stack(held, 1), at, first, last)
            yield piece

    def transform(self, pictures: list[np.ndarray]) -> np.ndarray:
        """What the model is given of pictures, uint8 ``(T, C, H, W)``."""
        shape = pictures[0].shape[:2]
        results = self.transforms(
            dict(
                imgs=pictures,
                img_shape=shape,
                original_shape=shape,
                num_clips=1,
                clip_len=len(pictures),
                frame_interval=1,
                modality='RGB',
            )
        )
        clip = results['imgs'].reshape(results['imgs'].shape[-4:])
        return clip.swapaxes(0, 1)

    def _embed(
        self, film: Film, held: np.ndarray, begin: int, done: int, end: int
    ) -> EmbeddedPiece:
        steps = end - done
        first = max(begin, done - self.before)
        clip = held[:, first - begin :]
        length = clip.shape[1]
        count = round(length * self.step * self.rate)
        sound = film.sound(first * self.step, count / self.rate, self.rate)
        motion = np.abs(np.diff(held.astype(np.int16), axis=1)).mean((0, 2, 3))
        if begin == first:  # the first picture has none before it
            still = motion[:1] if len(motion) else [0.0]
            motion = np.concatenate([still, motion])
        loudness = effective(sound, length)
        known = np.isfinite(loudness)
        heard = np.nan_to_num(loudness) > LOUDNESS
        sound = np.nan_to_num(sound)
        wanted = slice(done - first, done - first + steps)
        if self.by_steps:
            moving = around(motion > MOTION, REACH, REACH)[wanted]
            heard = (around(heard, REACH, REACH) & known)[wanted]
            video = self.embed('video', clip[None])[0, :, wanted].T
            audio = self.embed('audio', sound[None])[0, :, wanted].T
        else:
            after = self.length - 1
            moving = around(motion > MOTION, 0, after)[wanted]
            heard = around(heard, 0, after)[wanted]
            heard &= ~around(~known, 0, after)[wanted]
            video, audio = self._run_clips(clip, sound, steps, done)
        # Copies: what is masked must not reach into what is kept.
        video, audio = video.astype(np.float32), audio.astype(np.float32)
        video[~moving], audio[~heard] = np.nan, np.nan
        return EmbeddedPiece(video, audio, motion[wanted], loudness[wanted])

    def _run_clips(
        self, clip: np.ndarray, sound: np.ndarray, steps: int, done: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Embed the clip that begins at each of the first ``steps`` steps."""
        per_step = self.step * self.rate
        size = round(self.length * per_step)
        padded = np.pad(sound, (0, size))
        begins = (round(k * per_step) for k in range(steps))
        audio = self.batched('audio', [padded[b : b + size] for b in begins])
        chosen = list(range(-done % self.stride, steps, self.stride))
        video = np.full((steps, audio.shape[1]), np.nan, np.float32)
        if chosen:
            clips = [clip[:, k : k + self.length] for k in chosen]
            video[chosen] = self.batched('video', clips)
        return video, audio

    def batched(self, what: str, inputs: list[np.ndarray]) -> np.ndarray:
        """:meth:`embed` of any number of clips, some at a time."""
        size = self.batch_size
        parts = [inputs[i : i + size] for i in range(0, len(inputs), size)]
        return np.concatenate([self.embed(what, np.stack(p)) for p in parts])

    @torch.no_grad()
    def embed(self, what: str, inputs: np.ndarray, **options) -> np.ndarray:
        """Call ``embed_video``, ``embed_audio`` or ``embed_places``.

        Args:
            what (str): ``'video'``, ``'audio'`` or ``'places'``.
            inputs (np.ndarray): Pictures, uint8 ``(N, C, T, H, W)``, or
                samples ``(N, S)``.
            options: Of the method.

        Returns:
            np.ndarray: ``(N, D, T)``, ``(N, D)`` if the model embeds clips,
            or of places ``(N, D, T, h, w)``.
        """
        name = 'audio' if what == 'audio' else 'video'
        tensor = torch.from_numpy(np.ascontiguousarray(inputs))
        data = self.model.data_preprocessor(dict(inputs={name: tensor}))
        method = getattr(self.model, f'embed_{what}')
        found = method(data['inputs'][name], **options).float()
        if getattr(self.model.head, 'normalize', False):
            found = F.normalize(found)
        return found.cpu().numpy()


def effective(sound: np.ndarray, parts: int) -> np.ndarray:
    """Effective values of so many parts of a sound."""
    split = np.array_split(sound, parts)
    return np.array([np.sqrt(np.mean(part**2)) for part in split])


def around(flags: np.ndarray, before: int, after: int) -> np.ndarray:
    """Whether any flag is set from ``before`` steps before to ``after``."""
    size = before + after + 1
    return maximum_filter1d(
        flags, size, origin=before - size // 2, mode='constant'
    )
