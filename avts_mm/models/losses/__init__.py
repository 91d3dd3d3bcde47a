"""Losses on pairs of embeddings."""

from .contrastive_loss import ContrastiveLoss, embedding_distance, root
from .cosine_bce_loss import CosineBCELoss
from .info_nce_loss import InfoNCELoss

__all__ = [
    'ContrastiveLoss',
    'CosineBCELoss',
    'InfoNCELoss',
    'embedding_distance',
    'root',
]
