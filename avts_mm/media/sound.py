"""The sound of a video alone, as a wav on the video's clock."""

import os

import av

from .containers import audio_stream, open_container
from .errors import MediaError
from .probe import probe
from .timeline import SoundTimeline
from .writer import WavWriter


def extract_sound(
    path: str, wav_path: str, sample_rate: int = 16000
) -> tuple[float, float]:
    """Write the sound of a video to a wav whose first sample is heard with
    the first picture. The file appears complete or not at all.

    Args:
        path (str): The video.
        wav_path (str): File to write; its folder is made if needed.
        sample_rate (int): Hz; the sound becomes mono.

    Returns:
        tuple[float, float]: Seconds at which the real sound begins and ends;
        there is silence before.

    Raises:
        MediaError: The file is not media, or has no pictures or no sound.
    """
    info = probe(path)
    if info.video_codec is None:
        raise MediaError(f'{path}: has no pictures', path, 'no_video')
    timeline = SoundTimeline(sample_rate)
    os.makedirs(os.path.dirname(wav_path) or '.', exist_ok=True)
    part = f'{wav_path}.part'
    wav = WavWriter(part, sample_rate)
    try:
        with open_container(path) as source:
            stream = audio_stream(source, path)
            for frame in source.decode(stream):
                time = frame.time
                if time is not None:
                    time -= info.video_start
                for block in timeline.add(frame, time):
                    wav.write(block)
        for block in timeline.close():
            wav.write(block)
        wav.close()
        if timeline.first is None:
            raise MediaError(
                f'{path}: holds no sound after its first picture',
                path,
                'no_audio',
            )
        os.replace(part, wav_path)
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            f'{path}: its sound cannot be decoded ({error})', path
        ) from None
    finally:
        wav.close()
        if os.path.exists(part):
            os.remove(part)
    return timeline.first, timeline.written / sample_rate
