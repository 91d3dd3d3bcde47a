"""Where in the picture of a clip its sound comes from."""

from collections.abc import Mapping

import numpy as np
import torch

from avts_mm.models import AVTS
from avts_mm.visualization.heat_map import sound_distances


@torch.no_grad()
def embed_places(
    model: AVTS, video: np.ndarray, refine: int = 1
) -> np.ndarray:
    """Embed each place of a clip.

    Args:
        model (AVTS): In evaluation mode.
        video (np.ndarray): uint8 ``(C, T, H, W)``, as the pipeline packs it.
        refine (int): Of :meth:`AVTS.embed_places`. Defaults to 1.

    Returns:
        np.ndarray: ``(D, T, h, w)``; one step if the model embeds clips.
    """
    device = next(model.parameters()).device
    clip = torch.as_tensor(video, device=device)[None]
    clip = model.data_preprocessor(dict(inputs=dict(video=clip)))
    clip = clip['inputs']['video']
    return model.embed_places(clip, refine)[0].float().cpu().numpy()


@torch.no_grad()
def embed_sound(model: AVTS, audio: np.ndarray) -> np.ndarray:
    """Embed sound.

    Args:
        model (AVTS): In evaluation mode.
        audio (np.ndarray): Samples ``(N, S)``.

    Returns:
        np.ndarray: ``(N, D, T)``; one step if the model embeds clips.
    """
    device = next(model.parameters()).device
    samples = torch.as_tensor(audio, device=device)
    data = model.data_preprocessor(dict(inputs=dict(audio=samples)))
    sounds = model.embed_audio(data['inputs']['audio']).float()
    return (sounds if sounds.dim() == 3 else sounds[..., None]).cpu().numpy()


def sound_map(
    model: AVTS,
    inputs: Mapping,
    others: np.ndarray | None = None,
    refine: int = 1,
) -> np.ndarray:
    """Find out where in a clip its sound comes from.

    The layers after the video backbone are applied at each place of its
    features, before they are averaged. A place belongs to the sound if it is
    nearer to it than to other sounds (`sound_distances`).

    Args:
        model (AVTS): In evaluation mode.
        inputs (Mapping): ``video``, uint8 ``(C, T, H, W)``, and ``audio``,
            samples ``(S,)``, as `PackAVInputs` gives them.
        others (np.ndarray, optional): Embeddings ``(D, K)`` of other sounds.
            Defaults to those of all steps of the clip.
        refine (int): Of :func:`embed_places`. Defaults to 1.

    Returns:
        np.ndarray: ``(T, h, w)``; small where the sound comes from. One step
        if the model embeds clips.

    Raises:
        ValueError: The model embeds whole clips and there are no ``others``.
    """
    places = embed_places(model, np.asarray(inputs['video']), refine)
    sounds = embed_sound(model, np.asarray(inputs['audio'])[None])[0]
    if others is None and sounds.shape[1] == 1:
        raise ValueError(
            'this model has one embedding for a whole clip, so its sound can '
            'only be told from others: give others=(D, K)'
        )
    steps = min(places.shape[1], sounds.shape[1])
    others = sounds if others is None else others
    return sound_distances(places[:, :steps], sounds[:, :steps], others)
