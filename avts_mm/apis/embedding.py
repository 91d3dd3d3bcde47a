"""Embeddings of a whole film, at every step of time, in little memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from mmengine import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

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


class FilmEmbedder:
    """Runs both towers along a film.

    A model with `StepContrastiveHead` embeds every step in one pass over long
    pieces. Any other embeds the clip that begins at each step, sound once for
    each step and pictures at every ``stride``-th.

    Args:
        model (AVTS): In evaluation mode.
        config (Config): What it was trained with. The length of clips and
            what is done to pictures are taken from its test pipeline.
        chunk (int): Steps embedded at once. Defaults to 200.
        batch_size (int): Clips embedded at once. Defaults to 16.
        stride (int): Steps from one clip of pictures to the next.
            Defaults to 1.

    Attributes:
        step (float): Seconds from one embedding to the next.

    Raises:
        ValueError: The config has no test pipeline for pairs.
    """

    def __init__(
        self,
        model: AVTS,
        config: Config,
        chunk: int = 200,
        batch_size: int = 16,
        stride: int = 1,
    ) -> None:
        self.model = model
        self.device = next(model.parameters()).device
        self.chunk, self.batch_size = chunk, batch_size
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
                if not step['type'].startswith(('Load', 'Pack'))
            ]
        )
        self.autocast = bool((config.get('test_cfg') or {}).get('fp16'))

    def pieces(self, film: Film) -> Iterator[EmbeddedPiece]:
        """Embed a film piece by piece.

        Raises:
            MediaError: The film is damaged.
        """
        source = self._pictures(film)
        held: np.ndarray | None = None  # (C, T, H, W)
        begin = done = 0
        ended = False
        while True:
            while not ended and (
                held is None
                or begin + held.shape[1] < done + self.chunk + self.after
            ):
                more = next(source, None)
                if more is None:
                    ended = True
                elif held is None:
                    held = more
                else:
                    held = np.concatenate([held, more], axis=1)
            if held is None:
                return
            end = begin + held.shape[1]
            if not ended or not self.by_steps:
                end -= self.after
            steps = min(self.chunk, end - done)
            if steps <= 0:
                return
            yield self._embed(film, held, begin, done, steps)
            done += steps
            drop = max(0, done - self.before - 1 - begin)
            held, begin = held[:, drop:], begin + drop

    def _pictures(self, film: Film) -> Iterator[np.ndarray]:
        """Transformed pictures, uint8 ``(C, T, H, W)``."""
        batch = []
        for picture in film.pictures(self.step):
            batch.append(picture)
            if len(batch) == PICTURES:
                yield self._transform(batch)
                batch = []
        if batch:
            yield self._transform(batch)

    def _transform(self, pictures: list[np.ndarray]) -> np.ndarray:
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
        return results['imgs'].reshape(results['imgs'].shape[-4:])

    def _embed(
        self, film: Film, held: np.ndarray, begin: int, done: int, steps: int
    ) -> EmbeddedPiece:
        first = max(begin, done - self.before)
        last = min(begin + held.shape[1], done + steps + self.after)
        clip = held[:, first - begin : last - begin]
        per_step = self.step * self.rate
        count = round((last - first) * per_step)
        sound = film.sound(first * self.step, count / self.rate, self.rate)
        motion = _motion(held, first - begin, last - begin)
        loudness = np.array(
            [
                np.sqrt(np.mean(part**2))
                for part in np.array_split(sound, last - first)
            ]
        )
        known = np.isfinite(loudness)
        heard = np.nan_to_num(loudness) > LOUDNESS
        sound = np.nan_to_num(sound)
        wanted = slice(done - first, done - first + steps)
        if self.by_steps:
            moving = _around(motion > MOTION, REACH, REACH)[wanted]
            heard = (_around(heard, REACH, REACH) & known)[wanted]
            video, audio = self._run(clip[None], sound[None])
            video, audio = (x[0, :, wanted].T for x in (video, audio))
        else:
            after = self.length - 1
            moving = _around(motion > MOTION, 0, after)[wanted]
            heard = _around(heard, 0, after)[wanted]
            heard &= ~_around(~known, 0, after)[wanted]
            video, audio = self._run_clips(clip, sound, steps, done)
        # Copies: what is masked must not reach into what is kept.
        video, audio = video.astype(np.float32), audio.astype(np.float32)
        video[~moving], audio[~heard] = np.nan, np.nan
        return EmbeddedPiece(video, audio, motion[wanted], loudness[wanted])

    def _run_clips(
        self, clip: np.ndarray, sound: np.ndarray, steps: int, done: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Embed the clip that begins at each of the first ``steps`` steps."""
        samples = round(self.length * self.step * self.rate)
        begins = [round(k * self.step * self.rate) for k in range(steps)]
        padded = np.pad(sound, (0, samples))
        parts = [
            self._run(None, np.stack([padded[b : b + samples] for b in part]))
            for part in _batches(begins, self.batch_size)
        ]
        audio = np.concatenate([found for _, found in parts])
        chosen = [k for k in range(steps) if (done + k) % self.stride == 0]
        video = np.full((steps, audio.shape[1]), np.nan, np.float32)
        for part in _batches(chosen, self.batch_size):
            clips = np.stack([clip[:, k : k + self.length] for k in part])
            video[part] = self._run(clips, None)[0]
        return video, audio

    @torch.no_grad()
    def _run(self, video, audio) -> tuple:
        inputs = {}
        if video is not None:
            inputs['video'] = torch.from_numpy(np.ascontiguousarray(video))
        if audio is not None:
            inputs['audio'] = torch.from_numpy(np.ascontiguousarray(audio))
        kind = self.device.type
        dtype = torch.bfloat16 if kind == 'cpu' else torch.float16
        found = []
        with torch.autocast(kind, dtype, self.autocast):
            data = self.model.data_preprocessor(dict(inputs=inputs))['inputs']
            for name in ('video', 'audio'):
                embed = getattr(self.model, f'embed_{name}')
                found.append(
                    embed(data[name]).float().cpu().numpy()
                    if name in data
                    else None
                )
        return tuple(found)


def _motion(held: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean change of each picture since the one before, ``(T,)``."""
    begin = max(first - 1, 0)
    pictures = held[:, begin:last].astype(np.int16)
    change = np.abs(np.diff(pictures, axis=1)).mean((0, 2, 3))
    if begin == first:  # the first picture has none before it
        change = np.concatenate([change[:1] if len(change) else [0.0], change])
    return change


def _around(flags: np.ndarray, before: int, after: int) -> np.ndarray:
    """Whether any flag is set from ``before`` steps before to ``after``."""
    padded = np.pad(flags, (before, after))
    windows = np.lib.stride_tricks.sliding_window_view(
        padded, before + after + 1
    )
    return np.logical_or.reduce(windows, axis=1)


def _batches(items: list, size: int) -> Iterator[list]:
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]
